"""Two results of the same transcripts set against each other: what a changed form moved."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nlp.batch.columns import Book
from nlp.turn_tables import ReadError

Row = Mapping[str, Any]
_RESULTS = {"pass": "符合", "fail": "扣分", "na": "不适用", "none": "没有此项"}


@dataclass(frozen=True, slots=True)
class Moved:
    """One transcript whose grade, veto or score changed; `items`: code → (from, to), `points`: the same in points."""

    transcript_id: str
    grades: tuple[str, str]
    scores: tuple[float, float]
    items: Mapping[str, tuple[str, str]]
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Difference:
    """`items`: code → (from, to) → transcripts; `repointed`: code → transcripts in which its points moved; `grades`: (from, to) → transcripts; `moved` in the new order."""

    compared: int = 0
    only_old: int = 0
    only_new: int = 0
    forms: dict[str, set[str]] = field(default_factory=lambda: {"old": set(), "new": set()})
    names: dict[str, str] = field(default_factory=dict)
    items: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    repointed: Counter[str] = field(default_factory=Counter)
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    totals: list[float] = field(default_factory=lambda: [0.0, 0.0])
    moved: list[Moved] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Figures by item and grade, then each transcript whose grade changed."""
        means = [round(total / self.compared, 2) if self.compared else None for total in self.totals]
        return {
            "compared": self.compared,
            "only_old": self.only_old,
            "only_new": self.only_new,
            "forms": {name: sorted(forms) for name, forms in self.forms.items()},
            "mean": {"from": means[0], "to": means[1]},
            "grades": [{"from": a, "to": b, "count": n} for (a, b), n in sorted(self.grades.items())],
            "items": [
                {"code": code, "name": self.names[code], "from": a, "to": b, "count": n}
                for code, counts in sorted(self.items.items())
                for (a, b), n in sorted(counts.items())
            ],
            "regraded": [asdict(one) for one in self.moved if one.grades[0] != one.grades[1]],
        }


def _results(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                row = json.loads(line)
                if (
                    not isinstance(row, dict)
                    or not {"transcript_id", "items", "grade", "score"} <= row.keys()
                ):
                    raise ReadError(f"{path} 第 {number} 行：不是质检结果（应为：results.jsonl 的一行）")
                yield row
    except (OSError, ValueError, RecursionError) as problem:
        if isinstance(problem, ReadError):
            raise
        raise ReadError(
            f"{path}：无法读取（{problem}）；应为 zuoxi quality score 写出的 results.jsonl"
        ) from None


def _key(row: Row) -> tuple[str, str]:
    return str(row["transcript_id"]), str(row["form"]["code"])


def _pairs(old: Iterable[Row], new: Iterable[Row], found: Difference) -> Iterator[tuple[Row, Row]]:
    """Rows of one transcript under one form, side by side. Same order: nothing is held back."""
    waiting: dict[tuple[str, str], deque[Row]] = {}
    early: dict[tuple[str, str], deque[Row]] = {}
    left, right = iter(old), iter(new)
    while True:
        before, after = next(left, None), next(right, None)
        if before is None and after is None:
            break
        if before is not None and after is not None and _key(before) == _key(after):
            yield before, after
            continue
        if before is not None:
            met = _taken(early, _key(before))
            if met is None:
                waiting.setdefault(_key(before), deque()).append(before)
            else:
                yield before, met
        if after is not None:
            met = _taken(waiting, _key(after))
            if met is None:
                early.setdefault(_key(after), deque()).append(after)
            else:
                yield met, after
    found.only_old = sum(map(len, waiting.values()))
    found.only_new = sum(map(len, early.values()))


def _taken(held: dict[tuple[str, str], deque[Row]], key: tuple[str, str]) -> Row | None:
    rows = held.get(key)
    return rows.popleft() if rows else None


def difference(old: Path, new: Path) -> Difference:
    """Compare two `results.jsonl` by transcript and form. Raises ReadError."""
    found = Difference()
    left, right = _noted(_results(old), found.forms["old"]), _noted(_results(new), found.forms["new"])
    for before, after in _pairs(left, right, found):
        compare(found, before, after)
    return found


def _noted(rows: Iterable[Row], forms: set[str]) -> Iterator[Row]:
    """The rows, their forms noted: where nothing can be compared, why is seen."""
    for row in rows:
        forms.add(f"{row['form']['code']} {row['form']['version']}")
        yield row


def compare(found: Difference, before: Row, after: Row) -> None:
    """Add one transcript's two results to the difference."""
    found.compared += 1
    for name, row in (("old", before), ("new", after)):
        found.forms[name].add(f"{row['form']['code']} {row['form']['version']}")
    found.totals[0] += before["score"]
    found.totals[1] += after["score"]
    found.names |= {item["code"]: item["name"] for row in (before, after) for item in row["items"]}
    results = [{item["code"]: item["result"] for item in row["items"]} for row in (before, after)]
    turned: dict[str, tuple[str, str]] = {}
    for code in {**results[0], **results[1]}:
        pair = (results[0].get(code, "none"), results[1].get(code, "none"))
        if pair[0] != pair[1]:
            turned[code] = pair
            found.items.setdefault(code, Counter())[pair] += 1
    points = [{item["code"]: item.get("points", 0) for item in row["items"]} for row in (before, after)]
    repointed = {
        code: (points[0][code], points[1][code])
        for code in points[0]
        if code in points[1] and points[0][code] != points[1][code]
    }
    found.repointed.update(repointed.keys())
    grades = (str(before["grade"]), str(after["grade"]))
    found.grades[grades] += 1
    if turned or repointed or grades[0] != grades[1] or before["score"] != after["score"]:
        scores = (before["score"], after["score"])
        found.moved.append(Moved(str(after["transcript_id"]), grades, scores, turned, repointed))


def write_difference(found: Difference, out: Path) -> None:
    """`diff.json` and `diff.xlsx` with three sheets: items, grades, transcripts."""
    out.mkdir(parents=True, exist_ok=True)
    content = json.dumps(found.to_json(), ensure_ascii=False, indent=2) + "\n"
    (out / "diff.json").write_text(content, encoding="utf-8", errors="replace")
    book = Book(out / "diff.xlsx")
    sheet = book.sheet("各项变化", ("编码", "名称", "原来", "现在", "会话数"))
    for code, counts in sorted(found.items.items()):
        for (a, b), n in sorted(counts.items()):
            sheet.add((code, found.names[code], _RESULTS.get(a, a), _RESULTS.get(b, b), n))
    sheet = book.sheet("等级变化", ("原来", "现在", "会话数"))
    for (a, b), n in sorted(found.grades.items()):
        sheet.add((a, b, n))
    sheet = book.sheet("变了的会话", ("会话编号", "原等级", "现等级", "原得分", "现得分", "变了的项"))
    for one in found.moved:
        words = [
            f"{found.names[code]}：{_RESULTS.get(a, a)}→{_RESULTS.get(b, b)}"
            for code, (a, b) in one.items.items()
        ]
        words += [
            f"{found.names[code]}：{a:g} 分→{b:g} 分"
            for code, (a, b) in one.points.items()
            if code not in one.items
        ]
        sheet.add((one.transcript_id, *one.grades, *one.scores, "；".join(words)))
    book.close()
