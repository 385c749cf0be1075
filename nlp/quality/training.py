"""A scripted customer: lines said in a persona's way, one after each reply; nothing is left to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.tables import Table, read_preset
from nlp.transcript import Agent, Customer, Transcript, Turn

NAME = "training"


@dataclass(frozen=True, slots=True)
class Persona:
    """How lines are said: `before` and `after` are put round them in turn. `tier` is the customer's."""

    code: str
    name: str
    tier: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def say(self, line: str, at: int) -> str:
        """The line number `at` in the persona's way."""
        first = self.before[at % len(self.before)] if self.before else ""
        last = self.after[at % len(self.after)] if self.after else ""
        return f"{first}{line}{last}"


@dataclass(frozen=True, slots=True)
class Script:
    """What the customer says, in order."""

    code: str
    name: str
    category: str | None
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingPolicy:
    personas: Mapping[str, Persona]
    scripts: Mapping[str, Script]
    most_turns: int


def read_training(folder: Path | None = None) -> TrainingPolicy:
    """The site's `training.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "most_turns", "persona", "script")
    personas = [_persona(one) for one in table.tables("persona")]
    scripts = [_script(one) for one in table.tables("script", required=False)]
    return TrainingPolicy(
        {one.code: one for one in personas},
        {one.code: one for one in scripts},
        int(table.number("most_turns", 40, low=1, high=500)),
    )


def _persona(table: Table) -> Persona:
    table.only("code", "name", "tier", "before", "after")
    return Persona(
        table.text("code"),
        table.text("name"),
        table.text("tier", "normal"),
        table.texts("before", ()),
        table.texts("after", ()),
    )


def _script(table: Table) -> Script:
    table.only("code", "name", "category", "turns")
    turns = table.texts("turns")
    if not turns:
        raise table.error("turns", "是空的", "至少一句")
    category = table.text("category") if "category" in table.values else None
    return Script(table.text("code"), table.text("name"), category, turns)


def script_of(kept: Mapping[str, Any], most: int) -> Script | None:
    """The customer's turns of a kept transcript as a script; None where the customer said nothing."""
    turns = [turn["text"].strip() for turn in kept["turns"] if turn["role"] == "customer"]
    turns = [text for text in turns if text][:most]
    if not turns:
        return None
    return Script(f"kept:{kept['id']}", f"会话 {kept['id']}", kept.get("category"), tuple(turns))


def held(script: Script, persona: Persona, replies: Sequence[str], trainee: str, identity: str) -> Transcript:
    """The dialogue so far: each line followed by its reply. The same script and replies give the same dialogue."""
    turns: list[Turn] = []
    for at, line in enumerate(script.turns):
        turns.append(Turn("customer", persona.say(line, at)))
        if at >= len(replies):
            break
        turns.append(Turn("agent", replies[at]))
    return Transcript(
        identity, tuple(turns), "simulation", script.category, Agent(trainee), Customer(tier=persona.tier)
    )
