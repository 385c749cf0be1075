"""Tables of what is counted: observations, and the targets set for what they add up to."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Table

from api.store.schema import Code, Time, metadata

# One row for one thing that happened. `values` are what its kind measures; told again, a row is the two put together.
observations = Table(
    "observations",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("subject", Code),
    Column("agent", Code),
    Column("team", Code),
    Column("category", Code),
    Column("channel", Code),
    Column("region", Code),
    Column("customer", Code),
    Column("values", JSON, nullable=False),
    Index("observations_at", "tenant", "kind", "at", "id"),
    Index("observations_subject", "tenant", "kind", "subject"),
    Index("observations_agent", "tenant", "kind", "agent", "at"),
    Index("observations_customer", "tenant", "kind", "customer", "at"),
)

targets = Table(
    "targets",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("metric", Code, nullable=False),
    Column("data", JSON, nullable=False),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("ended_at", Time),
    Index("targets_metric", "tenant", "metric"),
)
