"""Why a person should step in: causes found in one customer turn and the few turns before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nlp.handoff.memory import KEPT, Seen, State
from nlp.handoff.policy import HandoffPolicy
from nlp.mood import Course, Mood
from nlp.priority import Reason, reasons_in
from nlp.rules import Found
from nlp.text import bigrams, clean
from nlp.transcript import SERVICE_ROLES, Turn

_LABEL = re.compile(r"\[(?:订单号|手机号|快递单号|身份证号|邮箱|地址)\]")
_LEAST_BIGRAMS = 4
_LONG_BIGRAMS = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """What others know of a turn: `reasons` from `nlp.priority` (None: looked for here), `answer_confidence`
    of the best suggestion for it, the `queue` the ticket was routed to, an agent turn's `stages`, and the
    `forbidden` words and words of `blame` found in it."""

    reasons: tuple[Reason, ...] | None = None
    answer_confidence: float | None = None
    queue: str | None = None
    stages: frozenset[str] = frozenset()
    forbidden: tuple[str, ...] = ()
    blame: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Because:
    """A cause with the turn that shows it; `text` is the slice of the (masked) turn."""

    code: str
    turn: int
    turn_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One turn with the cues found in it."""

    seen: Seen
    found: tuple[Found, ...]

    def first(self, code: str) -> Found | None:
        return next((one for one in self.found if one.code == code), None)

    def because(self, code: str, text: str) -> Because:
        return Because(code, self.seen.turn, self.seen.turn_id, text)


def hear(state: State, turn: Turn, policy: HandoffPolicy) -> Heard:
    """Look for cues in a turn; `turn.text` is masked already."""
    found = policy.words.find(turn.text)
    side = "customer" if turn.role == "customer" else "service" if turn.role in SERVICE_ROLES else ""
    mine = tuple(one for one in found if one.level == side)
    topics = tuple(dict.fromkeys(one.code for one in found if one.level == "topic"))
    codes = tuple(dict.fromkeys(one.code for one in mine))
    return Heard(Seen(state.turns, turn.turn_id, turn.role, turn.text[:KEPT], topics, codes), mine)


def likeness(left: str, right: str, least: int = _LEAST_BIGRAMS) -> float:
    """Share of the shorter text's bigrams that the longer one has; 0 for texts too short to compare."""
    a, b = bigrams(left), bigrams(right)
    shorter = min(len(a), len(b))
    return len(a & b) / shorter if shorter >= least else 0.0


def count(
    state: State, heard: Heard, turn: Turn, mood: Mood | None, facts: Facts, policy: HandoffPolicy
) -> State:
    """`state` with the counters this customer turn moves; each service turn is judged once."""
    said = heard.first("restated")
    last = _last_service(state)
    # "I said so already" counts only as an answer to a question; "for the third time" always.
    asked = last is not None and "asking" in last.codes
    if said and (said.weight > 1 or asked):
        restated = int(said.weight)
    else:
        restated = int(asked and _asked_again(state, heard, policy))
    missed = int(_missed(state, heard, mood, facts, policy))
    loud = clean(turn.text).text.count("!") >= policy.limits.bangs
    new = last is not None and last.turn > state.judged
    return replace(
        state,
        restated=state.restated + restated,
        missed=state.missed + (missed if new else 0),
        referrals=state.referrals + int(new and last is not None and "referral" in last.codes),
        shouting=state.shouting + 1 if loud else 0,
        judged=last.turn if last else state.judged,
    )


def _last_service(state: State) -> Seen | None:
    return next((seen for seen in reversed(state.window) if seen.role in SERVICE_ROLES), None)


def _asked_again(state: State, heard: Heard, policy: HandoffPolicy) -> bool:
    """Whether the customer gives, on a question of the service, what an earlier turn had already given."""
    last = _last_service(state)
    if last is None:
        return False
    earlier = [seen.text for seen in state.window if seen.role == "customer" and seen.turn < last.turn]
    labels = set(_LABEL.findall(heard.seen.text))
    return any(likeness(heard.seen.text, text) >= policy.limits.restatement for text in earlier) or any(
        labels & set(_LABEL.findall(text)) for text in earlier
    )


def _missed(state: State, heard: Heard, mood: Mood | None, facts: Facts, policy: HandoffPolicy) -> bool:
    if state.window and heard.first("off_topic"):
        return True
    last = _last_service(state)
    if last is None:
        return False
    if "no_answer" in last.codes:
        return True
    asked = next((s for s in reversed(state.window) if s.role == "customer" and s.turn < last.turn), None)
    if asked and asked.topics and last.topics and not set(asked.topics) & set(last.topics):
        return "asking" not in last.codes
    unhappy = mood is not None and mood.polarity == "negative"
    lost = facts.answer_confidence is not None and facts.answer_confidence < policy.limits.low_confidence
    return unhappy and lost and state.served_by == "bot"


def causes(
    state: State,
    heard: Heard,
    mood: Mood | None,
    course: Course | None,
    facts: Facts,
    policy: HandoffPolicy,
) -> tuple[Because, ...]:
    """Every cause that holds after this customer turn was counted, in the policy's order."""
    found = {one.code: one for one in _causes(state, heard, mood, course, facts, policy)}
    return tuple(found[code] for code in policy.order if code in found)


def _causes(
    state: State, heard: Heard, mood: Mood | None, course: Course | None, facts: Facts, policy: HandoffPolicy
) -> Iterator[Because]:
    yield from _from_words(heard, facts, policy)
    if state.shouting >= policy.limits.shouting or _despairs(mood, course, policy):
        yield heard.because("anger", heard.seen.text[:40])
    if heard.first("thanks"):
        return
    if state.restated >= policy.limits.restated:
        said = heard.first("restated")
        yield heard.because("repeat", said.text if said else heard.seen.text[:40])
    if state.missed >= policy.limits.missed:
        off = heard.first("off_topic")
        yield heard.because("unanswered", off.text if off else heard.seen.text[:40])
    if stuck := _stuck(state, heard, policy):
        yield stuck


def _from_words(heard: Heard, facts: Facts, policy: HandoffPolicy) -> Iterator[Because]:
    reasons: Sequence[Reason] = facts.reasons or ()
    if facts.reasons is None:
        reasons = reasons_in(heard.seen.text, policy.priority)
    grave = next((one.text for one in reasons if one.code in policy.sensitive), None)
    words = next((one.text for one in heard.found if one.code in policy.sensitive), None)
    if grave is not None or words is not None:
        yield heard.because("sensitive", grave or words or "")
    for code in ("asked", "vip", "anger"):
        if one := heard.first(code):
            yield heard.because(code, one.text)


def _despairs(mood: Mood | None, course: Course | None, policy: HandoffPolicy) -> bool:
    if mood is None or course is None or mood.emotion != "angry":
        return False
    return course.n >= policy.limits.despair_turns and course.value <= policy.limits.despair


def _stuck(state: State, heard: Heard, policy: HandoffPolicy) -> Because | None:
    if circle := heard.first("circle"):
        return heard.because("no_progress", circle.text)
    answers = [seen for seen in state.window if seen.role in SERVICE_ROLES]
    if not answers:
        return None
    if state.referrals >= policy.limits.referrals:
        return Because("no_progress", answers[-1].turn, answers[-1].turn_id, answers[-1].text[:40])
    last = answers[-1].text
    same = [seen for seen in answers if likeness(seen.text, last, _LONG_BIGRAMS) >= policy.limits.likeness]
    if len(same) >= policy.limits.same_answer:
        return Because("no_progress", same[-1].turn, same[-1].turn_id, last[:40])
    return None
