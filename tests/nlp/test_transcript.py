"""Transcripts are read as the contract writes them, or refused by field."""

from __future__ import annotations

from typing import Any

import pytest

from nlp.transcript import TranscriptError, parse_transcript


def test_a_whole_transcript_is_read_and_unknown_fields_are_kept() -> None:
    """Known fields by name, a time without offset in Beijing time, the rest in `extra`."""
    read = parse_transcript(
        {
            "id": "t1",
            "turns": [{"role": "agent", "text": "您好", "at": "2026-11-03T10:00:00", "turn_id": 7}],
            "agent": {"id": "A012", "team": "售后一组"},
            "customer": {"tier": "gold"},
            "outcome": {"resolved": True, "satisfaction": 2},
            "shop": "知夏",
        }
    )
    assert read.turns[0].at is not None
    assert read.turns[0].at.utcoffset() is not None
    assert read.turns[0].turn_id == "7"
    assert read.agent is not None
    assert read.agent.team == "售后一组"
    assert read.outcome is not None
    assert read.outcome.satisfaction == 2
    assert read.extra == {"shop": "知夏"}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "transcript"),
        ({"id": "t"}, "turns"),
        ({"turns": []}, "id"),
        ({"id": "t", "turns": ["您好"]}, "turns.0"),
        ({"id": "t", "turns": [{"role": "boss", "text": ""}]}, "turns.0.role"),
        ({"id": "t", "turns": [{"role": "agent", "text": 5}]}, "turns.0.text"),
        ({"id": "t", "turns": [{"role": "agent", "text": "", "at": "昨天"}]}, "turns.0.at"),
        ({"id": "t", "turns": [], "agent": "A012"}, "agent"),
    ],
)
def test_what_cannot_be_read_is_named(value: Any, field: str) -> None:
    """The error names the field and the accepted form."""
    with pytest.raises(TranscriptError) as refused:
        parse_transcript(value)
    assert refused.value.field == field
    assert refused.value.accepted
