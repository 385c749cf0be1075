"""Texts that carry several labels."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.head import HeadError
from nlp.multi import cells, fit_multi

WISHES = {
    "return": ["我要退货", "想把鞋退掉", "申请退货", "东西不要了退回去"],
    "invoice": ["要开发票", "发票抬头改一下", "给我开专票", "发票还没收到"],
    "address": ["地址改到公司", "换个收货地址", "收货地址写错了", "改一下地址"],
}


def rows(count: int, seed: int) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        chosen = [str(one) for one in random.choice(list(WISHES), random.integers(1, 3), replace=False)]
        texts.append(
            "，并且".join(str(random.choice(WISHES[one])) for one in chosen) + str(random.integers(100))
        )
        labels.append("|".join(chosen))
    return texts, labels


def test_two_wishes_are_both_heard() -> None:
    """A text with two wishes carries both labels, one with one carries one, small talk carries none."""
    made = fit_multi(*rows(240, 0)).head
    told = made.said(["退货并且要开发票", "我要退货", "发票抬头改一下，顺便换个收货地址"])
    assert [set(one) for one in told] == [{"return", "invoice"}, {"return"}, {"invoice", "address"}]
    assert made.probabilities(["退货并且要开发票"]).sum() > 1.2


def test_unseen_rows_keep_the_stated_precision() -> None:
    """Each label is right as often as asked on rows the head was not fitted on."""
    made = fit_multi(*rows(240, 0), precision=0.9).head
    texts, labels = rows(200, 7)
    said, truth = made.said(texts), [set(cells(one)) for one in labels]
    for label in made.labels:
        given = [label in right for told, right in zip(said, truth, strict=True) if label in told]
        assert len(given) > 40
        assert np.mean(given) >= 0.9


def test_cells_and_lists_say_the_same() -> None:
    """Labels come in one cell or as a list, each once."""
    assert cells("退货| 发票|退货|") == cells(["退货", "发票"]) == ("退货", "发票")


@pytest.mark.parametrize("labels", [["a", "a"], ["a|b", "a"], ["a"]])
def test_rows_that_teach_nothing_are_refused(labels: list[str]) -> None:
    """A label on every row, a lone label or a missing row is named."""
    with pytest.raises(HeadError):
        fit_multi(["一", "二"], labels)
