"""Door of past decisions: read one by its id, and decide it again with the versions that it was made with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter

from api import routing, wiring
from api.asked import filters_of, suggest_of
from api.deps import Json, Opened, Supervisor
from api.errors import Problem, not_found
from api.service import Service
from api.store import Reader, decisions
from api.suggest import masked
from kb.knowledge import Knowledge

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])

AGAIN = ("suggest", "search", "route")
"""Kinds that can be decided again."""
HEAD = frozenset({"id", "mode", "versions", "took_ms", "conversation_id"})
SPANS = ("entities", "reasons", "duplicates")
"""Parts of a routing that point into the text as it was sent: not comparable where that was masked."""
CLOSE = 2e-3
"""Numbers this near are the same: a sum of thousands of products depends on the order it is taken in."""
MOST = 50


@router.get("/{decision_id}")
async def read_decision(decision_id: str, opened: Opened, grant: Supervisor) -> Json:
    """A decision as it was kept: what was asked (masked), what was answered, and with which versions."""
    return await _kept(opened, grant.tenant, decision_id)


async def _kept(opened: Service, tenant: str, identity: str) -> Json:
    found = await opened.store.aread(lambda reader: decisions.find(reader, tenant, identity))
    if found is None:
        raise not_found("决策", identity)
    return found


@router.post("/{decision_id}/replay")
async def replay_decision(decision_id: str, opened: Opened, grant: Supervisor) -> Json:
    """Decide again with the release, models and policy of then: the same, or what differs; or what is gone."""
    kept = await _kept(opened, grant.tenant, decision_id)
    if kept["kind"] not in AGAIN:
        raise Problem("conflict", f"这类决策（{kept['kind']}）不能重算：可重算的是 {'、'.join(AGAIN)}")
    if "index" not in kept["request"] and "now" not in kept["request"]:
        raise Problem("conflict", "这条决策早于本程序的留痕格式，没有留下重算所需的内容")
    gone = _gone(opened, kept["reply"])
    reply, missing = await asyncio.to_thread(_again, opened, grant.tenant, kept)
    gone += missing
    hidden = bool(kept["request"].get("masked"))
    differences = [] if reply is None else _different(kept, reply, hidden)
    if differences and hidden:  # a number that was left out of the store cannot be weighed again
        gone.append({"part": "text", "then": "原文", "now": "已脱敏"})
    return {
        "id": decision_id,
        "kind": kept["kind"],
        "result": "unavailable" if gone else "different" if differences else "same",
        "same": not gone and not differences,
        "gone": gone,
        "inputs_masked": hidden,
        "versions": kept["reply"]["versions"],
        "differences": differences[:MOST],
        "reply": reply,
    }


def _gone(opened: Service, reply: Json) -> list[Json]:
    """Versions of then that are not those in use: the decision cannot be made with them any more."""
    then = reply["versions"]
    now = {**opened.models.versions(), "policy": opened.policy.version}
    told = {**then["models"], "policy": then["policy"]}
    names = [name for name in {**told, **now} if told.get(name) != now.get(name)]
    return [{"part": name, "then": told.get(name), "now": now.get(name)} for name in names]


def _again(opened: Service, tenant: str, kept: Json) -> tuple[Json | None, list[Json]]:
    """The body decided again, and the parts of the handbook that are gone (then there may be no body)."""
    request, reply = kept["request"], kept["reply"]
    if kept["kind"] == "route":

        def unit(reader: Reader) -> Json:
            return routing.again(opened, reader, tenant, request, kept["at"])

        return opened.store.read(unit), []
    release, index = str(reply["versions"]["release"]), request["index"]
    knowledge = opened.sites.again(tenant, release, index["base"])
    if knowledge is None:
        return None, [{"part": "release", "then": release, "now": opened.sites.knowledge(tenant).release}]
    gone = []
    if knowledge.lexicon.version != index["lexicon"]:
        gone.append({"part": "synonyms", "then": index["lexicon"], "now": knowledge.lexicon.version})
    body = _suggested(opened, knowledge, request) if kept["kind"] == "suggest" else None
    return body or _searched(opened, knowledge, request), gone


def _suggested(opened: Service, knowledge: Knowledge, request: Json) -> Json:
    core = suggest_of({"turns": request.get("turns", []), **request["core"]})
    body = wiring.suggest_body(opened.models, knowledge, core)
    body.pop("pushed")
    return {**body, "suggestions": [masked(one) for one in body["suggestions"]]}


def _searched(opened: Service, knowledge: Knowledge, request: Json) -> Json:
    least = request.get("min_precision")
    filters = filters_of(request["filters"])
    return wiring.search_body(opened.models, knowledge, request["query"], filters, request["limit"], least)


def _different(kept: Json, reply: Json, hidden: bool) -> list[Json]:
    then = {name: value for name, value in kept["reply"].items() if name not in HEAD}
    if kept["kind"] == "suggest":  # a live turn does not keep everything that was thought of
        reply = {name: value for name, value in reply.items() if name in then}
        then = {name: value for name, value in then.items() if name in reply}
    if hidden and kept["kind"] == "route":
        then, reply = (_pointless(one) for one in (then, reply))
    return list(differences(then, reply))


def _pointless(value: Any) -> Any:
    """A routing without what points into the text."""
    if isinstance(value, dict):
        return {name: _pointless(one) for name, one in value.items() if name not in SPANS}
    return [_pointless(one) for one in value] if isinstance(value, list) else value


def differences(then: Any, now: Any, path: str = "") -> Iterator[Json]:
    """Where two JSON values differ: `path`, what it was `then`, what it is `now` (None: absent)."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys((*then, *now)):
            yield from differences(then.get(name), now.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for at, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif not _equal(then, now):
        yield {"path": path, "then": then, "now": now}


def _equal(then: Any, now: Any) -> bool:
    numbers = (int, float)
    if isinstance(then, numbers) and isinstance(now, numbers):
        return abs(then - now) <= CLOSE
    return bool(then == now)
