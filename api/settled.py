"""First solve, then blame: whether what a conversation was about is settled."""

from __future__ import annotations

from api.store import Reader, transcripts


def unsettled(reader: Reader, tenant: str, transcript_id: str) -> str | None:
    """Why nobody may be blamed for a conversation yet, or None. What is not known to be open counts as settled."""
    known = transcripts.latest(reader, tenant, transcript_id)
    outcome = (known or {}).get("outcome") or {}
    return "客户的问题还没有解决" if outcome.get("resolved") is False else None
