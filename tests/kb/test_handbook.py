"""Releases: names in order, and differences."""

from __future__ import annotations

import pytest

from kb.handbook import diff, next_release, parts
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
