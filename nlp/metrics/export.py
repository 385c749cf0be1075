"""Facts as tables for other programs: one row a fact, the columns told by a schema, texts masked, formulas dead."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nlp.batch.columns import SHEET_ROWS, Book, Value, cell_text, printable
from nlp.metrics.observation import DIMENSIONS, Json, Kind, Observation, accepted
from nlp.parquet import write_parquet
from nlp.privacy import mask

Format = Literal["csv", "xlsx", "parquet", "jsonl"]
MORE = "more"
_CELL = 32_000
_BASE = (
    ("id", "编号"), ("at", "时间（ISO 8601）"), ("subject", "对象"), ("agent", "客服"), ("team", "班组"),
    ("category", "类别"), ("channel", "渠道"), ("region", "地区"), ("customer", "客户"),
)  # fmt: skip


class TooMany(ValueError):
    """More rows than the format holds."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, how it is written (text, number, whole, flag), the form of the value, and its title."""

    name: str
    written: str
    form: str
    title: str


def fields(kind: Kind) -> list[Field]:
    """The columns of a kind: what every fact has, what the kind knows, and the rest as JSON in `more`."""
    known = [
        Field(one.name, _written(one.form), accepted(one.form), one.title) for one in kind.values.values()
    ]
    base = [Field(name, "text", "字符串", title) for name, title in _BASE]
    return [*base, *known, Field(MORE, "text", "JSON", "其余的值")]


def _written(form: str) -> str:
    if form == "flag":
        return "flag"
    if form == "count":
        return "whole"
    return "number" if form == "seconds" or (form.startswith("number") and form != "numbers") else "text"


def schema(kind: Kind) -> Json:
    """What each column means; lists are joined by |, objects are JSON, times ISO 8601 in UTC."""
    return {
        "kind": kind.code,
        "name": kind.name,
        "about": kind.about,
        "columns": [
            {"name": one.name, "type": one.written, "form": one.form, "title": one.title}
            for one in fields(kind)
        ],
    }


def cells(one: Observation, columns: list[Field]) -> list[Value]:
    """One fact in the order of the columns, masked."""
    known = {field.name for field in columns}
    rest = {name: value for name, value in one.values.items() if name not in known}
    told = {"id": one.id, "at": one.at.isoformat(timespec="milliseconds"), MORE: rest or None, **one.values}
    told |= {name: getattr(one, name) for name in DIMENSIONS}
    return [_cell(field, told.get(field.name)) for field in columns]


def _cell(field: Field, value: Any) -> Value:
    if value is None:
        return None
    if field.written == "text":
        if field.name == "at":
            return str(value)
        text = "|".join(map(str, value)) if isinstance(value, list) else value
        text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        return printable(mask(text))[:_CELL]
    if field.written == "flag":
        return bool(value)
    return int(value) if field.written == "whole" else float(value)


def write(format: Format, path: Path, kind: Kind, facts: Iterable[Observation]) -> int:
    """Write a file; the number of rows. Raises TooMany for a sheet, MissingParquet without the extra."""
    columns, count = fields(kind), 0

    def rows() -> Iterator[list[Value]]:
        nonlocal count
        for one in facts:
            count += 1
            yield cells(one, columns)

    if format == "parquet":
        write_parquet(path, {field.name: field.written for field in columns}, rows())
    elif format == "xlsx":
        _sheet(path, kind, columns, rows())
    elif format == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([field.name for field in columns])
            writer.writerows([cell_text(cell) for cell in row] for row in rows())
    else:
        with path.open("w", encoding="utf-8") as stream:
            for row in rows():
                named = {
                    field.name: cell for field, cell in zip(columns, row, strict=True) if cell is not None
                }
                stream.write(json.dumps(named, ensure_ascii=False) + "\n")
    return count


def _sheet(path: Path, kind: Kind, columns: list[Field], rows: Iterable[list[Value]]) -> None:
    book = Book(path)
    try:
        sheet = book.sheet(kind.name, [field.title for field in columns])
        for number, row in enumerate(rows):
            if number == SHEET_ROWS:
                raise TooMany(f"一张表至多 {SHEET_ROWS} 行")
            sheet.add(row)
    finally:
        book.close()
