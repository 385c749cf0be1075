"""Addresses: enough to find a door or a named compound. A city or a district alone is not personal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from nlp.privacy.words import HAN, Candidate, any_of, words

_NUM = "0-9一二三四五六七八九十百"
_ADMIN = re.compile(rf"[{HAN}]{{2,7}}?(?:省|市|自治区|自治州|州|地区|盟|区|區|县|縣|旗|镇|鎮|乡|鄉|街道)")
_LEFT = re.compile(rf"(?:[{HAN}0-9A-Za-z·\-]|(?<=[省市区區县縣镇鎮乡鄉道路街]) )*$")
_HOUSE = r"(?:号院|號院|号楼|號樓|号|號|栋|棟|幢|座|期|单元|單元|室|层|層|楼|樓|户|戶|门|門|弄|#)"
_BUILDING = r"(?:号院|號院|号楼|號樓|栋|棟|幢|座|期|单元|單元|室|层|層|楼|樓)"
_LETTERS = "A-Za-z"
_VERB = re.compile(r"[在到住给給是往从去]")
_AFTER_NAME = re.compile(rf"$|[^{HAN}]|[的里门]|门口")


@dataclass(frozen=True, slots=True)
class Places:
    core: re.Pattern[str]
    named: re.Pattern[str]
    generic: re.Pattern[str]
    right: re.Pattern[str]
    cue: re.Pattern[str]
    province: re.Pattern[str]
    public: re.Pattern[str]
    not_roads: tuple[str, ...]


@lru_cache(maxsize=1)
def _places() -> Places:
    lists = words()["places"]
    compound, block = any_of(lists["compounds"]), any_of(lists["blocks"])
    door = rf"(?:大道|大街|胡同|路|街|道|巷|弄|里|村)(?:[东西南北中東]{{1,2}}[段路]?)?\s?[{_NUM}]{{1,6}}(?:-\d+)?\s?(?:号院|號院|号|號|弄)(?![线線窗前]|之前|以前|上午|下午)"
    unit = rf"\s?[{_LETTERS}]?(?!(?:19|20)\d\d-)[{_NUM}]{{1,5}}"
    inside = (
        rf"{compound}(?:[东西南北中東]区)?{unit}\s?-?(?:{_HOUSE}|\d+-\d+)|[{HAN}]{block}{unit}\s?{_BUILDING}"
    )
    chain = rf"[{_LETTERS}{_NUM}]{{1,4}}\s?(?:栋|棟|幢|号楼|號樓|座)\s?[{_NUM}]{{1,3}}\s?(?:单元|單元|室|层|层|號|号)"
    village = rf"村[{HAN}]{{0,4}}?[{_NUM}]{{1,3}}(?:组|組|社|队|隊|屯)"
    more = rf"[{HAN}]{{1,10}}?(?:{compound}|{block})"
    step = rf"[\s,-]?(?:[{_LETTERS}]?[{_NUM}]{{1,5}}|[{_LETTERS}]|[东西南北])\s?-?{_HOUSE}"
    return Places(
        core=re.compile(f"{door}|{inside}|{chain}|{village}"),
        named=re.compile(rf"[{HAN}]{{2,8}}?({any_of(lists['named'])})"),
        generic=re.compile(any_of(lists["generic"])),
        right=re.compile(
            rf"(?:{step}|[\s-]?{more}(?={step}|[\s,，。;；!！?？]|$))*(?:[\s-]?\d{{2,5}}(?:-\d{{1,5}})*室?(?![0-9元块个件年月日点%]))?"
        ),
        cue=re.compile(rf"{any_of(words()['cues']['address'])}(?:是|为|為|在|:|\s)*"),
        province=re.compile(any_of(lists["provinces"])),
        public=re.compile(any_of(words()["exceptions"]["public_place"]) + r"[^，。,;；\n]{0,6}$"),
        not_roads=tuple(lists["not_roads"]),
    )


def find(view: str) -> list[Candidate]:
    """Address candidates: around a door number, or a compound named after a district or an address cue."""
    known = _places()
    found: list[Candidate] = []
    for match in known.core.finditer(view):
        if (
            match.start() < _reached(found)
            or view[max(0, match.start() - 1) : match.start() + 1] in known.not_roads
        ):
            continue
        start, presented = _start(view, match.start(), known)
        end = _end(view, match.end(), known)
        before = view[start : match.start()]
        told = presented or bool(_ADMIN.search(before))
        anonymous = not before or known.generic.fullmatch(before) is not None
        floor_only = view[end - 1] in "楼樓层層" and not told  # a floor of a public building
        if not anonymous and not floor_only and not known.public.search(view[max(0, start - 12) : start]):
            found.append(("address", start, end))
    for match in known.named.finditer(view):
        if match.start() < _reached(found):
            continue
        start, presented = _start(view, match.end() - 1, known)
        district = _ADMIN.search(view, start, match.start(1))
        ends = _AFTER_NAME.match(view, match.end()) is not None
        name = view[district.end() if district else start : match.start(1)]
        named = len(name) >= 2 and known.generic.fullmatch(name) is None
        if named and (presented or (district and ends)):
            found.append(("address", start, _end(view, match.end(), known)))
    return found


def _reached(found: list[Candidate]) -> int:
    return found[-1][2] if found else 0


def _start(view: str, core: int, known: Places) -> tuple[int, bool]:
    """Where the address that holds `core` begins, and whether the text presents it as one."""
    from_ = max(0, core - 40)
    left = _LEFT.search(view, from_, core)
    begin = left.start() if left else core
    run = view[begin:core]
    province = known.province.search(run)
    limit = province.start() if province else len(run)
    presented = known.cue.search(view, max(0, begin - 8), begin) is not None
    cue_end = 0
    for cue in known.cue.finditer(run, 0, limit):
        cue_end, presented = cue.end(), True
    if province:
        return begin + province.start(), presented
    if not cue_end:
        verbs = list(_VERB.finditer(run))
        cue_end = verbs[-1].end() if verbs else 0
    if cue_end or _ADMIN.search(run):
        return begin + cue_end, presented
    return begin + max(0, len(run) - 12), presented


def _end(view: str, core: int, known: Places) -> int:
    match = known.right.match(view, core)
    return match.end() if match else core
