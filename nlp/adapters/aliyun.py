"""阿里云智能对话分析 (SCA): results of GetResult and GetResultToReview, and the dialogues that were uploaded.

Sentences carry `Words`, `Role` or `Identity` (客服, 客户), `Begin` and `End` in milliseconds from the beginning,
sometimes `BeginTime`. Field names come with a capital or a small first letter, by the door they came through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nlp.adapters.shape import Adapter, Json, listed, moment, offset, table, told, turn, words
from nlp.transcript import TranscriptError
from nlp.turn_tables import ROLE_FORM, role_of


def _get(value: Any, *names: str) -> Any:
    """The first of some fields, whatever the case of its first letter; None for none."""
    if isinstance(value, Mapping):
        for name in names:
            for spelled in (name, name[0].lower() + name[1:]):
                if value.get(spelled) is not None:
                    return value[spelled]
    return None


def _sentences(value: Any) -> Any:
    found = _get(value, "AsrResult", "Dialogues", "Dialogue")
    # XML made JSON: {"AsrResult": {"AsrResult": [...]}}
    return _get(found, "AsrResult", "Dialogue") if isinstance(found, Mapping) else found


def _recognises(value: Mapping[str, Any]) -> bool:
    inner = _get(value, "Data")
    return any(
        isinstance(_sentences(one), list) or _get(one, "ResultInfo", "Tickets") is not None
        for one in (value, inner)
        if isinstance(one, Mapping)
    )


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _parts(one)
        return
    inner = _get(value, "Data")
    value = inner if isinstance(inner, Mapping | list) else value
    several = value if isinstance(value, list) else _get(value, "ResultInfo", "Tickets")
    several = _get(several, "ResultInfo") if isinstance(several, Mapping) else several
    yield from several if isinstance(several, list) else (value,)


def _turn(value: Any, name: str, start: Any) -> Json:
    sentence = table(value, name)
    word = words(_get(sentence, "Identity", "Role"), f"{name}.Role")
    role = role_of(word)
    if role is None:
        raise TranscriptError(f"{name}.Role", f"未知角色 {word[:40]!r}", ROLE_FORM)
    after = offset(_get(sentence, "Begin"), f"{name}.Begin")
    at = moment(_get(sentence, "BeginTime"), f"{name}.BeginTime")
    said = words(_get(sentence, "Words"), f"{name}.Words")
    return turn(role, said, at.isoformat() if at else told(start, after))


def _transcript(value: Mapping[str, Any]) -> Json:
    record = _get(value, "Recording")
    start = moment(_get(record, "CallTime") or _get(value, "CallTime", "BeginTime"), "Recording.CallTime")
    rows = listed(_sentences(value), "AsrResult")
    turns = [_turn(row, f"AsrResult.{number}", start) for number, row in enumerate(rows)]
    identity = _get(value, "Tid", "Vid") or _get(record, "Id", "Name") or _get(value, "FileId", "TaskId")
    found: Json = {"id": identity, "turns": turns, "channel": "voice" if record is not None else None}
    agent = _get(value, "Agent")
    if _get(agent, "Id") is not None:
        team = _get(agent, "SkillGroup")
        found["agent"] = {"id": _get(agent, "Id"), "name": _get(agent, "Name"), "team": team}
    begun = start.isoformat() if start else next((one["at"] for one in turns if "at" in one), None)
    return found | ({"started_at": begun} if begun else {})


ADAPTER = Adapter("aliyun", "阿里云智能对话分析", _recognises, _parts, _transcript)
