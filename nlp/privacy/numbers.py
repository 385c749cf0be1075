"""Recognisers of numbers and mailboxes: phones, cards, plates, order and waybill numbers.

`\\b` does not stand between a Chinese character and a digit, hence the explicit look-arounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stdnum import luhn
from stdnum.cn import ric

from nlp.privacy.words import Candidate, any_of, words

_FREE, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SEP = r"[ \-]{0,2}"
_LINK = r"(?:号码|號碼|编号|号|號|是|为|為|叫|:|#|,|\(|（|【|\[|=|码|碼|\s){0,6}"

_MOBILE = re.compile(
    rf"{_FREE}(?:\(?(?:\+|00)?86\)?{_SEP})?(1{_SEP}[3-9](?:{_SEP}\d){{9}})(?![0-9A-Za-z]|[-.]\d)"
)
_ID = re.compile(
    rf"{_FREE}[1-9]\d{{5}}{_SEP}(?:19|20)\d{{2}}{_SEP}(?:0[1-9]|1[0-2]){_SEP}(?:[0-2]\d|3[01]){_SEP}\d{{3}}{_SEP}[\dXx]{_END}"
)
_CARD = re.compile(rf"(?<![0-9A-Za-z.])[3-6](?:{_SEP}\d){{14,18}}{_END}")
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_EXTENSION = r"(?:\s?(?:-|转|轉|分机|分機|ext\.?)\s?\d{1,6})?"
_LANDLINE = re.compile(
    rf"(?<![0-9A-Za-z\-])(?:\(0{_AREA}\)\s?|0{_AREA}{_SEP}|\+86{_SEP}{_AREA}-)[1-9]\d{{2,3}}{_SEP}\d{{4}}{_EXTENSION}{_END}"
)
_PLATE = re.compile(
    rf"[京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊使]"
    rf"[A-HJ-Za-hj-z][ ·•\-]?((?:[A-HJ-NP-Za-hj-np-z0-9][ ]?){{4,5}}[A-HJ-NP-Za-hj-np-z0-9挂掛学學警港澳领]){_END}"
)
_TOKEN = rf"(?:[A-Za-z0-9](?:[\-_]?[A-Za-z0-9]){{5,39}}|\d{{2,6}}(?: \d{{2,6}}){{1,7}}){_END}"
_WAYBILL = re.compile(
    rf"{_FREE}(?:SF ?\d{{12,15}}|YT\d{{13,15}}|JD[VXA-Z]?[0-9]{{11,18}}|STO\d{{12}}|[EC][A-Z]\d{{9}}CN){_END}",
    re.I,
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])([A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}) ?@ ?((?:[A-Za-z0-9\-]{1,63}\.){1,5}[A-Za-z]{2,24})(?![A-Za-z0-9\-])"
)
_UNIT = re.compile(r"\s?(?:元|块|塊|万|萬|亿|億|圆|美元|件|个|次|%|ml|kg|mAh|GB|MB|KB|克|米)", re.I)
_DATE = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$")
_MOBILE_GROUPS = frozenset(
    {(11,), (3, 4, 4), (3, 8), (4, 3, 4), (4, 4, 3), (5, 6), (7, 4), (3, 2, 2, 2, 2), (1,) * 11}
)
_DIGIT_GROUP = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Cued:
    """Numbers that the text presents as such, and what stands before a number that is none of ours."""

    id_card: re.Pattern[str]
    bank_card: re.Pattern[str]
    landline: re.Pattern[str]
    order_no: re.Pattern[str]
    tracking_no: re.Pattern[str]
    mobile: re.Pattern[str]
    plate: re.Pattern[str]
    public_line: re.Pattern[str]
    code: re.Pattern[str]
    mailbox: frozenset[str]
    free_mail: frozenset[str]


@lru_cache(maxsize=1)
def _cued() -> Cued:
    cues, exceptions = words()["cues"], words()["exceptions"]
    other = "".join(f"(?<!{re.escape(word[:-1])})" for word in exceptions["other_card"])
    before = r"[^0-9，。,;；!！?？\n]{0,8}$"
    return Cued(
        id_card=re.compile(
            any_of(cues["id_card"])
            + rf"[^0-9\n]{{0,12}}?{_FREE}([1-9](?:{_SEP}\d){{13,16}}{_SEP}[\dXx]){_END}"
        ),
        bank_card=re.compile(
            other + any_of(cues["bank_card"]) + rf"[^0-9\n]{{0,12}}?{_FREE}(\d(?:{_SEP}\d){{11,18}}){_END}"
        ),
        landline=re.compile(
            any_of(cues["landline"])
            + rf"{_LINK}{_FREE}([2-9]\d{{2,3}}{_SEP}\d{{4}}{_EXTENSION})(?![0-9A-Za-z]|-\d)"
        ),
        order_no=re.compile(rf"(?<![工票派保])(?i:{any_of(cues['order_no'])}){_LINK}({_TOKEN})"),
        tracking_no=re.compile(rf"(?i:{any_of(cues['tracking_no'])}){_LINK}({_TOKEN})"),
        mobile=re.compile(any_of(cues["mobile"]) + before),
        plate=re.compile(any_of(cues["plate"]) + before),
        public_line=re.compile(any_of(exceptions["public_line"]) + before),
        code=re.compile(any_of(exceptions["code"]) + r"[^0-9，。,;；\n]{0,4}$"),
        mailbox=frozenset(exceptions["mailbox"]),
        free_mail=frozenset(exceptions["free_mail"]),
    )


def emails(view: str) -> list[Candidate]:
    """Mailboxes of persons; an organisation's public one (service@…) is not personal."""
    known = _cued()
    found: list[Candidate] = []
    for match in _EMAIL.finditer(view):
        name, domain = match.group(1).lower(), match.group(2).lower()
        public = name.rstrip("0123456789") in known.mailbox and domain not in known.free_mail
        if not public:
            found.append(("email", *match.span()))
    return found


def find(view: str) -> list[Candidate]:
    """Number candidates in a folded view, the most telling first."""
    known = _cued()
    found: list[Candidate] = []
    for kind, pattern in (("tracking_no", known.tracking_no), ("order_no", known.order_no)):
        found += ((kind, *match.span(1)) for match in pattern.finditer(view) if _is_token(match))
    found += (("id_card", *match.span()) for match in _ID.finditer(view) if _is_id(match.group()))
    found += (("id_card", *match.span(1)) for match in known.id_card.finditer(view))
    found += (("bank_card", *match.span(1)) for match in known.bank_card.finditer(view))
    found += (("bank_card", *match.span()) for match in _CARD.finditer(view) if _is_card(match.group()))
    found += _mobiles(view, known)
    found += _landlines(view, known)
    found += (("tracking_no", *match.span()) for match in _WAYBILL.finditer(view))
    found += (("plate", *match.span()) for match in _PLATE.finditer(view) if _is_plate(match, view, known))
    return found


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _is_token(match: re.Match[str]) -> bool:
    """Enough digits to name one order; a bare date after 订单 is a date."""
    token = match.group(1)
    digits = sum(character.isdigit() for character in token)
    return digits >= 5 and not (
        _DATE.match(token) and not match.group().startswith(("订单号", "單號", "单号", "訂單號"))
    )


def _is_id(text: str) -> bool:
    number = _digits(text).upper()
    return len(number) == 18 and str(ric.calc_check_digit(number)) == number[-1]


def _is_card(text: str) -> bool:
    number = _digits(text)
    branded = number.startswith("62") or (
        len(number) == 16 and number.startswith(("4", "51", "52", "53", "54", "55", "35"))
    )
    return branded and bool(luhn.is_valid(number))


def _is_plate(match: re.Match[str], view: str, known: Cued) -> bool:
    mark = match.group(1).replace(" ", "")
    digits = sum(character.isdigit() for character in mark)
    if len(mark) not in (5, 6) or digits == 0:
        return False
    near = view[max(0, match.start() - 12) : match.start()]
    return digits >= 3 or known.plate.search(near) is not None


def _mobiles(view: str, known: Cued) -> Iterator[Candidate]:
    for match in _MOBILE.finditer(view):
        near = view[max(0, match.start() - 16) : match.start()]
        groups = tuple(len(group) for group in _DIGIT_GROUP.findall(match.group(1)))
        if groups not in _MOBILE_GROUPS and known.mobile.search(near) is None:
            continue
        if _UNIT.match(view, match.end()) or known.code.search(near):
            continue
        yield "mobile", *match.span()


def _landlines(view: str, known: Cued) -> Iterator[Candidate]:
    spans = [match.span() for match in _LANDLINE.finditer(view)]
    spans += [match.span(1) for match in known.landline.finditer(view)]
    for start, end in spans:
        near = view[max(0, start - 16) : start]
        if known.public_line.search(near) is None and known.code.search(near) is None:
            yield "landline", start, end
