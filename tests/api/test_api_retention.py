"""What is older than a site keeps it is forgotten once a day; what an open case refers to is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, select, update

from api.casework import make, written
from api.retention import sweep
from api.store import Writer, cases, decisions, keys, outbox_tables, schema, transcripts
from api.store.cases import Case, Event
from nlp.quality.kept import keep
from nlp.transcript import parse_transcript
from tests.api.serving import Site

TENANT = "sweeping"
NOW = datetime.now(UTC)
OLD, NEW = (written(NOW - timedelta(days=days)) for days in (401, 399))


def _review(writer: Writer, subject: str, state: str, data: dict[str, Any]) -> None:
    case = Case(f"rv-{subject}", "review", state, subject, "t", None, data, {}, None, 1, "S1", OLD, OLD)
    cases.create(writer, TENANT, case, Event(OLD, "S1", (), "open", None, state, None, {}))


def _fill(writer: Writer) -> None:
    keys.ensure_tenant(writer, TENANT, TENANT)
    for name in ("old", "new", "asked", "named"):
        decisions.save(writer, TENANT, "route", {}, {"id": f"rt-{name}"}, subject=f"ticket-{name}")
        decisions.remember(writer, TENANT, f"key-{name}", "d", 200, {})
        told = keep(parse_transcript({"id": f"talk-{name}", "turns": [{"role": "agent", "text": name}]}))
        transcripts.save(writer, TENANT, [(f"qs-{name}", told)])
        message = {"tenant": TENANT, "id": f"msg-{name}", "webhook": "w", "event": "x", "body": "{}", "attempts": 1,
                   "due": time.time() + 9e6, "created_at": OLD, "state": "dead" if name == "old" else "waiting"}  # fmt: skip
        writer.execute(outbox_tables.messages.insert().values(message))
        writer.execute(
            schema.events.insert().values(
                tenant=TENANT, conversation_id=f"c-{name}", type="turn", at=OLD, data={}
            )
        )
    for table, at, key in (
        (schema.decisions, "at", "id"), (schema.idempotency, "at", "key"),
        (schema.result_transcripts, "kept_at", "result"), (schema.transcripts, "kept_at", "transcript_id"),
        (schema.events, "at", "conversation_id"),
    ):  # fmt: skip
        writer.execute(update(table).where(table.c.tenant == TENANT).values({at: OLD}))
        mine = (table.c.tenant == TENANT, table.c[key].like("%-new"))
        writer.execute(update(table).where(*mine).values({at: NEW}))
    _review(writer, "qs-asked", "open", {"ticket": "rt-named", "evidence": ["qs-named"], "talk": "c-asked"})
    _review(writer, "ticket-asked", "open", {})
    _review(writer, "qs-old", "upheld", {"ticket": "rt-old", "talk": "c-old"})  # over: it holds nothing back


def test_old_rows_go_and_what_open_cases_name_stays(site: Site) -> None:
    """401 days old goes, 399 stays; so does what an open case names by subject or in its data, and what is still to be sent."""
    store = site.service.store
    store.write(_fill)

    def left(table: Table, column: str) -> list[str]:
        query = select(table.c[column]).where(table.c.tenant == TENANT)
        return sorted(store.read(lambda reader: reader.execute(query).scalars().all()))

    assert sweep(make(), site.service, NOW) >= 9
    assert left(schema.decisions, "id") == ["rt-asked", "rt-named", "rt-new"]
    assert left(schema.idempotency, "key") == ["key-new"]
    assert left(schema.events, "conversation_id") == ["c-asked", "c-new"]
    assert left(outbox_tables.messages, "id") == ["msg-asked", "msg-named", "msg-new"]
    assert left(schema.result_transcripts, "result") == ["qs-asked", "qs-named", "qs-new"]
    assert left(schema.transcripts, "transcript_id") == ["talk-asked", "talk-named", "talk-new"]
    assert sweep(make(), site.service, NOW) == 0
