"""Text to calibrated labels, from a verified artefact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import ArtefactError, write_manifest
from nlp.classify import NEVER, load_classifier, load_thresholds, thresholds, with_parents, write_head
from nlp.evaluate.classify import figures, guesses
from nlp.head import fit
from nlp.linear import Linear

TEXTS = ["我要退货", "想退掉这双鞋", "退货怎么办理", "发票开错了", "请开专票", "发票没收到"] * 3
LABELS = (["return"] * 3 + ["invoice"] * 3) * 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fitted = fit(TEXTS, LABELS)
    folder = tmp_path / "intent" / "own-1"
    write_head(folder, fitted.head, thresholds(fitted.unseen, LABELS, fitted.head.labels))
    write_manifest(folder, "intent", "linear", [], {})
    (tmp_path / "current.toml").write_text('intent = "own-1"\n', encoding="utf-8")
    return tmp_path


def test_a_written_head_answers_as_the_fitted_one(root: Path) -> None:
    """What was fitted is what is served: weights survive their storage as small integers."""
    served = load_classifier("intent", root)
    fitted = fit(TEXTS, LABELS).head
    texts = ["退货", "发票", "你好"]
    assert served.version == "intent/own-1"
    np.testing.assert_allclose(served.probabilities(texts), fitted.probabilities(texts), atol=0.01)


def test_a_changed_weight_file_is_refused(root: Path) -> None:
    """A file that does not match its digest is never read."""
    path = root / "intent" / "own-1" / "weights.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArtefactError, match="不符"):
        load_classifier("intent", root)


def test_a_head_made_for_another_encoder_is_refused(root: Path) -> None:
    """Vectors of a stranger would give numbers that look right and are not."""

    class Stranger:
        dim, version = 4, "encoder/other"

        def encode(self, texts: object) -> object:
            raise AssertionError("not reached")

    folder = root / "intent" / "own-1"
    write_manifest(folder, "intent", "linear", [], {}, encoder="encoder/mine")
    with pytest.raises(ArtefactError, match="encoder/mine"):
        load_classifier("intent", root, Stranger())  # type: ignore[arg-type]


def test_thresholds_keep_the_precision_they_state(root: Path) -> None:
    """Rows above a label's automatic threshold were right at least as often as asked, on unseen rows."""
    random = np.random.default_rng(1)
    sure = random.uniform(0.5, 1.0, 4000)
    truth = ["a" if random.random() < value else "b" for value in sure]
    shares = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    bands = thresholds(shares, truth, ("a", "b"))
    taken = [label for label, value in zip(truth, sure, strict=True) if value >= bands.auto["a"]]
    assert 0.9 < bands.auto["a"] < 1.0
    assert taken.count("a") / len(taken) >= 0.94
    assert bands.suggest["a"] <= bands.auto["a"]
    assert load_thresholds("intent", root).precision == 0.95


def test_parents_are_sure_where_their_leaves_are_not() -> None:
    """Two leaves that are taken for each other have no automatic band; their parent, which is always right, has."""
    random = np.random.default_rng(0)
    labels, paths = ("a/x", "a/y", "b"), {"a/x": ("a", "a/x"), "a/y": ("a", "a/y"), "b": ("b",)}
    truth = [str(one) for one in random.choice(labels, 600)]
    shares = np.array(
        [[0.01, 0.01, 0.98] if one == "b" else [0.5, 0.46, 0.04] for one in truth], dtype=np.float32
    )
    bands = with_parents(thresholds(shares, truth, labels), shares, truth, labels, paths)
    assert bands.auto["a/x"] > 0.97
    assert bands.auto["a"] < 0.97
    assert set(bands.auto) == {"a", *labels}


def test_a_label_that_is_never_sure_is_never_automatic() -> None:
    """No threshold is invented where no probability earned one."""
    shares = np.tile(np.array([[0.6, 0.4]], dtype=np.float32), (40, 1))
    bands = thresholds(shares, ["a", "b"] * 20, ("a", "b"))
    assert bands.auto == {"a": NEVER, "b": NEVER}


class Counter:
    """Says how long a text is: an answer that can be computed by hand."""

    labels = ("short", "long", "middle")
    version = "counter"

    def probabilities(self, texts: list[str]) -> np.ndarray:
        return np.array(
            [[0.2, 0.3, 0.5] if len(text) > 3 else [0.4, 0.1, 0.5] for text in texts], dtype=np.float32
        )


def test_a_dropped_label_gives_its_mass_to_the_others() -> None:
    """Two-way data is judged by a three-way model without its middle: 0.3 of 0.5 is 0.6."""
    truth, guess, sure = guesses(Counter(), [("一二三四五", "long"), ("一", "long")], drop="middle")
    assert guess == ["long", "short"]
    assert sure == pytest.approx([0.6, 0.8])
    assert figures(truth, guess, sure)["accuracy"] == 0.5


def test_batches_never_swap_texts() -> None:
    """A text gets the same answer alone, in a batch, and among long neighbours."""
    head: Linear = fit(TEXTS, LABELS).head
    texts = [*TEXTS, "", "退" * 5000, "发票", "😡", "\n", "ＡＢＣ发票"]
    together = head.probabilities(texts)
    alone = np.concatenate([head.probabilities([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-5)
    assert head.probabilities([]).shape == (0, 2)
