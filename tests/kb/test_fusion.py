"""Reciprocal rank fusion."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.fusion import reciprocal_rank

LISTS = st.lists(
    st.tuples(st.lists(st.integers(0, 20), max_size=15), st.floats(0.1, 2, allow_nan=False)), max_size=5
)


@given(LISTS, st.randoms(use_true_random=False))
def test_order_of_lists_does_not_matter(lists: list[tuple[list[int], float]], chance: random.Random) -> None:
    """Shuffled lists give the same items, scores and order."""
    shuffled = list(lists)
    chance.shuffle(shuffled)
    assert reciprocal_rank(lists) == reciprocal_rank(shuffled)


@given(LISTS)
def test_every_item_once_best_first(lists: list[tuple[list[int], float]]) -> None:
    """Each item of any list appears once, with falling scores."""
    merged = reciprocal_rank(lists)
    assert sorted(item for item, _ in merged) == sorted({item for items, _ in lists for item in items})
    assert all(a[1] >= b[1] for a, b in pairwise(merged))


def test_computed_by_hand() -> None:
    """1/61 + 2/62 for an item first in one list and second in another of weight 2."""
    merged = dict(reciprocal_rank([([4, 5], 1.0), ([5, 4], 2.0)]))
    assert merged[4] == pytest.approx(1 / 61 + 2 / 62)
