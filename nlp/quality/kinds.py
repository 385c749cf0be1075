"""The closed set of checks that an item of a form can name, each with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nlp.phrases import Phrases
from nlp.quality.rules.atoms import Breach, Words
from nlp.quality.rules.tree import Choice, Leaf, Node, Rule, walk
from nlp.suspects import Trust


@dataclass(frozen=True, slots=True)
class FirstResponse:
    """Seconds from the customer's first word to the first reply; `limits` by top category code."""

    limit: float
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LongestGap:
    """Longest seconds a customer waited for a reply; `limits` by top category code."""

    limit: float
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageReached:
    """A stage is reached by its wording, by `place` (first, last, any) among the first or last `within` turns."""

    stage: str
    place: str = "any"
    within: int = 2


@dataclass(frozen=True, slots=True)
class Script:
    """One of `texts` is said: `match` exact (same letters), fuzzy (share of bigrams) or semantic (cosine).

    A `*` or `{名称}` in a text stands for anything, of at most `slot` letters where the letters must be the same.
    """

    texts: tuple[str, ...]
    match: str = "fuzzy"
    threshold: float = 0.6
    place: str = "any"
    within: int = 2
    slot: int = 20


@dataclass(frozen=True, slots=True)
class StageOrder:
    """The stages that are reached come first in this order; a missing one does not disturb the order."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Words that must not be said. `excused_by`: patterns that excuse the whole turn (a time, for a promise).

    `context` narrows where it counts: `any`; `open`: while the customer's question stands unanswered or the
    customer protests next. `head` is a label of the trained head: a clause that it gives at least `sure` counts
    without a pattern, a pattern's hit that it gives less than `doubt` does not count; in a turn that also comforts
    or solves, only what it gives at least `helped` does. With `context` open, `weighed` as for empathy.
    """

    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    excused_by: tuple[str, ...] = ()
    quoted: bool = False
    context: str = "any"
    head: str = ""
    sure: float = 2.0
    doubt: float = 0.0
    helped: float = 0.0
    weighed: float = 2.0

    @property
    def trust(self) -> Trust:
        return Trust(self.head, self.sure, self.doubt, self.helped)


@dataclass(frozen=True, slots=True)
class Required:
    """At least one of the patterns must be said; `when`: only if a customer turn matches one of these."""

    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """Absolute claims, claims the agent took back later (`retractions`), and claims other than the facts say."""

    patterns: tuple[str, ...]
    unless: tuple[str, ...] = ()
    retractions: tuple[str, ...] = ()
    assertions: tuple[str, ...] = ()
    head: str = ""
    sure: float = 2.0
    doubt: float = 0.0
    helped: float = 0.0

    @property
    def trust(self) -> Trust:
        return Trust(self.head, self.sure, self.doubt, self.helped)


@dataclass(frozen=True, slots=True)
class Leaks:
    """Personal data of these types said by an agent that the customer had not given; `unless` excuses a sentence."""

    types: tuple[str, ...]
    unless: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    head: str = ""
    sure: float = 2.0
    doubt: float = 0.0
    helped: float = 0.0

    @property
    def trust(self) -> Trust:
        return Trust(self.head, self.sure, self.doubt, self.helped)


@dataclass(frozen=True, slots=True)
class Empathy:
    """A word of empathy right after clear anger or distress, at each reply. The trained head hears distress from
    `sure` on, and from `still` on while earlier distress stands unacknowledged; without it `cues` and the mood's
    `intensity` show it. Where the heads are there and `weighed` is at most 1, signals weighed together decide instead:
    from this probability on."""

    cues: tuple[str, ...]
    cares: tuple[str, ...] = ()
    intensity: float = 0.45
    shortest: int = 6
    sure: float = 0.5
    still: float = 0.5
    weighed: float = 2.0


@dataclass(frozen=True, slots=True)
class Repetition:
    """The agent's own clause of at least `shortest` letters again; `ignore` holds formulas that may recur."""

    shortest: int = 5
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question passed over: the customer has to ask again, or the reply deflects. `weighed` as for empathy."""

    questions: tuple[str, ...]
    again: tuple[str, ...]
    deflections: tuple[str, ...] = ()
    weighed: float = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """The service record names all of these fields."""

    fields: tuple[str, ...] = ("request", "steps", "outcome")


@dataclass(frozen=True, slots=True)
class Fatal:
    """Any of `items` failed, an insult or threat was said, or someone in danger was left alone."""

    items: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    danger: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    abandoning: tuple[str, ...] = ()


Check = (
    FirstResponse | LongestGap | StageReached | Script | StageOrder | Said | Required | Claims | Leaks | Empathy
    | Repetition | Unanswered | Record | Fatal | Rule | Choice
)  # fmt: skip

KINDS: Mapping[str, type] = {
    "first_response": FirstResponse,
    "longest_gap": LongestGap,
    "stage": StageReached,
    "script": Script,
    "stage_order": StageOrder,
    "said": Said,
    "required": Required,
    "claims": Claims,
    "leaks": Leaks,
    "empathy": Empathy,
    "repetition": Repetition,
    "unanswered": Unanswered,
    "record": Record,
    "fatal": Fatal,
    "rule": Rule,
    "choice": Choice,
}


def phrase_lists(check: Check) -> dict[str, Phrases]:
    """The pattern lists of a check by their role, for the one matcher of the form."""
    lists: dict[str, Phrases] = {}
    unless = getattr(check, "unless", ())
    quoted = getattr(check, "quoted", False)
    if getattr(check, "patterns", ()):
        excuses = () if isinstance(check, Leaks) else unless
        lists["said"] = Phrases(check.patterns, excuses, quoted)  # type: ignore[union-attr]
    if isinstance(check, Leaks) and unless:
        lists["unless"] = Phrases(unless, quoted=True)
    for role in ("excused_by", "when", "retractions", "assertions", "cues", "cares", "ignore", "questions",
                 "again", "deflections", "danger", "help", "abandoning"):  # fmt: skip
        patterns = getattr(check, role, ())
        if patterns:
            lists[role] = Phrases(patterns, quoted=role in ("cues", "questions", "again", "danger"))
    return lists


def tree_lists(tree: Node) -> dict[str, Phrases]:
    """The pattern lists of a tree, each by the place of what it belongs to."""
    lists: dict[str, Phrases] = {}
    for node in walk(tree):
        if isinstance(node, Leaf) and isinstance(node.atom, Words):
            lists[node.path] = node.atom.phrases
        elif isinstance(node, Leaf) and isinstance(node.atom, Breach):
            inner = phrase_lists(node.atom.check)
            lists.update({f"{node.atom.code}.{role}": phrases for role, phrases in inner.items()})
    return lists
