"""Who stands where: teams ranked where there is enough to go by, candidates for the star of the month, ties explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlp.reports.facts import UNKNOWN, mean
from nlp.reports.policy import RankingRules, StarRules
from nlp.reports.shares import Share

Json = dict[str, Any]
KEYS = {"adherence": "规则符合率", "vetoes": "一票否决率", "conversations": "会话数"}


@dataclass(frozen=True, slots=True)
class Standing:
    """A place of somebody ranked: `sums` are their facts, `why` explains a tie."""

    name: str
    place: int
    points: float
    sums: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Those ranked, and those who are not, each with the reason."""

    places: tuple[Standing, ...]
    left_out: tuple[tuple[str, str], ...]


def ranking(groups: Mapping[str, Mapping[str, Any]], rules: RankingRules) -> Ranked:
    """Teams by mean score; equal means by the ties in order; whoever is equal in everything shares the place."""
    able, left_out = _enough(groups, rules.least)
    points = {name: mean(sums) or 0.0 for name, sums in able.items()}
    return Ranked(_placed(points, able, rules.ties, "平均分"), left_out)


def stars(groups: Mapping[str, Mapping[str, Any]], rules: StarRules) -> Ranked:
    """Agents by score and praise; ties by praise rate, then by conversations. All candidates' places, the first few."""
    able, left_out = _enough(groups, rules.least)
    points = {name: star_points(sums, rules) for name, sums in able.items()}
    places = _placed(points, able, ("praise", "conversations"), "综合分")
    return Ranked(tuple(one for one in places if one.place <= rules.candidates), left_out)


def star_points(sums: Mapping[str, Any], rules: StarRules) -> float:
    """score_weight · mean + praise_weight · 100 · min(1, praise rate / praise_full), two decimals."""
    praise = min(1.0, sums["praised"] / sums["conversations"] / rules.praise_full)
    return float(round(rules.score_weight * (mean(sums) or 0.0) + rules.praise_weight * 100 * praise, 2))


def star_formula(rules: StarRules) -> str:
    """The formula in words, as shown beside the candidates."""
    return (
        f"综合分 = {rules.score_weight:g} × 平均分 + {rules.praise_weight:g} × 100 × "
        f"min(1, 表扬率 ÷ {100 * rules.praise_full:g}%)；少于 {rules.least} 段会话不参评；"
        "同分先比表扬率，再比会话数，仍相同则并列"
    )


def _enough(
    groups: Mapping[str, Mapping[str, Any]], least: int
) -> tuple[dict[str, Mapping[str, Any]], tuple[tuple[str, str], ...]]:
    able: dict[str, Mapping[str, Any]] = {}
    left_out = []
    for name, sums in groups.items():
        if name == UNKNOWN:
            left_out.append((name, "没有归属，不排名"))
        elif sums["scored"] < least:
            left_out.append((name, f"只有 {sums['scored']} 段会话，少于 {least} 段，不排名"))
        else:
            able[name] = sums
    return able, tuple(left_out)


def _key(sums: Mapping[str, Any], tie: str) -> float:
    """More is better, whatever the tie."""
    if tie == "adherence":
        return Share(sums["passed"], sums["applicable"]).value or 0.0
    if tie == "vetoes":
        return -(Share(sums["vetoes"], sums["scored"]).value or 0.0)
    if tie == "praise":
        return Share(sums["praised"], sums["conversations"]).value or 0.0
    return float(sums["conversations"])


def _placed(
    points: Mapping[str, float], able: Mapping[str, Mapping[str, Any]], ties: Sequence[str], what: str
) -> tuple[Standing, ...]:
    keys = {name: (points[name], *(round(_key(able[name], tie), 9) for tie in ties)) for name in points}
    order = sorted(keys, key=lambda name: (*(-one for one in keys[name]), name))
    placed: list[Standing] = []
    for at, name in enumerate(order):
        same = at > 0 and keys[order[at - 1]] == keys[name]
        place = placed[-1].place if same else at + 1
        placed.append(Standing(name, place, points[name], able[name], _why(name, keys, ties, what)))
    return tuple(placed)


def _why(name: str, keys: Mapping[str, tuple[float, ...]], ties: Sequence[str], what: str) -> str:
    """How a tie on points was decided, or that it was not; empty where there is none."""
    rivals = sorted(other for other in keys if other != name and keys[other][0] == keys[name][0])
    told = []
    for other in rivals:
        at = next((at for at, (a, b) in enumerate(zip(keys[name], keys[other], strict=True)) if a != b), None)
        if at is None:
            told.append(f"与 {other} {what}和其余各项都相同，并列")
        else:
            tie = {"praise": "表扬率", **KEYS}[ties[at - 1]]
            side = "较优" if keys[name][at] > keys[other][at] else "较差"
            told.append(f"与 {other} {what}相同，{tie}{side}")
    return "；".join(told)
