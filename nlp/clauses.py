"""A turn cut into clauses: what the classifiers of service talk read one by one."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"[^,，。!！?？;；:：~～…\n]+")
# People who type without punctuation put a space between clauses; one beside a digit or a letter joins words.
_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")


def clauses(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the clauses of one turn, without the marks and spaces around them."""
    found: list[tuple[int, int]] = []
    for match in _CLAUSE.finditer(text):
        piece, at = match.group(), match.start()
        if " " not in piece:
            found.append(match.span())
            continue
        for start, end in _parts(piece):
            inner = piece[start:end]
            left = start + len(inner) - len(inner.lstrip())
            right = start + len(inner.rstrip())
            if left < right:
                found.append((at + left, at + right))
    return found


def _parts(piece: str) -> list[tuple[int, int]]:
    edges = [0]
    for gap in _GAP.finditer(piece):
        edges += gap.span()
    edges.append(len(piece))
    return list(zip(edges[::2], edges[1::2], strict=True))
