"""Text under cleaning that still knows where each character came from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from nlp.text import simplify


@dataclass(frozen=True, slots=True)
class Mapped:
    """`text`, and for each of its characters the offset in the file's text (`origin`, uint32)."""

    text: str
    origin: array[int]

    def without(self, spans: Iterable[tuple[int, int]]) -> Mapped:
        """This text less the half-open `spans`, which are in order and apart."""
        pieces: list[str] = []
        origin: array[int] = array("I")
        at = 0
        for start, end in spans:
            pieces.append(self.text[at:start])
            origin += self.origin[at:start]
            at = end
        pieces.append(self.text[at:])
        origin += self.origin[at:]
        return Mapped("".join(pieces), origin)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the file's text that `[start, end)` came from; `start < end`."""
        return self.origin[start], self.origin[end - 1] + 1


def mapped(text: str) -> Mapped:
    """A text that nothing was done to yet."""
    return Mapped(text, array("I", range(len(text))))


def simplified(text: Mapped) -> Mapped:
    """Simplified characters at the same offsets; a phrase rule that changes the length is applied by character."""
    if text.text.isascii():
        return text
    whole = simplify(text.text)
    if len(whole) != len(text.text):
        lines = []
        for line in text.text.splitlines(keepends=True):
            short = simplify(line)
            same = len(short) == len(line)
            lines.append(short if same else "".join(s if len(s := simplify(c)) == 1 else c for c in line))
        whole = "".join(lines)
    return Mapped(whole, text.origin)
