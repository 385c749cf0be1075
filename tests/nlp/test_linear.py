"""Classifiers as served: what is counted, side by side as alone, stored and read again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nlp.hashed import chunks
from nlp.head import fit_head
from nlp.linear import Linear, Table, alike, beside, buckets, from_tensors
from nlp.margins import count

TEXTS = ["退款还没到", "退款退款退款", "太好了谢谢", "谢谢你们", "几点发货", "发货了吗", "", "退"]
MOODS = ["bad", "bad", "good", "good", "calm", "calm", "calm", "bad"]


@pytest.fixture(scope="module")
def heads() -> tuple[Linear, Linear]:
    plain = ["yes" if mood == "good" else "no" for mood in MOODS]
    return fit_head(TEXTS * 3, MOODS * 3), fit_head(TEXTS[:4] * 3, plain[:4] * 3)


def test_a_repeated_span_counts_by_its_logarithm() -> None:
    """Said three times is not three times as telling; what is said once counts one."""
    ((_, _, spans),) = list(chunks(["退款退款退款"]))
    numbers, times = np.unique(buckets(spans.hashes)[buckets(spans.hashes) > 0], return_counts=True)
    row = Table(numbers, np.ones(len(numbers), dtype=np.float32)).count(spans).toarray()[0]
    assert times.max() == 3
    np.testing.assert_allclose(row, [1 + math.log(value) for value in times], rtol=1e-6)


def test_undamped_classifiers_count_each_time() -> None:
    """A classifier stored before repeats were damped goes on as it was fitted."""
    ((_, _, spans),) = list(chunks(["退款退款退款", "", "好好"]))
    numbers, times = np.unique(buckets(spans.hashes, 20)[buckets(spans.hashes, 20) > 0], return_counts=True)
    table = Table(numbers, np.ones(len(numbers), dtype=np.float32), bits=20, damped=False)
    np.testing.assert_array_equal(table.count(spans).toarray().sum(axis=0), times)


def test_side_by_side_is_as_alone(heads: tuple[Linear, Linear]) -> None:
    """Classifiers that share their look-up say what each says alone, in a batch as one by one."""
    texts = [*TEXTS, "从没见过的话", "退款" * 3000]
    for head, shares in zip(heads, beside(heads).probabilities(texts), strict=True):
        np.testing.assert_allclose(shares, head.probabilities(texts), atol=1e-6)
        for text, row in zip(texts, shares, strict=True):
            np.testing.assert_allclose(head.probabilities([text])[0], row, atol=1e-6)


def test_classifiers_that_count_otherwise_do_not_share(heads: tuple[Linear, Linear]) -> None:
    """Two ways of counting cannot stand in one table."""
    stored = {name: value for name, value in heads[1].tensors().items() if name != "counting"}
    old = from_tensors(stored, heads[1].labels, "old", None)
    assert (old.table.bits, old.table.damped) == (20, False)
    assert not alike((heads[0], old))
    with pytest.raises(ValueError, match="不能并排"):
        beside((heads[0], old))


def test_stored_and_read_it_says_the_same(heads: tuple[Linear, Linear]) -> None:
    """Eight bits a weight are enough."""
    again = from_tensors(heads[0].tensors(), heads[0].labels, "again", None)
    np.testing.assert_allclose(again.probabilities(TEXTS), heads[0].probabilities(TEXTS), atol=0.02)


def test_of_too_many_spans_the_frequent_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's size is bounded, whatever it is fitted on."""
    monkeypatch.setattr("nlp.margins._MOST", 20)
    counts = count(TEXTS * 2, None, 1)
    assert 0 < len(counts.known) <= 20
    assert counts.matrix.shape == (16, len(counts.known))
