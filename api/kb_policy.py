"""What a site says about gaps, stale entries and deposits: `knowledge.toml` of its policy folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from api.forms import site_folder
from api.service import Service
from kb.entries import KINDS
from kb.gaps import Grouping
from nlp.tables import Table, read_preset

NAME = "knowledge"


@dataclass(frozen=True, slots=True)
class KnowledgePolicy:
    """Numbers of `knowledge.toml`; shares and likenesses are 0…1, `hide_overdue` are kinds of entries."""

    doubtful: float
    low: float
    covered: float
    grouping: Grouping
    hide_overdue: frozenset[str]
    unused_days: int
    dismissed: float
    edited: float
    duplicate: float


def load_knowledge_policy(folder: Path | None = None) -> KnowledgePolicy:
    """The site's `knowledge.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "gaps", "stale", "deposits")
    gaps, stale, deposits = (table.table(name, required=False) for name in ("gaps", "stale", "deposits"))
    gaps.only("doubtful", "low", "covered", "alike", "by_words", "dense")
    stale.only("hide_overdue", "unused_days", "dismissed", "edited")
    deposits.only("duplicate")
    return KnowledgePolicy(
        doubtful=gaps.number("doubtful", 0.9, high=1.0),
        low=gaps.number("low", 0.5, high=1.0),
        covered=gaps.number("covered", 0.4, high=1.0),
        grouping=Grouping(
            alike=gaps.number("alike", 0.15, high=1.0),
            by_words=gaps.number("by_words", 0.07, high=1.0),
            dense=gaps.number("dense", 0.3, high=1.0),
        ),
        hide_overdue=_kinds(stale, "hide_overdue"),
        unused_days=int(stale.number("unused_days", 90, low=1, high=3650)),
        dismissed=stale.number("dismissed", 0.3, high=1.0),
        edited=stale.number("edited", 0.5, high=1.0),
        duplicate=deposits.number("duplicate", 0.5, high=1.0),
    )


def _kinds(table: Table, key: str) -> frozenset[str]:
    found = table.texts(key, ())
    for kind in found:
        if kind not in KINDS:
            raise table.error(key, f"不能是 {kind[:40]!r}", "|".join(KINDS))
    return frozenset(found)


_kept = lru_cache(maxsize=64)(load_knowledge_policy)


def knowledge_policy(opened: Service) -> KnowledgePolicy:
    """The policy of an opened site, read once."""
    return _kept(site_folder(opened.settings))
