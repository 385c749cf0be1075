"""Entries and passages: frozen, with stable ids."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Kind = Literal["faq", "script", "sop", "case", "policy", "manual"]
Stage = Literal["greeting", "comfort", "verify", "solve", "follow_up", "closing"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place `{name}` in a script's text; an optional one is written `{name?}`."""

    name: str
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of knowledge. Empty `audience` or `channel` means everyone, everywhere."""

    id: str
    kind: Kind
    title: str
    text: str
    stage: Stage | None = None
    similar: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    tags: tuple[str, ...] = ()
    audience: frozenset[str] = frozenset()
    channel: frozenset[str] = frozenset()
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    source: str = ""
    section: str = ""

    def effective(self, as_of: datetime) -> bool:
        """Whether the entry holds at `as_of` (aware); the end is exclusive."""
        begun = self.effective_from is None or self.effective_from <= as_of
        return begun and (self.effective_to is None or as_of < self.effective_to)


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is indexed. `field` is `title`, `similar` or `text`; offsets point into that field."""

    id: int
    entry_id: str
    field: Literal["title", "similar", "text"]
    text: str
    start: int = 0


def entry_id(kind: str, title: str, text: str) -> str:
    """A stable id for an entry that came without one."""
    digest = hashlib.sha256(f"{kind}\n{title}\n{text}".encode()).hexdigest()
    return f"{kind}-{digest[:12]}"
