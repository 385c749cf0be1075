"""Entries: the wire's shape, read strictly and given back unchanged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.entries import KINDS, STAGES, Entry, EntryError, Slot, from_json, to_json

LINE = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
LINES = st.lists(LINE, max_size=3, unique=True).map(tuple)
ENTRIES = st.builds(
    Entry,
    id=LINE,
    kind=st.sampled_from(KINDS),
    title=LINE,
    text=LINE,
    stage=st.none() | st.sampled_from(STAGES),
    similar=LINES,
    slots=st.lists(st.builds(Slot, LINE, st.booleans(), st.just("") | LINE), max_size=2).map(tuple),
    tags=LINES,
    audience=LINES.map(frozenset),
    channel=LINES.map(frozenset),
    effective_from=st.none() | st.just(datetime.fromisoformat("2026-01-01T00:00:00+08:00")),
    effective_to=st.none() | st.just(datetime.fromisoformat("2026-06-01T00:00:00+00:00")),
    source=st.just("") | LINE,
)


@given(ENTRIES)
def test_round_trip(entry: Entry) -> None:
    """An entry written and read again is the same entry."""
    assert from_json(to_json(entry)) == entry


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"kind": None}, "kind"),
        ({"stage": "end"}, "stage"),
        ({"title": " "}, "title"),
        ({"title": 3}, "title"),
        ({"text": ""}, "text"),
        ({"similar": [1]}, "similar"),
        ({"slots": [{"name": ""}]}, "slots[0].name"),
        ({"slots": [{"name": "订单号", "required": "no"}]}, "slots[0]"),
        ({"effective_from": "soon"}, "effective_from"),
        ({"effective_from": 20260101}, "effective_from"),
        ({"effective_from": "2026-05-02", "effective_to": "2026-05-01"}, "effective_to"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    """What cannot be read says which field, what is wrong and what is accepted."""
    with pytest.raises(EntryError) as caught:
        from_json({"kind": "faq", "title": "题", "text": "答", **change})
    assert caught.value.field == field
    assert caught.value.message
    assert caught.value.accepted


def test_an_entry_without_an_id_gets_a_stable_one() -> None:
    """The id follows from kind, title and text, so importing twice makes one entry."""
    value = {"kind": "faq", "title": "题", "text": "答"}
    assert from_json(value).id == from_json(dict(value)).id != from_json({**value, "text": "另答"}).id


def test_times_without_offset_are_local_and_a_last_day_counts_whole() -> None:
    """A date alone means the site's day; the day an entry ends on still belongs to it."""
    value = {
        "kind": "faq",
        "title": "题",
        "text": "答",
        "effective_from": "2026-05-01",
        "effective_to": "2026-05-02",
    }
    entry = from_json(value)
    assert entry.effective(datetime.fromisoformat("2026-05-01T00:00:00+08:00"))
    assert entry.effective(datetime.fromisoformat("2026-05-02T23:59:59+08:00"))
    assert not entry.effective(datetime.fromisoformat("2026-05-03T00:00:00+08:00"))


def test_a_bare_string_is_a_required_slot() -> None:
    """`slots: ["订单号"]` reads as a required slot (the contract)."""
    entry = from_json({"kind": "script", "title": "题", "text": "{订单号}", "slots": ["订单号"]})
    assert entry.slots == (Slot("订单号", True, ""),)
