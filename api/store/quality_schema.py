"""Tables of the quality hearing."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from api.store.schema import Code, Time, metadata

# What was said of a result after the machine: appended, never changed. `holds` is what held after it.
rulings = Table(
    "rulings",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("result", Code, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", Code, nullable=False),
    Column("case", Code),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("reason", Text, nullable=False),
    Column("items", JSON, nullable=False),
    Column("before", JSON, nullable=False),
    Column("holds", JSON, nullable=False),
    Index("rulings_at", "tenant", "at"),
)
