"""How satisfied the customer is after each turn: running features in O(1) a turn, and a small softmax over them."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nlp.mood import Mood
from nlp.quality.result import Satisfaction
from nlp.text import bigrams
from nlp.transcript import SERVICE_ROLES, Outcome, Transcript

PRESET = Path(__file__).parent.parent / "presets" / "satisfaction.toml"
LEVELS = (0, 1, 2)
_THANKS = re.compile(r"谢|感谢|辛苦|不错|真好|太好|满意|明白|周到|清楚|专业|细心|放心|给力|贴心|省心")
_CONSENT = re.compile(r"^(?:好|嗯|行|可以|ok|收到|知道了|对|是的|没问题)")
_ANGER = re.compile(
    r"投诉|骗|垃圾|态度|气死|无语|太慢|差劲|失望|到底|还没|几天|烦|坑|敷衍|推|打发|滚|呵呵|服了|什么东西|[?？]{2,}|[!！]{2,}"
)
_GIVE_UP = re.compile(r"算了|不办了|不买了|卸载|再也不|没完|等着|就这样吧|学到了|白|累死")
_QUESTION = re.compile(r"[?？]|吗|呢$|怎么|什么|多久|多少|能不能|几点|哪")
_SORRY = re.compile(r"抱歉|不好意思|对不起|理解")
_REFUSAL = re.compile(r"没办法|不能|不支持|无法|不归|没法|不可以")
_SOLVED = re.compile(r"已经|办好|好了|处理好|退回|补发|安排|登记|到账|取消了|改好")
_FADE = 0.7
_WINDOW = 3

FEATURES = (
    "anger", "thanks", "consent", "question", "give_up", "mean_anger", "mean_thanks", "mood", "repeat", "repeats",
    "turns", "length", "reply", "reply_sorry", "reply_refuses", "reply_solves", "waited", "score", "score_course",
    "score_worst", "resolved", "unresolved",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a conversation: bounded, whatever its length."""

    turns: int = 0
    anger: float = 0.0
    thanks: float = 0.0
    mood: float = 0.0
    repeats: float = 0.0
    score: float = 0.0
    worst: float = 0.0
    recent: tuple[frozenset[str], ...] = ()
    reply: str = ""
    waited: float = 0.0


def hear_reply(state: State, text: str) -> State:
    """A service turn (normalised): what the next customer turn reacts to."""
    return State(
        state.turns, state.anger, state.thanks, state.mood, state.repeats, state.score, state.worst, state.recent, text, 0.0
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one customer turn showed."""

    text: str
    reply: str
    anger: int
    thanks: int
    repeat: float
    score: float


def _hear(state: State, text: str, sentiment: Mood | None) -> tuple[State, _Heard]:
    anger, thanks = len(_ANGER.findall(text)), len(_THANKS.findall(text))
    words = bigrams(text)
    repeat = max((len(words & other) / max(len(words | other), 1) for other in state.recent), default=0.0)
    score = sentiment.score if sentiment is not None else 0.0
    after = State(
        turns=state.turns + 1,
        anger=state.anger + anger,
        thanks=state.thanks + thanks,
        mood=_FADE * state.mood + (1 - _FADE) * (thanks - anger),
        repeats=state.repeats + (repeat > 0.5),
        score=_FADE * state.score + (1 - _FADE) * score,
        worst=min(state.worst, score),
        recent=(*state.recent, words)[-_WINDOW:],
        reply="",
        waited=state.waited + 1,
    )
    return after, _Heard(text, state.reply, anger, thanks, repeat, score)


def _features(after: State, heard: _Heard) -> tuple[float, ...]:
    text, reply = heard.text, heard.reply
    return (
        min(heard.anger, 3.0),
        min(heard.thanks, 3.0),
        float(bool(_CONSENT.search(text))),
        float(bool(_QUESTION.search(text))),
        float(bool(_GIVE_UP.search(text))),
        after.anger / after.turns,
        after.thanks / after.turns,
        after.mood,
        heard.repeat,
        math.log1p(after.repeats),
        math.log1p(after.turns),
        math.log1p(len(text)),
        math.log1p(len(reply)),
        float(bool(_SORRY.search(reply))),
        float(bool(_REFUSAL.search(reply))),
        float(bool(_SOLVED.search(reply))),
        min(after.waited, 5.0),
        heard.score,
        after.score,
        after.worst,
    )


def advance(state: State, text: str, sentiment: Mood | None) -> tuple[State, tuple[float, ...]]:
    """One customer turn (normalised) to the next state and the features after it, less the outcome."""
    after, heard = _hear(state, text, sentiment)
    return after, _features(after, heard)


def course(
    roles: Sequence[str], texts: Sequence[str], sentiments: Mapping[int, Mood]
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """(turn, features) of each customer turn, each from what was said up to it."""
    state = State()
    for turn, (role, text) in enumerate(zip(roles, texts, strict=True)):
        if role == "customer":
            state, features = advance(state, text, sentiments.get(turn))
            yield turn, (*features, 0.0, 0.0)
        elif role in SERVICE_ROLES:
            state = hear_reply(state, text)


def with_outcome(features: tuple[float, ...], outcome: Outcome | None) -> tuple[float, ...]:
    """The features at the end, told how it ended where the record says so."""
    resolved = outcome.resolved if outcome else None
    return (*features[:-2], float(resolved is True), float(resolved is False))


@dataclass(frozen=True, slots=True)
class Parameters:
    """A softmax over the levels: `weights[level][feature]` for standardised features."""

    version: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]


@lru_cache(maxsize=4)
def load_parameters(path: Path = PRESET) -> Parameters:
    """Read the fitted parameters. Raises ValueError for a file fitted on other features."""
    value = tomllib.loads(path.read_text(encoding="utf-8"))
    if tuple(value["features"]) != FEATURES:
        raise ValueError(f"{path.name}: features 与程序不符（应为：{'、'.join(FEATURES)}）")
    rows = tuple(tuple(float(weight) for weight in row) for row in value["weights"])
    return Parameters(
        str(value["version"]), tuple(value["mean"]), tuple(value["scale"]), rows, tuple(value["bias"])
    )


def probabilities(features: Sequence[float], parameters: Parameters) -> tuple[float, ...]:
    """Probability of each level."""
    scaled = [
        (value - mean) / scale
        for value, mean, scale in zip(features, parameters.mean, parameters.scale, strict=True)
    ]
    logits = [
        bias + sum(weight * value for weight, value in zip(row, scaled, strict=True))
        for row, bias in zip(parameters.weights, parameters.bias, strict=True)
    ]
    top = max(logits)
    shares = [math.exp(logit - top) for logit in logits]
    return tuple(share / sum(shares) for share in shares)


def satisfaction_of(shares: Sequence[float]) -> Satisfaction:
    """Expected level, and the probability of the level nearest to it."""
    value = sum(level * share for level, share in zip(LEVELS, shares, strict=True))
    return Satisfaction(value, shares[min(2, int(value + 0.5))])


def judge(transcript: Transcript, texts: Sequence[str], sentiments: Mapping[int, Mood]) -> Satisfaction:
    """Satisfaction at the end of a dialogue (`texts` normalised). Without a customer turn: the middle, unsure."""
    state, last = State(), None
    for number, turn in enumerate(transcript.turns):
        if turn.role == "customer":
            state, last = _hear(state, texts[number], sentiments.get(number))
            ended = state
        elif turn.role in SERVICE_ROLES:
            state = hear_reply(state, texts[number])
    if last is None:
        return Satisfaction(1.0, 1 / 3)
    features = with_outcome((*_features(ended, last), 0.0, 0.0), transcript.outcome)
    return satisfaction_of(probabilities(features, load_parameters()))
