"""A transcript as it is kept: personal data covered letter by letter, so that evidence still points at its words.

A digit becomes 0, a letter x or X (in numbers of orders and parcels it stays), any other character 某; marks and
spaces stay. What was covered is remembered by
type and place, and whether the customer had said it before, so that a kept transcript scores as it did when it was
whole: nothing of the data itself is needed for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from nlp.privacy import MASKS, find, mask
from nlp.text import key, normalise
from nlp.transcript import Masked, Transcript, Turn, parse_transcript

Json = dict[str, Any]


class Place(Protocol):
    """Where personal data stands, and of which type."""

    @property
    def type(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Heard:
    """What the customer of a transcript said, turn by turn."""

    def __init__(self, transcript: Transcript) -> None:
        pieces: list[str] = []
        length = 0
        self._until: list[int] = []
        for turn in transcript.turns:
            self._until.append(length)
            if turn.role == "customer":
                pieces.append(" " + key(normalise(turn.text)))
                length += len(pieces[-1])
        self._all = "".join(pieces)

    def before(self, turn: int, text: str) -> bool:
        """Whether the customer had said `text` before that turn."""
        return self._all.find(key(text), 0, self._until[turn]) >= 0


def labelled(text: str, found: Iterable[Place], start: int, end: int) -> str:
    """`text[start:end]` with a label for what was found, also for what the slice cuts through."""
    pieces, at = [], start
    for one in found:
        if one.end <= at or one.start >= end:
            continue
        pieces.append(text[at : max(at, one.start)])
        pieces.append(MASKS[one.type])
        at = min(end, one.end)
    pieces.append(text[at:end])
    return "".join(pieces)


_NUMBERED = frozenset({"order_no", "tracking_no"})
"""The letters of these say which house gave them, and nothing of a person."""


def _covered(character: str, numbered: bool) -> str:
    if character.isdecimal():
        return "0"
    if numbered and character.isascii():
        return character
    if character.isascii():
        return "x" if character.islower() else "X" if character.isupper() else character
    return "某" if character.isalnum() else character


def cover(text: str, found: Iterable[Place]) -> str:
    """`text` with what was found covered, its length kept."""
    pieces, at = [], 0
    for one in found:
        pieces.append(text[at : one.start])
        pieces.append("".join(_covered(c, one.type in _NUMBERED) for c in text[one.start : one.end]))
        at = one.end
    pieces.append(text[at:])
    return "".join(pieces)


def _turn(turn: Turn, number: int, heard: Heard) -> Json:
    found = turn.masked
    if found is None:
        found = tuple(
            Masked(one.type, one.start, one.end, heard.before(number, one.text)) for one in find(turn.text)
        )
    told: Json = {"role": turn.role, "text": cover(turn.text, found)}
    if turn.at is not None:
        told["at"] = turn.at.isoformat()
    if turn.turn_id is not None:
        told["turn_id"] = turn.turn_id
    told["masked"] = [
        {"type": one.type, "start": one.start, "end": one.end, "given": one.given} for one in found
    ]
    return told


def _plain(value: Any) -> Any:
    """A value of unknown fields with every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, bool | int | float | None) else mask(str(value))


def keep(transcript: Transcript) -> Json:
    """The contract's JSON of a transcript with every turn covered; `masked` says where and what."""
    heard = Heard(transcript)
    agent, customer, outcome = transcript.agent, transcript.customer, transcript.outcome
    fields: Json = {
        "channel": transcript.channel,
        "category": transcript.category,
        "agent": agent and {"id": agent.id, "name": agent.name, "team": agent.team},
        "customer": _plain({"id": customer.id, "tier": customer.tier, "region": customer.region}),
        "started_at": transcript.started_at and transcript.started_at.isoformat(),
        "outcome": outcome
        and {
            "resolved": outcome.resolved,
            "satisfaction": outcome.satisfaction,
            "follow_up": outcome.follow_up,
        },
    }
    return {
        **_plain(transcript.extra),
        "id": transcript.id,
        "turns": [_turn(turn, number, heard) for number, turn in enumerate(transcript.turns)],
        **{name: value for name, value in fields.items() if value is not None},
    }


def restore(value: Mapping[str, Any]) -> Transcript:
    """A kept transcript, to be scored again. Raises TranscriptError for what `keep` did not write."""
    found = parse_transcript(json.loads(json.dumps(value)))
    turns = tuple(
        replace(turn, masked=tuple(Masked(**one) for one in told.get("masked", ())))
        for turn, told in zip(found.turns, value["turns"], strict=True)
    )
    return replace(found, turns=turns)
