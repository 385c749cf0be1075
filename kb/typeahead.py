"""Type-ahead: titles and similar questions that hold what was typed so far, in characters, pinyin or initials.

All questions stand in one string (and their pinyin, and their initials, in two more), so that a look-up is a few
searches of memory: no tree, no dictionary, no dependency. What is typed may miss, add or change one character.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from kb.entries import Entry
from nlp import text as texts

Way = Literal["exact", "prefix", "infix", "pinyin", "initials", "typo", "part"]
ORDER: tuple[Way, ...] = ("exact", "prefix", "infix", "pinyin", "initials", "typo", "part")
"""Ways in which a question can hold what was typed, nearest first."""
LONGEST, MOST = 40, 300
"""Characters typed that are read; places looked at for each way."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with the question of it that matched; `[start, end)` is the span in that text."""

    entry: Entry
    text: str
    start: int
    end: int
    way: Way


@dataclass(frozen=True, slots=True)
class _Line:
    """A question in one script. `places[i]` is the character (of the clean text) that `shown[i]` belongs to."""

    shown: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """All questions in one script: joined by newlines, where each begins."""

    whole: str
    begins: tuple[int, ...]
    lines: tuple[_Line, ...]


@dataclass(frozen=True, slots=True)
class Typeahead:
    """The questions of a handbook; `owners[n]` is (entry, text) of line `n`."""

    owners: tuple[tuple[Entry, str], ...]
    characters: _Page
    pinyin: _Page
    initials: _Page


def build(entries: Iterable[Entry]) -> Typeahead:
    """Titles first, so that they come before similar questions that match as well."""
    known = sorted(entries, key=lambda entry: entry.id)
    owners = [(entry, entry.title) for entry in known if entry.title]
    owners += [(entry, text) for entry in known for text in entry.similar]
    lines = [_lines(text) for _, text in owners]
    pages = [_page([line[script] for line in lines]) for script in range(3)]
    return Typeahead(tuple(owners), pages[0], pages[1], pages[2])


@lru_cache(maxsize=1 << 17)
def _lines(text: str) -> tuple[_Line, _Line, _Line]:
    """A question in characters, in pinyin, in initials; an edit of one entry computes its own lines alone."""
    from pypinyin import lazy_pinyin

    clean = texts.normalise(text)
    shown, first = _Joined(), _Joined()
    for at, letter in enumerate(clean):
        if letter.isascii():
            sound = letter if letter.isalnum() else ""
        else:
            sound = "".join(lazy_pinyin(letter, errors="ignore"))
        shown.add(sound, at)
        first.add(sound[:1], at)
    if not clean.isascii():  # readings depend on the word: 「重置」 is not 「重量」
        read = lazy_pinyin(clean, errors=_apart)
        if len(read) == len(clean):
            shown, first = _Joined(), _Joined()
            for at, (sound, letter) in enumerate(zip(read, clean, strict=True)):
                plain = sound if sound.isascii() and sound.isalnum() and letter.isalnum() else ""
                shown.add(plain, at)
                first.add(plain[:1], at)
    return _Line(clean, tuple(range(len(clean)))), shown.line(), first.line()


def _apart(other: str) -> Any:  # a list is allowed, the stub knows only str
    return list(other)


class _Joined:
    """Sounds one after the other, each with the character it is of."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.places: list[int] = []

    def add(self, sound: str, at: int) -> None:
        self.text.append(sound)
        self.places.extend([at] * len(sound))

    def line(self) -> _Line:
        return _Line("".join(self.text), tuple(self.places))


def _page(lines: Sequence[_Line]) -> _Page:
    begins, at = [], 1
    for line in lines:
        begins.append(at)
        at += len(line.shown) + 1
    return _Page("\n" + "\n".join(line.shown for line in lines) + "\n", tuple(begins), tuple(lines))


def complete(
    ahead: Typeahead, typed: str, limit: int, allowed: Callable[[Entry], bool] = lambda _: True
) -> tuple[Found, ...]:
    """The best `limit` entries, each once: nearest way first, then earlier and shorter matches, titles first."""
    clean = texts.normalise(typed)[:LONGEST].strip()
    if not texts.key(clean):
        return ()
    best: dict[str, tuple[tuple[int, ...], Found]] = {}
    for way, matches in _ways(ahead, clean):
        for line, start, end in matches:
            entry, text = ahead.owners[line]
            rank = (ORDER.index(way), start, len(text), line)
            held = best.get(entry.known_as)
            if (held is None or rank < held[0]) and allowed(entry):
                begin, stop = texts.clean(text).span(start, end)
                best[entry.known_as] = (rank, Found(entry, text, begin, stop, way))
        if len(best) >= limit:
            break
    ranked = sorted(best.values(), key=lambda pair: pair[0])
    return tuple(found for _, found in ranked[:limit])


Match = tuple[int, int, int]
"""Line, start and end of the match in its clean text."""


def _ways(ahead: Typeahead, clean: str) -> Iterator[tuple[Way, list[Match]]]:
    page = ahead.characters
    yield "exact", _at(page, f"\n{clean}\n", 1, 1)
    yield "prefix", _at(page, f"\n{clean}", 1, 0)
    yield "infix", _at(page, clean, 0, 0)
    spelled = _letters(clean)
    if len(spelled) > 1:
        yield "pinyin", _whole(ahead.pinyin, _at(ahead.pinyin, spelled, 0, 0, raw=True))
        if clean.isascii():
            yield "initials", _at(ahead.initials, spelled, 0, 0)
    yield "typo", _typo(page, clean) if len(clean) > 2 else []
    if len(spelled) > 4:
        yield "typo", _whole(ahead.pinyin, _typo(ahead.pinyin, spelled, raw=True))
    for size in range(len(clean) - 1, 1, -1):
        some = _at(page, clean[:size].strip(), 0, 0)
        if some:
            yield "part", some
            return


@lru_cache(maxsize=256)
def _letters(clean: str) -> str:
    return _lines(clean)[1].shown


def _at(page: _Page, needle: str, before: int, after: int, raw: bool = False) -> list[Match]:
    """Places of `needle`, which has `before` and `after` newlines around what is to be marked."""
    found: list[Match] = []
    at = page.whole.find(needle)
    while at >= 0 and len(found) < MOST:
        found.append(_match(page, at + before, at + len(needle) - after, raw))
        at = page.whole.find(needle, at + max(len(needle) - 1, 1))
    return found


def _match(page: _Page, start: int, end: int, raw: bool) -> Match:
    number = bisect_right(page.begins, start) - 1
    begin = page.begins[number]
    if raw:
        return number, start - begin, end - begin
    places = page.lines[number].places
    return number, places[start - begin], places[end - begin - 1] + 1


def _whole(page: _Page, raw: list[Match]) -> list[Match]:
    """Matches of sounds that begin where a character begins, as spans of characters."""
    found: list[Match] = []
    for number, start, end in raw:
        places = page.lines[number].places
        if start < end <= len(places) and (start == 0 or places[start - 1] != places[start]):
            found.append((number, places[start], places[end - 1] + 1))
    return found


def _typo(page: _Page, typed: str, raw: bool = False) -> list[Match]:
    """Places that differ from what was typed by one character: one half of it must stand there unchanged."""
    middle = len(typed) // 2
    left, right = typed[:middle], typed[middle:]
    found: list[Match] = []
    for half, other, ahead in ((left, right, True), (right, left, False)):
        at, looked = page.whole.find(half), 0
        while at >= 0 and looked < MOST:
            looked += 1
            size = _near(page.whole, at + len(half) if ahead else at, other, ahead)
            if size is not None:
                start, end = (at, at + len(half) + size) if ahead else (at - size, at + len(half))
                found.append(_match(page, start, end, raw))
            at = page.whole.find(half, at + 1)
    return found


def _near(whole: str, at: int, wanted: str, ahead: bool) -> int | None:
    """How many characters after (or before) `at` are `wanted` but for one edit; None where none are."""
    for size in (len(wanted), len(wanted) - 1, len(wanted) + 1):
        there = whole[at : at + size] if ahead else whole[max(at - size, 0) : at]
        if size > 0 and len(there) == size and "\n" not in there and one_edit(there, wanted):
            return size
    return None


def one_edit(one: str, other: str) -> bool:
    """Whether two texts are equal but for one character changed, added, left out, or two swapped."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    rest, others = one[at + 1 :], other[at + 1 :]
    return rest == others or (
        one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    )
