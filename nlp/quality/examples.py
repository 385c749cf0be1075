"""The examples a form carries: each item must hit some sentences and miss others before the form is published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nlp.quality.form import Form, Item
from nlp.quality.kinds import Fatal, FirstResponse, LongestGap, Record, Unanswered
from nlp.quality.ports import Analyser, Encode
from nlp.quality.result import ItemScore
from nlp.quality.rules.atoms import Breach, Measure, Mood, Suspected, Untrue
from nlp.quality.rules.tree import Leaf, trees, walk
from nlp.quality.scorer import score_many
from nlp.transcript import Role, Transcript, Turn

_SPEAKERS: dict[str, Role] = {
    "客户": "customer",
    "客服": "agent",
    "机器人": "bot",
    "主管": "supervisor",
    "系统": "system",
}
_SPOKEN = re.compile(r"(客户|客服|机器人|主管|系统)(?:@(\d+(?:\.\d+)?))?：(.*)", re.DOTALL)
_START = datetime(2026, 1, 1, tzinfo=UTC)
_COUNTED = (FirstResponse, LongestGap, Record)
_TOLD_BY_MODELS = (Measure, Mood, Suspected, Untrue)


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that went the wrong way; `expected` is hit or miss. No example at all: `got` is missing."""

    item: str
    example: str
    expected: str
    got: str

    def told(self) -> str:
        """What is wrong, in words."""
        if self.got == "missing":
            needed = "must_hit 应扣分" if self.expected == "hit" else "must_miss 不应扣分"
            return f"没有{needed}的例句（确实写不出时写 untested = true）"
        wrong = "应扣分而未扣" if self.expected == "hit" else "不应扣分却扣了"
        return f"{wrong}：{self.example}"


def dialogue_of(example: str) -> Transcript:
    """Turns separated by "|", each "客户：…", "客服@90：…" (seconds after the start) or bare (an agent's turn)."""
    turns = []
    for part in example.split("|"):
        spoken = _SPOKEN.fullmatch(part.strip())
        if spoken is None:
            turns.append(Turn("agent", part.strip()))
            continue
        at = None if spoken[2] is None else _START + timedelta(seconds=float(spoken[2]))
        turns.append(Turn(_SPEAKERS[spoken[1]], spoken[3], at))
    return Transcript(id="example", turns=tuple(turns))


def _alone(form: Form, item: Item) -> Form:
    # The other items stay where an item reads their evidence; applicability is not what examples are about.
    keeps = isinstance(item.check, Fatal | Unanswered)
    items = tuple(
        replace(other, applies=type(other.applies)(), after=())
        for other in form.items
        if keeps or other.code == item.code
    )
    return replace(form, items=items, digest=f"{form.digest}/{item.code}")


def is_about_words(item: Item) -> bool:
    """Whether sentences can show what an item finds: not where it only counts seconds or asks a model."""
    if isinstance(item.check, _COUNTED):
        return False
    atoms = [node.atom for tree in trees(item.check) for node in walk(tree) if isinstance(node, Leaf)]
    return not atoms or any(
        not isinstance(atom, _TOLD_BY_MODELS)
        and not (isinstance(atom, Breach) and isinstance(atom.check, _COUNTED))
        for atom in atoms
    )


def _hit(item: Item, found: ItemScore) -> str:
    """A violation is a hit; of a bonus, what earns it."""
    return "hit" if found.result == ("pass" if item.bonus else "fail") else "miss"


def failures(
    form: Form, analyser: Analyser | None = None, encode: Encode | None = None, folder: Path | None = None
) -> Iterator[Failure]:
    """Examples that do not come out as the form says; none means that the form may be published."""
    for item in form.items:
        alone = _alone(form, item)
        for expected, examples in (("hit", item.must_hit), ("miss", item.must_miss)):
            if not examples and not item.untested and is_about_words(item):
                yield Failure(item.code, "", expected, "missing")
            talks = [dialogue_of(example) for example in examples]
            scores = score_many(talks, alone, analyser, encode=encode, folder=folder)
            for example, scored in zip(examples, scores, strict=True):
                got = _hit(item, next(i for i in scored.items if i.code == item.code))
                if got != expected:
                    yield Failure(item.code, example, expected, got)
