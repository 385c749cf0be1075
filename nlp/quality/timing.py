"""Checks on time: the first reply and the longest wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from nlp.quality.dialogue import Dialogue
from nlp.quality.kinds import FirstResponse, LongestGap
from nlp.quality.result import Verdict
from nlp.transcript import SERVICE_ROLES

_NO_TIMES = Verdict("na", "话轮没有时间，无法计算时效")
_BACKWARDS = Verdict("na", "话轮时间先后颠倒，无法计算时效")


def _limit(dialogue: Dialogue, limit: float, limits: Mapping[str, float]) -> float:
    return limits.get(dialogue.category or "", limit)


def waits(roles: Sequence[str], judged: Collection[int]) -> Iterator[tuple[int, int | None]]:
    """(turn the wait begins at, judged turn that ends it or None) for each time the customer waited."""
    since: int | None = None
    for turn, role in enumerate(roles):
        if role == "customer":
            since = turn if since is None else since
        elif turn in judged:
            if since is not None:
                yield since, turn
            since = None
        elif role == "system":
            since = turn if since is not None else None  # a transfer: the wait for a person begins here
        elif role in SERVICE_ROLES:
            since = None
    if since is not None and roles[since] == "customer":
        yield since, None


def _waits(dialogue: Dialogue) -> Iterator[tuple[int, int | None]]:
    return waits([turn.role for turn in dialogue.transcript.turns], set(dialogue.judged))


def first_response(dialogue: Dialogue, check: FirstResponse) -> Verdict:
    """From the customer's first word (or the transfer to a person) to the first judged reply."""
    if not dialogue.customer:
        return Verdict("na", "没有客户话轮")
    limit = _limit(dialogue, check.limit, check.limits)
    for start, end in _waits(dialogue):
        if end is None:
            if (
                not dialogue.judged
            ):  # an agent is scored here, and there is none: the wait counts in the metrics
                return Verdict("na", f"第 {start + 1} 轮客户发言后无人响应，没有可评的客服")
            return Verdict("na", "客户在客服之后没有再等待首次响应")
        seconds = dialogue.seconds(start, end)
        if seconds is None:
            return _NO_TIMES
        if seconds < 0:
            return _BACKWARDS
        told = f"首次响应 {seconds:g} 秒，限 {limit:g} 秒"
        return Verdict("fail" if seconds > limit else "pass", told, (dialogue.whole(end),))
    return Verdict("na", "没有需要响应的客户话轮")


def longest_gap(dialogue: Dialogue, check: LongestGap) -> Verdict:
    """The longest wait between a customer's word and the reply to it."""
    limit = _limit(dialogue, check.limit, check.limits)
    waits = [(start, end) for start, end in _waits(dialogue) if end is not None]
    if not waits:
        return Verdict("na", "没有客户等待回复的间隔")
    timed = [(seconds, end) for start, end in waits if (seconds := dialogue.seconds(start, end)) is not None]
    if not timed:
        return _NO_TIMES
    timed = [pair for pair in timed if pair[0] >= 0]
    if not timed:
        return _BACKWARDS
    late = [(seconds, end) for seconds, end in timed if seconds > limit]
    longest, turn = max(timed, key=lambda pair: pair[0])
    if not late:
        return Verdict("pass", f"最长间隔 {longest:g} 秒，限 {limit:g} 秒", (dialogue.whole(turn),))
    told = f"{len(late)} 次间隔超过 {limit:g} 秒，最长 {longest:g} 秒"
    return Verdict("fail", told, tuple(dialogue.whole(end) for _, end in late))
