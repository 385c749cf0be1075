"""The statements of a text that can be held against another: how much, when, who pays, whether it may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kb.entries import Entry
from kb.lint import tables
from kb.lint.quantities import Quantity, quantities
from nlp.text import Clean, clean, normalise

_SENTENCE = re.compile(r"[^。!?;；\n]+")
_CLAUSE = re.compile(r"[^,，、:()“”\"'—→。!?;；\n]+")
_HAN = re.compile(r"[㐀-鿿]+")
_LATIN = re.compile(r"[a-z][a-z0-9-]*|\d{2,}[a-z]*|\d[a-z]+")
_MODEL = re.compile(r"[a-z]{1,4}-?\d{1,4}[a-z]?\b")
_DENIED = re.compile("[不没未无]")
_ASKS = re.compile(r"\?")
_ASKING = ("吗", "么", "呢")
_SPARED = re.compile("不(?:用|需|必|会让|让|再?由)|无须|无需|免")
_LISTED = re.compile("以下|下列|之外|除")
_UNLESS = re.compile("(?:时|除外|的话|后|前)$")
OPENING = 40
"""Characters in which a text answers the question of its title."""
_QUESTION = re.compile("(?:还)?(?:可不可以|能不能|可以|能够|能|支持)(?=.*[吗么?])")
_REPLY = re.compile(
    r"(?:您好[,，。!]? ?|亲[,，] ?)?(?P<said>(?P<no>不可以|不能|不行|不支持|暂不|目前不|不用|抱歉[,，]不能)|可以|能[,，。的]|没关系|不影响|支持|没问题)"
)
_EXAMPLE = re.compile("例如|比如|举例|背景|案例")
_OF_ORDER = re.compile("您(?:这单|家用|买了|提的|量的|说的)")
Terms = frozenset[str]
_PEOPLE: Terms = frozenset({"客户", "商城"})
Cases = Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement at `[start, end)` of an entry's text. `family` is a quantity's, "payer", or "answer".

    `value` is the payer or whether it may be done. `near` are the terms of its clause, `wide` of its sentence,
    `title` of the entry's title and questions. `cases` names the conditions it holds under, by
    group; `own` are those of its clause, `titled` those of the title.
    """

    entry_id: str
    family: str
    start: int
    end: int
    near: Terms
    wide: Terms
    title: Terms
    cases: Cases
    own: Cases
    titled: Cases
    quantity: Quantity | None = None
    value: str = ""
    role: str = ""
    object: Terms = frozenset()
    example: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence and the clause in it, as spans of normalised text."""

    sentence: tuple[int, int]
    clause: tuple[int, int]


def fold(text: str) -> str:
    """Normalised text with words that say the same made one."""
    known = tables.load()
    return known.fold_pattern.sub(lambda match: known.folds[match.group()], text)


@lru_cache(maxsize=1 << 15)
def terms(text: str) -> Terms:
    """Pairs of characters and Latin words of normalised text; pairs do not reach over stop characters."""
    stop = tables.load().stop
    folded = fold(text)
    found = set(_LATIN.findall(folded))
    for run in _HAN.findall(folded):
        for at in range(len(run) - 1):
            if run[at] not in stop and run[at + 1] not in stop:
                found.add(run[at : at + 2])
    return frozenset(found)


@lru_cache(maxsize=1 << 13)
def cases(text: str) -> Cases:
    """The conditions that normalised text names, by group."""
    found: dict[str, set[int]] = {}
    for one in tables.load().conditions:
        for match in one.pattern.finditer(text):
            found.setdefault(one.name, set()).update(one.words[match.group()])
    return {name: frozenset(group) for name, group in found.items()}


@lru_cache(maxsize=1 << 13)
def latest(text: str) -> Cases:
    """The conditions that normalised text names; of those that make a rule of their own the last."""
    found: dict[str, frozenset[int]] = {}
    for one in tables.load().conditions:
        for match in one.pattern.finditer(text):
            words = one.words[match.group()]
            found[one.name] = words if one.narrow else words | found.get(one.name, frozenset())
    return found


def _broad(found: Cases) -> Cases:
    """Without the conditions that make a rule of their own: those stand before what they hold for."""
    narrow = {one.name for one in tables.load().conditions if one.narrow}
    return {name: group for name, group in found.items() if name not in narrow}


def merged(*layers: Cases) -> dict[str, frozenset[int]]:
    """The first layer that names a group settles it."""
    found: dict[str, frozenset[int]] = {}
    for layer in layers:
        for name, group in layer.items():
            found.setdefault(name, group)
    return found


def models(text: str) -> Terms:
    """Model codes of normalised text."""
    return frozenset(_MODEL.findall(text))


def facts_of(entry: Entry) -> tuple[Fact, ...]:
    """The statements of an entry's text, and what its first words answer to the question of its title."""
    about = normalise("\n".join((entry.title, *entry.similar)))
    title = normalise(entry.title)
    return (*facts(entry.text, entry.id, about, title), *_answered(entry, title))


def _answered(entry: Entry, title: str) -> Iterator[Fact]:
    """A question of whether something may be done, and the answer that the text begins with."""
    asked = _QUESTION.search(title)
    seen = clean(entry.text[:OPENING]) if asked is not None else None
    reply = _REPLY.match(seen.text) if seen is not None else None
    if asked is None or seen is None or reply is None:
        return
    start, end = seen.span(*reply.span("said"))
    object = terms(title[asked.end() :].rstrip("吗么呢? ")) - _PEOPLE
    if object:
        value = "不" if reply["no"] else "可"
        words = terms(title)
        named = cases(title)
        yield Fact(
            entry.id, "may", start, end, words, words, words, named, named, named, value=value, object=object
        )


def facts(text: str, entry_id: str = "", about: str = "", title: str = "") -> tuple[Fact, ...]:
    """The statements of `text`; `about` (normalised) is what else says what it is about."""
    seen = clean(text)
    plain = seen.text
    found = quantities(text, seen)
    blank = list(plain)
    for one in found:
        blank[one.at : one.to] = "\x00" * (one.to - one.at)
    words = "".join(blank)
    frame = _Frame(entry_id, plain, words, terms(about), cases(title), cases(plain), seen)
    made = [
        frame.fact(one.family, one.at, one.to, quantity=one, role=_role(plain, one))
        for one in found
        if not one.about
    ]
    made += list(_payers(frame))
    made += list(_answers(frame))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Frame:
    entry_id: str
    plain: str
    words: str
    about: Terms
    titled: Cases
    everywhere: Cases
    seen: Clean

    def place(self, at: int, to: int) -> _Place:
        sentence = _around(_SENTENCE, self.plain, at, to)
        return _Place(sentence, _around(_CLAUSE, self.plain, at, to))

    def fact(
        self,
        family: str,
        at: int,
        to: int,
        *,
        quantity: Quantity | None = None,
        value: str = "",
        role: str = "",
        object: Terms = frozenset(),
    ) -> Fact:
        place = self.place(at, to)
        start, end = self.seen.span(at, to)
        clause = self.words[slice(*place.clause)]
        sentence = self.words[slice(*place.sentence)]
        near = terms(clause)
        own = cases(self.plain[slice(*place.clause)])
        before = latest(self.plain[place.sentence[0] : place.clause[0]])
        return Fact(
            self.entry_id,
            family,
            start,
            end,
            near,
            terms(sentence),
            self.about,
            merged(own, before, _broad(cases(self.plain[slice(*place.sentence)])), self.titled),
            own,
            self.titled,
            quantity,
            value,
            role,
            object,
            _EXAMPLE.search(sentence) is not None or _OF_ORDER.search(clause) is not None,
        )


def _around(pattern: re.Pattern[str], text: str, at: int, to: int) -> tuple[int, int]:
    """The run of `pattern` that holds `at`, stretched to hold `to`."""
    start = at
    while start > 0 and pattern.match(text[start - 1]):
        start -= 1
    end = to
    while end < len(text) and pattern.match(text[end]):
        end += 1
    return start, end


def _role(text: str, one: Quantity) -> str:
    """What an amount does: a threshold, what is taken off, an upper or lower bound, a rate."""
    known = tables.load()
    start = one.at
    while start > 0 and one.at - start < 6 and _CLAUSE.match(text[start - 1]):
        start -= 1
    before = [match.group() for match in known.role_pattern.finditer(text[start : one.at])]
    if before:
        return known.roles[before[-1]]
    if text[one.to : one.to + 3].lstrip().startswith(("以内", "内", "之内")):
        return "max"
    return "min" if text[one.to : one.to + 2].lstrip().startswith("起") else ""


@lru_cache(maxsize=1)
def _pays() -> tuple[re.Pattern[str], re.Pattern[str]]:
    known = tables.load().answers
    who = f"(?P<who>{tables.alternatives([*known['ours'], *known['theirs']])})"
    charge, verb = f"(?P<charge>{known['charge']})", f"(?:{known['pays']})"
    return (
        re.compile(rf"{charge}[^,，。;；!?]{{0,8}}?{who}[^,，。;；!?费]{{0,6}}?{verb}"),
        re.compile(rf"{who}[^,，。;；!?费]{{0,4}}?{verb}(?:来回|往返|寄回)?的?{charge}"),
    )


def _payers(frame: _Frame) -> Iterator[Fact]:
    """Who bears a charge."""
    theirs, taken = tables.load().answers["theirs"], -1
    for pattern in _pays():
        for match in pattern.finditer(frame.plain):
            if match.start() < taken:
                continue
            taken = match.end()
            payer = "客户" if match["who"] in theirs else "商城"
            said = frame.plain[max(match.start() - 4, 0) : match.end()]
            if _SPARED.search(said):
                payer = "商城" if payer == "客户" else "客户"
            yield frame.fact("payer", *match.span(), value=payer, object=terms(match["charge"]))


@lru_cache(maxsize=1)
def _modal() -> re.Pattern[str]:
    known = tables.load().answers
    groups = ("not_words", "may_not", "need_not", "may", "need")
    return re.compile("|".join(f"(?P<{name}>{tables.alternatives(known[name])})" for name in groups))


def _answers(frame: _Frame) -> Iterator[Fact]:
    """What may or may not be done ("may"), what must or need not ("need")."""
    for match in _modal().finditer(frame.plain):
        kind = match.lastgroup or ""
        start, end = frame.place(*match.span()).clause
        said = frame.plain[match.end() : end].strip()
        rest, before = terms(said) - _PEOPLE, terms(frame.plain[start : match.start()]) - _PEOPLE
        denied = not kind.endswith("_not") and frame.plain[max(match.start() - 2, 0) : match.start()]
        if kind == "not_words" or not (rest or before) or (denied and _DENIED.search(denied)):
            continue
        if match.group() in ("能", "可", "可以") and said.endswith("的"):
            continue  # who can, not that it can be done
        if _ASKS.match(frame.plain[end : end + 1]) or said.endswith(_ASKING):
            continue
        if _UNLESS.search(said) or _LISTED.search(frame.plain[start : match.start()]):
            continue
        value = "不" if kind.endswith("_not") else "可"
        yield frame.fact(kind.removesuffix("_not"), match.start(), end, value=value, object=rest or before)
