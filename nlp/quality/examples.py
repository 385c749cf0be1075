"""The examples a form carries: each item must hit some sentences and miss others before the form is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nlp.quality.form import Form, Item
from nlp.quality.kinds import Fatal, Unanswered
from nlp.quality.scorer import score
from nlp.transcript import Role, Transcript, Turn

_SPEAKERS: dict[str, Role] = {"客户": "customer", "客服": "agent", "机器人": "bot", "主管": "supervisor"}


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that went the wrong way; `expected` is hit or miss."""

    item: str
    example: str
    expected: str
    got: str


def dialogue_of(example: str) -> Transcript:
    """Turns separated by "|", each "客户：…", "客服：…" or bare (an agent's turn)."""
    turns = []
    for part in example.split("|"):
        speaker, _, words = part.strip().partition("：")
        role = _SPEAKERS.get(speaker)
        turns.append(Turn(role, words) if role else Turn("agent", part.strip()))
    return Transcript(id="example", turns=tuple(turns))


def _alone(form: Form, item: Item) -> Form:
    # The other items stay where an item reads their evidence; applicability is not what examples are about.
    keeps = isinstance(item.check, Fatal | Unanswered)
    items = tuple(
        replace(other, applies=type(other.applies)())
        for other in form.items
        if keeps or other.code == item.code
    )
    return replace(form, items=items, digest=f"{form.digest}/{item.code}")


def failures(form: Form) -> Iterator[Failure]:
    """Examples that do not come out as the form says; none means that the form may be published."""
    for item in form.items:
        alone = _alone(form, item)
        for expected, examples in (("hit", item.must_hit), ("miss", item.must_miss)):
            for example in examples:
                found = next(i for i in score(dialogue_of(example), alone).items if i.code == item.code)
                got = "hit" if found.result == "fail" else "miss"
                if got != expected:
                    yield Failure(item.code, example, expected, got)
