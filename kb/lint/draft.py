"""CAPABILITY draft check: what an agent is about to say, held against what the handbook says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.entries import Entry
from kb.lint import tables
from kb.lint.arithmetic import derived
from kb.lint.base import ASKED_BY, Base, Read, limits
from kb.lint.conflict import of_one_size
from kb.lint.facts import STRICT, Fact, facts
from kb.lint.likeness import Vector, alike, apart, vector
from kb.lint.quantities import Quantity, quantities
from nlp.text import clean, normalise


@dataclass(frozen=True, slots=True)
class Difference:
    """The draft says `text` at `[start, end)`; entry `entry` says `expected`."""

    kind: str
    start: int
    end: int
    text: str
    entry: Entry | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A statement of the handbook and how surely it is about the same matter."""

    fact: Fact
    entry: Entry
    likeness: float
    about: float

    @property
    def text(self) -> str:
        return self.entry.text[self.fact.start : self.fact.end].strip()


def differences(base: Base, text: str, told: Sequence[str], now: datetime) -> list[Difference]:
    """What `text` says otherwise than the entries in force at `now` (aware).

    `told`: what the customer said; a number quoted from there is none of the draft's own.
    """
    plain = normalise(text)
    whole = facts(text, "", plain, spoken=True)
    said = [one for turn in told for one in quantities(turn)]
    amounts = [fact.quantity for fact in whole if fact.quantity is not None]
    agreed: list[Quantity] = []
    found: list[Difference] = []
    with base.lock:
        for fact in whole:
            if fact.quantity is not None and (_own(text, fact) or _told(fact.quantity, said)):
                continue
            wrong = _wrong(fact, _known(base, fact, now), amounts)
            if wrong is not None and not any(fact.quantity and fact.quantity.same(one) for one in agreed):
                found.append(
                    Difference(
                        fact.family,
                        fact.start,
                        fact.end,
                        text[fact.start : fact.end],
                        wrong.entry,
                        wrong.text,
                    )
                )
            elif wrong is None and fact.quantity is not None:
                agreed.append(fact.quantity)
    return [*found, *claims(text)]


def claims(text: str) -> Iterator[Difference]:
    """Promises and claims without any condition; a quoted or denied one is none."""
    known = tables.load().draft["claims"]
    seen = clean(text)
    for kind in ("absolute", "promise"):
        for match in re.finditer(known[kind], seen.text):
            before = re.split("[,。;!?]", seen.text[: match.start()])[-1]
            if re.search(known["allowed"], before + match.group()) or before.count("“") > before.count("”"):
                continue
            end = re.compile("[^,。;!?]*").match(seen.text, match.end())
            start, to = seen.span(match.start(), end.end() if end else match.end())
            yield Difference(kind, start, to, text[start:to])


def _told(quantity: Quantity, said: Iterable[Quantity]) -> bool:
    return any(quantity.same(one) for one in said)


def _own(text: str, fact: Fact) -> bool:
    """Whether the number is the customer's, of this order, of the past, or quoted to be put right."""
    known = tables.load().draft
    before = normalise(text[max(fact.start - 14, 0) : fact.start])
    clause = re.split(r"[,，。;；!！?？:：、]", before)[-1]
    after = normalise(text[fact.end : fact.end + 8])
    if re.search(known["quoted"], clause) or re.match(known["quoted_after"], after):
        return True
    midnight = fact.family == "clock" and fact.quantity is not None and fact.quantity.low in (0.0, 24.0)
    if fact.family == "clock" and text[fact.start : fact.start + 1] in "昨今明":
        return True
    if midnight or fact.family in known["skipped"] or _asked(text, fact.end):
        return True
    if fact.family == "money" and _of_this_order(text, fact):
        return True
    own = known["own"]
    return re.search(own.get(fact.family.partition(":")[0], own["other"]), clause) is not None


def _of_this_order(text: str, fact: Fact) -> bool:
    """Whether money is that of one order: a rule names no cents, and no sum that was paid."""
    known = tables.load().draft
    start = max(text.rfind(mark, 0, fact.start) for mark in "，,。；;！!？?：:") + 1
    ends = [at for mark in "，,。；;！!？?" if (at := text.find(mark, fact.end)) >= 0]
    clause = normalise(text[start : min(ends, default=len(text))])
    cents = fact.quantity is not None and fact.quantity.low != round(fact.quantity.low)
    return cents or re.search(known["paid"], clause) is not None


def _asked(text: str, at: int) -> bool:
    """Whether the sentence that goes on at `at` is a question."""
    ending = re.search("[。!！?？;；\n]", text[at:])
    return ending is not None and ending.group() in "?？"


def _known(base: Base, fact: Fact, now: datetime) -> list[_Known]:
    """Statements of the kind in entries in force, the nearest first."""
    most, common = limits()
    mine = vector(fact, base.rare)
    kinds = (fact.family, *_ANSWERED_BY.get(fact.family, ()))
    found: list[_Known] = []
    for kind in kinds:
        for entry_id in base.near(kind, mine, most, common, ASKED_BY):
            read = base.reads[entry_id]
            if read.entry.kind != "case" and read.entry.effective(now):
                found += _of_entry(read, fact, mine, kind)
    return sorted(found, key=lambda one: (-one.likeness, one.entry.id, one.fact.start))


_ANSWERED_BY = {"clock": ("hours",), "hours": ("clock",)}


def _of_entry(read: Read, fact: Fact, mine: Vector, kind: str) -> Iterator[_Known]:
    near = [
        (other, alike(mine, theirs))
        for other, theirs in zip(read.facts, read.vectors, strict=True)
        if other.family == kind
        and _comparable(fact, other)
        and (fact.quantity is not None or _one_object(fact, other))
    ]
    about = max((likeness for _, likeness in near), default=0.0)
    for other, likeness in near:
        if likeness > 0:
            yield _Known(other, read.entry, (likeness + about) / 2 * _fits(fact, other), about)


def _comparable(fact: Fact, other: Fact) -> bool:
    """Minutes beside years answer different questions."""
    return fact.quantity is None or other.quantity is None or of_one_size(fact.quantity, other.quantity)


def _one_object(fact: Fact, other: Fact) -> bool:
    """Whether two statements allow or forbid the same thing; an exception names it elsewhere in its sentence."""
    if fact.object & other.object:
        return True
    named = fact.cases.get("channel", frozenset()) & other.cases.get("channel", frozenset())
    return bool(named and fact.object & (other.wide | other.title))


def _fits(fact: Fact, other: Fact) -> float:
    """How far conditions and roles let one answer the other; the special rule goes before the general one."""
    weights = tables.load().draft["fits"]
    share = 1.0
    if any(mine and group in other.own and not mine & other.own[group] for group, mine in fact.own.items()):
        share *= weights["own"]
    elif apart(fact, other):
        share *= weights["apart"]
    for group, mine in fact.cases.items():
        if group in other.cases:
            share *= weights["shared"] if mine & other.cases[group] else 1.0
        else:
            share *= weights["lacking"]
    if fact.role != other.role and {fact.role, other.role} <= STRICT:
        share *= weights["role"]
    if (
        fact.quantity
        and other.quantity
        and fact.quantity.unit != other.quantity.unit
        and fact.family == other.family
    ):
        share *= weights["unit"]
    return float(share)


def _wrong(fact: Fact, known: Sequence[_Known], amounts: Sequence[Quantity]) -> _Known | None:
    """The statement that the draft's contradicts; None where it agrees or nothing is known."""
    limits_ = tables.load().draft["least"]
    least = limits_.get(fact.family.partition(":")[0], limits_["other"])
    if not known or known[0].about < least or known[0].likeness < least / 3:
        return None
    rivals = [one for one in known if one.likeness >= tables.load().draft["margin"] * known[0].likeness]
    if any(_agrees(fact, one.fact) for one in rivals):
        return None
    if fact.quantity is not None and derived(fact.quantity, amounts):
        return None
    return known[0]


def _agrees(fact: Fact, other: Fact) -> bool:
    if fact.quantity is None or other.quantity is None:
        return fact.value == other.value
    mine, theirs = fact.quantity, other.quantity
    if mine.family != theirs.family:
        moment, span = (mine, theirs) if mine.family == "clock" else (theirs, mine)
        return moment.low in (span.low, span.high, 0.0, 24.0)
    if mine.same(theirs) or (mine.family != "hours" and mine.within(theirs)):
        return True
    return other.role == "max" and fact.role != "max" and mine.family == "money" and mine.high <= theirs.high
