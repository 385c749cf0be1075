"""Plain speech recognition: segments with a speaker, and text files with one `客服：…` a line.

`start` and `end` are seconds, `start_ms`, `begin_time` and `begin` milliseconds. A label such as SPEAKER_00 tells
nobody's role: the document then says who it is, `"speakers": {"SPEAKER_00": "客服"}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nlp.adapters.shape import Adapter, Json, listed, moment, offset, one, table, told, turn, words
from nlp.transcript import TranscriptError
from nlp.turn_tables import ROLE_FORM, role_of

_LISTS = ("segments", "sentences", "utterances", "sentence_info")
_LABELS = ("role", "speaker", "speaker_id", "spk", "channel")
_TEXTS = ("text", "sentence", "transcript")
_MILLISECONDS = ("start_ms", "begin_time", "begin")
_FORM = '角色词，或在文件里写明 "speakers": {"标签": "客服"}'
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_LINE = re.compile(
    rf"^\s*(?:[\[(【]?(?P<before>{_CLOCK})[\])】]?\s*)?(?P<who>[^\s:：\[(【]{{1,20}}?)\s*"
    rf"(?:[\[(【]?(?P<after>{_CLOCK})[\])】]?)?\s*[:：]\s*(?P<text>.*)$"
)


def _name(value: Mapping[str, Any]) -> str | None:
    return next((name for name in _LISTS if isinstance(value.get(name), list)), None)


def _recognises(value: Mapping[str, Any]) -> bool:
    name = _name(value)
    rows = value[name] if name else []
    return bool(rows) and isinstance(rows[0], Mapping) and any(text in rows[0] for text in _TEXTS)


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    return next(((name, value[name]) for name in names if value.get(name) is not None), (names[0], None))


def _after(segment: Mapping[str, Any], name: str) -> float | None:
    field, milliseconds = _first(segment, _MILLISECONDS)
    if milliseconds is not None:
        return offset(milliseconds, f"{name}.{field}")
    seconds = segment.get("start")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        seconds *= 1000
    return offset(seconds, f"{name}.start")


def _transcript(value: Mapping[str, Any]) -> Json:
    listing = _name(value)
    if listing is None:
        raise TranscriptError("segments", "缺失", "|".join(_LISTS) + " 之一，列表")
    known = table(value.get("speakers") or {}, "speakers")
    start = moment(value.get("started_at", value.get("start_time")), "started_at")
    turns = []
    for number, row in enumerate(listed(value[listing], listing)):
        name = f"{listing}.{number}"
        segment = table(row, name)
        field, label = _first(segment, _LABELS)
        label = str(known.get(str(label), label))
        role = role_of(label)
        if role is None:
            raise TranscriptError(f"{name}.{field}", f"不知道说话人 {label[:40]!r} 的角色", _FORM)
        said = words(_first(segment, _TEXTS)[1], f"{name}.text")
        turns.append(turn(role, said.strip(), told(start, _after(segment, name))))
    kept = ("id", "agent", "customer", "channel", "category", "outcome")
    found: Json = {name: value[name] for name in kept if value.get(name) is not None}
    found["turns"] = turns
    return found | ({"started_at": start.isoformat()} if start else {})


def _seconds(clock: str) -> float:
    parts = [float(part) for part in clock.replace(",", ".").split(":")]
    return sum(part * 60.0**place for place, part in enumerate(reversed(parts)))


def from_lines(text: str) -> Json:
    """A text file: `客服：…`, with or without a time, a line without a speaker goes on where the last one ended.

    Raises TranscriptError, which names the line.
    """
    segments: list[Json] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _LINE.match(line)
        role = role_of(found["who"]) if found else None
        if found and role:
            clock = found["before"] or found["after"]
            segments.append(
                {"role": role, "text": found["text"]} | ({"start": _seconds(clock)} if clock else {})
            )
        elif segments:
            segments[-1]["text"] += "\n" + line.strip()
        else:
            raise TranscriptError(
                f"line {number}", f"没有说话人 {line.strip()[:30]!r}", f"客服：…（{ROLE_FORM}）"
            )
    return {"segments": segments}


ADAPTER = Adapter("asr", "语音识别", _recognises, one, _transcript)
