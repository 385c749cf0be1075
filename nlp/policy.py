"""All policies of a site as one value: the shipped presets with the site's own files over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path

from nlp.calendar import Calendar, read_calendars
from nlp.handoff.policy import HandoffPolicy, read_handoff
from nlp.keywords import Keywords, read_keywords
from nlp.priority import PriorityPolicy, read_priority
from nlp.sla import Condition, Ladder, SlaPolicy, read_condition, read_ladders, read_sla
from nlp.tables import PolicyError, Preset, read_preset, version_of
from nlp.taxonomy import Taxonomy, read_taxonomy

__all__ = ["NAMES", "Policy", "PolicyError", "QueueRule", "RoutingPolicy", "load_policy"]

NAMES = ("taxonomy", "keywords", "priority", "routing", "sla", "ladder", "calendar", "handoff")
"""The files a site may put into `DIR/policy/`, each `<name>.toml`."""

_COMPLEXITY = (
    "least", "several_intents", "intent_share", "transfers", "transfers_from", "no_answer",
    "amount", "amount_from", "legal", "regulator", "long_text", "long_from",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueRule:
    queue: str
    when: Condition


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """`routing.toml`: how sure is sure, which queue, what is complex."""

    sure: float
    alternative: float
    alternatives: int
    auto: float
    suggest: float
    queues: tuple[QueueRule, ...]
    complexity: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a decision depends on besides the models; `version` changes with any byte of any file."""

    version: str
    sources: Mapping[str, str]
    taxonomy: Taxonomy
    keywords: Keywords
    priority: PriorityPolicy
    routing: RoutingPolicy
    sla: tuple[SlaPolicy, ...]
    ladders: tuple[Ladder, ...]
    calendars: Mapping[str, Calendar]
    queue_calendars: Mapping[str, str]
    holiday_years: frozenset[int]
    handoff: HandoffPolicy

    @property
    def zone(self) -> tzinfo:
        return next(iter(self.calendars.values())).zone

    def calendar_of(self, queue: str) -> Calendar:
        """The working calendar of a queue."""
        return self.calendars[self.queue_calendars.get(queue, self.queue_calendars["default"])]


def load_policy(folder: Path | None = None, as_of: date | None = None) -> Policy:
    """Read the presets, the site's files in `folder` over them. Raises PolicyError naming file, key and form.

    `as_of` picks files with an effective date (`sla.from-2026-12-01.toml`).
    """
    presets = {name: read_preset(name, folder, as_of) for name in NAMES}
    taxonomy = read_taxonomy(presets["taxonomy"])
    calendars, queue_calendars, years = read_calendars(presets["calendar"])
    priority = read_priority(presets["priority"])
    return Policy(
        version=version_of(presets),
        sources={name: preset.source for name, preset in presets.items()},
        taxonomy=taxonomy,
        keywords=read_keywords(presets["keywords"], taxonomy.leaves),
        priority=priority,
        routing=_read_routing(presets["routing"], taxonomy),
        sla=read_sla(presets["sla"], calendars),
        ladders=read_ladders(presets["ladder"]),
        calendars=calendars,
        queue_calendars=queue_calendars,
        holiday_years=years,
        handoff=read_handoff(presets["handoff"], priority, taxonomy.queues),
    )


def _read_routing(preset: Preset, taxonomy: Taxonomy) -> RoutingPolicy:
    table = preset.table
    table.only("version", "category", "automation", "queue", "complexity")
    category, automation = table.table("category"), table.table("automation")
    complexity = table.table("complexity")
    complexity.only(*_COMPLEXITY)
    auto = automation.number("auto", high=2.0)
    return RoutingPolicy(
        sure=category.number("sure", high=1.0),
        alternative=category.number("alternative", high=1.0),
        alternatives=int(category.number("alternatives", high=20)),
        auto=auto,
        suggest=automation.number("suggest", high=auto),
        queues=tuple(
            QueueRule(item.text("queue", choices=tuple(taxonomy.queues)), read_condition(item))
            for item in table.tables("queue", required=False)
        ),
        complexity={key: complexity.number(key) for key in _COMPLEXITY},
    )
