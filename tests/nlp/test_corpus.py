"""Nothing that is measured on is trained on."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from nlp.train.corpus import EVALUATED, TRAINED, CorpusError, held_out, training_rows


def _write(data: Path, name: str, rows: list[dict[str, object]]) -> None:
    path = data / f"{name}.jsonl.xz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_evaluated_rows_leave_the_training_sets(tmp_path: Path) -> None:
    """A pair goes in either order and whatever its punctuation; a text goes where it stands alone."""
    _write(tmp_path, "pairs/lcqmc.dev", [{"a": "怎么退货？", "b": "如何退货", "label": 1}])
    _write(tmp_path, "intent/cic.dev", [{"text": "在吗", "label": "1"}])
    pairs = [("如何退货！", "怎么退货", 1), ("怎么退货", "怎么换货", 0), ("在吗", "在不在", 1)]
    _write(tmp_path, "pairs/atec.train", [{"a": a, "b": b, "label": label} for a, b, label in pairs])
    _write(tmp_path, "intent/cic.train", [{"text": "在 吗?"}, {"text": "有货吗"}, {"text": "怎么退货"}])
    held = held_out(tmp_path)
    assert [row["b"] for row in training_rows(tmp_path, "pairs/atec.train", held)] == ["怎么换货", "在不在"]
    assert [row["text"] for row in training_rows(tmp_path, "intent/cic.train", held)] == ["有货吗"]


def test_only_sets_that_may_ship_are_trained_on(tmp_path: Path) -> None:
    """A set for measuring only is refused by name, and no set is on both lists."""
    assert not set(TRAINED) & set(EVALUATED)
    with pytest.raises(CorpusError, match=r"pairs/stsb\.train"):
        training_rows(tmp_path, "pairs/stsb.train", held_out(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path looked for is in the message."""
    with pytest.raises(CorpusError, match=r"atec\.train"):
        training_rows(tmp_path, "pairs/atec.train", held_out(tmp_path))
