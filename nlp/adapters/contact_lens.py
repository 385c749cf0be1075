"""Amazon Connect Contact Lens: analysed files of calls and chats, and the segments of the real-time door.

A call's turns carry `BeginOffsetMillis` from the beginning, which only the name of the recording tells; a chat's
carry `AbsoluteTime`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nlp.adapters.shape import Adapter, Json, listed, moment, offset, one, table, told, turn, words
from nlp.transcript import TranscriptError

_ROLES = {
    "AGENT": "agent",
    "CUSTOMER": "customer",
    "SYSTEM": "system",
    "CUSTOM_BOT": "bot",
    "SUPERVISOR": "supervisor",
}
_RECORDED = re.compile(r"_(\d{8}T\d{2}:\d{2})_UTC")


def _recognises(value: Mapping[str, Any]) -> bool:
    rows = value.get("Transcript", value.get("Segments"))
    return isinstance(rows, list) and ("Participants" in value or "Segments" in value or "Channel" in value)


def _begun(metadata: Mapping[str, Any]) -> datetime | None:
    found = _RECORDED.search(words(metadata.get("InputS3Uri"), "CustomerMetadata.InputS3Uri"))
    return datetime.strptime(found.group(1), "%Y%m%dT%H:%M").replace(tzinfo=UTC) if found else None


def _transcript(value: Mapping[str, Any]) -> Json:
    listing = "Transcript" if "Transcript" in value else "Segments"
    people = {
        person.get("ParticipantId"): person.get("ParticipantRole")
        for person in listed(value.get("Participants", []), "Participants")
        if isinstance(person, Mapping)
    }
    metadata = table(value.get("CustomerMetadata", {}), "CustomerMetadata")
    start = _begun(metadata)
    turns: list[Json] = []
    agent: str | None = None
    for number, row in enumerate(listed(value.get(listing), listing)):
        name = f"{listing}.{number}"
        item = table(row, name)
        if listing == "Segments":
            if "Transcript" not in item:
                continue  # a category that was matched
            item = table(item["Transcript"], f"{name}.Transcript")
        if "Content" not in item:
            continue  # an event: somebody joined
        who = words(item.get("ParticipantId"), f"{name}.ParticipantId")
        word = item.get("ParticipantRole") or people.get(who) or who
        role = _ROLES.get(str(word).upper())
        if role is None:
            raise TranscriptError(f"{name}.ParticipantRole", f"未知角色 {str(word)[:40]!r}", "|".join(_ROLES))
        if role == "agent" and who != "AGENT":
            agent = agent or who
        at = moment(item.get("AbsoluteTime"), f"{name}.AbsoluteTime")
        after = offset(item.get("BeginOffsetMillis"), f"{name}.BeginOffsetMillis")
        said = words(item.get("Content"), f"{name}.Content")
        turns.append(turn(role, said, at.isoformat() if at else told(start, after)))
    begun = start.isoformat() if start else next((spoken["at"] for spoken in turns if "at" in spoken), None)
    found: Json = {"id": metadata.get("ContactId") or value.get("ContactId"), "turns": turns}
    if value.get("Channel"):
        found["channel"] = words(value["Channel"], "Channel").lower()
    if agent:
        found["agent"] = {"id": agent}
    matched = table(value.get("Categories", {}), "Categories").get("MatchedCategories")
    if isinstance(matched, list):
        found["categories"] = [str(one) for one in matched]
    return found | ({"started_at": begun} if begun else {})


ADAPTER = Adapter("contact-lens", "Amazon Connect Contact Lens", _recognises, one, _transcript)
