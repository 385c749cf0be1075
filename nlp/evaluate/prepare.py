"""A BEIR folder from a file of help sections: the heading asks, the section must be found without it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nlp.evaluate.rows import RowsError, read_rows
from nlp.text import key

FIELDS = ("heading", "text")
_MOST_USES = 2


def prepare(sections: Path, out: Path, titles: bool = False) -> dict[str, float]:
    """Write `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` below `out`; returns what was kept.

    Headings used more than twice ask nothing (示例, 先决条件), but their sections stay in the corpus. A heading
    used twice asks once and both sections answer it. `titles` puts the page's title before the section.
    Raises RowsError.
    """
    rows = [row for row in read_rows(sections, FIELDS) if str(row["text"]).strip()]
    if not rows:
        raise RowsError(f'{sections} 里没有可用的段落；每行应为 {{"heading","text"}}')
    uses = Counter(key(row["heading"]) for row in rows)
    asked: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        heading = key(row["heading"])
        if heading and uses[heading] <= _MOST_USES:
            asked.setdefault(heading, []).append(at)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "corpus.jsonl", (_document(at, row, titles) for at, row in enumerate(rows)))
    _write(
        out / "queries.jsonl",
        ({"_id": f"q{places[0]}", "text": rows[places[0]]["heading"]} for places in asked.values()),
    )
    judged = [f"q{places[0]}\ts{place}\t1" for places in asked.values() for place in places]
    (out / "qrels.tsv").write_text(
        "\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n", encoding="utf-8"
    )
    return {
        "documents": float(len(rows)),
        "queries": float(len(asked)),
        "headings_dropped": float(sum(1 for heading, number in uses.items() if number > _MOST_USES)),
    }


def _document(at: int, row: Mapping[str, Any], titles: bool) -> dict[str, str]:
    text, heading = str(row["text"]).strip(), str(row["heading"]).strip()
    if text.startswith(heading):  # some exports repeat the heading at the head of the section
        text = text[len(heading) :].strip() or text
    return {"_id": f"s{at}", "title": str(row.get("title") or "") if titles else "", "text": text}


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
