"""Checks on words: stages, scripts, forbidden and required words, claims, personal data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from nlp.phrases import Spans
from nlp.quality import scripts
from nlp.quality.dialogue import Dialogue, absent
from nlp.quality.form import Item
from nlp.quality.kinds import Leaks, Required, Said, Script, StageOrder, StageReached
from nlp.quality.result import Verdict
from nlp.stages import STAGE_NAMES
from nlp.suspects import Trust
from nlp.transcript import Span

_CLAUSE = re.compile(r"[^,。!?;:~\s][^,。!?;:~]*")
_UP_TO_CLAUSE = 40
_NO_TIME = ("这", "近", "过")
_JUST_BEFORE = 12
_TELLING = re.compile(
    r"\d|[零一二三四五六七八九幺]{3}|@|路|街|号|室|幢|栋|姓|叫"
)  # nothing personal without one of these


def place(dialogue: Dialogue, where: str, within: int) -> tuple[int, ...]:
    """The judged turns at the beginning, at the end, or all."""
    turns = dialogue.judged
    return turns[:within] if where == "first" else turns[-within:] if where == "last" else turns


def clauses(text: str) -> Iterator[re.Match[str]]:
    """The clauses of a normalised text."""
    return _CLAUSE.finditer(text)


def clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The clauses that `[start, end)` touches, without the punctuation that ends them."""
    touched = [m.span() for m in _CLAUSE.finditer(text) if m.start() < end and start < m.end()]
    if not touched:
        return start, end
    first, last = min(start, touched[0][0]), max(end, touched[-1][1])
    return (first, last) if last - first <= _UP_TO_CLAUSE else (start, end)


def stage_reached(dialogue: Dialogue, check: StageReached) -> Verdict:
    """The wording of a stage among the judged turns at its place."""
    turns = place(dialogue, check.place, check.within)
    name = STAGE_NAMES[check.stage]
    for turn in turns:
        spans = dialogue.stages[turn].get(check.stage)
        if spans:
            return Verdict("pass", f"有{name}", (dialogue.span(turn, *spans[0]),))
    expected = turns[0] if check.place == "first" else turns[-1]
    return Verdict("fail", f"没有{name}", (absent(expected),))


def stage_order(dialogue: Dialogue, check: StageOrder) -> Verdict:
    """First occurrences come in the order of the form."""
    first: list[tuple[str, int, Spans]] = []
    for stage in check.stages:
        for turn in dialogue.judged:
            if spans := dialogue.stages[turn].get(stage):
                first.append((stage, turn, spans))
                break
    if len(first) < 2:
        return Verdict("na", "达到的步骤不足两个，无法判断顺序")
    wrong = [(later, earlier) for earlier, later in pairwise(first) if later[1] < earlier[1]]
    told = "→".join(STAGE_NAMES[stage] for stage, _, _ in sorted(first, key=lambda row: row[1]))
    if not wrong:
        return Verdict("pass", f"顺序：{told}", ())
    evidence = tuple(dialogue.span(row[1], *row[2][0]) for row, _ in wrong)
    return Verdict("fail", f"顺序不当：{told}", evidence)


def _likeness(
    dialogue: Dialogue, check: Script, turns: tuple[int, ...]
) -> list[tuple[float, int, str, int, int]]:
    """(likeness, turn, standard sentence, start, end) of every turn with each of the sentences."""
    found = []
    for turn in turns:
        text = dialogue.texts[turn]
        if check.match == "semantic" and dialogue.encode is not None:
            spans = scripts.pieces(text)
            rows = dialogue.encode(
                [*map(scripts.plain, check.texts), *(text[slice(*span)] for span in spans)]
            )
            wanted = rows[: len(check.texts)]
            for span, scores in zip(spans, rows[len(check.texts) :] @ wanted.T, strict=True):
                found += [
                    (float(score), turn, one, *span) for score, one in zip(scores, check.texts, strict=True)
                ]
            continue
        for one in check.texts:
            exact = check.match == "exact"
            score = float(scripts.says(one, text, check.slot)) if exact else scripts.share(one, text)
            found.append((score, turn, one, 0, len(text)))
    return found


def script(dialogue: Dialogue, check: Script) -> Verdict:
    """A standard sentence is said; semantic matching without an encoder falls back to fuzzy."""
    turns = place(dialogue, check.place, check.within)
    best, turn, wanted, start, end = max(_likeness(dialogue, check, turns), key=lambda row: row[:2])
    told = f"与标准话术“{wanted[:30]}”相似度 {best:.2f}，要求 {check.threshold:g}"
    if best >= check.threshold:
        return Verdict("pass", told, (dialogue.span(turn, start, end),))
    expected = turns[0] if check.place == "first" else turns[-1]
    return Verdict("fail", told, (absent(expected),))


def said(dialogue: Dialogue, item: Item, check: Said, turns: tuple[int, ...]) -> Verdict:
    """Each place where forbidden words were said by a judged role."""
    evidence: list[Span] = []
    shares: list[float] = []
    for turn in turns:
        spans = dialogue.told(item.code, turn, check.trust)
        excuses = dialogue.found(item.code, "excused_by", turn) if spans else ()
        if excuses:
            spans = {
                at: share for at, share in spans.items() if not _excused(dialogue.texts[turn], at[0], excuses)
            }
        if not spans:
            continue
        if check.context == "open" and not still_open(dialogue, turn):
            continue
        evidence.extend(dialogue.span(turn, start, end) for start, end in spans)
        shares.extend(spans.values())
    if not evidence:
        return Verdict("pass", "未出现")
    told = f"出现 {len(evidence)} 处：“{evidence[0].text}”{sureness(shares, check.trust)}"
    return Verdict("fail", told, tuple(evidence))


def _excused(text: str, start: int, excuses: Spans) -> bool:
    """Whether an excuse stands in the sentence of `start` or after it; "these two days" is no time."""
    begin = max(text.rfind(mark, 0, start) for mark in "。!?;") + 1
    return any(first >= begin and text[max(0, first - 1) : first] not in _NO_TIME for first, _ in excuses)


def sureness(shares: Sequence[float], trust: Trust) -> str:
    """What the head made of the findings, for people to read: nothing where it was not asked."""
    if not trust.head or all(share == 1.0 for share in shares):
        return ""
    return f"（模型概率 {'、'.join(f'{share:.2f}' for share in shares)}，阈值 {trust.sure:g}）"


_QUESTION = re.compile(
    r"[?？]|吗|[^着]呢(?:$|[,。!])|多少|怎么|什么|几[点天号时个]|要不要|能不能|是不是|行不行|可不可以|有没有|还要"
)
_ANSWERING = frozenset({"solve", "verify", "follow_up"})
_SCORN = re.compile(r"^呵+|等着|走着瞧|无语|没完|行 ?,?我(?:去|找)|真行|厉害|没解决|算了(?!,?谢)")
_AGAIN = re.compile(r"等下|等会|[?？]|我问的|没回答|还没(?:说|答|给|解决)|你们?(?:又|就)?(?:挂|跑)")
_PROTEST = re.compile(
    r"^(?:诶|哎|欸|喂|啊|等等|等一下|别|慢着|唉)|还没|没说完|没问完|没解决|你别|不是|凭什么|什么态度"
)


def asks(text: str) -> bool:
    """Whether a customer turn asks something."""
    return _QUESTION.search(text) is not None


def still_open(dialogue: Dialogue, turn: int) -> bool:
    """Whether the customer's question stands unanswered at a turn, or the customer protests next."""
    before, after = dialogue.previous_customer(turn), dialogue.next_customer(turn)
    answered = not _ANSWERING.isdisjoint(dialogue.stages.get(turn, ()))
    if (
        before is not None
        and not answered
        and (asks(dialogue.texts[before]) or _SCORN.search(dialogue.texts[before]))
    ):
        return True
    return after is not None and (
        _PROTEST.search(dialogue.texts[after]) is not None or _AGAIN.search(dialogue.texts[after]) is not None
    )


def required(dialogue: Dialogue, item: Item, check: Required, turns: tuple[int, ...]) -> Verdict:
    """At least one judged turn says it."""
    if check.when and not any(dialogue.has(item.code, "when", turn) for turn in dialogue.customer):
        return Verdict("na", "客户没有提到相关情况")
    for turn in turns:
        if spans := dialogue.found(item.code, "said", turn):
            return Verdict("pass", "已说明", (dialogue.span(turn, *spans[0]),))
    return Verdict("fail", "没有说到要求的内容", (absent(turns[-1]),))


def _public(dialogue: Dialogue, turn: int, public: Spans, start: int, end: int) -> bool:
    """Whether what is said just before personal data, or over it, tells that it is nobody's own."""
    spans = (dialogue.cleaned(turn).span(*span) for span in public)
    return any(first < end and start - _JUST_BEFORE <= last for first, last in spans)


def leaks(dialogue: Dialogue, item: Item, check: Leaks, turns: tuple[int, ...]) -> Verdict:
    """Another person's or unverified data: what the customer had not said before."""
    evidence: list[Span] = []
    shares: list[float] = []
    for turn in turns:
        told = dialogue.told(item.code, turn, check.trust)
        evidence.extend(dialogue.span(turn, *span) for span in told)
        shares.extend(told.values())
        public = dialogue.found(item.code, "unless", turn)
        for one in dialogue.personal(turn) if _TELLING.search(dialogue.texts[turn]) else ():
            if (
                one.type in check.types
                and not one.given
                and not _public(dialogue, turn, public, one.start, one.end)
            ):
                evidence.append(dialogue.sent(turn, one.start, one.end))
    if not evidence:
        return Verdict("pass", "未泄露个人信息")
    sure = sureness(shares, check.trust)
    return Verdict("fail", f"说出客户未提供的个人信息 {len(evidence)} 处{sure}", tuple(evidence))
