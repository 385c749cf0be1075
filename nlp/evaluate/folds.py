"""Which rows are fitted on and which are scored, by their texts alone: the same on every machine and in any order.

Rows of one text (white space aside) always stay together. Texts that differ in punctuation alone may not: what
is fitted on still passes `nlp.evaluate.rows.without_overlap` first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

Part = tuple[list[int], list[int]]
"""Places of the rows to fit on, and of those to score."""


def number_of(text: str, seed: int = 0) -> int:
    """0…2^32 - 1: the first 8 hex digits of the SHA-1 of the text without white space.

    A seed other than 0 is put before the text, for other folds.
    """
    bare = "".join(text.split())
    digest = hashlib.sha1(f"{seed}:{bare}".encode() if seed else bare.encode())  # noqa: S324 - folds, no secret
    return int(digest.hexdigest()[:8], 16)


def parts_of(
    texts: Sequence[str], folds: int | None = None, holdout: float | None = None, seed: int = 0
) -> list[Part]:
    """One part for each fold that holds rows (`number_of` modulo `folds`), or one for a held-out share.

    Every row is scored once by folds; a holdout scores the share of distinct texts with the lowest numbers.
    """
    numbers = [number_of(text, seed) for text in texts]
    if folds is not None:
        fold = [number % folds for number in numbers]
        return [_part(fold, one) for one in range(folds) if one in fold]
    distinct = sorted(set(numbers))
    held = frozenset(distinct[: max(1, round(len(distinct) * (holdout or 0.1)))])
    return [_part([0 if number in held else 1 for number in numbers], 0)]


def _part(fold: Sequence[int], scored: int) -> Part:
    fit = [at for at, one in enumerate(fold) if one != scored]
    return fit, [at for at, one in enumerate(fold) if one == scored]
