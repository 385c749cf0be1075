"""Red cards: which results of an agent make one, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean

from nlp.tables import Table, read_preset

NAME = "red_cards"
KINDS = ("hit", "below", "count")


@dataclass(frozen=True, slots=True)
class CardRule:
    """One ground for a card; a plan is due after `plan_days`, it clears after `clear_days` without a new ground."""

    code: str
    name: str
    kind: str
    veto: bool
    items: tuple[str, ...]
    score: float
    count: int
    days: int
    plan_days: float
    clear_days: int


@dataclass(frozen=True, slots=True)
class CardPolicy:
    rules: tuple[CardRule, ...]
    looks_back: int


@dataclass(frozen=True, slots=True)
class Fact:
    """A conversation as its result stands: its day of service, points and failed items."""

    id: str
    day: date
    score: float
    veto: bool
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A ground that was met; `key` is its first conversation: the same ground has the same key."""

    rule: CardRule
    key: str
    reason: str
    evidence: tuple[str, ...]
    since: date
    until: date


def read_cards(folder: Path | None = None) -> CardPolicy:
    """The site's `red_cards.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "looks_back", "rule")
    rules = tuple(_rule(one) for one in table.tables("rule", required=False))
    codes = [rule.code for rule in rules]
    for code in codes:
        if codes.count(code) > 1:
            raise table.error("rule", f"{code!r} 重复", "每条规则一个代码")
    return CardPolicy(rules, int(table.number("looks_back", 31, low=1, high=366)))


def _rule(table: Table) -> CardRule:
    table.only("code", "name", "kind", "veto", "items", "score", "count", "days", "plan_days", "clear_days")
    kind = table.text("kind", choices=KINDS)
    needed = {"count": "items", "below": "score"}.get(kind)
    if needed is not None and needed not in table.values:
        raise table.error(needed, "缺失", "字符串列表" if needed == "items" else "0 到 100 之间的数")
    return CardRule(
        table.text("code"),
        table.text("name"),
        kind,
        table.flag("veto", False),
        table.texts("items", ()),
        table.number("score", 0, high=100),
        int(table.number("count", 1, low=1, high=1000)),
        int(table.number("days", 1, low=1, high=366)),
        table.number("plan_days", 3, high=366),
        int(table.number("clear_days", 14, high=366)),
    )


def cards(facts: Iterable[Fact], policy: CardPolicy) -> list[Card]:
    """Every card the results of one agent make, earliest first; order of the results does not matter."""
    ordered = sorted(facts, key=lambda fact: (fact.day, fact.id))
    found = [card for rule in policy.rules for card in _FOUND[rule.kind](rule, ordered)]
    return sorted(found, key=lambda card: (card.until, card.rule.code, card.key))


def _bad(rule: CardRule, fact: Fact) -> list[str]:
    hits = ["一票否决"] if rule.veto and fact.veto else []
    return hits + [item for item in rule.items if item in fact.failed]


def _hits(rule: CardRule, facts: Sequence[Fact]) -> Iterator[Card]:
    for fact in facts:
        bad = _bad(rule, fact)
        if bad:
            reason = f"{rule.name}：{'、'.join(bad)}"
            yield Card(rule, fact.id, reason, (fact.id,), fact.day, fact.day)


def _below(rule: CardRule, facts: Sequence[Fact]) -> Iterator[Card]:
    """A run of days of service below the mark; it makes one card, however long it goes on."""
    days: dict[date, list[Fact]] = defaultdict(list)
    for fact in facts:
        days[fact.day].append(fact)
    run: list[date] = []
    for day in [*sorted(days), None]:
        if day is not None and fmean(fact.score for fact in days[day]) < rule.score:
            run.append(day)
            continue
        if len(run) >= rule.days:
            first = run[: rule.days]
            means = "、".join(f"{fmean(f.score for f in days[one]):.1f}" for one in first)
            ids = tuple(fact.id for one in first for fact in days[one])
            reason = f"{rule.name}：{rule.days} 个服务日日均 {means}，低于 {rule.score:g}"
            yield Card(rule, days[first[0]][0].id, reason, ids, first[0], first[-1])
        run = []


def _count(rule: CardRule, facts: Sequence[Fact]) -> Iterator[Card]:
    """So many bad results within so many days; those that made a card make no second one."""
    held: list[Fact] = []
    for fact in facts:
        if not _bad(rule, fact):
            continue
        held = [one for one in held if (fact.day - one.day).days < rule.days]
        held.append(fact)
        if len(held) >= rule.count:
            reason = f"{rule.name}：{rule.days} 天内 {len(held)} 次"
            yield Card(rule, held[0].id, reason, tuple(one.id for one in held), held[0].day, fact.day)
            held = []


_FOUND = {"hit": _hits, "below": _below, "count": _count}
