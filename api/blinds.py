"""What somebody must not see yet, because they are still to score it without knowing another's word."""

from __future__ import annotations

from api.store import Reader, cases, second_scores
from api.store.keys import Grant

BLIND, SESSION = "second_score", "calibration"
MOST = 500


def hidden(reader: Reader, grant: Grant) -> frozenset[str]:
    """Results the caller must not see yet: those they are still to score without knowing another's word."""
    if grant.scope not in ("supervisor", "quality", "admin"):
        return frozenset()
    me, tenant = grant.actor_id, grant.tenant
    mine = cases.listed(reader, tenant, cases.Wanted(kind=BLIND, state="open", owner=me), None, None, MOST)
    found = {str(case.subject) for case in mine}
    for state in ("planned", "scoring"):
        for case in cases.listed(reader, tenant, cases.Wanted(kind=SESSION, state=state), None, None, MOST):
            if me not in case.data.get("participants", ()):
                continue
            if me not in {one["by"] for one in second_scores.of_session(reader, tenant, case.id)}:
                found.add(str(case.subject))
    return frozenset(found)
