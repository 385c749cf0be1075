"""What people put on record about a conversation counts with it: a service record filled in, a customer called back."""

from __future__ import annotations

from datetime import datetime

from api import observed
from api.casework import Casework
from api.records import RECORD
from api.rectifications import records_of
from api.service import Service
from api.settled import FOLLOW_UP
from api.store import Reader, Writer, observations
from api.store.cases import Case
from api.store.keys import Grant
from api.workflows import OPEN
from nlp.quality.records import missing

PROMISED = "commitment"
"""Why a follow-up is due that an agent promised when handing a matter on: the time limit of that hop."""
SATISFIED = {"满意": True, "基本满意": True, "不满意": False}
"""Whether a customer who says so when called back holds the matter for solved."""


def register(work: Casework, opened: Service) -> None:
    """Let records and calls tell the fact of their conversation."""

    def recorded(writer: Writer, case: Case, grant: Grant) -> None:
        whole = not missing(case.data.get("fields") or {}, records_of(opened))
        observed.told_again(writer, grant.tenant, str(case.data["transcript_id"]), {"record_complete": whole})

    def handed_on(writer: Writer, case: Case, grant: Grant) -> None:
        if case.data.get("why") == PROMISED:
            observed.told_again(writer, grant.tenant, str(case.subject), {"escalated": True})

    def called(writer: Writer, case: Case, grant: Grant) -> None:
        values = {"follow_up": True, "resolved": SATISFIED.get(str(case.data["outcome"]))}
        if case.data.get("why") == PROMISED:
            seen = observations.get(Reader(writer), grant.tenant, f"conversation:{case.subject}")
            late = (
                seen is not None and seen.values.get("escalated_in_time") is False
            )  # an earlier promise was
            in_time = work.clock() <= datetime.fromisoformat(case.data["promised_for"])
            values |= {"escalated": True, "escalated_in_time": in_time and not late}
        known = {name: value for name, value in values.items() if value is not None}
        observed.told_again(writer, grant.tenant, str(case.subject), known)

    for event in (OPEN, "confirm"):
        work.on_move(RECORD, event, recorded)
    work.on_move(FOLLOW_UP, OPEN, handed_on)
    work.on_move(FOLLOW_UP, "finish", called)
