"""A finished, scored transcript as one observation: what the score found and what the record tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.metrics.observation import Json, fits, load_kinds
from nlp.metrics.tags import JOURNEY, SUBTYPES, load_tags
from nlp.praise import load_praise
from nlp.privacy import mask
from nlp.quality.dialogue import category_path
from nlp.quality.timing import waits
from nlp.tables import read_preset, version_of
from nlp.transcript import Transcript

CONVERSATION, SHEET = "conversation", "sheet"
STEP, ORDER = "step_", "step_order"
"""Items whose code begins so are steps of the procedure; the one that judges their order is none."""
HUMANS = frozenset({"agent", "supervisor"})
COMPLAINT, PRAISE = "complaint", "praise"
LISTS = ("observations", JOURNEY, SUBTYPES, "praise", "taxonomy")
"""The policy files that an observation depends on."""


def observe(transcript: Transcript, told: Mapping[str, Any], folder: Path | None = None) -> Json:
    """The observation of a transcript and its score's JSON, as it travels in the result's `observed`.

    `at` is when the dialogue began, None where the record has no time (whoever keeps it then knows better).
    A form other than the site's main one gives an observation of kind `sheet`: a conversation counts once.
    """
    kinds = load_kinds(folder)
    known = kinds.kinds[CONVERSATION].values
    main = told["form"]["code"] == kinds.form
    path = category_path(transcript.category, folder)
    agent, customer = transcript.agent, transcript.customer
    began = transcript.started_at or next((turn.at for turn in transcript.turns if turn.at), None)
    values = {
        **_told_beside(transcript, known),
        **_record(transcript, path, told, folder),
        **_times(transcript),
        **scored(told),
    }
    return {
        "id": f"{CONVERSATION}:{transcript.id}"
        if main
        else f"{SHEET}:{told['form']['code']}:{transcript.id}",
        "kind": CONVERSATION if main else SHEET,
        "at": None if began is None else began.astimezone(UTC).isoformat(),
        "subject": transcript.id,
        "agent": agent.id if agent else None,
        "team": agent.team if agent else None,
        "category": path[-1] if path else transcript.category,
        "channel": transcript.channel,
        "region": customer.region,
        "customer": customer.id,
        "values": {
            name: value for name, value in values.items() if name in known and fits(known[name].form, value)
        },
    }


@lru_cache(maxsize=8)
def observing_version(folder: Path | None = None) -> str:
    """Version of the lists that an observation depends on: equal where every file is. Raises PolicyError."""
    return version_of({name: read_preset(name, folder) for name in LISTS})


def scored(told: Mapping[str, Any]) -> Json:
    """What a score says, given its JSON; after a ruling the same from the score as it then stands."""
    results = {item["code"]: item["result"] for item in told["items"]}
    failed = [code for code, result in results.items() if result == "fail"]
    passed = sum(result == "pass" for result in results.values())
    owed = [code for code, result in results.items() if _is_step(code) and result != "na"]
    steps = [code.removeprefix(STEP) for code in owed if results[code] == "pass"]
    return {
        "form": told["form"]["code"],
        "version": told["form"]["version"],
        "score": told["score"],
        "grade": told["grade"],
        "veto": told["veto"],
        "failed": failed,
        "passed": passed,
        "applicable": passed + len(failed),
        "steps": steps,
        "steps_done": len(steps),
        "steps_owed": len(owed),
        "four_steps": len(steps) == len(owed) if owed else None,
        "record_complete": _passes(results, "record_complete"),
        "promised_in_time": _passes(results, "promise_without_time"),
        "satisfaction_predicted": told["satisfaction"]["value"],
    }


def _is_step(code: str) -> bool:
    return code.startswith(STEP) and code != ORDER


def _passes(results: Mapping[str, str], code: str) -> bool | None:
    return {"pass": True, "fail": False}.get(results.get(code, ""))


def _told_beside(transcript: Transcript, known: Mapping[str, Any]) -> Json:
    """Fields beside the contract's that a conversation knows, where their type is right."""
    found: Json = {}
    for name, value in transcript.extra.items():
        about = known.get(name)
        if about is not None and not about.sealed and fits(about.form, value):
            found[name] = mask(value) if about.form == "text" else value
    return found


def _record(
    transcript: Transcript, path: Sequence[str], told: Mapping[str, Any], folder: Path | None
) -> Json:
    outcome, roles = transcript.outcome, [turn.role for turn in transcript.turns]
    request = told["summary"]["request"]
    found: Json = {
        "resolved": outcome.resolved if outcome else None,
        "follow_up": outcome.follow_up if outcome else None,
        "satisfaction": outcome.satisfaction if outcome else None,
        "turns": len(roles),
        "customer_turns": roles.count("customer"),
        "path": list(path),
        "tier": transcript.customer.tier,
        "touchpoint": load_tags(JOURNEY, folder).find(path, request, transcript.extra.get("touchpoint")),
        "subtype": load_tags(SUBTYPES, folder).find(path, request, transcript.extra.get("subtype")),
        "praised": _praised(transcript, path, folder),
        "complained": path[0] == COMPLAINT if path else None,
        "quote": request or None,
    }
    if "supervisor" in roles:
        found["escalated"] = True
    return found


def _praised(transcript: Transcript, path: Sequence[str], folder: Path | None) -> bool:
    """As the form says, by the category, or in the customer's own words."""
    return (
        transcript.extra.get("praised") is True or PRAISE in path or load_praise(folder).praised(transcript)
    )


def _times(transcript: Transcript) -> Json:
    """Seconds of the first reply, of the mean and longest wait, and from the first to the last turn."""
    turns = transcript.turns
    people = {at for at, turn in enumerate(turns) if turn.role in HUMANS and turn.text.strip()}
    judged = people or {at for at, turn in enumerate(turns) if turn.role == "bot" and turn.text.strip()}
    ended = [(start, end) for start, end in waits([turn.role for turn in turns], judged) if end is not None]
    seconds = [_between(turns[start].at, turns[end].at) for start, end in ended]
    timed = [one for one in seconds if one is not None]
    stamps = [turn.at for turn in turns if turn.at is not None]
    return {
        "first_response_s": seconds[0] if seconds else None,
        "response_s": round(sum(timed) / len(timed), 3) if timed else None,
        "longest_gap_s": max(timed, default=None),
        "handle_s": _between(min(stamps), max(stamps)) if len(stamps) > 1 else None,
    }


def _between(before: datetime | None, after: datetime | None) -> float | None:
    """Seconds, None where a time is missing or the clock went back."""
    if before is None or after is None or after < before:
        return None
    return (after - before).total_seconds()
