"""Releases: names in order, and differences."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.entries import MAX_ID, Entry, from_json, to_json
from kb.handbook import dated, diff, edits, next_release, outgoing, parts
from tests.kb.fakes import entry


def test_names_follow_the_rule() -> None:
    """V1.0 → V1.0.1 → V1.0.2 by direct writes → V1.1 by a publish; each later than the one before."""
    found = [next_release(None, False)]
    for published in (False, False, True, True, False):
        found.append(next_release(found[-1], published))
    assert found == ["V1.0", "V1.0.1", "V1.0.2", "V1.1", "V1.2", "V1.2.1"]
    assert [parts(name) for name in found] == sorted(parts(name) for name in found)


def test_a_strange_name_is_refused() -> None:
    """A name that is not ours is not counted up."""
    with pytest.raises(ValueError, match="2026-11"):
        next_release("2026-11", True)


def test_difference() -> None:
    """Added, removed, and each changed field with both values."""
    before = {"a": entry("a", "甲"), "b": entry("b", "乙"), "c": entry("c", "丙")}
    after = {"a": entry("a", "甲"), "b": entry("b", "乙", tags=("新",)), "d": entry("d", "丁")}
    found = diff(before, after)
    assert (found.added, found.removed) == (("d",), ("c",))
    assert [(c.entry_id, c.fields) for c in found.changed] == [("b", (("tags", None, ["新"]),))]
    assert diff(after, after).changed == ()


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def _dated(text: str, begins: float | None = None, ends: float | None = None) -> Entry:
    made = entry("x", "题", text=text)
    return replace(
        made,
        effective_from=None if begins is None else _days(begins),
        effective_to=None if ends is None else _days(ends),
    )


def test_a_text_stands_until_its_successor_begins() -> None:
    """R057: the old text ends when the new begins, under an id that names its release; at once: nothing stands."""
    old, new = _dated("旧"), _dated("新", begins=3)
    (standing,) = outgoing([old], new, NOW, "V1.0")
    assert (standing.id, standing.known_as, standing.effective_to) == ("x@V1.0", "x", _days(3))
    assert outgoing([old], _dated("新"), NOW, "V1.0") == ()
    assert outgoing([old], None, NOW, "V1.0") == ()
    later = outgoing([new, standing], _dated("三", begins=5), NOW, "V1.1")
    assert [(one.id, one.effective_from, one.effective_to) for one in later] == [
        ("x@V1.1", _days(3), _days(5)),
        ("x@V1.0", None, _days(3)),
    ]
    earlier = outgoing([new, standing], _dated("三", begins=1), NOW, "V1.1")
    assert [(one.id, one.effective_to) for one in earlier] == [("x@V1.0", _days(1))]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), min_size=1, max_size=6))
def test_exactly_one_text_holds_at_any_time(writes: list[tuple[int, int]]) -> None:
    """R057, B01: whenever texts are written for whenever, each day is answered by the last one written for it."""
    texts: list[Entry] = [_dated("0")]
    plan = dict.fromkeys(range(40), "0")
    at = 0
    for number, (wait, ahead) in enumerate(writes, 1):
        at += wait
        new = _dated(str(number), begins=at + ahead)
        texts = [new, *outgoing(texts, new, _days(at), f"V1.{number}")]
        plan |= {day: str(number) for day in plan if day >= at + ahead}
        assert len({one.id for one in texts}) == len(texts)
        for day in range(at, 40):
            holding = [one.text for one in texts if one.effective(_days(day))]
            assert holding == [plan[day]]


def test_a_long_id_leaves_room_for_the_release() -> None:
    """R057: the id of a standing text stays within what an entry's may be, and two long ones stay apart."""
    found = set()
    for end in "ab":
        old = replace(_dated("旧"), id="x" * (MAX_ID - 1) + end)
        new = replace(_dated("新", begins=1), id=old.id)
        (standing,) = outgoing([old], new, NOW, "V123.456.789")
        assert from_json(to_json(standing)) == standing
        found.add(standing.id)
    assert len(found) == 2


@given(st.text("退货款7天15，。\n", max_size=40), st.text("退货款7天15，。\n", max_size=40))
def test_edits_make_the_new_text_of_the_old(before: str, after: str) -> None:
    """R053: the pieces cover both texts in order, and equal ones are equal."""
    found = edits(before, after)
    assert "".join(before[slice(*one.before)] for one in found) == before
    assert "".join(after[slice(*one.after)] for one in found) == after
    assert all(
        (before[slice(*one.before)] == after[slice(*one.after)]) == (one.op == "equal") for one in found
    )


def test_long_texts_are_compared_by_sentences() -> None:
    """R053: texts of the greatest length are compared in bounded time, whole sentences at a time."""
    said = [f"这是第 {number} 句话。" for number in range(3000)]
    before, after = "".join(said), "".join((*said[:1000], "插入的一句。", *said[1000:2000], *said[2001:]))
    changed = [one for one in edits(before, after) if one.op != "equal"]
    assert [after[slice(*one.after)] for one in changed] == ["插入的一句。", ""]
    same = "一样的话。" * 20_000
    began = time.perf_counter()
    assert [one.op for one in edits("头。" + same, "尾！" + same + same)] == ["replace"] * 1 + ["equal"]
    assert time.perf_counter() - began < 5


def test_an_entry_keeps_within_the_time_of_its_release() -> None:
    """R057: the later beginning and the earlier end hold; where nothing is left it is refused."""
    found = dated(_dated("x", begins=2), _days(1), _days(5))
    assert (found.effective_from, found.effective_to) == (_days(2), _days(5))
    with pytest.raises(ValueError, match="would end"):
        dated(_dated("x", ends=1), _days(2), None)
