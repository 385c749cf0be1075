"""The tree of categories: names, queues and accountable owners; what a classifier's leaves add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nlp.tables import Preset, Table


@dataclass(frozen=True, slots=True)
class Node:
    """One category; `path` are the codes from the root to it, itself included."""

    code: str
    name: str
    path: tuple[str, ...]
    queue: str
    owner: str
    helpers: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    codes: Mapping[str, Node]
    queues: Mapping[str, str]
    leaves: frozenset[str]
    tops: tuple[str, ...]
    children: Mapping[str, tuple[str, ...]]

    def totals(self, probabilities: Mapping[str, float]) -> dict[str, float]:
        """Probability of every node: the sum over its leaves. Labels that are no node are left out."""
        totals = dict.fromkeys(self.codes, 0.0)
        for code, share in probabilities.items():
            node = self.codes.get(code)
            if node is not None:
                for ancestor in node.path:
                    totals[ancestor] += share
        return totals

    def deepest(self, totals: Mapping[str, float], sure: float) -> Node:
        """The likeliest top category, then down as long as the likeliest child has at least `sure`."""
        at = max(self.tops, key=lambda code: totals[code])
        while kids := self.children.get(at):
            best = max(kids, key=lambda code: totals[code])
            if totals[best] < sure:
                break
            at = best
        return self.codes[at]


def read_taxonomy(preset: Preset) -> Taxonomy:
    """The taxonomy of `taxonomy.toml`. Raises PolicyError for a broken tree or a category without an owner."""
    table = preset.table
    queues = {item.text("code"): item.text("name") for item in table.tables("queues")}
    rows: dict[str, Table] = {}
    for item in table.tables("category"):
        code = item.text("code")
        if code in rows:
            raise item.error("code", f"重复的类别 {code!r}", "每个编码只用一次")
        rows[code] = item
    codes = {code: _node(code, rows, queues) for code in rows}
    children: dict[str, tuple[str, ...]] = {}
    for node in codes.values():
        if len(node.path) > 1:
            children[node.path[-2]] = (*children.get(node.path[-2], ()), node.code)
    tops = tuple(node.code for node in codes.values() if len(node.path) == 1)
    if not tops:
        raise table.error("category", "没有顶层类别", "至少一个没有 parent 的类别")
    return Taxonomy(codes, queues, frozenset(codes) - frozenset(children), tops, children)


def _node(code: str, rows: Mapping[str, Table], queues: Mapping[str, str]) -> Node:
    line = [rows[code]]
    path = [code]
    while "parent" in line[-1].values:
        parent = line[-1].text("parent")
        if parent not in rows or parent in path:
            raise line[-1].error("parent", f"没有上级类别 {parent!r} 或成环", "已列出的类别编码")
        line.append(rows[parent])
        path.append(parent)
    queue = _inherited(line, "queue")
    if queue not in queues:
        raise rows[code].error("queue", f"没有技能组 {queue!r}", "|".join(queues))
    return Node(
        code,
        rows[code].text("name"),
        tuple(reversed(path)),
        queue,
        _inherited(line, "owner"),
        rows[code].texts("helpers", ()),
        rows[code].text("about", rows[code].text("name")),
    )


def _inherited(line: Iterable[Table], key: str) -> str:
    nearest: Table | None = None
    for table in line:
        nearest = table
        if key in table.values:
            return table.text(key)
    assert nearest is not None
    raise nearest.error(key, "缺失", "每个类别（或其上级）恰有一个")
