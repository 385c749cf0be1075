"""What people put on record about a conversation counts with it: a service record filled in, a customer called back."""

from __future__ import annotations

from api import observed
from api.casework import Casework
from api.records import RECORD
from api.rectifications import records_of
from api.service import Service
from api.settled import FOLLOW_UP
from api.store import Writer
from api.store.cases import Case
from api.store.keys import Grant
from api.workflows import OPEN
from nlp.quality.records import missing

SATISFIED = {"满意": True, "基本满意": True, "不满意": False}
"""Whether a customer who says so when called back holds the matter for solved."""


def register(work: Casework, opened: Service) -> None:
    """Let records and calls tell the fact of their conversation."""

    def recorded(writer: Writer, case: Case, grant: Grant) -> None:
        whole = not missing(case.data.get("fields") or {}, records_of(opened))
        observed.told_again(writer, grant.tenant, str(case.data["transcript_id"]), {"record_complete": whole})

    def called(writer: Writer, case: Case, grant: Grant) -> None:
        values = {"follow_up": True, "resolved": SATISFIED.get(str(case.data["outcome"]))}
        known = {name: value for name, value in values.items() if value is not None}
        observed.told_again(writer, grant.tenant, str(case.subject), known)

    for event in (OPEN, "confirm"):
        work.on_move(RECORD, event, recorded)
    work.on_move(FOLLOW_UP, "finish", called)
