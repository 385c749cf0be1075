"""What the doors tell the fact table: one small function for each thing that happens, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from api.store import Reader, Writer, conversations, decisions, observations
from api.store import cases as case_store
from api.store.cases import Case
from api.store.conversations import Kept
from api.store.keys import Grant
from api.workflows import Kind
from nlp.metrics.observation import Observation, from_json
from nlp.metrics.tags import SUBTYPES, load_tags
from nlp.metrics.transcripts import HUMANS, scored
from nlp.routing import Ticket

Json = dict[str, Any]
QUOTED = 120
"""Characters of a ticket's masked text that are kept as the customer's words."""
TURNS = 5000


def ruled(writer: Writer, tenant: str, result: Mapping[str, Any], effective: Mapping[str, Any]) -> None:
    """A ruling changed what stands of a result: its conversation counts as `effective` (a score's JSON) says."""
    told = result.get("observed")
    if told is None:
        return  # scored before facts were kept
    known = observations.get(Reader(writer), tenant, told["id"])
    if known is not None and known.values.get("result") not in (None, result["id"]):
        return  # another result of the conversation counts by now
    first = told["values"] if known is None else {}  # what became known since then stays known
    values = {**first, **scored(effective), "result": str(result["id"])}
    at = datetime.now(UTC) if known is None else known.at
    observations.put(writer, tenant, [from_json({**told, "values": _present(values)}, at)])


def ticket_seen(ticket: Ticket, text: str, reply: Json, folder: Path | None) -> Observation:
    """A routed ticket; `text` is it masked. Routed again, it counts as it was routed last."""
    subject, path = ticket.ticket_id or reply["id"], reply["category"]["path"]
    values: Json = {
        "path": path,
        "priority": reply["priority"]["level"],
        "queue": reply["queue"]["code"],
        "automation": reply["automation"],
        "complex": reply["complexity"]["complex"],
        "confidence": reply["category"]["confidence"],
        "subtype": load_tags(SUBTYPES, folder).find(path, text),
        "tier": ticket.customer.tier,
        "quote": text[:QUOTED],
    }
    return Observation(
        f"ticket:{subject}", "ticket", ticket.created_at or datetime.now(UTC), subject, None, None,
        reply["category"]["code"], ticket.channel, ticket.customer.region, ticket.customer.id, _present(values),
    )  # fmt: skip


def corrected(writer: Writer, tenant: str, subject: str, given: Json, path: Sequence[str]) -> None:
    """A person put a ticket right: it counts under the right category, and as one that was wrong."""
    values: Json = {name: given[name] for name in ("priority", "queue") if name in given}
    values |= {"corrected": True, "path": list(path)} if path else {}
    _told_again(writer, tenant, f"ticket:{subject}", values, category=path[-1] if path else None)


def used(writer: Writer, grant: Grant, identity: str, record: Json) -> None:
    """An agent did something with a suggestion."""
    values = {"action": record["action"], "entry": record["entry_id"], "release": record["release"]}
    seen = _by(
        grant,
        Observation(f"suggestion:{identity}", "suggestion", datetime.now(UTC), record["conversation_id"]),
    )
    observations.put(writer, grant.tenant, [replace(seen, values=_present(values))])


def answered(writer: Writer, tenant: str, kept: Kept) -> None:
    """A person's first words end the wait of a customer who asked for one."""
    _waited(writer, tenant, kept, abandoned=False)


def _waited(writer: Writer, tenant: str, kept: Kept, *, abandoned: bool) -> None:
    asked = conversations.requested(Reader(writer), tenant, kept.id)
    if asked is None:
        return
    number, since = asked
    now = datetime.now(UTC)
    seconds = max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    values = {"wait_s": round(seconds, 3), "abandoned": abandoned, **_served(kept)}
    observations.put(
        writer,
        tenant,
        [_about(kept, Observation(f"contact:{kept.id}:{number}", "contact", now, values=values))],
    )


def reopened(writer: Writer, tenant: str, kept: Kept) -> None:
    """A customer came back to a conversation that had ended."""
    _told_again(writer, tenant, f"live:{kept.id}", {"reopened": True})


def closed(writer: Writer, grant: Grant, kept: Kept) -> None:
    """A live conversation ended: who served, how long it took, whether a suggestion was used."""
    tenant, reader = grant.tenant, Reader(writer)
    if kept.status in ("requested", "accepted"):
        _waited(writer, tenant, kept, abandoned=True)
    said = [(turn["role"], datetime.fromisoformat(turn["at"]))
            for turn in conversations.last_said(reader, tenant, kept.id, TURNS)]  # fmt: skip
    waits = list(observations.about(reader, tenant, "contact", kept.id))
    roles = {role for role, _ in said}
    people, handed = bool(roles & HUMANS), bool(waits)
    known = observations.get(reader, tenant, f"live:{kept.id}")
    values: Json = {
        "served": ("both" if "bot" in roles else "human") if people else "bot",
        "handed_off": handed or (people and "bot" in roles),
        "contained": not people and not handed,
        "reopened": bool(known and known.values.get("reopened")),
        "suggestion_used": bool(decisions.sent_in(reader, tenant, kept.id)),
        "first_response_s": next(
            (one.values["wait_s"] for one in waits if not one.values["abandoned"]), None
        ),
        "handle_s": round((said[-1][1] - said[0][1]).total_seconds(), 3) if said else None,
        "turns": len(said),
        **_served(kept),
    }
    if values["first_response_s"] is None and not handed:
        values["first_response_s"] = _first_reply(said)
    if (values["handle_s"] or 0) < 0:
        values["handle_s"] = None  # the clocks of two clients differ
    seen = _about(kept, Observation(f"live:{kept.id}", "live", datetime.now(UTC), values=_present(values)))
    accepted = conversations.accepted_by(reader, tenant, kept.id)
    agent = accepted or seen.agent or (grant.actor_id if people else None)
    team = grant.actor.get("team") if agent == grant.actor_id else seen.team
    observations.put(writer, tenant, [replace(seen, agent=agent, team=team)])


def _first_reply(said: Sequence[tuple[str, datetime]]) -> float | None:
    """Seconds from the customer's first word to a person's first, where people served from the beginning."""
    asked = next((at for role, at in said if role == "customer"), None)
    reply = next((at for role, at in said if role in HUMANS and asked is not None and at >= asked), None)
    return None if asked is None or reply is None else (reply - asked).total_seconds()


def labels_of(reader: Reader, tenant: str, kept: Kept) -> dict[str, str]:
    """What a live conversation was about and who served in it, as far as it is known."""
    seen = _about(kept, Observation("", "live", datetime.now(UTC)))
    known = {name: getattr(seen, name) for name in ("agent", "team", "channel", "region", "customer")}
    known["agent"] = conversations.accepted_by(reader, tenant, kept.id) or known["agent"]
    return _present({**known, "tier": (kept.state.get("customer") or {}).get("tier")})


def surveyed(writer: Writer, tenant: str, case: Case, values: Json) -> None:
    """A survey came back: what it counts as, about the conversation and the person it was opened for."""
    about = {
        name: _text(case.data.get(name))
        for name in ("agent", "team", "category", "channel", "region", "customer")
    }
    live = observations.get(Reader(writer), tenant, f"live:{case.subject}")
    told = {**values, "wave": case.data.get("wave"), "tier": case.data.get("tier")}
    if live is not None and "served" in live.values:
        told["after_bot"] = live.values["served"] == "bot"
    at = datetime.now(UTC)
    seen = Observation(f"survey:{case.id}", "survey", at, case.subject, values=_present(told), **about)
    observations.put(writer, tenant, [seen])


def case_ended(writer: Writer, tenant: str, rules: Kind, before: Case, case: Case) -> None:
    """A case reached its end: the time each state took, and whether every one was left by its day.

    `before` is the case as it stood, with the day its last state was due; earlier days are those of the table,
    or of the step that set another.
    """
    events = case_store.events_of(Reader(writer), tenant, case.id)
    stages: dict[str, float] = {}
    due: datetime | None = None
    met = True
    for place, (event, after) in enumerate(pairwise(events), 2):
        begin, end = datetime.fromisoformat(event["at"]), datetime.fromisoformat(after["at"])
        stages[event["to"]] = round(stages.get(event["to"], 0.0) + (end - begin).total_seconds(), 3)
        if event["from"] != event["to"] or event["data"].get("due_at"):
            due = _due(rules, event, begin)
        if place == len(events) and before.due_at:
            due = datetime.fromisoformat(before.due_at)
        if after["to"] != event["to"] and due is not None and end > due:
            met = False
    values: Json = {
        "workflow": case.kind, "state": case.state, "met": met, "stages": stages,
        "total_s": round(sum(stages.values()), 3), "complex": _flag(case.data.get("complex")),
    }  # fmt: skip
    labels = {name: _text(case.data.get(name)) for name in ("team", "category", "channel", "region")}
    at = datetime.fromisoformat(case.updated_at)
    seen = Observation(
        f"case:{case.id}", "case", at, case.subject, case.owner, values=_present(values), **labels
    )
    observations.put(writer, tenant, [seen])


def _due(rules: Kind, event: Mapping[str, Any], begin: datetime) -> datetime | None:
    asked, state = event["data"].get("due_at"), rules.states.get(event["to"])
    if isinstance(asked, str):
        return datetime.fromisoformat(asked)
    return None if state is None or state.days is None else begin + timedelta(days=state.days)


def told_again(writer: Writer, tenant: str, conversation: str, values: Json) -> None:
    """Something more became known of a finished conversation; of one that nobody scored nothing is kept."""
    _told_again(writer, tenant, f"conversation:{conversation}", values)


def _told_again(writer: Writer, tenant: str, identity: str, values: Json, **labels: str | None) -> None:
    """More about something that is there; nothing about what is not."""
    known = observations.get(Reader(writer), tenant, identity)
    if known is not None:
        observations.put(
            writer, tenant, [replace(known, values={**known.values, **values}, **_present(labels))]
        )


def _served(kept: Kept) -> Json:
    customer = kept.state.get("customer") or {}
    return _present({"queue": kept.state["handoff"].get("queue"), "tier": customer.get("tier")})


def _about(kept: Kept, seen: Observation) -> Observation:
    """An observation with what a live conversation is about."""
    customer, agent = kept.state.get("customer") or {}, kept.state.get("agent") or {}
    return replace(
        seen, subject=kept.id, agent=agent.get("id"), team=agent.get("team"), channel=kept.state.get("channel"),
        region=customer.get("region"), customer=customer.get("id"),
    )  # fmt: skip


def _by(grant: Grant, seen: Observation) -> Observation:
    return replace(seen, agent=grant.actor_id, team=grant.actor.get("team"))


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _present(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
