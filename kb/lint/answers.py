"""What a sentence answers without a number: who pays, whether it may or must be done, whether it costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.lint import tables

OURS, THEIRS = "商城", "客户"
YES, NO = "可", "不"
_ASKING = ("吗", "么", "呢")
_ASKED = re.compile(r" ?\?")
_DENIED = re.compile("[不没未无别]")
_CONDITION = re.compile("(?:时|除外|的话|后|前)$")
_CLAUSES = re.compile("[,。;:!?]")
_LISTED = re.compile("以下|下列|之外|除|如果|要是|若|过了|超过|超出")
_SAID = 12
"""Characters after a modal that say what may be done."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer at `[at, to)` of normalised text: its family, its value, and the words it is about."""

    family: str
    at: int
    to: int
    value: str
    about: str


@lru_cache(maxsize=1)
def _payer_patterns() -> tuple[re.Pattern[str], ...]:
    known = tables.load().answers
    who = f"(?P<who>{tables.alternatives([*known['ours'], *known['theirs']])})"
    charge, verb = f"(?P<charge>{known['charge']})", f"(?:{known['pays']})"
    return (
        re.compile(rf"{charge}[^,，。;；!?费]{{0,8}}?{who}[^,，。;；!?费]{{0,6}}?{verb}"),
        re.compile(rf"{who}[^,，。;；!?费]{{0,4}}?{verb}(?:来回|往返|寄回)?的?{charge}"),
        re.compile(rf"(?:{known['assigns']}){who}(?!们?的)[^,，。;；!?费]{{0,5}}?{verb}(?!款|钱|费)"),
    )


def payers(text: str) -> Iterator[Said]:
    """Who bears a charge; one place is read once."""
    known = tables.load().answers
    spared, just_before = re.compile(known["spared"]), re.compile(rf"(?:{known['spared']})$")
    taken = bytearray(len(text))
    for pattern in _payer_patterns():
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
            payer = THEIRS if match["who"] in known["theirs"] else OURS
            charge = match.groupdict().get("charge") or ""
            before = text[max(match.start() - 4, 0) : match.start()]
            if just_before.search(before) or spared.search(match.group().removeprefix(charge)):
                payer = OURS if payer == THEIRS else THEIRS
            yield Said("payer", *match.span(), payer, charge)


@lru_cache(maxsize=2)
def _modal(spoken: bool) -> re.Pattern[str]:
    known = tables.load().answers
    listed = ("not_words", "fee_no", "fee_yes", "may_not", "need_not", "may", "need")
    parts = [f"(?P<{name}>{tables.alternatives(known[name])})" for name in listed]
    parts += [f"(?P<{name}>{known[name]})" for name in ("cannot", "must", "charged", "denied", "stated")]
    if spoken:
        parts += [f"(?P<{name}>{known[name]})" for name in ("offered", "simply")]
    return re.compile("|".join(parts))


_READ = {
    "fee_no": ("fee", NO),
    "fee_yes": ("fee", YES),
    "may_not": ("may", NO),
    "need_not": ("need", NO),
    "may": ("may", YES),
    "need": ("need", YES),
    "cannot": ("may", NO),
    "must": ("need", YES),
    "charged": ("fee", YES),
    "denied": ("may", NO),
    "stated": ("may", YES),
    "offered": ("may", YES),
    "simply": ("may", YES),
}


def answers(text: str, clause_of: tables.ClauseOf, spoken: bool = False) -> Iterator[Said]:
    """What may ("may"), must ("need") or costs ("fee"), and its opposite; `spoken`: offers of one who speaks too."""
    for match in _modal(spoken).finditer(text):
        kind = match.lastgroup or ""
        if kind == "not_words":
            continue
        family, value = _READ[kind]
        start, end = clause_of(*match.span())
        said, before = text[match.end() : end].strip(), text[start : match.start()]
        if value == YES and _DENIED.search(before[-2:]):
            continue
        if _ASKED.match(text[end : end + 2]) or said.endswith(_ASKING) or _LISTED.search(before):
            continue
        if _CONDITION.search(said) or (said.endswith("的") and not before.strip()):
            continue  # who can, not that it can be done
        if kind == "cannot":
            said = match.group()[0] + said
        about = before[-_SAID:] + said[:_SAID] if family == "fee" else said[:_SAID] or before[-_SAID:]
        yield Said(family, start if kind == "simply" else match.start(), end, value, about)
