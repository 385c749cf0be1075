"""The statements of a text that can be held against another: how much, when, who pays, whether it may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kb.entries import Entry
from kb.lint import tables
from kb.lint.answers import answers, payers
from kb.lint.quantities import Quantity, quantities
from nlp.text import Clean, clean, normalise

_SENTENCE = re.compile(r"[^。!?;；\n]+")
_CLAUSE = re.compile(r"[^,，、:()“”\"'—→。!?;；\n]+")
_HAN = re.compile(r"[㐀-鿿]+")
_LATIN = re.compile(r"[a-z][a-z0-9-]*|\d{2,}[a-z]*|\d[a-z]+")
_MODEL = re.compile(r"[a-z]{1,4}-?\d{1,4}[a-z]?\b")
OPENING = 40
"""Characters in which a text answers the question of its title."""
_QUESTION = re.compile("(?:还)?(?:可不可以|能不能|可以|能够|能|支持)(?=.*[吗么?])")
_REPLY = re.compile(
    r"(?:您好[,，。!]? ?|亲[,，] ?)?(?P<said>(?P<no>不可以|不能|不行|不支持|暂不|目前不|不用|抱歉[,，]不能)|可以|能[,，。的]|没关系|不影响|支持|没问题)"
)
_EXAMPLE = re.compile("例如|比如|举例|背景|案例")
_OF_ORDER = re.compile("您(?:这单|家用|买了|提的|量的|说的)")
Terms = frozenset[str]
STRICT = frozenset({"floor", "off", "min", "max"})
"""What an amount does: one of another of these roles does not answer it."""
_PEOPLE: Terms = frozenset({"客户", "商城"})
_LIGHT: Terms = frozenset("客户商城不没个件次天里内外上下中用有来去时候")
Cases = Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement at `[start, end)` of an entry's text. `family` is a quantity's, "payer", or "answer".

    `value` is the payer or whether it may be done. `near` are the terms of its clause, `wide` of its sentence,
    `title` of the entry's title and questions. `cases` names the conditions it holds under, by
    group; `own` are those of its clause, `titled` those of the title. `letters` are the characters of title and sentence, `sentence` is
    the span around it in normalised text.
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
    letters: Terms = frozenset()
    sentence: tuple[int, int] = (0, 0)


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


def letters(text: str) -> Terms:
    """Single characters of normalised text that tell something."""
    stop = tables.load().stop
    return frozenset(letter for run in _HAN.findall(fold(text)) for letter in run if letter not in stop)


@lru_cache(maxsize=1 << 13)
def objects(text: str) -> Terms:
    """Pairs and single characters that say what may be done, or what is paid."""
    return terms(text) - _PEOPLE | (letters(text) - _LIGHT)


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
    object = objects(title[asked.end() :].rstrip("吗么呢? "))
    if object:
        value = "不" if reply["no"] else "可"
        words = terms(title)
        named = cases(title)
        yield Fact(
            entry.id, "may", start, end, words, words, words, named, named, named, value=value, object=object
        )


def facts(
    text: str, entry_id: str = "", about: str = "", title: str = "", spoken: bool = False
) -> tuple[Fact, ...]:
    """The statements of `text`; `about` (normalised) is what else says what it is about. `spoken`: a message, whose
    offers count as what may be done."""
    seen = clean(text.replace("\n", "。"))  # a line is a sentence; places stay what they are
    plain = seen.text
    found = quantities(text, seen)
    blank = list(plain)
    for one in found:
        blank[one.at : one.to] = "\x00" * (one.to - one.at)
    words = "".join(blank)
    frame = _Frame(entry_id, plain, words, terms(about), cases(title), letters(title), seen)
    made = [
        frame.fact(one.family, one.at, one.to, quantity=one, role=_role(plain, one))
        for one in found
        if not one.about
    ]
    paid = tuple(payers(plain))
    for said in (*paid, *answers(plain, lambda at, to: frame.place(at, to).clause, spoken)):
        object = objects(said.about)
        twice = said.family != "payer" and any(one.at < said.to and said.at < one.to for one in paid)
        if not twice and (object or said.family == "payer"):
            made.append(frame.fact(said.family, said.at, said.to, value=said.value, object=object))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Frame:
    entry_id: str
    plain: str
    words: str
    about: Terms
    titled: Cases
    letters: Terms
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
            merged(own, before, self.titled),
            own,
            self.titled,
            quantity,
            value,
            role,
            object,
            _EXAMPLE.search(sentence) is not None
            or _OF_ORDER.search(clause) is not None
            or (
                quantity is not None and _own().search(self.plain[place.clause[0] : at].rstrip()) is not None
            ),
            self.letters | letters(sentence),
            place.sentence,
        )


@lru_cache(maxsize=1)
def _own() -> re.Pattern[str]:
    return re.compile(tables.load().answers["own"])


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
