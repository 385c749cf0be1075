"""Tables of what is told to other systems."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, Table, Text

from api.store.schema import Code, Time, metadata

# Who is told: an address and the secret its messages are signed with.
webhooks = Table(
    "webhooks",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Code, nullable=False),
    Column("events", JSON, nullable=False),
    Column("by", Code, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("disabled", Text),
)

# The outbox: committed with what it tells of, sent afterwards until it is taken or given up.
messages = Table(
    "messages",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("webhook", Code, nullable=False),
    Column("event", Code, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Code, nullable=False),  # waiting, sent, dead
    Column("attempts", Integer, nullable=False),
    Column("due", Float),
    Column("told", Text),
    Column("created_at", Time, nullable=False),
    Column("ended_at", Time),
    Index("messages_due", "state", "due"),
    Index("messages_webhook", "tenant", "webhook", "created_at"),
)
