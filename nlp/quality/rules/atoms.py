"""What a rule can look for: each atom finds places in the turns it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nlp.phrases import Phrases

SHORTEST = 4
"""Letters below which a turn says nothing of its own, where a rule does not say: 好的 twice is no copy."""
LIKENESS = 0.8
"""Share of bigrams in common from which two turns are copies, where a rule does not say."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number must keep to: `over` and `under` exclude the bound itself. None: no bound."""

    at_least: float | None = None
    at_most: float | None = None
    over: float | None = None
    under: float | None = None

    def hold(self, value: float) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.over is None or value > self.over)
            and (self.under is None or value < self.under)
        )


@dataclass(frozen=True, slots=True)
class Words:
    """Patterns over the normalised turn; plain words are patterns of their letters."""

    phrases: Phrases
    told: str


@dataclass(frozen=True, slots=True)
class Similar:
    """A sentence that means the same: cosine `at_least`, or without an encoder the share of bigrams `fuzzy`."""

    texts: tuple[str, ...]
    at_least: float = 0.8
    fuzzy: float = 0.6


@dataclass(frozen=True, slots=True)
class Entities:
    """Something of these types is named."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mood:
    """A turn of this polarity, or with one of these emotions, of at least this intensity."""

    polarity: str = ""
    emotions: tuple[str, ...] = ()
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspected:
    """A clause of an agent that the trained head finds at least this likely to be of this kind."""

    label: str
    at_least: float = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """The wording of a stage."""

    stage: str


@dataclass(frozen=True, slots=True)
class Untrue:
    """A clause with other numbers than the facts of the day."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """A turn that its speaker says for the `times`-th time or more; two are alike from `likeness` of bigrams on.

    `within`: only the speaker's last so many turns before it count; turns like one of `ignore` may recur.
    """

    times: int = 2
    likeness: float = LIKENESS
    shortest: int = SHORTEST
    within: int | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The share of turns that are near copies of the speaker's earlier ones or of `scripts` is at least `share`."""

    share: float
    scripts: tuple[str, ...] = ()
    likeness: float = LIKENESS
    shortest: int = SHORTEST


@dataclass(frozen=True, slots=True)
class Tagged:
    """The transcript came with one of these tags (`tags` or `categories` beside its turns)."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a turn, or of the dialogue, within bounds."""

    name: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Breach:
    """One of the form's other checks, as an atom: it hits where that check fails. `code` names its word lists."""

    check: Any
    code: str


Atom = (
    Words
    | Similar
    | Entities
    | Mood
    | Suspected
    | Stage
    | Untrue
    | Repeats
    | Template
    | Tagged
    | Measure
    | Breach
)

SUSPICIONS = (
    "blame_customer",
    "forbidden_word",
    "premature_close",
    "privacy_leak",
    "promise_without_time",
    "rude",
    "wrong_fact_risk",
)
"""What the trained head tells apart."""
TURN_MEASURES: Mapping[str, str] = {
    "letters": "字数",
    "speed": "每分钟字数",
    "silence": "前面静默的秒数",
    "reply": "接对方话的间隔秒数",
    "wait": "客户等待的秒数",
}
DIALOGUE_MEASURES: Mapping[str, str] = {
    "turns": "话轮数",
    "seconds": "总时长（秒）",
    "mean_speed": "平均每分钟字数",
    "talk_share": "说话字数占比",
    "sentiment": "平均情感得分",
}
