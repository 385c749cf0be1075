"""A searchable, immutable run of entries: columns, keyword lists, sound lists and vectors, row by passage."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from kb import keywords, sounds
from kb.entries import Entry
from kb.filters import Columns, columns
from kb.index import ExactIndex, Mask, VectorIndex, Vectors
from kb.passages import indexed_text, passages_of
from kb.postings import Floats, Ints, Postings, Tokens, inverse_frequency, invert, ranges
from nlp import text as texts

Encode = Callable[[Sequence[str]], Vectors]
BATCH = 2048
EXACT_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A site's own words, kept whole, and groups of words that mean the same."""

    words: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    """Words that, asked for, also mean another, which does not mean them."""

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """Words of the lists with three characters or more, by their first two: shorter ones are tokens anyway."""
        return _phrases(self)

    @property
    def version(self) -> str:
        """A name that changes with any word; "" for an empty one."""
        if not (self.words or self.synonyms or self.also):
            return ""
        return f"{zlib.crc32(repr((self.words, self.synonyms, self.also)).encode()):08x}"


@lru_cache(maxsize=64)
def _phrases(lexicon: Lexicon) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in dict.fromkeys(word for part in (*lexicon.synonyms, *lexicon.also) for word in part):
        clean = texts.normalise(word)
        if len(clean) > 2:
            found.setdefault(clean[:2], []).append(clean)
    return {start: tuple(phrases) for start, phrases in found.items()}


@dataclass(frozen=True, slots=True)
class Analysed:
    """Entries turned into rows: flat token arrays with a length for each row, and vectors `[rows, dim]`."""

    entries: tuple[Entry, ...]
    counts: Ints
    answers: Mask
    keys: Tokens
    word_tokens: Tokens
    word_lengths: Ints
    sound_tokens: Tokens
    sound_lengths: Ints
    vectors: Vectors | None


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `starts[e]:starts[e+1]` belong to entry `e`; `answers[r]` marks pieces of text, not questions.

    `keys[r]` hashes the letters of a row, for equality; `mass[r]` is the summed idf of its tokens.
    """

    entries: tuple[Entry, ...]
    columns: Columns
    starts: Ints
    owner: npt.NDArray[np.int32]
    answers: Mask
    keys: Tokens
    words: Postings
    sounds: Postings
    idf: Floats
    mass: Floats
    sound_idf: Floats
    vectors: VectorIndex | None

    @property
    def rows(self) -> int:
        return len(self.owner)


def analyse(
    entries: Sequence[Entry], encode: Encode | None, lexicon: Lexicon, vectors: Vectors | None = None
) -> Analysed:
    """Cut, tokenise and encode `entries`; known `vectors` (rows in order) are used instead of encoding."""
    batches = [entries[at : at + BATCH] for at in range(0, len(entries), BATCH)] or [entries]
    found = join([_analyse(batch, encode if vectors is None else None, lexicon) for batch in batches])
    return found if vectors is None else replace(found, vectors=vectors)


def _analyse(entries: Sequence[Entry], encode: Encode | None, lexicon: Lexicon) -> Analysed:
    cut = [passages_of(entry) for entry in entries]
    shown = [indexed_text(e, p) for e, found in zip(entries, cut, strict=True) for p in found]
    plain = [texts.normalise(text) for text in shown]
    both = [keywords.words_and_phrases(text, lexicon.words, lexicon.phrases) for text in plain]
    words = [found for found, _ in both]
    answers = np.array([p.field == "text" for found in cut for p in found], np.bool_)
    word_tokens, word_lengths = keywords.tokens(plain, [found + phrases for found, phrases in both])
    named = np.array([bool(e.title) for e, found in zip(entries, cut, strict=True) for _ in found], np.bool_)
    heard = [[] if skip else found for skip, found in zip(answers & named, words, strict=True)]
    sound_tokens, sound_lengths = sounds.tokens(heard)
    vectors = None
    if encode is not None and shown:
        vectors = np.ascontiguousarray(encode(shown), np.float32)
    return Analysed(
        entries=tuple(entries),
        counts=np.array([len(found) for found in cut], np.int64),
        answers=answers,
        keys=np.array([text_key(text) for text in plain], np.uint32),
        word_tokens=word_tokens,
        word_lengths=word_lengths,
        sound_tokens=sound_tokens,
        sound_lengths=sound_lengths,
        vectors=vectors,
    )


def text_key(clean: str) -> int:
    """A hash equal for two normalised texts whose letters and digits are the same."""
    return zlib.crc32("".join(c for c in clean if c.isalnum()).encode("utf-8", "surrogatepass"))


def assemble(found: Analysed, known: Segment | None = None) -> Segment:
    """Index analysed rows; token rarity is taken over `known` too, so that a small tail weighs like the rest."""
    words = invert(found.word_tokens, found.word_lengths)
    heard = invert(found.sound_tokens, found.sound_lengths)
    idf = _rarity(words, known.words if known else None)
    mass = (
        np.add.reduceat(np.append(idf[words.held], np.float32(0)), words.held_starts[:-1])
        if words.size
        else idf
    )
    mass = np.where(np.diff(words.held_starts) > 0, mass, 0).astype(np.float32)
    starts = np.concatenate(([0], np.cumsum(found.counts))).astype(np.int64)
    return Segment(
        entries=found.entries,
        columns=columns(found.entries),
        starts=starts,
        owner=np.repeat(np.arange(len(found.entries), dtype=np.int32), found.counts),
        answers=found.answers,
        keys=found.keys,
        words=words,
        sounds=heard,
        idf=idf,
        mass=mass,
        sound_idf=_rarity(heard, known.sounds if known else None),
        vectors=None if found.vectors is None else index_of(found.vectors),
    )


def _rarity(own: Postings, known: Postings | None) -> Floats:
    frequency, rows = own.frequency(own.keys), own.size
    if known is not None:
        frequency, rows = frequency + known.frequency(own.keys), rows + known.size
    return inverse_frequency(frequency, rows)


def index_of(vectors: Vectors) -> VectorIndex:
    """The exact index for few rows, FAISS for more."""
    if len(vectors) <= EXACT_LIMIT:
        return ExactIndex(vectors)
    from kb import index_faiss

    return index_faiss.build(vectors)


def take(found: Analysed, kept: Sequence[bool]) -> Analysed:
    """The analysed rows of the entries marked in `kept`."""
    entry_mask = np.asarray(kept, np.bool_)
    rows = np.repeat(entry_mask, found.counts)
    return Analysed(
        entries=tuple(e for e, keep in zip(found.entries, kept, strict=True) if keep),
        counts=found.counts[entry_mask],
        answers=found.answers[rows],
        keys=found.keys[rows],
        word_tokens=found.word_tokens[np.repeat(rows, found.word_lengths)],
        word_lengths=found.word_lengths[rows],
        sound_tokens=found.sound_tokens[np.repeat(rows, found.sound_lengths)],
        sound_lengths=found.sound_lengths[rows],
        vectors=None if found.vectors is None else found.vectors[rows],
    )


def arranged(found: Analysed) -> Analysed:
    """The same rows with the entries in the order of their ids."""
    order = np.array(sorted(range(len(found.entries)), key=lambda at: found.entries[at].id), np.int64)
    if (order == np.arange(len(order))).all():
        return found
    rows = _reordered(found.counts, order)
    return Analysed(
        entries=tuple(found.entries[at] for at in order),
        counts=found.counts[order],
        answers=found.answers[rows],
        keys=found.keys[rows],
        word_tokens=found.word_tokens[_reordered(found.word_lengths, rows)],
        word_lengths=found.word_lengths[rows],
        sound_tokens=found.sound_tokens[_reordered(found.sound_lengths, rows)],
        sound_lengths=found.sound_lengths[rows],
        vectors=None if found.vectors is None else found.vectors[rows],
    )


def _reordered(lengths: Ints, order: Ints) -> Ints:
    """Places of the items of runs with these lengths, run by run in `order`."""
    ends = np.cumsum(lengths)
    return ranges((ends - lengths)[order], ends[order])


def join(parts: Sequence[Analysed]) -> Analysed:
    """Analysed runs, one after the other."""
    some = [part for part in parts if part.entries] or list(parts[:1])
    vectors = [part.vectors for part in some if part.vectors is not None]
    return Analysed(
        entries=tuple(chain.from_iterable(part.entries for part in some)),
        counts=np.concatenate([part.counts for part in some]),
        answers=np.concatenate([part.answers for part in some]),
        keys=np.concatenate([part.keys for part in some]),
        word_tokens=np.concatenate([part.word_tokens for part in some]),
        word_lengths=np.concatenate([part.word_lengths for part in some]),
        sound_tokens=np.concatenate([part.sound_tokens for part in some]),
        sound_lengths=np.concatenate([part.sound_lengths for part in some]),
        vectors=np.concatenate(vectors) if len(vectors) == len(some) else None,
    )
