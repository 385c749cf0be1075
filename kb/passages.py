"""Cut an entry into passages: its title, each similar question, and pieces of its text."""

from __future__ import annotations

from kb.entries import Entry, Passage
from nlp import text as texts

PIECE = 320
"""Most characters of a piece of text: a whole answer or script stays one, a document becomes sections."""


def passages_of(entry: Entry) -> tuple[Passage, ...]:
    """The passages of `entry` in a fixed order: title, similar questions, text pieces."""
    found = [Passage(0, entry.id, "title", entry.title)] if entry.title else []
    found.extend(Passage(at, entry.id, "similar", text) for at, text in enumerate(entry.similar, len(found)))
    for start, end in pieces(entry.text):
        found.append(Passage(len(found), entry.id, "text", entry.text[start:end], start))
    return tuple(found)


def indexed_text(entry: Entry, passage: Passage) -> str:
    """What is put into the indexes for a passage: a piece of text carries its title along."""
    return f"{entry.title} {passage.text}".strip() if passage.field == "text" else passage.text


def pieces(text: str) -> list[tuple[int, int]]:
    """Half-open spans of `text`, sentences joined up to `PIECE` characters; longer sentences are cut."""
    spans: list[tuple[int, int]] = []
    for begin, end in texts.sentences(text):
        cuts = range(begin, end - PIECE, PIECE)
        spans.extend((at, at + PIECE) for at in cuts)
        start = begin + PIECE * len(cuts)
        if spans and end - spans[-1][0] <= PIECE:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
