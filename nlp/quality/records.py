"""Forms that people fill in: lines as printed, what may be chosen, and the service record out of a transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.tables import Table, read_preset

NAME = "records"
RECTIFICATION, SERVICE, FEEDBACK = "rectification", "service", "feedback"
STEPS = ("step1", "step2", "step3")


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line and the fields it is made of."""

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form: its lines in order, and the choices of the fields that have them."""

    code: str
    name: str
    lines: tuple[Line, ...]
    options: Mapping[str, tuple[str, ...]]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(field for line in self.lines for field in line.fields)

    def wrong(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Fields that are none of the form's or hold no choice of theirs, with what is accepted."""
        told = {name: "、".join(self.fields) for name in values if name not in self.fields}
        for name, choices in self.options.items():
            value = values.get(name)
            if value not in (None, "") and value not in choices:
                told[name] = "|".join(choices)
        return told

    def printed(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Each line with what stands in it; parts of one line are parted by a slash."""
        return [
            (line.name, " / ".join(str(values.get(field) or "") for field in line.fields).strip(" /"))
            for line in self.lines
        ]


@dataclass(frozen=True, slots=True)
class Records:
    """The forms of a site, how a transcript's words read in them, and what makes a service record complete."""

    sheets: Mapping[str, Sheet]
    tiers: Mapping[str, str]
    channels: Mapping[str, str]
    ratings: Mapping[str, str]
    complete: tuple[str, ...]


def read_records(folder: Path | None = None) -> Records:
    """The site's `records.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "form", "tier", "channel", "satisfaction", "complete")
    sheets = {sheet.code: sheet for sheet in (_sheet(one) for one in table.tables("form"))}
    for code in (RECTIFICATION, SERVICE, FEEDBACK):
        if code not in sheets:
            raise table.error("form", f"缺少 {code}", "rectification、service、feedback 三张表")
    tiers, channels, ratings, complete = (
        table.table(name, required=False) for name in ("tier", "channel", "satisfaction", "complete")
    )
    complete.only("fields")
    needed = complete.texts("fields", ())
    for name in needed:
        if name not in sheets[SERVICE].fields:
            raise complete.error("fields", f"没有 {name!r}", "、".join(sheets[SERVICE].fields))
    return Records(
        sheets,
        _words(tiers, sheets[SERVICE], "customer_type"),
        _words(channels, sheets[SERVICE], "channel"),
        _words(ratings, sheets[SERVICE], "satisfaction"),
        needed,
    )


def _sheet(table: Table) -> Sheet:
    table.only("code", "name", "line", "options")
    lines = tuple(Line(one.text("name"), one.texts("fields")) for one in table.tables("line"))
    options = table.table("options", required=False)
    fields = [field for line in lines for field in line.fields]
    for name in options.values:
        if name not in fields:
            raise options.error(name, "没有这个字段", "、".join(fields))
    choices = {name: options.texts(name) for name in options.values}
    return Sheet(table.text("code"), table.text("name"), lines, choices)


def _words(table: Table, sheet: Sheet, field: str) -> dict[str, str]:
    choices = sheet.options.get(field)
    return {name: table.text(name, choices=choices) for name in table.values}


@dataclass(frozen=True, slots=True)
class Filled:
    """A service record out of a transcript: values by field, and where each sentence stands (turn, start, end)."""

    values: Mapping[str, str]
    references: Mapping[str, Mapping[str, int]]


def filled(result: Mapping[str, Any], transcript: Mapping[str, Any], records: Records) -> Filled:
    """The record that a result's summary and its transcript give: every sentence word for word from a turn."""
    summary, customer = result["summary"], transcript.get("customer") or {}
    outcome = transcript.get("outcome") or {}
    channel = transcript.get("channel")
    values: dict[str, str | None] = {
        "customer_type": records.tiers.get(str(customer.get("tier"))),
        "channel": records.channels.get(str(channel), _other(records) if channel else None),
        "satisfaction": records.ratings.get(str(outcome.get("satisfaction"))),
        "problem": summary["request"],
        "result": summary["outcome"],
        **dict(zip(STEPS, summary["steps"], strict=False)),
    }
    places = summary["references"]
    references = {name: places[given][0] for name, given in (("problem", "request"), ("result", "outcome"))
                  if places[given]}  # fmt: skip
    references |= dict(zip(STEPS, places["steps"], strict=False))
    fields = records.sheets[SERVICE].fields
    return Filled({name: values.get(name) or "" for name in fields}, references)


def _other(records: Records) -> str | None:
    """The last choice of the channels: what is none of the others."""
    choices = records.sheets[SERVICE].options.get("channel")
    return choices[-1] if choices else None


def missing(values: Mapping[str, Any], records: Records) -> list[str]:
    """Fields that a complete service record holds and this one does not: blanks count as empty."""
    return [name for name in records.complete if not str(values.get(name) or "").strip()]


def completeness(kept: Iterable[Mapping[str, Any]], records: Records) -> tuple[int, int]:
    """(complete records, records)."""
    gaps = [missing(values, records) for values in kept]
    return sum(not one for one in gaps), len(gaps)


def edits(before: str, after: str) -> int:
    """Edit distance of two texts in characters (Levenshtein 1966)."""
    row = list(range(len(after) + 1))
    for at, one in enumerate(before, 1):
        last, row[0] = row[0], at
        for to, other in enumerate(after, 1):
            last, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, last + (one != other))
    return row[-1]
