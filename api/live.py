"""What one live turn leads to: both cores joined over a conversation's small, bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from api import wiring
from api.forms import form_of, site_folder
from api.routing import CustomerIn
from api.service import Service
from api.suggest import audience_of, make
from kb.knowledge import Knowledge
from kb.suggest import SuggestRequest
from nlp import handoff
from nlp.priority import reasons_in
from nlp.quality.dialogue import prepare
from nlp.routing import Ticket
from nlp.sentiment import FULL, Sentiment, Trajectory, advance
from nlp.stages import stages_of
from nlp.text import clean, normalise
from nlp.transcript import SERVICE_ROLES, Customer, Turn

Json = dict[str, Any]
Event = tuple[str, Json]

WAITING = ("requested", "offered")
CONTEXT_TURNS = 8
"""Turns before this one that a suggestion looks at."""
TELLING = 5
"""Characters from which a customer's words are worth routing by."""
FORM = "standard"


@dataclass(frozen=True, slots=True)
class Course:
    """All that is remembered of a conversation between turns; its size does not grow with it."""

    handoff: handoff.State
    trajectory: Trajectory
    channel: str | None = None
    customer: Mapping[str, Any] | None = None
    agent: Mapping[str, Any] | None = None

    def to_json(self) -> Json:
        course = self.trajectory
        return {
            "handoff": handoff.to_json(self.handoff),
            "trajectory": {"value": course.value, "slope": course.slope, "n": course.n},
            "channel": self.channel,
            "customer": self.customer,
            "agent": self.agent,
        }


def from_json(value: Mapping[str, Any]) -> Course:
    """Read back what `to_json` wrote."""
    return Course(
        handoff.from_json(value["handoff"]),
        Trajectory(**value["trajectory"]),
        value.get("channel"),
        value.get("customer"),
        value.get("agent"),
    )


def opening(served_by: str, channel: str | None, customer: Json | None, agent: Json | None) -> Course:
    """The memory of a conversation nobody has spoken in."""
    return Course(handoff.start(served_by), Trajectory(), channel, customer, agent)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn to decide on: `turn` is masked, `before` are the masked turns ahead of it, `sent` what was sent."""

    conversation_id: str
    number: int
    turn: Turn
    before: Sequence[Turn]
    sent: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decided:
    """The reply to a turn, the new memory, the suggestion to keep for feedback, and what it was made with."""

    reply: Json
    course: Course
    suggestion: Json | None
    asked: Json


async def decide(opened: Service, tenant: str, course: Course, spoken: Spoken, began: float) -> Decided:
    """Everything that follows from one turn. Bounded work, whatever came before."""
    models, policy, turn = opened.models, opened.policy, spoken.turn
    sentiment = (await models.judge(lambda: models.analyser.analyse([turn.text])))[0]
    trajectory, made = course.trajectory, None
    if turn.role == "customer":
        trajectory = advance(trajectory, sentiment, models.analyser.trajectory_policy)
        made = await _suggest(opened, tenant, course, trajectory, spoken)
    facts = await models.judge(lambda: _facts(opened, tenant, course, turn, made))
    state, decision = handoff.step(course.handoff, turn, sentiment, trajectory, facts, policy.handoff)
    knowledge = opened.sites.knowledge(tenant)
    release = made.pop("release") if made else knowledge.release
    asked = made.pop("asked") if made else {}
    mode = _mode(models, knowledge)
    head = wiring.decision(wiring.new_id("tn"), mode, release, models, policy.version, began)
    suggestion = None
    if made is not None:
        suggestion = {**head, "id": wiring.new_id("sg"), "conversation_id": spoken.conversation_id, **made}
    reply = {
        **head,
        "conversation_id": spoken.conversation_id,
        "turn_id": turn.turn_id,
        "sentiment": _sentiment(sentiment),
        "trajectory": {"value": round(trajectory.value, 4), "slope": round(trajectory.slope, 4)},
        "handoff": handoff.decision_json(decision),
        "suggestions": made["suggestions"] if made else [],
        "suggestions_id": suggestion["id"] if suggestion else None,
        "abstained": made["abstained"] if made else True,
        "near_questions": made["near_questions"] if made else [],
        "alerts": [asdict(alert) for alert in decision.alerts],
        "checklist": checklist(state),
    }
    return Decided(reply, replace(course, handoff=state, trajectory=trajectory), suggestion, asked)


def checklist(state: handoff.State) -> list[Json]:
    """The stages of a good conversation; a stage not reached names no turn."""
    return [
        {"stage": one.stage, "done": one.done, **({"turn": one.turn} if one.done else {})}
        for one in handoff.checklist(state)
    ]


def _facts(opened: Service, tenant: str, course: Course, turn: Turn, made: Json | None) -> handoff.TurnFacts:
    """What the other jobs know of a turn."""
    if made is None:
        if turn.role not in SERVICE_ROLES:
            return handoff.TurnFacts()
        if turn.role == "bot":
            return handoff.TurnFacts(stages=stages_of(turn.text))
        forbidden, blame = _words(opened, tenant, turn.text)
        return handoff.TurnFacts(stages=stages_of(turn.text), forbidden=forbidden, blame=blame)
    best = max((one["confidence"] for one in made["suggestions"]), default=0.0)
    queue = None
    if course.handoff.queue is None and len(turn.text) >= TELLING:
        queue = _queue(opened, course, turn)
    alarm = wiring.shares(opened.models.alarm, [turn.text])[0]
    reasons = reasons_in(turn.text, opened.policy.priority, alarm)
    return handoff.TurnFacts(answer_confidence=best, queue=queue, reasons=reasons)


def _queue(opened: Service, course: Course, turn: Turn) -> str:
    """Where the conversation would be routed by its first telling words; asked once."""
    customer = Customer(**course.customer) if course.customer else Customer()
    ticket = Ticket(turn.text, channel=course.channel, customer=customer, created_at=turn.at)
    return wiring.route_tickets(opened.models, opened.policy, [ticket], datetime.now(UTC))[0].queue.code


def _words(opened: Service, tenant: str, text: str) -> tuple[tuple[str, ...], ...]:
    """Stock refusals and words of blame in an agent's turn, by the site's form."""
    form, _ = form_of(opened.settings, tenant, FORM, None)
    seen = clean(text)
    found = prepare(form, site_folder(opened.settings)).matcher.hits(normalise(text))
    told = []
    for code in ("forbidden_word", "blame_customer"):
        spans = [seen.span(*span) for span in found.get(f"{code}.said", ())]
        told.append(tuple(dict.fromkeys(text[start:end] for start, end in spans)))
    return tuple(told)


def _mode(models: wiring.Models, knowledge: Knowledge) -> str:
    return "rules_only" if models.analyser.mode != FULL else wiring.search_mode(models, knowledge)


def _sentiment(sentiment: Sentiment) -> Json:
    return {
        "polarity": sentiment.polarity,
        "score": round(sentiment.score, 4),
        "emotion": sentiment.emotion,
        "intensity": round(sentiment.intensity, 4),
    }


async def _suggest(
    opened: Service, tenant: str, course: Course, trajectory: Trajectory, spoken: Spoken
) -> Json:
    customer = None if course.customer is None else CustomerIn(**course.customer)
    # what the bot said does not spare a person the same step; while the bot serves, no step is owed
    served = course.handoff.state
    done = None if served == "bot" else frozenset(stage for stage, _ in course.handoff.stages)
    if served in WAITING:
        done = frozenset()
    request = SuggestRequest(
        turns=(*spoken.before, spoken.turn),
        channel=course.channel,
        audience=audience_of(None, customer),
        done_stages=done,
        mood=trajectory.value,
        sent_ids=spoken.sent,
        as_of=datetime.now(UTC),
    )
    made = await make(opened, tenant, request, None)  # heard by channels and every desk: never a trial's text
    made.pop("held_back", None)
    return made


def events(turn: Json, reply: Json, before: str) -> Iterator[Event]:
    """What desks are told of a turn; `before` is the handoff state it found."""
    yield "turn", turn
    mine = {"id": reply["id"], "turn_id": reply["turn_id"]}
    analysis = {name: reply[name] for name in ("sentiment", "trajectory", "checklist")}
    yield "analysis", {**mine, "role": turn["role"], **analysis}
    if reply["suggestions_id"] is not None:
        names = ("suggestions", "suggestions_id", "abstained", "near_questions")
        yield "suggestions", {**mine, **{name: reply[name] for name in names}}
    told = reply["handoff"]
    if told["action"] != "none" or told["state"] != before:
        yield "handoff", {**mine, **told}
    for alert in reply["alerts"]:
        yield "alert", {**mine, **alert}
