"""Genesys Cloud: transcripts of speech and text analytics, phrases with the purpose of who speaks and epoch milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.adapters.shape import Adapter, Json, listed, moment, one, table, turn, words
from nlp.transcript import TranscriptError

_ROLES = {
    "external": "customer",
    "customer": "customer",
    "internal": "agent",
    "agent": "agent",
    "user": "agent",
    "ivr": "bot",
    "bot": "bot",
    "workflow": "bot",
    "acd": "system",
    "system": "system",
}


def _recognises(value: Mapping[str, Any]) -> bool:
    rows = value.get("transcripts")
    return isinstance(rows, list) and any(isinstance(row, Mapping) and "phrases" in row for row in rows)


def _transcript(value: Mapping[str, Any]) -> Json:
    said: list[tuple[float, Json]] = []
    for number, row in enumerate(listed(value.get("transcripts"), "transcripts")):
        phrases = table(row, f"transcripts.{number}").get("phrases")
        for place, phrase in enumerate(listed(phrases, f"transcripts.{number}.phrases")):
            said.append(_phrase(phrase, f"transcripts.{number}.phrases.{place}"))
    said.sort(key=lambda pair: pair[0])  # each side of a call may be a transcript of its own
    turns = [spoken for _, spoken in said]
    start = moment(value.get("startTime", value.get("conversationStartTime")), "startTime")
    found: Json = {"id": value.get("conversationId"), "turns": turns}
    if value.get("mediaType"):
        found["channel"] = words(value["mediaType"], "mediaType").lower()
    for number, raw in enumerate(listed(value.get("participants", []), "participants")):
        person = table(raw, f"participants.{number}")
        if _ROLES.get(str(person.get("participantPurpose")).lower()) == "agent" and person.get("userId"):
            found["agent"] = {"id": person["userId"], "team": person.get("queueId")}
            break
    begun = start.isoformat() if start else next((spoken["at"] for spoken in turns if "at" in spoken), None)
    return found | ({"started_at": begun} if begun else {})


def _phrase(value: Any, name: str) -> tuple[float, Json]:
    phrase = table(value, name)
    word = str(phrase.get("participantPurpose"))
    role = _ROLES.get(word.lower())
    if role is None:
        raise TranscriptError(f"{name}.participantPurpose", f"未知角色 {word[:40]!r}", "|".join(_ROLES))
    at = moment(phrase.get("startTimeMs"), f"{name}.startTimeMs")
    text = words(phrase.get("decoratedText") or phrase.get("text"), f"{name}.text")
    return at.timestamp() if at else 0.0, turn(role, text, at.isoformat() if at else None)


ADAPTER = Adapter("genesys", "Genesys Cloud", _recognises, one, _transcript)
