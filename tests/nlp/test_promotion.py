"""The frozen test and the gate: who is set aside, who is promoted, who is refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import frozen
from nlp.evaluate.metrics import macro_f1
from nlp.linear import Probabilities
from nlp.promotion import Rules, judge, paired
from nlp.text import key

LABELS = ("a", "b")


@dataclass(frozen=True)
class Said:
    """A classifier whose answer to each text is written down, with one certainty."""

    answers: dict[str, str]
    labels: tuple[str, ...] = LABELS
    version: str = "intent/said"
    sure: float = field(default=0.9)

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        rest = (1 - self.sure) / max(len(self.labels) - 1, 1)
        rows = [[self.sure if self.answers[text] == name else rest for name in self.labels] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), len(self.labels))


def _test(size: int = 40) -> frozen.FrozenTest:
    return frozen.as_test([f"t{at}" for at in range(size)], [LABELS[at % 2] for at in range(size)])


def _right_but(test: frozen.FrozenTest, wrong: int, label: str | None = None) -> Said:
    """Right on all but the first `wrong` rows (of a label, where one is given)."""
    places = [at for at, one in enumerate(test.labels) if label in (None, one)][:wrong]
    answers = dict(zip(test.texts, test.labels, strict=True))
    for at in places:
        answers[test.texts[at]] = LABELS[1 - LABELS.index(test.labels[at])]
    return Said(answers)


def test_a_better_one_is_promoted_and_a_worse_one_refused() -> None:
    """B32: the frozen test decides, and a refusal names the figures."""
    test = _test()
    better, worse = _right_but(test, 2), _right_but(test, 10)
    assert judge(test, better, worse).promoted
    refused = judge(test, worse, better)
    assert not refused.promoted
    assert "宏平均 F1" in refused.reasons[0]
    assert refused.comparison is not None
    low, high = refused.comparison.interval
    assert low <= refused.comparison.difference <= high < 0


def test_an_equal_one_is_promoted() -> None:
    """Not worse is enough: with nothing between them the difference is nought and p is one."""
    test = _test()
    verdict = judge(test, _right_but(test, 5), _right_but(test, 5))
    assert verdict.promoted
    assert verdict.comparison is not None
    assert (verdict.comparison.difference, verdict.comparison.p) == (0.0, 1.0)


def test_one_label_that_falls_is_enough_to_refuse() -> None:
    """R190: a label with enough rows may not pay for the others, however the mean stands."""
    test = frozen.as_test([f"t{at}" for at in range(60)], ["a"] * 20 + ["b"] * 20 + ["c"] * 20)
    answers = dict(zip(test.texts, test.labels, strict=True))
    current = Said(answers | {f"t{at}": "c" for at in range(26, 40)}, ("a", "b", "c"))
    candidate = Said(answers | {f"t{at}": "b" for at in range(8)}, ("a", "b", "c"))
    verdict = judge(test, candidate, current)
    assert verdict.comparison is not None
    assert verdict.comparison.difference > 0
    assert [reason for reason in verdict.reasons if "“a”" in reason]
    assert judge(test, candidate, current, Rules(least=21)).promoted


def test_a_stranger_is_scored_on_what_it_can_answer() -> None:
    """A model in use that knows half of the labels is compared on their rows, and the verdict says so."""
    test = frozen.as_test([f"t{at}" for at in range(40)], ["a", "b", "c", "d"] * 10)
    answers = dict(zip(test.texts, test.labels, strict=True))
    candidate = Said(answers, ("a", "b", "c", "d"))
    verdict = judge(test, candidate, _right_but(frozen.as_test(test.texts, ["a", "b"] * 20), 0))
    assert verdict.comparison is not None
    assert (verdict.comparison.rows, verdict.rows) == (20, 40)
    assert any("c、d" in one for one in verdict.notes)


def test_without_a_comparison_guessing_is_the_bar() -> None:
    """Where the model in use knows no label, the candidate must be better than always the commonest."""
    test = _test()
    stranger = Said({}, ("x", "y"))
    assert judge(test, _right_but(test, 3), stranger).promoted
    verdict = judge(test, _right_but(test, 25), stranger)
    assert not verdict.promoted
    assert "总猜" in verdict.reasons[0]


def test_a_verdict_is_the_same_again() -> None:
    """The same seed gives the same interval, another seed another one."""
    test = _test()
    one, two = _right_but(test, 4), _right_but(test, 9)
    assert judge(test, one, two) == judge(test, one, two)
    other = judge(test, one, two, Rules(seed=5)).comparison
    first = judge(test, one, two).comparison
    assert other is not None
    assert first is not None
    assert other.difference == first.difference
    assert other.interval != first.interval


@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1, max_size=30))
def test_the_difference_is_that_of_the_printed_figures(rows: list[tuple[str, str, str]]) -> None:
    """The paired difference is the difference of the two macro-F1, whatever the labels."""
    truth, mine, theirs = ([row[at] for row in rows] for at in range(3))
    difference, (low, high), p = paired(truth, mine, theirs, Rules(samples=20))
    assert difference == pytest.approx(macro_f1(truth, mine) - macro_f1(truth, theirs), abs=1e-4)
    assert low <= high
    assert 0 <= p <= 1


TEXTS = [f"第{at}张工单说的事" for at in range(100)]


def test_the_same_texts_are_set_aside_in_any_order() -> None:
    """Order, case and punctuation do not change which texts are frozen; small labels keep theirs."""
    labels = ["x" if at < 90 else "y" if at < 96 else "z" for at in range(100)]
    chosen = {key(TEXTS[at]) for at in frozen.choose(TEXTS, labels)}
    assert len(chosen) == 10
    turned = [f"{text}！！" for text in reversed(TEXTS)]
    assert {key(turned[at]) for at in frozen.choose(turned, labels[::-1])} == chosen
    by_label = [labels[at] for at in frozen.choose(TEXTS, labels)]
    assert (by_label.count("x"), by_label.count("y"), by_label.count("z")) == (9, 1, 0)


def test_a_text_with_two_labels_is_not_set_aside() -> None:
    """What people disagree on can be no yardstick."""
    texts = [*TEXTS, *TEXTS[:50]]
    labels = ["x"] * 100 + ["y"] * 50
    assert all(at >= 50 for at in frozen.choose(texts, labels))


def test_a_sealed_test_is_read_back_and_a_touched_one_refused(tmp_path: Path) -> None:
    """The digest is of the rows as they stand; one changed letter and the test is no longer it."""
    folder = tmp_path / "intent" / "test"
    made = frozen.freeze(folder, ["退款", "发票"], ["r", "i"], tmp_path / "draft")
    assert frozen.read(folder) == made
    assert frozen.read(tmp_path / "none") is None
    rows = folder / frozen.ROWS
    rows.write_text(rows.read_text(encoding="utf-8").replace("发票", "换货"), encoding="utf-8")
    with pytest.raises(frozen.FrozenError, match="改动"):
        frozen.read(folder)
    rows.unlink()
    with pytest.raises(frozen.FrozenError, match="不完整"):
        frozen.read(folder)
