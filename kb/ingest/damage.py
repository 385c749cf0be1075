"""Text that an encoding error has destroyed: found, kept out of the index, listed for repair."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_HAN = "\u3400-\u9fff"
_KNOWN = re.compile(r"\ufffd+|锟斤拷|锟斤|烫{3,}|屯{3,}")
_LOST = re.compile(r"\?{2,}(?=[\u3400-\u9fff])")
_STRAY = re.compile(rf"[{_HAN}][A-Za-z][{_HAN}]")
_RUN = re.compile(rf"[{_HAN}\u2010-\u2642\u3000-\u33ff\uff00-\uffef\ue000-\uf8ff]{{4,}}")
_LATIN = re.compile("(?:[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u02c6-\u02dc\u2013-\u2122]{1,3} ?){2,}")
_END = re.compile(r"[。；;！!\n]")
_SOFT_END = re.compile(r"[，,、：:。；;！!\n]")
_REACH, _FAR = 120, 1_200


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged place: the sentence to leave out, and what it may have said (`guess`, empty when unknown)."""

    start: int
    end: int
    cut: int
    """Where leaving out ends: the sentence's last mark stays, so that its neighbours don't run together."""
    guess: str = ""


def damages(text: str) -> list[Damage]:
    """Damaged sentences of `text` (simplified characters), in order and apart."""
    found: list[Damage] = []
    for start, end, guess in sorted(_cores(text)):
        left, right = _sentence(text, start, end)
        if found and left < found[-1].end:
            continue
        alone = left == 0 or text[left - 1] in "\n。；;！!"
        cut = right if alone or not _END.match(text[right - 1]) else right - 1
        found.append(Damage(left, right, cut, guess))
    return found


def _cores(text: str) -> list[tuple[int, int, str]]:
    cores = [(*match.span(), "") for match in _KNOWN.finditer(text)]
    cores += [
        (match.start(), match.end() + 4, "") for match in _LOST.finditer(text) if _is_lost(text, match.end())
    ]
    for match in _RUN.finditer(text):
        if not any(map(_is_rare, set(match.group()) - _common())):
            continue
        rare = _dense(match.group())
        guess = _reread(match.group(), "gb18030") if rare is not None or _half_rare(match.group()) else ""
        if guess or rare is not None:
            cores.append((match.start() + (0 if guess else rare or 0), match.end(), guess))
    for match in _LATIN.finditer(text):
        guess = _reread(match.group().strip(), "cp1252") or _reread(match.group().strip(), "latin-1")
        if guess:
            cores.append((*match.span(), guess))
    return cores


def _is_lost(text: str, at: int) -> bool:
    """`??` stands for lost bytes, not for emphasis, when what follows is no Chinese either."""
    window = text[at : at + 8]
    return _STRAY.search(window) is not None or sum(map(_is_rare, window)) >= 2


def _dense(run: str) -> int | None:
    """Where six characters of `run` hold four or more rare ones, one of them outside GB 2312; None when nowhere.

    Illnesses and dialect (癫痫, 啰啰嗦嗦) are rare too, but repeat themselves and stay within GB 2312.
    """
    for at in range(max(1, len(run) - 5)):
        rare = {character for character in run[at : at + 6] if _is_rare(character)}
        if len(rare) >= 4 and any(not character.encode("gb2312", "ignore") for character in rare):
            return at
    return None


def _half_rare(run: str) -> bool:
    return sum(map(_is_rare, run)) * 4 >= len(run)


def _reread(run: str, wrong: str) -> str:
    """`run` as UTF-8, had it been read as `wrong`; empty when that gives no Chinese."""
    try:
        data = run.encode(wrong)
    except UnicodeEncodeError:
        return ""
    for cut in range(3):
        try:
            reread = data[: len(data) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return reread if sum(character in _common() for character in reread) >= 2 else ""
    return ""


def _is_rare(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" and character not in _common()


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """The 3,755 characters of GB 2312 level 1."""
    codes = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset("".join(code.decode("gb2312", "ignore") for code in codes))


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a core. What stands before `??` is whole, so the sentence begins there."""
    left = start
    if not text.startswith("??", start):
        ends = [match.end() for match in _END.finditer(text, max(0, start - _REACH), start)]
        left = ends[-1] if ends else max(0, start - _REACH)
    stop = _END.search(text, end, end + _REACH) or _SOFT_END.search(text, end, end + _FAR)
    right = min(len(text), stop.end() if stop else end + _REACH)
    return left, right - 1 if text[right - 1 : right] == "\n" and right - 1 > left else right
