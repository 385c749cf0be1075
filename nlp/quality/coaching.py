"""What an agent is good at and what to work on: a radar of abilities, a plan from the weakest, templates of notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.tables import Table, read_preset

NAME = "coaching"


@dataclass(frozen=True, slots=True)
class Ability:
    code: str
    name: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Headings of a coach's note."""

    code: str
    name: str
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoachingPolicy:
    """Abilities with their items, numbers of a plan, the stage whose scripts help with an item, templates by code."""

    abilities: tuple[Ability, ...]
    weakest: int
    examples: int
    scripts: int
    rise: float
    days: float
    least: int
    stages: Mapping[str, str]
    templates: Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class Judged:
    """A result as it stands: its items in the wire's shape."""

    result: str
    transcript: str
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Skill:
    """An ability's points of their maximum over `n` results in which any of its items applied."""

    ability: Ability
    points: float
    most: float
    n: int

    @property
    def value(self) -> float | None:
        """0…100, None where nothing applied."""
        return 100 * self.points / self.most if self.most else None


@dataclass(frozen=True, slots=True)
class Weakness:
    """An ability to work on: its failed items by points lost, and turns that show them."""

    skill: Skill
    target: float
    items: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]


def read_coaching(folder: Path | None = None) -> CoachingPolicy:
    """The site's `coaching.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "ability", "plan", "stage", "template")
    abilities = tuple(_ability(one) for one in table.tables("ability"))
    every = [item for ability in abilities for item in ability.items]
    for item in every:
        if every.count(item) > 1:
            raise table.error("ability", f"{item} 归了两种能力", "每项归一种能力")
    plan, stage = table.table("plan", required=False), table.table("stage", required=False)
    plan.only("weakest", "examples", "scripts", "rise", "days", "least")
    templates = [_template(one) for one in table.tables("template", required=False)]
    return CoachingPolicy(
        abilities,
        int(plan.number("weakest", 2, low=1, high=20)),
        int(plan.number("examples", 3, low=1, high=20)),
        int(plan.number("scripts", 3, high=20)),
        plan.number("rise", 10, high=100),
        plan.number("days", 30, high=366),
        int(plan.number("least", 5, low=1)),
        {item: stage.text(item) for item in stage.values},
        {one.code: one for one in templates},
    )


def _ability(table: Table) -> Ability:
    table.only("code", "name", "items")
    return Ability(table.text("code"), table.text("name"), table.texts("items"))


def _template(table: Table) -> Template:
    table.only("code", "name", "headings")
    return Template(table.text("code"), table.text("name"), table.texts("headings"))


def radar(rows: Iterable[Judged], policy: CoachingPolicy) -> tuple[Skill, ...]:
    """Each ability's points over its maximum, summed over results: items that do not apply weigh nothing."""
    points: dict[str, float] = defaultdict(float)
    most: dict[str, float] = defaultdict(float)
    number: dict[str, int] = defaultdict(int)
    of = {item: ability.code for ability in policy.abilities for item in ability.items}
    for row in rows:
        seen = set()
        for item in row.items:
            code = of.get(item["code"])
            if code is None or item["max"] <= 0:
                continue
            points[code] += item["points"]
            most[code] += item["max"]
            seen.add(code)
        for code in seen:
            number[code] += 1
    return tuple(
        Skill(ability, round(points[ability.code], 6), round(most[ability.code], 6), number[ability.code])
        for ability in policy.abilities
    )


def weaknesses(rows: Sequence[Judged], policy: CoachingPolicy) -> tuple[Weakness, ...]:
    """The weakest abilities that lost points in enough results, each with its worst items and turns that show them."""
    known = [
        (skill.value, skill)
        for skill in radar(rows, policy)
        if skill.value is not None and skill.n >= policy.least and skill.points < skill.most
    ]
    worst = sorted(known, key=lambda pair: (pair[0], pair[1].ability.code))[: policy.weakest]
    return tuple(_weakness(skill, rows, policy) for _, skill in worst)


def _weakness(skill: Skill, rows: Sequence[Judged], policy: CoachingPolicy) -> Weakness:
    lost: dict[str, float] = defaultdict(float)
    shown: list[tuple[float, int, dict[str, Any]]] = []
    for row in rows:
        for item in row.items:
            gone = item["max"] - item["points"]
            if item["code"] not in skill.ability.items or item["result"] != "fail" or gone <= 0:
                continue
            lost[item["code"]] += gone
            for span in item["evidence"][:1]:
                told = {"result_id": row.result, "transcript_id": row.transcript, "item": item["code"],
                        "turn": span["turn"], "text": span["text"]}  # fmt: skip
                shown.append((gone, len(shown), told))
    items = tuple(sorted(lost, key=lambda code: (-lost[code], code)))
    rank = {code: at for at, code in enumerate(items)}
    shown.sort(key=lambda one: (rank[one[2]["item"]], -one[0], one[1]))
    examples = tuple(told for _, _, told in shown[: policy.examples])
    target = min(100.0, round((skill.value or 0.0) + policy.rise, 1))
    return Weakness(skill, target, items, examples)
