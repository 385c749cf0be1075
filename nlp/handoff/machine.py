"""The state machine: one turn or one action in, the next state and a decision out. Pure, and O(1) in length.

    bot --transfer--> requested --accept--> accepted --first words--> human --return--> bot
    bot --offer-----> offered   --decline-> bot (asked once, never again in this episode)
    any --close-----> closed    --a customer turn--> bot, or human where agents serve alone

From `accepted` on the bot is silent. A transfer happens at most once until the conversation is given back,
closed and opened again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from nlp.handoff.alerts import Alert, alerts_of
from nlp.handoff.cues import Because, Facts, Heard, causes, count, hear
from nlp.handoff.memory import KEPT, TOLD, State, fresh_episode, remember
from nlp.handoff.policy import HandoffPolicy
from nlp.handoff.summary import summary_of
from nlp.mood import Course, Mood
from nlp.transcript import SERVICE_ROLES, Turn

Action = Literal["none", "offer", "transfer", "alert_supervisor"]
Deed = Literal["request", "accept", "decline", "return", "close"]
DEEDS: tuple[Deed, ...] = ("request", "accept", "decline", "return", "close")
_LEAST_REQUEST = 5
_NO_FACTS = Facts()


class ImpossibleStep(Exception):
    """An action the state does not allow."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"会话状态为 {state}，不能执行 {action}")
        self.state, self.action = state, action


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a turn. `reasons` come with every action; `summary` with a transfer or an alert."""

    action: Action
    state: str
    reasons: tuple[Because, ...] = ()
    queue: str | None = None
    summary: str | None = None
    alerts: tuple[Alert, ...] = ()


def step(
    state: State,
    turn: Turn,
    mood: Mood | None,
    course: Course | None,
    facts: Facts | None,
    policy: HandoffPolicy,
) -> tuple[State, Decision]:
    """Hear one turn (text masked). `mood` and `course` are the customer's after this turn, None if unknown."""
    facts = facts or _NO_FACTS
    if turn.role == "customer" and state.state == "closed":
        state = _reopened(state)
    heard = hear(state, turn, policy)
    alerts = alerts_of(state, turn, facts, policy)
    if turn.role != "customer":
        after = _heard_service(state, turn, heard, facts)
        return after, Decision("none", after.state, alerts=alerts)
    counted = count(state, heard, turn, mood, facts, policy)
    counted = replace(
        counted,
        mood=(mood.emotion if mood else counted.mood),
        request=counted.request or _request(turn.text),
        queue=facts.queue or counted.queue,
    )
    found = causes(counted, heard, mood, course, facts, policy)
    after, action, reasons = _decide(counted, heard, found, policy)
    after = remember(after, heard.seen, turn)
    if action == "none":
        return after, Decision("none", after.state, alerts=alerts)
    queue = _queue(after, reasons, policy)
    summary = summary_of(after, reasons, turn.text)
    return after, Decision(action, after.state, reasons, queue, summary, alerts)


def _reopened(state: State) -> State:
    name: Literal["human", "bot"] = "human" if state.served_by == "agent" else "bot"
    return replace(fresh_episode(state, name, state.served_by), told=(), request="", tried=())


def _heard_service(state: State, turn: Turn, heard: Heard, facts: Facts) -> State:
    if turn.role == "bot" and not state.bot_may_speak:
        return state  # a late word of the silenced bot leaves no trace; `alerts_of` reports it
    if turn.role in ("agent", "supervisor") and state.state != "human":
        if state.state == "closed":
            return remember(state, heard.seen, turn)
        # Someone took over without our button: their words are the acceptance.
        state = fresh_episode(state, "human", state.served_by)
    if turn.role in SERVICE_ROLES:
        known = {stage for stage, _ in state.stages}
        reached = tuple((stage, state.turns) for stage in sorted(facts.stages - known))
        tried = (*state.tried, turn.text[:TOLD])[-3:]
        state = replace(state, stages=state.stages + reached, tried=tried)
    return remember(state, heard.seen, turn)


def _request(text: str) -> str:
    return text[:KEPT] if len(text.strip()) >= _LEAST_REQUEST else ""


def _decide(
    state: State, heard: Heard, found: tuple[Because, ...], policy: HandoffPolicy
) -> tuple[State, Action, tuple[Because, ...]]:
    if state.state in ("human", "accepted"):
        new = tuple(one for one in found if one.code not in state.told)
        # One alert a cause, and none for a lesser cause of the same turn.
        if not new or new[0] is not found[0]:
            return state, "none", ()
        return replace(state, told=(*state.told, new[0].code)), "alert_supervisor", found
    if state.state == "offered" and not found:
        return _answer_to_offer(state, heard)
    if state.state not in ("bot", "offered") or not found:
        return state, "none", ()
    for one in found:
        action = policy.actions[one.code]
        if action == "transfer":
            return _requested(state, one.code), "transfer", found
    if (
        state.state == "bot"
        and not state.offered
        and any(policy.actions[one.code] == "offer" for one in found)
    ):
        return replace(state, state="offered", offered=True, cause=found[0].code), "offer", found
    return state, "none", ()


def _requested(state: State, cause: str) -> State:
    return replace(state, state="requested", cause=cause, told=(*state.told, cause))


def _answer_to_offer(state: State, heard: Heard) -> tuple[State, Action, tuple[Because, ...]]:
    if heard.first("refuse"):
        return replace(state, state="bot"), "none", ()
    if yes := heard.first("consent"):
        return _requested(state, state.cause or "asked"), "transfer", (heard.because("asked", yes.text),)
    return state, "none", ()


def _queue(state: State, reasons: tuple[Because, ...], policy: HandoffPolicy) -> str:
    cause = reasons[0].code if reasons else ""
    return policy.queues.get(cause) or state.queue or policy.queues["default"]


def apply(state: State, action: str, actor: str | None = None) -> State:
    """Carry out a person's action. Raises ImpossibleStep naming the state; repeating a request changes nothing.

    An agent's decline leaves the request open for the next one; a customer's decline ends the offer.
    """
    now = state.state
    if action == "request" and now in ("bot", "offered", "requested"):
        return state if now == "requested" else _requested(state, "asked")
    if action == "accept" and now in ("requested", "offered"):
        # a person begins the service anew: what the bot said does not spare them a step
        return replace(fresh_episode(state, "accepted", state.served_by), stages=())
    if action == "decline" and now in ("requested", "offered"):
        return replace(state, state="bot") if now == "offered" else state
    if action == "return" and now in ("requested", "accepted", "human") and state.served_by == "bot":
        return replace(fresh_episode(state, "bot", "bot"), told=())
    if action == "close" and now != "closed":
        return replace(state, state="closed", waiting_since=None)
    raise ImpossibleStep(now, action)


def reopen(state: State) -> State:
    """A closed conversation whose customer was not satisfied when called back: a person is asked for."""
    return state if state.state != "closed" else _requested(_reopened(state), "repeat")


def decision_json(decision: Decision) -> dict[str, Any]:
    """The contract's `handoff` object of a turn."""
    body: dict[str, Any] = {
        "state": decision.state,
        "action": decision.action,
        "reasons": [
            {"code": one.code, "turn": one.turn, "turn_id": one.turn_id, "text": one.text}
            for one in decision.reasons
        ],
    }
    if decision.queue is not None:
        body["queue"] = decision.queue
    if decision.summary is not None:
        body["summary"] = decision.summary
    return body
