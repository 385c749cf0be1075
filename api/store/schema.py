"""The tables. Every one has `tenant`, and every query names it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
Code = String(256)
Time = String(40)
"""ISO 8601 in UTC: sorts as text, reads the same in both databases."""
Serial = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("name", Code, primary_key=True), Column("value", Text, nullable=False))

tenants = Table(
    "tenants",
    metadata,
    Column("id", Code, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("digest", Code, nullable=False, unique=True),
    Column("scope", Code, nullable=False),
    Column("actor", JSON, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("revoked_at", Time),
)

releases = Table(
    "releases",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("name", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("by", Code, nullable=False),
    Column("note", Text, nullable=False, default=""),
)

# An entry's revision holds from release `since` up to, not including, release `until` (NULL: still live).
revisions = Table(
    "revisions",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("until", Integer),
    Column("entry", JSON, nullable=False),
    Index("revisions_live", "tenant", "until", "since"),
)

# A site's synonyms, as written: a list holds from release `since` until the next one.
lexicons = Table(
    "lexicons",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("lines", JSON, nullable=False),
)

# The open draft of a reviewed site: `entry` NULL is a planned deletion.
drafts = Table(
    "drafts",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("entry", JSON),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("release", Code, nullable=False),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("subject", Code),
    Column("customer", Code),
    Column("at", Time, nullable=False),
    Column("request", JSON, nullable=False),
    Column("reply", JSON, nullable=False),
    Index("decisions_at", "tenant", "kind", "at"),
    Index("decisions_subject", "tenant", "kind", "subject"),
    Index("decisions_customer", "tenant", "customer", "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("subject", Code, nullable=False),
    Column("actor", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("data", JSON, nullable=False),
    Index("feedback_subject", "tenant", "kind", "subject"),
    Index("feedback_at", "tenant", "kind", "at"),
)

# `revision` counts the changes of a row, so that a decision made on an older state is never written;
# `status` is the handoff state, repeated for the board's counts.
conversations = Table(
    "conversations",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("status", Code, nullable=False),
    Column("state", JSON, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Index("conversations_at", "tenant", "updated_at"),
    Index("conversations_status", "tenant", "status", "updated_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("conversation_id", Code, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("turn_id", Code, nullable=False),
    Column("turn", JSON, nullable=False),
    Column("reply", JSON, nullable=False),
    UniqueConstraint("tenant", "conversation_id", "turn_id"),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("tenant", Code, nullable=False),
    Column("conversation_id", Code, nullable=False),
    Column("type", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("data", JSON, nullable=False),
    Index("events_tenant", "tenant", "id"),
    Index("events_conversation", "tenant", "conversation_id", "id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer),
    Column("data", JSON, nullable=False),
    Column("error", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("cancel", Boolean, nullable=False, default=False),
    Column("lease", Code),
    Column("lease_until", Float),
    Column("by", Code, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Index("jobs_open", "state", "lease_until"),
)

results = Table(
    "results",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("transcript_id", Code, nullable=False),
    Column("form", Code, nullable=False),
    Column("version", Code, nullable=False),
    Column("agent", Code),
    Column("score", Float),
    Column("grade", Code),
    Column("veto", Boolean, nullable=False),
    Column("failed", JSON, nullable=False),
    Column("at", Time, nullable=False),
    Column("result", JSON, nullable=False),
    Index("results_at", "tenant", "at"),
    Index("results_transcript", "tenant", "transcript_id"),
    Index("results_agent", "tenant", "agent", "at"),
)

# A dialogue as it was scored, its personal data covered; `id` digests it, `at` is when it was held.
transcripts = Table(
    "transcripts",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("transcript_id", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("kept_at", Time, nullable=False),
    Column("transcript", JSON, nullable=False),
    Index("transcripts_at", "tenant", "at"),
    Index("transcripts_kept", "tenant", "kept_at"),
    Index("transcripts_named", "tenant", "transcript_id", "kept_at"),
)

# Which of them a result was scored on.
result_transcripts = Table(
    "result_transcripts",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("result", Code, primary_key=True),
    Column("transcript", Code, nullable=False),
    Column("kept_at", Time, nullable=False),
    Index("result_transcripts_kept", "tenant", "kept_at"),
)

scenes = Table(
    "scenes",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("scene", JSON, nullable=False),
)

# A thing with states. `revision` counts its events: every change is one, numbered by it.
cases = Table(
    "cases",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("subject", Code),
    Column("title", Text, nullable=False),
    Column("owner", Code),
    Column("data", JSON, nullable=False),
    Column("approvals", JSON, nullable=False),
    Column("due_at", Time),
    Column("revision", Integer, nullable=False),
    Column("created_by", Code, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Index("cases_state", "tenant", "kind", "state", "due_at"),
    Index("cases_subject", "tenant", "subject"),
    Index("cases_owner", "tenant", "owner"),
    Index("cases_due", "tenant", "due_at"),
)

case_events = Table(
    "case_events",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("case_id", Code, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Time, nullable=False),
    Column("by", Code, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("move", Code, nullable=False),
    Column("from", Code),
    Column("to", Code, nullable=False),
    Column("note", Text),
    Column("data", JSON, nullable=False),
)

# What a change of the handbook holds: `entry` NULL withdraws one; `base` digests the text it was written over.
change_entries = Table(
    "change_entries",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("change", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("entry", JSON),
    Column("base", Code, nullable=False),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
)

# Texts that stand until their entry's next one begins: `key` is the id of such a text among the revisions.
outgoing = Table(
    "outgoing",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("key", Code, primary_key=True),
)

# Entries that proved themselves: only an admin changes them.
frozen = Table(
    "frozen",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("entry_id", Code, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
)

# What a file gave when it was imported last: by `key` (its own id, or kind and title) the entry and digests of it.
imports = Table(
    "imports",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("file", Code, primary_key=True),
    Column("key", Code, primary_key=True),
    Column("entry_id", Code, nullable=False),
    Column("title", Text, nullable=False),
    Column("digest", Code, nullable=False),
    Column("words", Code, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("key", Code, primary_key=True),
    Column("digest", Code, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reply", JSON, nullable=False),
    Column("at", Time, nullable=False),
)
