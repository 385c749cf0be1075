"""Personal data in Chinese text: find it, mask it.

A leaf: the standard library and python-stdnum only, so that index, models, logs and exports see the same
masked text. Offsets are code points of the text as given. Word lists: `nlp/presets/privacy.toml`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from nlp.privacy import names, numbers, places
from nlp.privacy.words import Candidate, fold, numerals

MASKS = {
    "mobile": "[手机号]",
    "landline": "[座机号]",
    "id_card": "[身份证号]",
    "bank_card": "[银行卡号]",
    "email": "[邮箱]",
    "address": "[地址]",
    "name": "[姓名]",
    "plate": "[车牌号]",
    "order_no": "[订单号]",
    "tracking_no": "[快递单号]",
}
_LABEL = re.compile("|".join(re.escape(label) for label in MASKS.values()))
_DIGITS = re.compile(r"[0-9０-９]")


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data of one `type` at the half-open span `[start, end)`; `text` is that slice."""

    type: str
    start: int
    end: int
    text: str


def find(text: str) -> tuple[Finding, ...]:
    """Personal data in `text`, in order, without overlaps. Labels that `mask` wrote are never part of one."""
    chosen = _choose(text)
    return tuple(Finding(kind, start, end, text[start:end]) for kind, start, end in chosen)


def mask(text: str) -> str:
    """`text` with each finding replaced by its label, such as `[手机号]`; idempotent, and `find` then finds nothing."""
    while found := _choose(text):
        pieces: list[str] = []
        at = 0
        for kind, start, end in found:
            pieces += (text[at:start], MASKS[kind])
            at = end
        text = "".join(pieces) + text[at:]
    return text


def _choose(text: str) -> list[Candidate]:
    """The candidates that stand: stronger recognisers first, no overlaps, no labels; sorted by place."""
    found = _candidates(text)
    if not found:
        return found
    taken = [match.span() for match in _LABEL.finditer(text)] if "[" in text else []
    chosen: list[Candidate] = []
    for candidate in found:
        _, start, end = candidate
        at = bisect_right(taken, (start, len(text) + 1))
        if (at and taken[at - 1][1] > start) or (at < len(taken) and taken[at][0] < end):
            continue
        taken.insert(at, (start, end))
        chosen.append(candidate)
    return sorted(chosen, key=lambda candidate: candidate[1])


def _candidates(text: str) -> list[Candidate]:
    """Every recogniser's candidates, strongest first; most texts leave at the cheap gates."""
    view = fold(text)
    found: list[Candidate] = []
    if _DIGITS.search(text) is not None:
        found += numbers.find(view)
    spoken = numerals(view)
    if spoken is not None:
        found += numbers.find(spoken)
    if "@" in view:
        found = [*numbers.emails(view), *found]
    found += places.find(view)
    found += names.find(view, [candidate for candidate in found if candidate[0] == "mobile"])
    return found
