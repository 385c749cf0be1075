"""First solve, then blame: whether what a conversation was about is settled."""

from __future__ import annotations

from api.store import Reader, cases, transcripts

FOLLOW_UP = "follow_up"
MOST = 100


def unsettled(reader: Reader, tenant: str, transcript_id: str) -> str | None:
    """Why nobody may be blamed for a conversation yet, or None. What is not known to be open counts as settled.

    The customer's word when called back stands over what the record says.
    """
    wanted = cases.Wanted(kind=FOLLOW_UP, subject=transcript_id, state="done")
    called = cases.listed(reader, tenant, wanted, None, None, MOST)
    if called:
        last = max(called, key=lambda case: case.updated_at)
        return "客户回访不满意，问题还没有解决" if last.data.get("outcome") == "不满意" else None
    known = transcripts.latest(reader, tenant, transcript_id)
    outcome = (known or {}).get("outcome") or {}
    return "客户的问题还没有解决" if outcome.get("resolved") is False else None
