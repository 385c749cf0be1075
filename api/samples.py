"""Doors of what people look at: the sample of a day, the rates it gives of the whole, and who is listened to live."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date as Day
from datetime import datetime, timedelta
from functools import lru_cache
from random import SystemRandom
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api import blinds, cases
from api.auth import requires
from api.casework import Work
from api.days import day_of
from api.deps import IdempotencyKey, Json, Opened, Supervisor, once
from api.errors import Problem, invalid, not_found
from api.forms import form_of, site_folder
from api.judging import judged
from api.measured import counting
from api.service import Service
from api.store import Reader, Writer, conversations, observations, second_scores
from api.store.conversations import Kept
from api.store.keys import Grant
from nlp.metrics.interval import Estimate, Stratum, shown, stratified, z_of
from nlp.metrics.observation import to_json as fact_json
from nlp.privacy import mask
from nlp.quality.result import to_json
from nlp.quality.sampling import SamplingPolicy, chat_of, draw, per_agent, pick_one, read_sampling
from nlp.transcript import parse_transcript

router = APIRouter(prefix="/v1/quality", tags=["quality"])

Judge = Annotated[Grant, requires("supervisor", "quality")]
SPAN_DAYS = 92
"""Days one question about rates may span."""
LISTENED_DAYS, LISTENED_TURNS = 2, 500
FORM = "standard"
FLAGGED = "必查"
"""The stratum of red flags."""
_CHANCE = SystemRandom()
_read = lru_cache(maxsize=64)(read_sampling)


class DrawIn(BaseModel):
    """A day to draw, and who scores it blind: each chosen conversation by `each` of the reviewers in turn."""

    date: Day
    reviewers: list[str] = Field(default_factory=list, max_length=100)
    each: int = Field(1, ge=1, le=5)


def sampling_of(opened: Service) -> SamplingPolicy:
    """The policy of an opened site, read once."""
    return _read(site_folder(opened.settings))


def _drawn(opened: Service, reader: Reader, tenant: str, day: Day) -> Json:
    """The sample of a day as it was drawn, else as it would be drawn now."""
    kept = second_scores.sample_of(reader, tenant, day.isoformat())
    if kept is not None:
        return {**kept, "drawn": True}
    begin, end = day_of(opened, day)
    policy = sampling_of(opened)
    frame, subjects = [], dict[str, str | None]()
    for one in observations.between(reader, tenant, "conversation", begin, end):
        if one.values.get("result"):
            frame.append(chat_of(fact_json(one), policy))
            subjects[str(one.values["result"])] = one.subject
    sample = draw(frame, policy, day.isoformat())
    picks = [
        {
            "result_id": pick.id,
            "transcript_id": subjects.get(pick.id),
            **{name: value for name, value in asdict(pick).items() if name != "id"},
        }
        for pick in sample.picks
    ]
    return {
        "date": day.isoformat(),
        "total": sample.total,
        "chosen": len(picks),
        "share": round(sample.share, 4),
        "agents": per_agent(sample),
        "picks": picks,
        "strata": [
            {"name": name, "size": size, "chosen": chosen} for name, (size, chosen) in sample.strata.items()
        ],
        "notes": list(sample.notes),
        "drawn": False,
    }


@router.get("/samples")
async def read_sample(opened: Opened, grant: Judge, date: Day) -> Json:
    """The sample of a day: 10 to 20 %, by agent, category and risk, with red flags; the same each time it is asked."""

    def unit(reader: Reader) -> Json:
        sample = _drawn(opened, reader, grant.tenant, date)
        unseen = blinds.hidden(reader, grant)
        for pick in sample["picks"]:
            if pick["result_id"] in unseen:  # flags and stratum are words of the machine
                pick |= {"flags": [], "stratum": None}
        return sample

    return await counting(opened.store, unit)


@router.post("/samples", status_code=201)
async def draw_sample(
    body: DrawIn, opened: Opened, work: Work, grant: Judge, idempotency_key: IdempotencyKey = None
) -> JSONResponse:
    """Draw a day that is over, once, and hand it out for blind scoring."""
    if body.reviewers and body.each > len(set(body.reviewers)):
        raise invalid("each", "多于复核人数", f"至多 {len(set(body.reviewers))}")
    if day_of(opened, body.date)[1] > work.clock():
        raise invalid("date", "这一天还没有结束", "已结束的一天，如昨天")

    def unit(writer: Writer) -> tuple[int, Json]:
        sample = _drawn(opened, Reader(writer), grant.tenant, body.date)
        if sample["drawn"]:
            raise Problem("conflict", f"{body.date} 已抽过样：每天只抽一次")
        sample["drawn"] = True
        name = body.date.isoformat()
        second_scores.keep_sample(writer, grant.tenant, name, grant.actor_id, work.now(), sample)
        people, tasks = list(dict.fromkeys(body.reviewers)), 0
        for at, pick in enumerate(sample["picks"]):
            turns = people[at % len(people) :] + people[: at % len(people)] if people else []
            able = [one for one in turns if one != pick["agent"]]  # nobody scores their own
            for turn, reviewer in enumerate(able[: body.each]):
                cases.open_case(
                    work, writer, grant, "second_score", title=f"盲评：{name} 第 {at + 1} 段",
                    subject=pick["result_id"], owner=reviewer, data={"date": name},
                    identity=f"ss-{pick['result_id']}-{turn}",
                )  # fmt: skip
                tasks += 1
        return 201, {**sample, "tasks": tasks}

    content = ["sample", body.model_dump(mode="json")]
    return await once(opened, grant, idempotency_key, content, unit)


@router.get("/samples/rates")
async def read_rates(opened: Opened, grant: Judge, since: Day, until: Day) -> Json:
    """How often people found each violation in the samples of these days, and in each agent's, with intervals."""
    if not 0 <= (until - since).days < SPAN_DAYS:
        raise invalid("until", "区间不对", f"since 当天或之后，至多 {SPAN_DAYS} 天")

    def unit(reader: Reader) -> tuple[dict[str, Json], list[Json]]:
        samples = second_scores.samples_between(reader, grant.tenant, since.isoformat(), until.isoformat())
        chosen = [pick["result_id"] for sample in samples.values() for pick in sample["picks"]]
        return samples, second_scores.of_results(reader, grant.tenant, chosen)

    samples, said = await counting(opened.store, unit)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        **await asyncio.to_thread(_rates, samples, said, sampling_of(opened)),
    }


def _rates(samples: Mapping[str, Json], said: Iterable[Json], policy: SamplingPolicy) -> Json:
    """Rates of the whole by item and by agent; the first person's words on a conversation are its truth."""
    words: dict[str, Mapping[str, str]] = {}
    for one in said:
        words.setdefault(one["result"], one["items"])
    items = sorted({code for given in words.values() for code in given})
    sizes = {(name, one["name"]): one["size"] for name, sample in samples.items() for one in sample["strata"]}
    flagged: Counter[tuple[str, str]] = Counter()
    judged: list[tuple[tuple[str, str], str, frozenset[str]]] = []
    for name, sample in samples.items():
        for pick in sample["picks"]:
            flagged[name, pick["agent"]] += pick["stratum"] == FLAGGED
            given = words.get(pick["result_id"])
            if given is not None:
                failed = frozenset(item for item, word in given.items() if word == "fail")
                judged.append(((name, pick["stratum"]), pick["agent"], failed))

    def rate(code: str | None, agent: str | None) -> Json | None:
        """The share with a failure of `code` (of any item for None)."""
        strata: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for key, who, failed in judged:
            if agent in (None, who):
                strata[key].append(bool(failed) if code is None else code in failed)
        # red flags of all agents are one stratum: an agent's own are as many as were chosen
        own = {key: flagged[key[0], agent] for key in strata if agent is not None and key[1] == FLAGGED}
        parts = [Stratum(own.get(key, sizes[key]), len(hits), sum(hits)) for key, hits in strata.items()]
        found = stratified(parts, z_of(policy.confidence))
        return None if found is None else {**_told(found, policy), "of": sum(sizes[key] for key in strata)}

    agents = sorted({pick["agent"] for sample in samples.values() for pick in sample["picks"]})
    return {
        "reviewed": len(words),
        "any": rate(None, None),
        "items": {code: rate(code, None) for code in items},
        "agents": {agent: rate(None, agent) for agent in agents},
    }


def _told(found: Estimate, policy: SamplingPolicy) -> Json:
    thin = found.n < policy.estimate_least
    told: Json = {"rate": found.share, "low": found.low, "high": found.high, "text": shown(found)}
    told |= {"n": found.n, "too_small": thin}
    if thin:
        told["note"] = f"样本只有 {found.n} 段，少于 {policy.estimate_least} 段：不足以下结论"
    return told


@router.get("/listen")
async def listen(opened: Opened, grant: Supervisor, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> Json:
    """Conversations that people serve just now, and one of them by chance, each as likely as any other."""
    since = (datetime.now(ZoneInfo("UTC")) - timedelta(days=LISTENED_DAYS)).isoformat(timespec="milliseconds")
    found = await opened.store.aread(
        lambda reader: conversations.recent(reader, grant.tenant, since, limit, ("accepted", "human"))
    )
    live: list[dict[str, Any]] = [
        {
            "conversation_id": one.id,
            "agent": one.state.get("agent"),
            "channel": one.state.get("channel"),
            "turn_count": one.turns,
            "trajectory": one.state["trajectory"],
            "events": f"/v1/conversations/{one.id}/events",
        }
        for one in found
    ]
    return {"conversations": live, "pick": pick_one([one.id for one in found], _CHANCE)}


@router.get("/listen/{conversation_id}")
async def listen_in(conversation_id: str, opened: Opened, work: Work, grant: Supervisor) -> Json:
    """One conversation as it stands: its turns, masked, and its score so far; nothing of it is kept."""

    def unit(reader: Reader) -> tuple[Kept, list[Json]]:
        found = conversations.get(reader, grant.tenant, conversation_id)
        if found is None:
            raise not_found("会话", conversation_id)
        return found, conversations.last_said(reader, grant.tenant, conversation_id, LISTENED_TURNS)

    found, said = await opened.store.aread(unit)
    turns = [{**turn, "text": mask(turn["text"])} for turn in said]
    score = await asyncio.to_thread(_so_far, opened, work.clock(), grant.tenant, found, turns)
    events = f"/v1/conversations/{conversation_id}/events"
    return {"conversation_id": conversation_id, "state": found.status, "turns": turns, "score": score,
            "events": events}  # fmt: skip


def _so_far(opened: Service, at: datetime, tenant: str, found: Kept, turns: Sequence[Json]) -> Json:
    given = {"id": found.id, "turns": turns, "channel": found.state.get("channel"),
             "agent": found.state.get("agent"), "customer": found.state.get("customer")}  # fmt: skip
    form, _ = form_of(opened.settings, tenant, FORM, at)
    told = to_json(judged(opened, tenant, parse_transcript(given), form, at)[0])
    failed = [item for item in told["items"] if item["result"] == "fail"]
    return {"form": told["form"], "score": told["score"], "grade": told["grade"], "veto": told["veto"],
            "failed": failed}  # fmt: skip
