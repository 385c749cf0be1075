"""Tables of the reports that went out."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Table

from api.store.schema import Code, Time, metadata

# A report as it was delivered, once for a period and the day it begins: the row is what makes it once.
deliveries = Table(
    "deliveries",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("period", Code, primary_key=True),
    Column("day", Code, primary_key=True),
    Column("at", Time, nullable=False),
    Column("due_at", Time, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("channels", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Index("deliveries_at", "tenant", "at"),
)
