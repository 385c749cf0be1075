"""The steps of a procedure as a graph: numbered lists and "步骤" lines are steps, a condition in one is a branch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from kb.entries import Entry

_HAN = "一二三四五六七八九十"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_MARK = re.compile(
    rf"(?:^|(?<=[\n。；;：:！？!?]))[ \t　]*"
    rf"(?:第\s*(?P<nth>[{_HAN}]+|\d{{1,2}})\s*步\s*[：:、.．，,]?"
    rf"|步骤\s*(?P<step>[{_HAN}]+|\d{{1,2}})\s*[：:、.．，,]?"
    rf"|[（(](?P<paren>[{_HAN}]+|\d{{1,2}})[）)]"
    rf"|(?P<dot>\d{{1,2}})\s*(?:[、）)]|[.．](?!\d))"
    rf"|(?P<han>[{_HAN}]+)、"
    rf"|(?P<circled>[{_CIRCLED}]))[ \t　]*",
    re.MULTILINE,
)
_CONDITION = re.compile(r"(?:如果|若|如(?!有疑问|何|下|上|图)|当)(?P<when>[^，,。；;]{1,40})[，,]")
_BACK = re.compile(
    rf"(?:返回|回到|退回|转到|跳到|重复)\s*(?:第\s*(?P<a>[{_HAN}]+|\d{{1,2}})\s*步|步骤\s*(?P<b>[{_HAN}]+|\d{{1,2}}))"
)
_SENTENCE = re.compile(r"(?<=[。；;！!\n])")


@dataclass(frozen=True, slots=True)
class Step:
    """A step as written; `start`, `end` are its place in the entry's text."""

    id: str
    number: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edge:
    """From one step to another. A `loop` goes back; a `branch` is taken on a condition."""

    source: str
    target: str
    kind: Literal["next", "branch", "loop"]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps in their order, and how they lead to each other: without the edges marked `loop` it has no cycle."""

    title: str
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]


def flow_of(entry: Entry) -> Flow:
    """The graph of an entry. A text without numbered steps is taken sentence by sentence."""
    steps = _numbered(entry.text) or _sentences(entry.text)
    edges = [Edge("start", steps[0].id, "next")] if steps else []
    by_number: dict[int, Step] = {}
    for step in steps:
        by_number.setdefault(step.number, step)
    for at, step in enumerate(steps):
        for target, label in _jumps(step, by_number):
            kind: Literal["branch", "loop"] = "loop" if steps.index(target) <= at else "branch"
            edges.append(Edge(step.id, target.id, kind, label))
        following = steps[at + 1].id if at + 1 < len(steps) else "end"
        edges.append(Edge(step.id, following, "next"))
    return Flow(entry.title, steps, tuple(edges))


def _numbered(text: str) -> tuple[Step, ...]:
    marks = list(_MARK.finditer(text))
    if len(marks) < 2:
        return ()
    steps: list[Step] = []
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        said = text[mark.end() : end]
        if said.strip():
            start = mark.end() + len(said) - len(said.lstrip())
            steps.append(
                Step(f"s{len(steps) + 1}", _number(mark), said.strip(), start, start + len(said.strip()))
            )
    return tuple(steps)


def _sentences(text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    at = 0
    for said in _SENTENCE.split(text):
        bare = said.strip()
        if bare:
            start = at + len(said) - len(said.lstrip())
            steps.append(Step(f"s{len(steps) + 1}", len(steps) + 1, bare, start, start + len(bare)))
        at += len(said)
    return tuple(steps)


def _number(mark: re.Match[str]) -> int:
    if mark["circled"]:
        return _CIRCLED.index(mark["circled"]) + 1
    return _read(next(value for value in mark.groupdict().values() if value))


def _read(written: str) -> int:
    """一 … 九十九, or digits."""
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    if not ten:
        return _HAN.index(written[0]) + 1
    return (_HAN.index(tens[0]) + 1 if tens else 1) * 10 + (_HAN.index(ones[0]) + 1 if ones else 0)


def _jumps(step: Step, by_number: dict[int, Step]) -> list[tuple[Step, str]]:
    found = []
    for match in _BACK.finditer(step.text):
        target = by_number.get(_read(match["a"] or match["b"]))
        conditions = list(_CONDITION.finditer(step.text[: match.start()]))
        if target is not None:
            found.append((target, conditions[-1]["when"].strip() if conditions else ""))
    return found


def to_json(flow: Flow) -> dict[str, Any]:
    """Nodes and edges; `acyclic` leaves the edges marked as loops aside."""
    return {
        "title": flow.title,
        "steps": [
            {"id": one.id, "number": one.number, "text": one.text, "start": one.start, "end": one.end}
            for one in flow.steps
        ],
        "edges": [
            {"from": one.source, "to": one.target, "kind": one.kind, "label": one.label} for one in flow.edges
        ],
        "loops": sum(one.kind == "loop" for one in flow.edges),
        "acyclic": all(one.kind != "loop" for one in flow.edges),
    }


def mermaid(flow: Flow) -> str:
    """The graph as Mermaid text; what stands in a label cannot end it."""
    lines = ["flowchart TD", f'  start(["{_label(flow.title)}"])']
    for step in flow.steps:
        shape = ("{{", "}}") if _CONDITION.search(step.text) else ("[", "]")
        lines.append(f'  {step.id}{shape[0]}"{_label(f"{step.number}. {step.text}")}"{shape[1]}')
    lines.append('  finish(["结束"])')
    for edge in flow.edges:
        target = "finish" if edge.target == "end" else edge.target
        arrow = "-.->" if edge.kind == "loop" else "-->"
        label = f'|"{_label(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.source} {arrow}{label} {target}")
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    """Text for a quoted label: quotes, brackets and hashes as Mermaid's own entities, lines as breaks."""
    codes = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}
    flat = " ".join(text.split())
    return "".join(codes.get(char, char) for char in flat)
