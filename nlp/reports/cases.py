"""案例研讨: the best, the worst and the most disputed conversations of a month, each with the reason it was picked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nlp.metrics.observation import Observation

Why = Literal["best", "worst", "disputed"]


@dataclass(frozen=True, slots=True)
class Dispute:
    """What people said against a result: appeals, reviews that changed it, and by how many points it moved."""

    appeals: int = 0
    changed: int = 0
    moved: float = 0.0


@dataclass(frozen=True, slots=True)
class Picked:
    """A conversation worth talking about, and why."""

    observation: Observation
    why: Why
    reason: str


def pick(
    observations: Iterable[Observation],
    disputes: Mapping[str, Dispute],
    each: int,
    names: Mapping[str, str],
) -> tuple[Picked, ...]:
    """At most `each` of a kind; nobody is picked twice: disputed before worst, worst before best.

    `disputes` is by result id, `names` gives the items' names. Ties go by time, then id.
    """
    scored = [
        one for one in observations if one.kind == "conversation" and one.values.get("score") is not None
    ]
    fought = sorted(
        (one for one in scored if str(one.values.get("result")) in disputes),
        key=lambda one: (_heat(disputes[str(one.values["result"])]), one.at, one.id),
    )[:each]
    seen = {one.id for one in fought}
    low = sorted((one for one in scored if one.id not in seen and _bad(one)), key=_low)[:each]
    seen |= {one.id for one in low}
    high = sorted((one for one in scored if one.id not in seen and not _bad(one)), key=_high)[:each]
    return (
        *(Picked(one, "best", _good(one)) for one in high),
        *(Picked(one, "worst", _failed(one, names)) for one in low),
        *(Picked(one, "disputed", _fought(disputes[str(one.values["result"])])) for one in fought),
    )


def _heat(one: Dispute) -> tuple[float, ...]:
    return -(one.appeals + one.changed), -abs(one.moved)


def _bad(one: Observation) -> bool:
    return bool(one.values.get("veto") or one.values.get("failed"))


def _low(one: Observation) -> tuple[Any, ...]:
    return not one.values.get("veto"), float(one.values["score"]), one.at, one.id


def _high(one: Observation) -> tuple[Any, ...]:
    return (
        -float(one.values["score"]), not one.values.get("praised"), -float(one.values.get("satisfaction") or 0),
        one.at, one.id,
    )  # fmt: skip


def _good(one: Observation) -> str:
    praised = "，客户表扬" if one.values.get("praised") else ""
    steps = "，四步齐全" if one.values.get("four_steps") else ""
    return f"{one.values['score']:g} 分，没有扣分项{steps}{praised}"


def _failed(one: Observation, names: Mapping[str, str]) -> str:
    failed: Sequence[str] = one.values.get("failed") or ()
    told = "、".join(names.get(code, code) for code in failed)
    veto = "一票否决，" if one.values.get("veto") else ""
    return f"{veto}{one.values['score']:g} 分：{told or '没有扣分项'}"


def _fought(one: Dispute) -> str:
    parts = [f"申诉 {one.appeals} 次"] if one.appeals else []
    parts += [f"改判 {one.changed} 次"] if one.changed else []
    parts += [f"分数变动 {one.moved:+g}"] if one.moved else []
    return "，".join(parts)
