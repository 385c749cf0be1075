"""One conformance suite for every vector index: the port's docstring, checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import index_faiss
from kb.index import ExactIndex, VectorIndex, Vectors, allow, best

Build = Callable[[Vectors], VectorIndex]


def inverted(vectors: Vectors) -> VectorIndex:
    """The inverted-list structure of large sets, on a small one, looking into every list."""
    limit, index_faiss.FLAT_LIMIT = index_faiss.FLAT_LIMIT, 1
    try:
        return index_faiss.build(vectors)
    finally:
        index_faiss.FLAT_LIMIT = limit


BUILDS: dict[str, Build] = {"exact": ExactIndex, "flat": index_faiss.build, "inverted": inverted}


def unit(count: int, dim: int = 16, seed: int = 3) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    unit_rows: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit_rows


@pytest.fixture(params=sorted(BUILDS))
def build(request: pytest.FixtureRequest) -> Build:
    return BUILDS[request.param]


def test_best_first_with_cosines(build: Build) -> None:
    """Each stored vector finds itself first with cosine 1, then the same rows as the exact index."""
    vectors = unit(200)
    index, oracle = build(vectors), ExactIndex(vectors)
    assert (index.size, index.dim) == (200, 16)
    for row in range(0, 200, 17):
        rows, scores = index.search(vectors[row], 5)
        assert rows[0] == row
        assert scores[0] == pytest.approx(1, abs=2e-3)
        assert list(rows) == list(oracle.search(vectors[row], 5)[0])
        assert np.all(np.diff(scores) <= 0)


def test_filters_come_before_ranking(build: Build) -> None:
    """With one allowed row in a hundred, those rows are returned, all of them and no other."""
    vectors = unit(300)
    mask = np.zeros(300, np.bool_)
    mask[[7, 133, 299]] = True
    rows, _ = build(vectors).search(vectors[50], 10, allow(mask))
    assert sorted(rows) == [7, 133, 299]


def test_a_wide_filter_through_the_selector(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter too wide to scan by hand gives the exact answer too."""
    monkeypatch.setattr(index_faiss, "SCAN_BELOW", 0)
    vectors = unit(300)
    allowed = allow(np.arange(300) % 3 != 0)
    index, oracle = build(vectors), ExactIndex(vectors)
    for row in (0, 1, 2, 150):
        assert list(index.search(vectors[row], 8, allowed)[0]) == list(
            oracle.search(vectors[row], 8, allowed)[0]
        )


def test_odd_cases(build: Build) -> None:
    """Nothing for a limit below 1 or an empty filter; all rows when fewer than asked; wrong shape refused."""
    vectors = unit(20)
    index = build(vectors)
    assert len(index.search(vectors[0], 0)[0]) == 0
    assert len(index.search(vectors[0], 5, allow(np.zeros(20, np.bool_)))[0]) == 0
    assert sorted(index.search(vectors[0], 50)[0]) == list(range(20))
    with pytest.raises(ValueError, match="dimension 16"):
        index.search(vectors[0][:4], 3)


def test_stored_vectors_come_back(build: Build) -> None:
    """`vectors` gives rows in the order asked, rounded at most to half precision."""
    vectors = unit(50)
    rows = np.array([3, 49, 3], np.int64)
    assert np.allclose(build(vectors).vectors(rows), vectors[rows], atol=1e-3)
    assert build(vectors).vectors(np.empty(0, np.int64)).shape == (0, 16)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 45))
@settings(deadline=None)
def test_ties_are_settled_by_row(values: list[int], limit: int) -> None:
    """`best` equals a full sort by falling score and rising row."""
    scores = np.array(values, np.float32)
    rows, found = best(np.arange(len(values)), scores, limit)
    expected = sorted(range(len(values)), key=lambda row: (-values[row], row))[:limit]
    assert list(rows) == expected
    assert list(found) == [values[row] for row in expected]
