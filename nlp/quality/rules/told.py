"""A rule in words, for reasons and for the editor."""

from __future__ import annotations

from nlp.quality.rules.atoms import (
    Atom,
    Bounds,
    Breach,
    Entities,
    Measure,
    Mood,
    Repeats,
    Similar,
    Stage,
    Suspected,
    Tagged,
    Template,
    Untrue,
    Words,
)
from nlp.quality.rules.numbers import name_of
from nlp.quality.rules.tree import (
    All,
    Anchor,
    AnyOf,
    Count,
    Leaf,
    Node,
    Not,
    Range,
    SameTurn,
    Sequence,
    Where,
)
from nlp.stages import STAGE_NAMES

ROLES = {"customer": "客户", "agent": "客服", "bot": "机器人", "supervisor": "主管", "system": "系统"}
_POLARITIES = {"negative": "负面", "neutral": "中性", "positive": "正面"}
_PLACES = {"before": "之前", "after": "之后", "around": "前后", "at": "当轮"}
_LONGEST = 80


def told(node: Node) -> str:
    """A node in words, cut where it becomes long."""
    text = _told(node)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _told(node: Node) -> str:
    where = _where(node.where)
    match node:
        case Leaf():
            return where + _atom(node.atom)
        case All():
            return where + "且".join(map(_inner, node.parts))
        case AnyOf():
            least = "" if node.least == 1 else f"至少 {node.least} 项："
            return where + least + "或".join(map(_inner, node.parts))
        case Not():
            return f"{where}没有{_inner(node.part)}"
        case SameTurn():
            return f"{where}同一轮里{_inner(node.part)}"
        case Sequence():
            return where + "→".join(map(_inner, node.parts))
        case Count():
            return f"{where}{_inner(node.part)}的次数{_bounds(node.bounds)}"


def _inner(node: Node) -> str:
    return f"（{_told(node)}）" if isinstance(node, All | AnyOf | Sequence) else _told(node)


def _where(where: Where) -> str:
    roles = "全部" if len(where.roles) == len(ROLES) else "、".join(ROLES[role] for role in where.roles)
    return (
        roles
        + ("" if where.range is None else _range(where.range))
        + ("" if where.anchor is None else _anchor(where.anchor))
    )


def _range(wanted: Range) -> str:
    if wanted.start == 1:
        return f"前 {wanted.end} 轮"
    if wanted.end == -1:
        return f"最后 {-wanted.start} 轮"
    return f"第 {wanted.start} 至 {wanted.end} 轮"


def _anchor(anchor: Anchor) -> str:
    near = "" if anchor.turns is None else f" {anchor.turns} 轮"
    soon = "" if anchor.seconds is None else f" {anchor.seconds:g} 秒内"
    return f"在“{_told(anchor.node)}”{_PLACES[anchor.place]}{near}{soon}"


def _bounds(bounds: Bounds) -> str:
    signs = (("≥", bounds.at_least), ("≤", bounds.at_most), (">", bounds.over), ("<", bounds.under))
    return " 且 ".join(f"{sign} {value:g}" for sign, value in signs if value is not None)


def _atom(atom: Atom) -> str:
    match atom:
        case Words():
            return f"说{atom.told}"
        case Similar():
            return f"说与“{atom.texts[0][:20]}”相近的话"
        case Entities():
            return f"提到 {'、'.join(atom.types)}"
        case Mood():
            return f"情绪为{_POLARITIES.get(atom.polarity) or '、'.join(atom.emotions)}"
        case Suspected():
            return f"像是 {atom.label}（≥ {atom.at_least:g}）"
        case Stage():
            return f"有{STAGE_NAMES[atom.stage]}"
        case Untrue():
            return "与知识不符"
        case Repeats():
            return f"重复说 {atom.times} 次"
        case Template():
            return f"套话占比 ≥ {atom.share:.0%}"
        case Tagged():
            return f"带有标签 {'、'.join(atom.tags)}"
        case Measure():
            return f"{name_of(atom.name)} {_bounds(atom.bounds)}"
        case Breach():
            return f"不符合 {_kind(atom)}"


def _kind(atom: Breach) -> str:
    from nlp.quality.kinds import KINDS

    return next(name for name, kind in KINDS.items() if type(atom.check) is kind)
