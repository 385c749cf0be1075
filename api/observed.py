"""What the doors tell the fact table: one small function for each thing that happens, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.store import Reader, Writer, observations
from nlp.metrics.observation import from_json
from nlp.metrics.transcripts import scored

Json = dict[str, Any]


def ruled(writer: Writer, tenant: str, result: Mapping[str, Any], effective: Mapping[str, Any]) -> None:
    """A ruling changed what stands of a result: its conversation counts as `effective` (a score's JSON) says."""
    told = result.get("observed")
    if told is None:
        return  # scored before facts were kept
    known = observations.get(Reader(writer), tenant, told["id"])
    if known is not None and known.values.get("result") not in (None, result["id"]):
        return  # another result of the conversation counts by now
    values = {**told["values"], **scored(effective), "result": str(result["id"])}
    at = datetime.now(UTC) if known is None else known.at
    observations.put(writer, tenant, [from_json({**told, "values": _present(values)}, at)])


def _present(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
