"""Passages: every character of a text is in exactly one piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.passages import PIECE, indexed_text, passages_of, pieces
from tests.kb.fakes import entry


@given(st.text(alphabet="退货。！\n ab", max_size=2000))
def test_pieces_cover_the_text(text: str) -> None:
    """Pieces do not overlap, are not longer than the limit and leave out white space only."""
    end = 0
    for start, stop in pieces(text):
        assert end <= start < stop <= start + PIECE
        assert not text[end:start].strip(" \n。！")
        end = stop
    assert not text[end:].strip(" \n。！")


def test_order_and_offsets() -> None:
    """Title, similar questions, pieces; a piece carries its title into the index and its place in the text."""
    one = entry("a", "退货", "先申请。" * 100, similar=("怎么退",))
    found = passages_of(one)
    assert [p.field for p in found[:3]] == ["title", "similar", "text"]
    assert [p.id for p in found] == list(range(len(found)))
    assert all(one.text[p.start : p.start + len(p.text)] == p.text for p in found if p.field == "text")
    assert indexed_text(one, found[2]).startswith("退货 先申请")
