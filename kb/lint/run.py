"""CAPABILITY lint: all of a handbook, or what a change would bring into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from kb.entries import Entry
from kb.lint import tables
from kb.lint.base import TEXT, Base, Read, limits
from kb.lint.conflict import Conflict, Nearest, conflicts, together
from kb.lint.issues import Issue, Spot, issue, ordered, spot
from kb.lint.single import single
from kb.lint.steps import Step, sent_to
from kb.lint.twins import same, same_title, twins
from nlp.text import clean, key, normalise

_TITLE = re.compile("《([^《》\n]{2,60})》")
Progress = Callable[[int, int], None]


def lint(base: Base, now: datetime, progress: Progress | None = None) -> list[Issue]:
    """Everything wrong with the entries of `base` as of `now` (aware), gravest first."""
    with base.lock:
        live = [read for read in base.reads.values() if _live(read.entry, now)]
        # a text that its entry's next one replaces has its end already
        own = [read for read in base.reads.values() if not read.entry.successor]
        found = [one for read in own for one in single(read.entry, now)]
        done: set[tuple[str, str]] = set()
        nearest = Nearest(base, lambda entry: _live(entry, now))
        for at, read in enumerate(live):
            if progress is not None and at % 100 == 0:
                progress(at, len(live))
            found += _against(read, base, frozenset(), now, done, nearest)
        found += _reviews(live)
        found += _references(base.reads.values(), live, now)
        return ordered(found)


def lint_change(base: Base, put: Mapping[str, Entry], drop: Iterable[str], now: datetime) -> list[Issue]:
    """What is wrong with the entries of `put` beside each other and what of `base` they leave standing."""
    with base.lock:
        gone = frozenset(put) | frozenset(drop)
        reads = [base.read(entry) for entry in put.values()]
        beside = Base(counts=base.counts, encode=base.encode)
        standing = Nearest(base, lambda entry: _live(entry, now) and entry.id not in gone)
        within = Nearest(beside, lambda entry: _live(entry, now))
        found: list[Issue] = []
        for read in reads:
            found += single(read.entry, now)
            if _live(read.entry, now):
                found += _against(read, base, gone, now, set(), standing)
                found += _against(read, beside, frozenset(), now, set(), within)
                beside.add(read)
        return ordered(found)


def _live(entry: Entry, now: datetime) -> bool:
    return entry.effective_to is None or entry.effective_to > now


def _against(
    read: Read,
    base: Base,
    gone: frozenset[str],
    now: datetime,
    done: set[tuple[str, str]],
    nearest: Nearest,
) -> Iterator[Issue]:
    """Findings between an entry and those of `base` that may meet it."""
    for entry_id in sorted(near_entries(read, base) - gone - {read.entry.id}):
        other = base.reads[entry_id]
        pair = (min(read.entry.id, entry_id), max(read.entry.id, entry_id))
        if pair in done or not _live(other.entry, now) or other.entry.known_as in gone:
            continue
        if other.entry.known_as == read.entry.known_as:  # one text takes over from the other
            continue
        done.add(pair)
        yield from _between(read, other, base, nearest)
    yield from _steps(read, base, gone, now, done)


def near_entries(read: Read, base: Base) -> set[str]:
    """Entries that may speak of what this one does."""
    most, common = limits()
    found = set(base.near(TEXT, read.whole, most, common)) | set(base.titles.get(read.title_key, ()))
    for fact, weights in zip(read.facts, read.vectors, strict=True):
        found |= set(base.near(fact.family, weights, most, common))
    return found


def _between(one: Read, other: Read, base: Base, nearest: Nearest) -> Iterator[Issue]:
    if same(one, other):
        text = f"《{one.entry.title}》与《{other.entry.title}》标题和正文都相同"
        yield issue("duplicate", text, spot(one.entry), spot(other.entry))
        return
    if same_title(one, other):
        yield issue("same_title", f"有两条都叫《{one.entry.title}》", spot(one.entry), spot(other.entry))
    if twins(one, other):
        text = f"《{one.entry.title}》与《{other.entry.title}》说的几乎一样，留一条即可"
        yield issue("twins", text, spot(one.entry), spot(other.entry))
    if together(one, other):
        best = max(conflicts(one, other, base, nearest), key=lambda found: found.odds, default=None)
        if best is not None:
            yield _conflict(one.entry, other.entry, best)


def _conflict(one: Entry, other: Entry, found: Conflict) -> Issue:
    here = spot(one, found.one.start, found.one.end)
    there = spot(other, found.other.start, found.other.end)
    text = f"《{one.title}》写“{here.text}”，《{other.title}》写“{there.text}”"
    told = issue("conflict", text, here, there, expected=_right(one, here, other, there))
    if found.sure:
        return told
    return replace(told, severity="warning", message=f"可能矛盾，请核对：{text}")


def _right(one: Entry, here: Spot, other: Entry, there: Spot) -> str | None:
    """The words of the newer entry, else of the kind that ranks higher; None where neither does."""
    ranks = tables.load().ranks
    if one.effective_from != other.effective_from and one.effective_from and other.effective_from:
        return here.text if one.effective_from > other.effective_from else there.text
    if ranks[one.kind] != ranks[other.kind]:
        return here.text if ranks[one.kind] < ranks[other.kind] else there.text
    return None


def _steps(
    read: Read, base: Base, gone: frozenset[str], now: datetime, done: set[tuple[str, str]]
) -> Iterator[Issue]:
    """Steps it names that another says are gone, and steps it says are gone that others still name."""
    pairs = [(base.reads[one], read) for step in read.steps for one in base.removals.get(step.name, ())]
    pairs += [(read, base.reads[one]) for step in read.removed for one in base.named.get(step.name, ())]
    pairs += [(read, base.reads[one]) for step in read.removed for one in base.unquoted(step.name)]
    pairs += [(base.reads[one], read) for name in base.gone_in(read) for one in base.removals.get(name, ())]
    for says, names in sorted(pairs, key=lambda pair: (pair[0].entry.id, pair[1].entry.id)):
        ids = says.entry.id, names.entry.id
        if ids[0] == ids[1] or gone & {says.entry.id, names.entry.id} - {read.entry.id}:
            continue
        mark = ("step " + ids[0], ids[1])
        if mark in done or not (_live(says.entry, now) and _live(names.entry, now)):
            continue
        done.add(mark)
        yield from _removed(says, names)


def _removed(says: Read, names: Read) -> Iterator[Issue]:
    for removal in says.removed:
        for step in (*names.steps, *_unquoted(names, removal.name)):
            if step.name != removal.name:
                continue
            first = clean(says.entry.text).span(removal.at, removal.to)
            second = clean(names.entry.text).span(step.at, step.to)
            now = f"，现在是“{removal.now}”" if removal.now else ""
            text = (
                f"《{names.entry.title}》让客户找“{step.name}”，《{says.entry.title}》写明它已经没有了{now}"
            )
            spots = spot(names.entry, *second), spot(says.entry, *first)
            yield issue("step_removed", text, *spots, expected=removal.now or None)
            return


def _unquoted(read: Read, name: str) -> tuple[Step, ...]:
    step = sent_to(normalise(read.entry.text), name)
    return () if step is None else (step,)


def _reviews(live: list[Read]) -> Iterator[Issue]:
    """Rules without a date for their next review, as one note: only where the site uses such dates."""
    dated = [read for read in live if getattr(read.entry, "review_due", None) is not None]
    if not dated:
        return
    for read in live:
        if read.entry.kind in ("policy", "sop") and getattr(read.entry, "review_due", None) is None:
            yield issue("review_missing", f"《{read.entry.title}》没有写明复审日期", spot(read.entry))


def _references(reads: Iterable[Read], live: list[Read], now: datetime) -> Iterator[Issue]:
    """Entries that send to another by its title, 《…》, where that one is over and no live one has the title."""
    standing = {read.title_key for read in live}
    over = {read.title_key: read for read in reads if not _live(read.entry, now)}
    for read in live:
        for match in _TITLE.finditer(read.entry.text):
            named = over.get(key(match.group(1)))
            if named is not None and named.title_key not in standing:
                text = f"《{read.entry.title}》引用了已失效的《{named.entry.title}》"
                yield issue("expired_referenced", text, spot(read.entry, *match.span()), spot(named.entry))
