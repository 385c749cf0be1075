"""The product's own head: fitted in seconds, calibrated, fair to labels with few examples."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.evaluate.metrics import ece
from nlp.hashed import COLUMNS, chunks
from nlp.head import HeadError, calibrate, fit, fit_head, folds_of
from nlp.margins import count, telling

TOPICS = {
    "refund": ["退款", "退钱", "款项退回"],
    "invoice": ["发票", "开票", "抬头"],
    "delivery": ["快递", "物流", "送货"],
    "account": ["登录", "密码", "账号"],
}
FRAMES = [
    "{}怎么还没有",
    "我想问{}的事",
    "{}出问题了",
    "麻烦看下{}",
    "{}什么时候好",
    "关于{}，急",
    "你们的{}呢",
]


def rows(count_: int, seed: int = 0) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(seed)
    labels = [str(label) for label in random.choice(list(TOPICS), count_)]
    texts = [
        str(random.choice(FRAMES)).format(random.choice(TOPICS[label])) + str(random.integers(100))
        for label in labels
    ]
    return texts, labels


def test_five_examples_a_label_are_enough_for_plain_topics() -> None:
    """A site can begin with a handful of tickets for each of its categories."""
    texts = [frame.format(words[0]) for words in TOPICS.values() for frame in FRAMES[:5]]
    labels = [label for label in TOPICS for _ in range(5)]
    head = fit_head(texts, labels)
    unseen = [FRAMES[5].format(words[0]) for words in TOPICS.values()]
    assert [head.labels[at] for at in head.probabilities(unseen).argmax(axis=1)] == list(TOPICS)


def test_names_of_labels_are_evidence() -> None:
    """Words that stand only in a label's description lead to that label."""
    texts, labels = ["发票"] * 3 + ["快递"] * 3, ["invoice"] * 3 + ["delivery"] * 3
    head = fit_head(texts, labels, names={"invoice": ["税号与抬头"], "delivery": ["派送与揽收"]})
    assert [head.labels[at] for at in head.probabilities(["税号", "揽收"]).argmax(axis=1)] == [
        "invoice",
        "delivery",
    ]


def test_a_head_is_the_same_every_time() -> None:
    """One seed, one head."""
    texts, labels = rows(200)
    first, second = fit_head(texts, labels, seed=3), fit_head(texts, labels, seed=3)
    np.testing.assert_array_equal(first.weights, second.weights)


def test_unseen_probabilities_are_calibrated() -> None:
    """Where a third of the labels is wrong, the head says so rather than being sure of itself."""
    texts, labels = rows(1500)
    random = np.random.default_rng(5)
    noisy = [str(random.choice(list(TOPICS))) if random.random() < 0.33 else label for label in labels]
    fitted = fit(texts, noisy)
    best = fitted.unseen.argmax(axis=1)
    right = [fitted.head.labels[at] == label for at, label in zip(best, noisy, strict=True)]
    assert ece(fitted.unseen.max(axis=1), right) < 0.06
    assert 0.6 < float(np.mean(right)) < 0.85


def test_ten_thousand_rows_take_seconds() -> None:
    """Training a site's own head is a coffee at most."""
    texts, labels = rows(10_000)
    start = time.perf_counter()
    fit_head(texts, labels)
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize(("texts", "labels"), [(["一"], ["a", "b"]), (["一", "二"], ["a", "a"]), ([], [])])
def test_rows_without_two_labels_are_refused(texts: list[str], labels: list[str]) -> None:
    """A head needs something to tell apart."""
    with pytest.raises(HeadError):
        fit_head(texts, labels)


def test_a_label_with_one_row_is_still_learnt() -> None:
    """A category that has just been made does not break training."""
    texts, labels = rows(60)
    head = fit_head([*texts, "宠物洗澡预约"], [*labels, "pets"])
    assert head.labels[int(head.probabilities(["宠物洗澡"]).argmax())] == "pets"


def test_folds_spread_every_label() -> None:
    """Each fold holds every label about equally."""
    truth = np.repeat(np.arange(3), 20)
    fold = folds_of(truth, 5, 0)
    assert all((fold[truth == label] == number).sum() == 4 for label in range(3) for number in range(5))


def test_calibration_finds_the_temperature() -> None:
    """Margins three times too timid are scaled up to the probabilities they came from."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(3, p=row) for row in shares])
    found = calibrate(logits / 3, truth, np.ones(len(truth)))
    assert found.scale == pytest.approx(3, rel=0.05)
    assert np.abs(found.shift - found.shift.mean()).max() < 0.1
    assert found.growth == 0


def test_calibration_finds_that_longer_texts_are_surer() -> None:
    """Margins that mean twice as much in texts four times as long get a temperature that says so."""
    random = np.random.default_rng(0)
    margins, size = random.normal(size=(20_000, 3)), random.choice([1.0, 4.0], 20_000)
    logits = margins * size[:, None] ** 0.5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(3, p=row) for row in shares])
    assert calibrate(margins, truth, np.ones(len(truth)), size).growth == pytest.approx(0.5, abs=0.08)


def test_the_same_text_is_never_on_both_sides_of_a_fold() -> None:
    """A text that came twice does not answer for itself."""
    truth = np.repeat(np.arange(3), 20)
    names = [f"{label}{at // 2}" for at, label in enumerate(truth)]
    fold = folds_of(truth, 5, 0, names)
    assert (fold[::2] == fold[1::2]).all()


def test_a_label_name_outweighs_wrong_rows() -> None:
    """A third of two labels' rows are swapped; what the labels are called settles which is which."""
    texts = [f"{word}{at}" for at in range(9) for word in ("开专用发票", "催快递派送")]
    labels = [("invoice", "delivery")[(at + (at % 6 < 2)) % 2] for at in range(18)]
    head = fit_head(texts, labels, names={"invoice": ["开专用发票"], "delivery": ["催快递派送"]})
    best = [head.labels[at] for at in head.probabilities(["开发票", "派送快递"]).argmax(axis=1)]
    assert best == ["invoice", "delivery"]


def test_calibration_is_made_for_the_rows_that_are_like_the_texts_to_come() -> None:
    """Where half of the rows are of a hard kind, the easy kind is not doubted for it."""
    texts, labels = rows(1200)
    random = np.random.default_rng(1)
    odd = [f"杂{at}" for at in range(400)]
    strange = [str(random.choice(list(TOPICS))) for _ in odd]
    like = [True] * len(texts) + [False] * len(odd)
    plain = fit([*texts, *odd], [*labels, *strange]).unseen[: len(texts)].max(axis=1).mean()
    chosen = fit([*texts, *odd], [*labels, *strange], like=like).unseen[: len(texts)].max(axis=1).mean()
    assert chosen >= plain
    assert chosen > 0.97


def test_spans_that_tell_nothing_weigh_little() -> None:
    """A word of every text counts for less than a word of one label."""
    texts, truth = ["的甲", "的乙"] * 50, np.array([0, 1] * 50)
    counts = count(texts, None, 1)
    weigh = telling(counts.matrix, truth, np.ones(100))
    spread = np.asarray((counts.matrix > 0).sum(axis=0)).ravel()
    assert weigh[spread == 100].max() < weigh[spread == 50].min() / 2


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_spans_of_a_text_do_not_depend_on_its_neighbours(texts: list[str]) -> None:
    """Hashes of a text are the same alone and side by side; every text owns its rows."""
    ((_, _, side),) = list(chunks(texts))
    for at, text in enumerate(texts):
        ((_, _, alone),) = list(chunks([text]))
        mine = side.hashes[side.starts[at] : side.starts[at + 1]]
        # Words may be cut otherwise beside a neighbour; character runs never are.
        np.testing.assert_array_equal(mine[:, : COLUMNS - 1], alone.hashes[:, : COLUMNS - 1])
