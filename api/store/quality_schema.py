"""Tables of the quality hearing."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, Table, Text

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

# What a person said of every item of a result without seeing another's verdict; `session` is the case it was for.
second_scores = Table(
    "second_scores",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("session", Code, primary_key=True),
    Column("by", Code, primary_key=True),
    Column("result", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("items", JSON, nullable=False),
    Column("score", Float, nullable=False),
    Column("note", Text),
    Index("second_scores_result", "tenant", "result"),
    Index("second_scores_at", "tenant", "at"),
)

# The sample of a day as it was drawn.
samples = Table(
    "samples",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("date", Code, primary_key=True),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("sample", JSON, nullable=False),
)

# What only supervisors know of a dialogue: that it is a mystery shopper's.
marks = Table(
    "marks",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("transcript_id", Code, primary_key=True),
    Column("mark", Code, primary_key=True),
    Column("by", Code, nullable=False),
    Column("at", Time, nullable=False),
    Column("data", JSON, nullable=False),
)

# A trainee against a scripted customer; its score stands here and nowhere else.
trainings = Table(
    "trainings",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("trainee", Code, nullable=False),
    Column("planned_for", Code),
    Column("started_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("data", JSON, nullable=False),
    Index("trainings_trainee", "tenant", "trainee", "started_at"),
)

# The box that knows nobody: no actor, no key, no address; the day only.
anonymous = Table(
    "anonymous",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("id", Code, primary_key=True),
    Column("day", Code, nullable=False),
    Column("text", Text, nullable=False),
)

# What people last said of the machine's verdict on an item: `who` is "" for rulings (the last one stands), else the
# person who scored without knowing. Counted for the health of rules.
words = Table(
    "words",
    metadata,
    Column("tenant", Code, primary_key=True),
    Column("result", Code, primary_key=True),
    Column("item", Code, primary_key=True),
    Column("who", Code, primary_key=True),
    Column("form", Code, nullable=False),
    Column("version", Code, nullable=False),
    Column("machine", Code, nullable=False),
    Column("human", Code, nullable=False),
    Column("source", Code, nullable=False),
    Column("at", Time, nullable=False),
    Index("words_rule", "tenant", "form", "version", "item", "at"),
)
