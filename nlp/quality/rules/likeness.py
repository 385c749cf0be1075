"""Turns that say the same: as a sentence of a rule, as an earlier turn, as a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp.quality.dialogue import Dialogue
from nlp.quality.rules.atoms import Repeats, Similar, Template
from nlp.quality.rules.outcome import Hit, whole
from nlp.quality.scripts import pieces, plain, share
from nlp.text import bigrams, key, normalise

MOST_BACK = 200
"""Turns of a speaker that a turn is compared with, so that a dialogue of thousands costs no square of them."""


def similar(dialogue: Dialogue, turns: Sequence[int], atom: Similar) -> Iterator[Hit]:
    """The sentence of each turn that comes nearest to one of the atom's, where it comes near enough."""
    if dialogue.encode is None:
        yield from _fuzzy(dialogue, turns, atom)
        return
    places = [(turn, span) for turn in turns for span in pieces(dialogue.texts[turn])]
    wanted = [plain(text) for text in atom.texts]
    rows = dialogue.encode([*wanted, *(dialogue.texts[turn][start:end] for turn, (start, end) in places)])
    scores = (rows[len(wanted) :] @ rows[: len(wanted)].T).max(axis=1)
    best: dict[int, tuple[float, int, int]] = {}
    for (turn, (start, end)), score in zip(places, scores, strict=True):
        if score >= atom.at_least and score > best.get(turn, (-1.0, 0, 0))[0]:
            best[turn] = (float(score), start, end)
    for turn, (_, start, end) in best.items():
        yield Hit(turn, start, end)


def _fuzzy(dialogue: Dialogue, turns: Sequence[int], atom: Similar) -> Iterator[Hit]:
    for turn in turns:
        if max(share(text, dialogue.texts[turn]) for text in atom.texts) >= atom.fuzzy:
            yield whole(turn)


def alike(one: frozenset[str], other: frozenset[str], least: float) -> bool:
    """Whether two sets of bigrams overlap enough to be copies (Jaccard)."""
    return len(one & other) >= least * len(one | other)


def _own(dialogue: Dialogue, turns: Sequence[int], shortest: int) -> Iterator[tuple[int, frozenset[str]]]:
    for turn in turns:
        if len(key(dialogue.texts[turn])) >= shortest:
            yield turn, bigrams(dialogue.texts[turn])


def repeated(dialogue: Dialogue, turns: Sequence[int], atom: Repeats) -> Iterator[Hit]:
    """Turns that were said, nearly in the same words, `times - 1` times before by the same role."""
    ignored = [bigrams(normalise(text)) for text in atom.ignore]
    earlier: dict[str, list[frozenset[str]]] = {}
    for turn, grams in _own(dialogue, turns, atom.shortest):
        own = earlier.setdefault(dialogue.role(turn), [])
        if any(alike(grams, other, atom.likeness) for other in ignored):
            continue
        near = own[-min(atom.within or MOST_BACK, MOST_BACK) :]
        if sum(alike(grams, other, atom.likeness) for other in near) >= atom.times - 1:
            yield whole(turn)
        own.append(grams)


def copies(dialogue: Dialogue, turns: Sequence[int], atom: Template) -> Iterator[Hit]:
    """Turns that are near copies of an earlier one of the same speaker, or of a script."""
    scripts = [bigrams(normalise(text)) for text in atom.scripts]
    own: list[frozenset[str]] = []
    for turn, grams in _own(dialogue, turns, atom.shortest):
        if any(alike(grams, other, atom.likeness) for other in (*scripts, *own[-MOST_BACK:])):
            yield whole(turn)
        own.append(grams)
