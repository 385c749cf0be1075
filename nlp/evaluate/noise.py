"""Noise as people type it: a character dropped, swapped or wrong; a homophone; traditional characters."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

KINDS = ("typo", "homophone", "traditional")


def noisy(texts: Sequence[str], known: Iterable[str], kind: str, share: float, seed: int = 0) -> list[str]:
    """`texts` with each letter changed with probability `share`, at least one a text; the same for the same seed.

    Wrong characters are such as stand in the `known` texts. Traditional spelling takes the whole text. Raises
    ValueError for a kind that is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"没有噪声 {kind}：可用 {'|'.join(KINDS)}")
    if kind == "traditional":
        return [str(_traditional().convert(text)) for text in texts]
    chance = random.Random(f"{kind} {seed}")  # noqa: S311 (noise, not a secret)
    letters = sorted({letter for text in known for letter in text if _chinese(letter)})
    alike = _by_sound(letters) if kind == "homophone" else {}
    return [_changed(text, kind, share, letters, alike, chance) for text in texts]


def _changed(
    text: str, kind: str, share: float, letters: Sequence[str], alike: dict[str, str], chance: random.Random
) -> str:
    able = [
        at
        for at, letter in enumerate(text)
        if (alike.get(letter) if kind == "homophone" else letter.isalnum())
    ]
    if not able:
        return text
    chosen = {at for at in able if chance.random() < share} or {chance.choice(able)}
    shown = list(text)
    for at in sorted(chosen):
        if kind == "homophone":
            shown[at] = chance.choice(alike[text[at]])
            continue
        way = chance.randrange(3)
        if way == 0 and len(text) > 2:
            shown[at] = ""
        elif way == 1 and at + 1 < len(shown):
            shown[at], shown[at + 1] = shown[at + 1], shown[at]
        else:
            shown[at] = chance.choice(letters) if letters else "x"
    return "".join(shown)


def _chinese(letter: str) -> bool:
    return "一" <= letter <= "鿿"


def _by_sound(letters: Sequence[str]) -> dict[str, str]:
    """Each character with the others that sound the same."""
    from pypinyin import lazy_pinyin

    groups: dict[str, list[str]] = {}
    for letter in letters:
        groups.setdefault(lazy_pinyin(letter)[0], []).append(letter)
    return {letter: "".join(group).replace(letter, "") for group in groups.values() for letter in group}


@lru_cache(maxsize=1)
def _traditional() -> Any:
    import opencc

    return opencc.OpenCC("s2t")
