"""What people ask and the handbook does not answer: questions grouped into themes, each with a name and counts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb import keywords
from kb.knowledge import Knowledge
from kb.postings import Floats, Tokens, inverse_frequency
from kb.segment import Encode
from nlp import text as texts

Rarity = Callable[[Tokens], Floats]
"""How rare tokens are in the handbook: a word it does not know says most about a gap."""
MOST = 2_000
"""Distinct texts that are grouped: the matrix of their likeness grows with the square."""
LONGEST, SHORTEST = 6, 2
TERMS, SAMPLES = 4, 5
MISSED = 0.5
"""Share of a theme's questions that must have gone without an answer."""
RARE, WHOLE = 0.6, 0.8
"""A term is at least this rare beside the rarest; a part is a piece of another from this share of its texts on."""
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]{2,}")
_LABEL = re.compile(r"\[[^\[\]]{1,6}\]")


@dataclass(frozen=True, slots=True)
class Grouping:
    """Two texts are of one theme from `alike` (0…1) on, from `by_words` where there is no encoder.

    `dense` is the share of the encoder in their likeness.
    """

    alike: float = 0.15
    by_words: float = 0.07
    dense: float = 0.3


@dataclass(frozen=True, slots=True)
class Asked:
    """A masked question that may lack an answer: when (UTC ISO) and where it was asked, as far as known.

    `missed`: it surely went without; a theme takes in others that say the same.
    """

    text: str
    at: str
    customer: str | None = None
    conversation: str | None = None
    missed: bool = True


@dataclass(frozen=True, slots=True)
class Theme:
    """Questions about one thing. `core` is the one asked first: `id` lasts as long as it is remembered.

    `customers` and `conversations` count distinct ones; `questions` are samples, the most typical first;
    `keys` are the letters of every distinct question.
    """

    id: str
    title: str
    core: str
    count: int
    customers: int
    conversations: int
    first_at: str
    last_at: str
    terms: tuple[str, ...]
    questions: tuple[str, ...]
    keys: frozenset[str]
    asked: tuple[Asked, ...]


def identity(text: str) -> str:
    """The id of a theme whose core is `text`."""
    return "gap_" + hashlib.sha256(texts.key(text).encode()).hexdigest()[:16]


def rarity_of(knowledge: Knowledge) -> Rarity:
    """The rarity of tokens among the rows of a handbook."""
    parts = [segment.words for segment in knowledge.segments]
    rows = sum(part.size for part in parts)

    def rarity(tokens: Tokens) -> Floats:
        found = np.zeros(len(tokens), np.int64)
        for part in parts:
            found += part.frequency(tokens)
        return inverse_frequency(found, rows)

    return rarity


def groups(
    found: Sequence[str], encode: Encode | None, rarity: Rarity, rules: Grouping = Grouping()
) -> list[int]:
    """A group number for each text, by average linkage of their likeness; the same texts, the same groups."""
    if len(found) < 2:
        return [0] * len(found)
    from scipy.cluster.hierarchy import fcluster, linkage

    likeness = _likeness(found, encode, rarity, rules)
    upper = np.triu_indices(len(found), 1)
    distance = np.clip(1 - likeness[upper].astype(np.float64), 0, None)
    alike = rules.by_words if encode is None else rules.alike
    numbers: npt.NDArray[np.int32] = fcluster(linkage(distance, "average"), 1 - alike, "distance")
    return [int(number) for number in numbers]


def _likeness(found: Sequence[str], encode: Encode | None, rarity: Rarity, rules: Grouping) -> Floats:
    from scipy.sparse import csr_array

    plain = [texts.normalise(_LABEL.sub(" ", text)) for text in found]
    rows = [np.unique(keywords.grams(text)[0]) for text in plain]
    known, places = np.unique(np.concatenate(rows), return_inverse=True)
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    weights = rarity(known)[places]
    lengths = np.sqrt(np.bincount(owners, weights * weights, len(rows)))
    weights = (weights / np.where(lengths > 0, lengths, 1)[owners]).astype(np.float32)
    held = csr_array((weights, (owners, places)), shape=(len(rows), len(known)))
    shared: Floats = (held @ held.T).toarray()
    if encode is None:
        return shared
    vectors = _unit(np.asarray(encode(plain), np.float32))
    meant: Floats = vectors @ vectors.T
    return rules.dense * meant + (1 - rules.dense) * shared


def covered(question: str, answer: str, rarity: Rarity) -> float:
    """How much of what a question says stands in an answer, 0…1, rare words weighing most."""
    asked = np.unique(keywords.grams(texts.normalise(question))[0])
    weights = rarity(asked)
    total = float(weights.sum())
    if not total:
        return 0.0
    told = keywords.grams(texts.normalise(answer))[0]
    return float(weights[np.isin(asked, told)].sum()) / total


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def themes(
    asked: Sequence[Asked], encode: Encode | None, rarity: Rarity, rules: Grouping = Grouping()
) -> tuple[Theme, ...]:
    """Questions as themes, the most asked first. Of more than `MOST` distinct ones, those asked most count."""
    by_key: dict[str, list[Asked]] = {}
    for one in sorted(asked, key=lambda one: (one.at, one.text)):
        key = texts.key(one.text)
        if key:
            by_key.setdefault(key, []).append(one)
    kept = sorted(by_key, key=lambda key: (-len(by_key[key]), by_key[key][0].at, key))[:MOST]
    kept.sort()
    numbers = groups([by_key[key][0].text for key in kept], encode, rarity, rules)
    parted: dict[int, list[str]] = {}
    for key, number in zip(kept, numbers, strict=True):
        parted.setdefault(number, []).append(key)
    told = [_belonging([by_key[key] for key in keys], rarity) for keys in parted.values()]
    made = [_theme(members, encode, rarity, rules) for members in told if members]
    return tuple(sorted(made, key=lambda theme: (-theme.count, theme.first_at, theme.id)))


def _belonging(members: list[list[Asked]], rarity: Rarity) -> list[list[Asked]]:
    """Those of a group that are a gap together: none where most were answered, and no answered stranger."""
    missed = [same for same in members if any(one.missed for one in same)]
    if len(missed) < MISSED * len(members):
        return []
    named = terms_of([same[0].text for same in missed], rarity)
    return [same for same in members if same in missed or any(term in same[0].text for term in named)]


def _theme(members: list[list[Asked]], encode: Encode | None, rarity: Rarity, rules: Grouping) -> Theme:
    every = sorted((one for same in members for one in same), key=lambda one: (one.at, one.text))
    typical = _typical([same[0].text for same in members], encode, rarity, rules)
    terms = tuple(terms_of([same[0].text for same in members], rarity))
    core = every[0].text
    return Theme(
        id=identity(core),
        title="、".join(terms[:2]) if len(members) > 1 and terms else typical[0],
        core=core,
        count=len(every),
        customers=len({one.customer for one in every} - {None}),
        conversations=len({one.conversation for one in every} - {None}),
        first_at=every[0].at,
        last_at=every[-1].at,
        terms=terms,
        questions=tuple(typical[:SAMPLES]),
        keys=frozenset(texts.key(same[0].text) for same in members),
        asked=tuple(every),
    )


def _typical(found: list[str], encode: Encode | None, rarity: Rarity, rules: Grouping) -> list[str]:
    """The texts, those most like all the others first."""
    mean = _likeness(found, encode, rarity, rules).mean(axis=1)
    order = sorted(range(len(found)), key=lambda at: (-round(float(mean[at]), 5), found[at]))
    return [found[at] for at in order]


def terms_of(found: Sequence[str], rarity: Rarity) -> list[str]:
    """What the texts have in common: parts that many of them share and the handbook seldom has, best first."""
    held = Counter(part for text in found for part in set(_parts(text, alone=len(found) == 1)))
    least = max(2, round(len(found) * 0.25)) if len(found) > 1 else 1
    held = Counter({part: count for part, count in held.items() if count >= least})
    rare = {part: _rare(part, rarity) for part in held}
    floor = RARE * max(rare.values(), default=0.0)
    whole = [part for part in held if rare[part] >= floor and not _piece(part, held)]
    chosen: list[str] = []
    for part in sorted(whole, key=lambda part: (-held[part] * rare[part] * min(len(part), 4) ** 0.5, part)):
        if not any(_entangled(part, other) for other in chosen):
            chosen.append(part)
        if len(chosen) == TERMS:
            break
    return chosen


def _piece(part: str, held: Counter[str]) -> bool:
    """Whether nearly every text that has the part has it inside one longer part: 「租手」 of 「租手机」."""
    return any(part != other and part in other and held[other] >= WHOLE * held[part] for other in held)


def _rare(part: str, rarity: Rarity) -> float:
    """Mean rarity of a part's pairs of characters; of its word where it is one of letters."""
    if part.isascii():
        return float(rarity(np.array([keywords.token(part)], np.uint32))[0])
    pairs = np.array([keywords.token(part[at : at + 2]) for at in range(len(part) - 1)], np.uint32)
    return float(rarity(pairs).mean())


def _entangled(part: str, other: str) -> bool:
    """Whether two parts are pieces of one: 「电桩」 says nothing beside 「充电桩」, nor 「桩能」."""
    if part in other or other in part:
        return True
    return any(part[-size:] == other[:size] or other[-size:] == part[:size] for size in (1, 2, 3))


def _parts(text: str, alone: bool) -> Iterator[str]:
    """Runs of two to six Chinese characters, and words of letters; of a text that stands alone its words."""
    plain = texts.normalise(_LABEL.sub(" ", text))
    if alone:
        yield from (word for word in keywords.words(plain) if len(word) >= SHORTEST)
        return
    for run in _RUN.findall(plain):
        if run.isascii():
            yield run
            continue
        for size in range(SHORTEST, LONGEST + 1):
            for at in range(len(run) - size + 1):
                yield run[at : at + size]
