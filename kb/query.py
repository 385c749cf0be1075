"""What is asked: a text, what was said before it, and its tokens with how much each of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from kb import keywords, sounds
from kb.index import Mask, Vectors
from kb.postings import Floats, Ints, Tokens
from kb.segment import Encode, Lexicon, text_key
from kb.synonyms import meanings
from nlp import text as texts

SYNONYM, LOOK_ALIKE, ACROSS_WORDS, PART = 0.7, 0.8, 0.5, 0.5
"""How much a token counts that stands for another, that looks like another, that spans two words, that is a part
of a word."""
LONGEST = 2_000
"""Characters of a query that are read; the rest of a longer one is ignored."""


@dataclass(frozen=True, slots=True)
class Query:
    """`text` is asked, `context` are earlier texts with their weights (below 1); `vector` [dim] of both or None."""

    text: str
    context: tuple[tuple[str, float], ...] = ()
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An analysed query. `tokens` are grouped by concept: those of concept `i` start at `concepts[i]`.

    The first token of a concept is what was written, the others are its variants; `weights` are per concept,
    `factors` per token. `parts` marks concepts that are a single character or a few letters of a word: they speak
    for an entry, but knowing them is not knowing the word.
    """

    clean: str
    key: int
    words: tuple[str, ...]
    tokens: Tokens
    factors: Floats
    concepts: Ints
    weights: Floats
    names: tuple[str, ...]
    parts: Mask
    sounds: Tokens
    letters: bool


def ask(text: str, encode: Encode | None, context: Sequence[tuple[str, float]] = ()) -> Query:
    """A query with its vector: the weighted mean of the vectors of `text` (weight 1) and `context`.

    A text without a letter or digit asks nothing and gets no vector.
    """
    text = text[:LONGEST]
    if encode is None or not texts.key(text):
        return Query(text, tuple(context))
    rows = encode([text, *(said[:LONGEST] for said, _ in context)])
    mixed = np.array([1.0, *(weight for _, weight in context)], np.float32) @ rows
    length = float(np.linalg.norm(mixed))
    return Query(text, tuple(context), (mixed / length if length else mixed).astype(np.float32))


def analysed(query: Query, lexicon: Lexicon) -> Asked:
    """Tokens of a query with synonyms (both ways) and look-alikes as variants."""
    clean = texts.normalise(query.text[:LONGEST])
    words, phrases = keywords.words_and_phrases(clean, lexicon.words, lexicon.phrases)
    groups = meanings(lexicon)
    tokens: list[int] = []
    factors: list[float] = []
    concepts: list[int] = []
    weights: list[float] = []
    names: list[str] = []
    parts: list[bool] = []
    for said, weight in ((query.text, 1.0), *query.context):
        plain = clean if said is query.text else texts.normalise(said[:LONGEST])
        cut = words + phrases
        if said is not query.text:
            cut = list(chain(*keywords.words_and_phrases(plain, lexicon.words, lexicon.phrases)))
        own = set(cut)
        for token, name in zip(*keywords.query_tokens(cut, plain), strict=True):
            concepts.append(len(tokens))
            parts.append(name not in own and (len(name) == 1 or name.isascii()))
            weights.append(weight * (PART if parts[-1] else 1.0 if name in own else ACROSS_WORDS))
            names.append(name)
            tokens.append(token)
            factors.append(1.0)
            for variant, factor in _variants(name, name in own, groups):
                tokens.append(keywords.token(variant))
                factors.append(factor)
    return Asked(
        clean=clean,
        key=text_key(clean),
        words=tuple(words),
        tokens=np.array(tokens, np.uint32),
        factors=np.array(factors, np.float32),
        concepts=np.array(concepts, np.int64),
        weights=np.array(weights, np.float32),
        names=tuple(names),
        parts=np.array(parts, np.bool_),
        sounds=sounds.query_tokens(clean, words),
        letters=sounds.read_letters(clean) is not None,
    )


def _variants(name: str, is_word: bool, groups: dict[str, tuple[str, ...]]) -> list[tuple[str, float]]:
    found = [(other, SYNONYM) for other in groups.get(name, ())] if is_word else []
    if 2 <= len(name) <= 4:
        found.extend((other, LOOK_ALIKE) for other in sounds.look_alikes(name))
    return found
