"""What the demo shop holds: a handbook, tickets of today, scored transcripts, conversations under way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

from api.service import Service
from api.store import entries, scenes
from kb.entries import Entry
from scripts.inside import Inside
from scripts.site import TENANT

Json = dict[str, Any]
Clients = Mapping[str, Inside]
"""A client for each scope."""
HANDBOOK = ("faq", "script", "sop", "policy", "case", "manual")
TICKETS = 120
A_DAY = 6
"""Scored conversations a day: the last week's, so that reports have something to tell."""
LIVE = {"cv-01": 6, "cv-04": 8, "cv-06": 10, "cv-05": 8, "cv-21": 5, "cv-10": 4, "cv-02": 5}
"""Conversations that are under way when the demo opens, and how many of their turns have been said."""


class Incomplete(Exception):
    """A door refused what the demo brought."""


def read(name: str) -> bytes:
    """A file below scripts/demo."""
    return resources.files("scripts").joinpath("demo", name).read_bytes()


def rows(name: str) -> list[Json]:
    """The lines of a JSONL file below scripts/demo."""
    return [json.loads(line) for line in read(name).decode("utf-8").splitlines() if line.strip()]


def handbook() -> dict[str, Entry]:
    """The demo handbook, read as an import reads it."""
    from kb.ingest import read_entries

    found: dict[str, Entry] = {}
    for name in HANDBOOK:
        ingested = read_entries(f"{name}.jsonl", read(f"handbook/{name}.jsonl"))
        found |= {entry.id: entry for entry in ingested.entries}
    return found


async def fill(service: Service, clients: Clients) -> list[tuple[str, str]]:
    """Fill an empty site; what is there already (a fill that was cut short) is left. Returns what was done."""
    done: list[tuple[str, str]] = []
    for name, step in STEPS:
        try:
            done.append((name, await step(service, clients)))
        except Incomplete as error:
            done.append((name, f"未完成（{error}）"))
    return done


async def _handbook(service: Service, _: Clients) -> str:
    head = await service.store.aread(lambda reader: entries.head(reader, TENANT))
    if head is None:
        put = handbook()
        await service.sites.write(TENANT, put, frozenset(), by="E001", note="首次发布", reviewed=False)
        return f"{len(put)} 条，版本 V1.0"
    return f"已有 {head.name}"


async def _scenes(service: Service, _: Clients) -> str:
    scripted = [
        {
            "id": one["id"],
            "title": one["title"],
            "about": one["turns"][0]["text"][:40],
            "channel": one.get("channel"),
            "customer": one.get("customer"),
            "turns": [{"role": turn["role"], "text": turn["text"]} for turn in one["turns"]],
        }
        for one in rows("conversations.jsonl")
    ]
    await service.store.awrite(lambda writer: scenes.put(writer, TENANT, scripted))
    return f"{len(scripted)} 个"


async def _tickets(_: Service, clients: Clients) -> str:
    now = datetime.now(UTC)
    every = rows("tickets.train-a.jsonl") + rows("tickets.train-b.jsonl")
    chosen = every[:: max(1, len(every) // TICKETS)][:TICKETS]
    tickets = [
        {
            "ticket_id": f"T{now:%m%d}{at:04d}",
            "channel": one.get("channel"),
            "subject": one.get("subject"),
            "text": one["text"],
            "created_at": (now - timedelta(minutes=4 * at + 1)).isoformat(timespec="seconds"),
            "customer": {"id": f"c-{2000 + at % 90}", "tier": ("normal", "silver", "gold")[at % 7 % 3]},
        }
        for at, one in enumerate(chosen)
    ]
    reply = await _ask(clients["bot"], "/v1/tickets/route-batch", {"tickets": tickets})
    return f"{len(reply['results'])} 张"


async def _quality(_: Service, clients: Clients) -> str:
    conversations = sorted(rows("conversations.jsonl"), key=lambda one: str(one["started_at"]), reverse=True)
    for place, one in enumerate(conversations):
        kept = {name: value for name, value in one.items() if name not in ("labels", "split")}
        transcript = recent(kept, place // A_DAY, datetime.now(UTC))
        await _ask(clients["quality"], "/v1/quality/score", {"transcript": transcript})
    return f"{len(conversations)} 份"


def recent(one: Json, days: int, now: datetime) -> Json:
    """A conversation as if it had begun at its time of day `days` ago, or the day before where it would not have ended."""
    turns = one["turns"]
    begin, end = (datetime.fromisoformat(at) for at in (one["started_at"], turns[-1]["at"]))
    later = timedelta(days=(now.astimezone(begin.tzinfo).date() - begin.date()).days - days)
    if end + later > now:
        later -= timedelta(days=1)

    def moved(at: str) -> str:
        return (datetime.fromisoformat(at) + later).isoformat()

    spoken = [{**turn, "at": moved(turn["at"])} for turn in turns]
    return {**one, "started_at": moved(one["started_at"]), "turns": spoken}


async def _live(_: Service, clients: Clients) -> str:
    by_id = {one["id"]: one for one in rows("conversations.jsonl")}
    for name, said in LIVE.items():
        await _replay(clients["agent"], f"demo-{name}", by_id[name], said)
    return f"{len(LIVE)} 通"


async def _replay(client: Inside, identity: str, one: Json, said: int) -> None:
    """Say the first turns of a conversation; where an agent takes over from the bot, the handoff is accepted."""
    turns = [turn for turn in one["turns"][:said] if turn["role"] != "system"]
    by_bot = turns[0]["role"] == "bot"
    opening = {"conversation_id": identity, "channel": one.get("channel"), "customer": one.get("customer")}
    opening |= {"served_by": "bot"} if by_bot else {"served_by": "agent", "agent": one.get("agent")}
    status, _ = await client.call("POST", "/v1/conversations", opening)
    if status == 409:
        return
    if status != 201:
        raise Incomplete(f"/v1/conversations 回 {status}")
    taken = not by_bot
    for at, turn in enumerate(turns):
        if turn["role"] == "agent" and not taken:
            for action in ("request", "accept"):
                await client.call("POST", f"/v1/conversations/{identity}/handoff", {"action": action})
            taken = True
        body = {"turn_id": f"t{at}", "role": turn["role"], "text": turn["text"]}
        await _ask(client, f"/v1/conversations/{identity}/turns", body)


async def _feedback(_: Service, clients: Clients) -> str:
    asked = [ticket["text"] for ticket in rows("tickets.train-b.jsonl")[::30]][:15]
    client, told = clients["agent"], 0
    for at, text in enumerate(asked):
        made = await _ask(client, "/v1/suggest", {"query": text[:500]})
        for suggestion in made["suggestions"][:1]:
            action = ("sent", "edited", "dismissed", "helpful")[at % 4]
            if action in ("sent", "edited") and not suggestion["ready"]:
                action = "inserted"  # it has blanks that an agent fills before sending
            body = {"entry_id": suggestion["entry_id"], "action": action}
            await _ask(client, f"/v1/suggest/{made['id']}/feedback", body)
            told += 1
    return f"{told} 条"


async def _ask(client: Inside, path: str, body: Json) -> Json:
    status, reply = await client.call("POST", path, body)
    if status >= 300:
        detail = reply.get("detail", "") if isinstance(reply, dict) else ""
        raise Incomplete(f"{path} 回 {status} {detail[:80]}")
    answer: Json = reply
    return answer


STEPS: tuple[tuple[str, Callable[[Service, Clients], Awaitable[str]]], ...] = (
    ("知识", _handbook),
    ("演练场景", _scenes),
    ("工单", _tickets),
    ("质检", _quality),
    ("推荐与反馈", _feedback),
    ("进行中的会话", _live),
)
