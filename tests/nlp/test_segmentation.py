"""The fast segmenter cuts as the reference does."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import rjieba

HANDBOOK = Path(__file__).parents[2] / "scripts" / "demo" / "handbook"
LEAST = 0.99


def test_words_are_those_of_jieba(tmp_path: Path) -> None:
    """rjieba gives jieba's words on the handbook, but for a handful of texts with Latin letters in them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's own, on import
        import jieba

        jieba.dt.tmp_dir = str(tmp_path)  # its dictionary cache runs when it is read: never a shared folder
        jieba.setLogLevel(60)
        lines = [json.loads(line) for line in (HANDBOOK / "faq.jsonl").open(encoding="utf-8")]
        texts = [text for line in lines for text in (line["title"], *line.get("similar", ()), line["text"])]
        alike = [list(rjieba.cut(text)) == list(jieba.cut(text)) for text in texts]
    assert len(texts) > 500
    assert sum(alike) / len(alike) >= LEAST
