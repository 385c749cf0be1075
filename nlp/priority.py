"""Priority of a text: hard floors and urgency, each with the words that caused it.

Rules come first and nothing lowers what they found (row R004). A classifier of alarms may add a floor that no
rule knows, but not where a rule saw the words and took them back as idle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from nlp.rules import Found, RuleSet, read_rules
from nlp.tables import Preset

Level = Literal["normal", "urgent", "critical"]
LEVELS: tuple[Level, ...] = get_args(Level)
NONE, HURRY = "none", "hurry"
"""Labels of the alarm classifier besides the floor codes: nothing, and urgent without a floor."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a priority is what it is; `start`, `end` are half-open offsets into the text as sent."""

    code: str
    text: str
    start: int
    end: int
    level: str = "urgent"


@dataclass(frozen=True, slots=True)
class Priority:
    """`confidence` is the share of right answers at this level on the tickets the rules were tuned on."""

    level: Level
    confidence: float
    reasons: tuple[Reason, ...]

    def shifted(self, by: int, length: int) -> Priority:
        """The same with spans moved by `by` and kept within a text of `length` code points."""

        def moved(at: int) -> int:
            return min(max(at + by, 0), length)

        reasons = (replace(one, start=moved(one.start), end=moved(one.end)) for one in self.reasons)
        return replace(self, reasons=tuple(reasons))


@dataclass(frozen=True, slots=True)
class PriorityPolicy:
    rules: RuleSet
    floors: frozenset[str]
    confidence: Mapping[str, float]
    model_floor: float
    model_hurry: float
    model_critical: frozenset[str]


def read_priority(preset: Preset) -> PriorityPolicy:
    """The policy of `priority.toml`. Raises PolicyError."""
    table = preset.table
    table.only("version", "floors", "standard", "confidence", "model", "words", "guard", "rule")
    confidence, model = table.table("confidence"), table.table("model")
    model.only("floor", "hurry", "critical")
    return PriorityPolicy(
        read_rules(table, LEVELS[1:]),
        frozenset(table.texts("floors")),
        {level: confidence.number(level, low=0, high=1) for level in LEVELS},
        model.number("floor", high=2),
        model.number("hurry", high=2),
        frozenset(model.texts("critical", ())),
    )


def reasons_in(
    text: str, policy: PriorityPolicy, alarm: Mapping[str, float] | None = None
) -> tuple[Reason, ...]:
    """Every reason to raise the priority of `text`, gravest first, one for each code.

    `alarm`: probabilities of the alarm classifier by label, where there is one.
    """
    found, taken_back = policy.rules.judge(text)
    if alarm is not None:
        found += tuple(_alarms(text, policy, alarm, {one.code for one in found}, taken_back))
    return _gravest(found, policy.floors)


def _alarms(
    text: str, policy: PriorityPolicy, alarm: Mapping[str, float], found: set[str], taken_back: frozenset[str]
) -> Iterator[Found]:
    if taken_back & policy.floors:
        return  # the words were seen and are idle: a rule knows better
    floor = {code: share for code, share in alarm.items() if code in policy.floors}
    best = max(floor, key=lambda code: floor[code], default=None)
    if best is not None and not found & policy.floors and sum(floor.values()) >= policy.model_floor:
        yield Found(best, "critical" if best in policy.model_critical else "urgent", text, 0, len(text), 1.0)
    elif not found and 1.0 - alarm.get(NONE, 1.0) >= policy.model_hurry:
        yield Found("deadline", "urgent", text, 0, len(text), 1.0)


def _gravest(found: Iterable[Found], floors: frozenset[str]) -> tuple[Reason, ...]:
    best: dict[str, Found] = {}
    for hit in found:
        kept = best.get(hit.code)
        if kept is None or LEVELS.index(_level(hit.level)) > LEVELS.index(_level(kept.level)):
            best[hit.code] = hit
    ordered = sorted(
        best.values(), key=lambda hit: (hit.level != "critical", hit.code not in floors, hit.start)
    )
    return tuple(Reason(hit.code, hit.text, hit.start, hit.end, hit.level) for hit in ordered)


def _level(value: str) -> Level:
    return next((level for level in LEVELS if level == value), "normal")


def floors(text: str, policy: PriorityPolicy) -> tuple[Reason, ...]:
    """The reasons that are hard floors: safety, self_harm, minor, legal, regulator, media."""
    return tuple(reason for reason in reasons_in(text, policy) if reason.code in policy.floors)


def prioritise(text: str, policy: PriorityPolicy, alarm: Mapping[str, float] | None = None) -> Priority:
    """The level of `text` with its reasons; `normal` where no rule holds and no alarm is sure enough."""
    reasons = reasons_in(text, policy, alarm)
    level = _level(reasons[0].level) if reasons else "normal"
    return Priority(level, policy.confidence[level], reasons)
