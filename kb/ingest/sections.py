"""Sections of a document: what belongs together under one heading path, 100 to 600 characters each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kb.ingest.outline import DEPTH, Piece, cut_title, pieces

TINY, SMALL, FULL, LONG = 40, 100, 400, 600
WHOLE, HEADS = 48, 4
_MARKER = re.compile(r"第[^章篇部]{1,3}[章篇部][ ：:]?|[^、]{1,3}、|[(（][^)）]{1,3}[)）]")
_NUMBER = re.compile(r"^0?\d{1,2} ?(?=第)")
_SENTENCE = re.compile(r"[^。；;！!？?\n]+[。；;！!？?\n]*")
_LEAD = re.compile(r"[。；;！!？?，,：:]+$")


@dataclass(frozen=True, slots=True)
class Section:
    """Body `text` under `path`; `[start, end)` is its place in the clean text. `lead` tells sections of one path apart.

    `doubt` says what a human should look at, if anything.
    """

    path: tuple[str, ...]
    text: str
    start: int
    end: int
    lead: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """Heads and the lines under them: never parted."""

    heads: tuple[Piece, ...]
    lines: tuple[Piece, ...]

    @property
    def start(self) -> int:
        return (self.heads + self.lines)[0].start

    @property
    def end(self) -> int:
        return (self.heads + self.lines)[-1].end

    @property
    def size(self) -> int:
        return sum(piece.end - piece.start for piece in self.heads + self.lines)


def plain_sections(text: str) -> list[Section]:
    """Sections of a clean plain text."""
    found: list[Section] = []
    path: dict[int, str] = {}
    body: list[Piece] = []
    found_pieces = pieces(text)
    for at, piece in enumerate(found_pieces):
        depth = DEPTH.get(piece.kind)
        if depth is None:
            body.append(piece)
            continue
        found += _pack(text, tuple(path.values()), body)
        after = found_pieces[at + 1].kind if at + 1 < len(found_pieces) else "line"
        stop = _title_end(text, piece, after)
        path = {level: name for level, name in path.items() if level < depth}
        path[depth] = _LEAD.sub("", _NUMBER.sub("", text[piece.start : stop])).strip()
        rest = text[stop : piece.end]
        begin = stop + len(rest) - len(rest.lstrip("：:，,。；; "))
        body = [Piece("line", begin, piece.end)] if begin < piece.end else []
    found += _pack(text, tuple(path.values()), body)
    return found


def _title_end(text: str, piece: Piece, after: str) -> int:
    """Where the heading's own words end. One that a list or a smaller heading follows is heading throughout."""
    shown = text[piece.start : piece.end]
    if len(shown) <= WHOLE and (piece.kind == "chapter" or after in ("part", "item")):
        return piece.end
    marker = _MARKER.match(shown)
    begin = marker.end() if marker else 0
    return piece.start + begin + cut_title(shown[begin:])


def _pack(text: str, path: tuple[str, ...], body: Sequence[Piece]) -> Iterator[Section]:
    """Groups put together up to a good size; a body that fits stays whole."""
    groups = [part for group in _groups(body) for part in _split(text, group)]
    if not groups:
        return
    slides = sum(group.size >= SMALL and group.lines[0].kind == "line" for group in groups if group.lines) > 1
    whole = (
        sum(group.size for group in groups) <= LONG
        and not slides
        and not any(group.heads for group in groups)
    )
    packs: list[list[_Group]] = []
    size = 0
    for group in groups:
        turn = size + group.size > FULL or len(group.heads) > 1 or (group.size >= SMALL and not group.heads)
        full = size >= SMALL and not whole and turn and group.size >= TINY
        if not packs or full or size + group.size > LONG:
            packs.append([])
            size = 0
        packs[-1].append(group)
        size += group.size
    for pack in packs:
        yield _section(text, path, pack, alone=len(packs) == 1)


def _groups(body: Sequence[Piece]) -> Iterator[_Group]:
    heads: tuple[Piece, ...] = ()
    for is_head, run in groupby(body, key=lambda piece: piece.kind == "head"):
        if is_head:
            heads = tuple(run)
            yield from (_Group((), (line,)) for line in heads[:-HEADS])  # so many short lines are a list
            heads = heads[-HEADS:]
            continue
        lines = tuple(run)
        if heads:
            yield _Group(heads, lines)
        else:
            yield from (_Group((), (line,)) for line in lines)
        heads = ()
    if heads:
        yield _Group(heads, ())


def _split(text: str, group: _Group) -> Iterator[_Group]:
    """A group longer than a section, cut between its sentences."""
    if group.size <= LONG:
        yield group
        return
    heads, now, size = group.heads, list[Piece](), 0
    for line in group.lines:
        for match in _SENTENCE.finditer(text, line.start, line.end):
            for start in range(match.start(), match.end(), LONG):
                piece = Piece("line", start, min(match.end(), start + LONG))
                if now and size + piece.end - piece.start > FULL:
                    yield _Group(heads, tuple(now))
                    heads, now, size = (), [], 0
                if now and now[-1].end == piece.start:
                    now[-1] = Piece("line", now[-1].start, piece.end)
                else:
                    now.append(piece)
                size += piece.end - piece.start
    if now or heads:
        yield _Group(heads, tuple(now))


def _section(text: str, path: tuple[str, ...], pack: list[_Group], *, alone: bool) -> Section:
    everything = [piece for group in pack for piece in group.heads + group.lines]
    first = text[everything[0].start : everything[0].end]
    lead = "" if alone and path else _LEAD.sub("", first[: cut_title(first)]).strip()
    crossed = any(len(group.heads) > 1 and len(group.lines) > 1 for group in pack)
    doubt = "需人工复核：连续几个标题后跟着几段正文，版面可能错序" if crossed else ""
    body = "\n".join(text[piece.start : piece.end].strip() for piece in everything)
    return Section(path, body, everything[0].start, everything[-1].end, lead, doubt)
