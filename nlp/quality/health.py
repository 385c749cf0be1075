"""Whether a rule may go on taking points: what people said of its verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nlp.metrics.interval import wilson, z_of
from nlp.quality.fairness import Fairness


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word on a verdict of the machine. `source`: appeal, review or second."""

    form: str
    version: str
    item: str
    machine: str
    human: str
    source: str


@dataclass(frozen=True, slots=True)
class Health:
    """A rule (item of a form's version): of its `judged` failures people confirmed `agreed`; of `appeals` `won`.

    `missed`: what people failed and it did not. `why` is empty for a rule that may go on.
    """

    form: str
    version: str
    item: str
    judged: int
    agreed: int
    appeals: int
    won: int
    missed: int
    agreement: tuple[float, float] | None
    lost: tuple[float, float] | None
    why: str

    @property
    def name(self) -> str:
        return rule_name(self.form, self.version, self.item)

    def to_json(self) -> dict[str, Any]:
        return {
            "form": self.form, "version": self.version, "item": self.item, "judged": self.judged,
            "agreed": self.agreed, "agreement": self.agreed / self.judged if self.judged else None,
            "agreement_interval": self.agreement, "appeals": self.appeals, "won": self.won,
            "won_interval": self.lost, "missed": self.missed, "weak": bool(self.why), "why": self.why,
        }  # fmt: skip


def rule_name(form: str, version: str, item: str) -> str:
    """A rule's name: the item of a version of a form."""
    return f"{form}@{version}:{item}"


def health(words: Iterable[tuple[Word, int]], policy: Fairness) -> Mapping[str, Health]:
    """Every rule that people spoke of, by name; each word comes with how often it was said."""
    parted: dict[tuple[str, str, str], list[tuple[Word, int]]] = defaultdict(list)
    for word, number in words:
        parted[(word.form, word.version, word.item)].append((word, number))
    told = [_health(key, given, policy) for key, given in sorted(parted.items())]
    return {one.name: one for one in told}


def _health(key: tuple[str, str, str], words: list[tuple[Word, int]], policy: Fairness) -> Health:
    failed = [(word, number) for word, number in words if word.machine == "fail"]
    judged = sum(number for _, number in failed)
    agreed = sum(number for word, number in failed if word.human == "fail")
    appeals = sum(number for word, number in failed if word.source == "appeal")
    won = sum(number for word, number in failed if word.source == "appeal" and word.human != "fail")
    missed = sum(number for word, number in words if word.machine != "fail" and word.human == "fail")
    z = z_of(policy.confidence)
    agreement, lost = wilson(agreed, judged, z), wilson(won, appeals, z)
    why = ""
    if agreement and judged >= policy.least and agreement[1] < policy.agreement:
        why = f"{judged} 次复核只有 {agreed} 次认同（区间上限 {agreement[1]:.2f} 低于 {policy.agreement:g}）"
    elif lost and appeals >= policy.least and lost[0] > policy.won:
        why = f"{appeals} 次申诉有 {won} 次改判（区间下限 {lost[0]:.2f} 高于 {policy.won:g}）"
    return Health(*key, judged, agreed, appeals, won, missed, agreement, lost, why)
