"""What a live desk is told at once, and which stages of a good conversation are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nlp.handoff.cues import Facts
from nlp.handoff.memory import State, waited
from nlp.handoff.policy import HandoffPolicy
from nlp.priority import reasons_in
from nlp.transcript import Turn

Severity = Literal["critical", "warning"]
STAGES = ("greeting", "comfort", "verify", "solve", "follow_up", "closing")
_FLOOR_NAMES = {
    "safety": "人身安全",
    "self_harm": "自伤风险",
    "minor": "涉及未成年人",
    "legal": "法律行动",
    "regulator": "监管投诉",
    "media": "媒体曝光",
    "money": "资金正在受损",
    "outage": "客户业务停摆",
}


@dataclass(frozen=True, slots=True)
class Alert:
    code: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """A stage; `turn` is where it was reached."""

    stage: str
    done: bool
    turn: int | None


def alerts_of(state: State, turn: Turn, facts: Facts, policy: HandoffPolicy) -> tuple[Alert, ...]:
    """Alerts of one turn: floors said by the customer, forbidden words and early blame of an agent, a late or unwanted answer."""
    if turn.role == "customer":
        reasons = facts.reasons
        if reasons is None:
            reasons = reasons_in(turn.text, policy.priority)
        return tuple(
            Alert(one.code, "critical", f"{_FLOOR_NAMES[one.code]}：{one.text}")
            for one in reasons
            if one.code in _FLOOR_NAMES
        )
    if turn.role == "bot":
        if state.bot_may_speak:
            return ()
        return (Alert("bot_after_handoff", "warning", "人工已接手，机器人不应再发言"),)
    found = [Alert("forbidden_word", "warning", f"禁用语：{word}") for word in facts.forbidden]
    solved = "solve" in facts.stages or any(stage == "solve" for stage, _ in state.stages)
    if not solved:  # first solve, then ask whose fault it was
        found += [Alert("blame_before_solving", "warning", f"先解决再追责：{word}") for word in facts.blame]
    if turn.at is not None and (late := overdue(state, turn.at, policy)) is not None:
        found.append(late)
    return tuple(found)


def overdue(state: State, now: datetime, policy: HandoffPolicy) -> Alert | None:
    """The alert for a customer who has waited longer than the policy allows, at `now` (aware)."""
    seconds = waited(state, now)
    if seconds <= policy.limits.overdue or state.state == "closed":
        return None
    return Alert("overdue_response", "warning", f"客户已等待 {int(seconds)} 秒，请尽快回复")


def checklist(state: State, stages: Sequence[str] = STAGES) -> tuple[Check, ...]:
    """Each stage with whether and where the service reached it."""
    done = dict(state.stages)
    return tuple(Check(stage, stage in done, done.get(stage)) for stage in stages)
