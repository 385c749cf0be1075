"""Full personal names, where the text introduces one; a surname with a title is not personal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nlp.privacy.words import HAN, Candidate, any_of, words

_LINK = r"(?:叫做|是|为|為|叫|:|\s){0,3}"
_HAN = re.compile(rf"[{HAN}]{{1,12}}")


@dataclass(frozen=True, slots=True)
class Names:
    strong: re.Pattern[str]
    weak: re.Pattern[str]
    titled: re.Pattern[str]
    before_number: re.Pattern[str]
    minority: re.Pattern[str]
    surnames: frozenset[str]
    common: frozenset[str]
    compound: tuple[str, ...]
    titles: tuple[str, ...]
    after: tuple[str, ...]
    not_names: tuple[str, ...]
    not_given: frozenset[str]


@lru_cache(maxsize=1)
def _names() -> Names:
    lists, cues = words()["names"], words()["cues"]
    surnames = lists["surnames"] + lists["traditional_surnames"]
    full = rf"(?:{any_of(lists['compound'])}|[{surnames}])[{HAN}]{{1,2}}"
    return Names(
        strong=re.compile(any_of(cues["name_strong"]) + _LINK),
        weak=re.compile(any_of(cues["name_weak"]) + r"[: ]?"),
        titled=re.compile(rf"(?:^|[^{HAN}])({full})(?=先生|女士|小姐|收(?:[,，。 ]|$))"),
        before_number=re.compile(rf"(?:^|[^{HAN}A-Za-z])({full})[ ,，、/:]{{1,2}}$"),
        minority=re.compile(rf"[{HAN}]{{2,6}}[·•][{HAN}]{{2,8}}"),
        surnames=frozenset(surnames),
        common=frozenset(lists["common"] + lists["traditional_surnames"]),
        compound=tuple(lists["compound"]),
        titles=tuple(lists["titles"]),
        after=tuple(lists["after"]),
        not_names=tuple(lists["not_names"]),
        not_given=frozenset(lists["not_given"]),
    )


def find(view: str, mobiles: list[Candidate]) -> list[Candidate]:
    """Introduced names, names with a title in full, and names written before a mobile number (`mobiles`)."""
    known = _names()
    found: list[Candidate] = []
    for pattern, strong in ((known.strong, True), (known.weak, False)):
        for match in pattern.finditer(view):
            length = _length(view, match.end(), strong, known)
            if length:
                found.append(("name", match.end(), match.end() + length))
    for match in known.titled.finditer(view):
        if _is_name(match.group(1), known):
            found.append(("name", *match.span(1)))
    for _, start, _ in mobiles:
        from_ = max(0, start - 8)
        before = known.before_number.search(view[from_:start])
        if before and _is_name(before.group(1), known):
            found.append(("name", from_ + before.start(1), from_ + before.end(1)))
    return found


def _surname(text: str, known: Names) -> int:
    if text.startswith(known.compound):
        return 2
    return 1 if text[:1] in known.surnames else 0


def _is_name(text: str, known: Names) -> bool:
    given = text[_surname(text, known) :]
    titled = given.startswith(known.titles)
    return (
        bool(given)
        and not titled
        and not text.startswith(known.not_names)
        and not known.not_given & set(given)
    )


def _length(view: str, at: int, strong: bool, known: Names) -> int:
    """How many characters at `at` are a full name; 0 for none. A weak cue needs a name that ends its phrase."""
    if strong and (foreign := known.minority.match(view, at)):
        return len(foreign.group())
    run = _HAN.match(view, at)
    if run is None:
        return 0
    text = run.group()
    surname = _surname(text, known)
    if not surname or text.startswith(known.not_names) or text[surname:].startswith(known.titles):
        return 0
    if not strong:
        fits = text[0] in known.common and surname < len(text) <= surname + 2
        return len(text) if fits and _is_name(text, known) else 0
    for given in (1, 2):
        name, tail = text[: surname + given], text[surname + given :]
        if len(name) < surname + given or not _is_name(name, known):
            break
        if not tail or tail.startswith(known.after):
            return surname + given
    presented = view[at - 1] in ": 叫" or text[0] in known.common
    guess = text[: surname + 2] if _is_name(text[: surname + 2], known) else text[: surname + 1]
    return len(guess) if presented and _is_name(guess, known) else 0
