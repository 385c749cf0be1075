"""Other systems' transcripts in the contract's shape: one file a system, named by whoever reads or told by its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.adapters import aliyun, asr, contact_lens, genesys
from nlp.adapters.shape import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    one.name: one for one in (aliyun.ADAPTER, contact_lens.ADAPTER, genesys.ADAPTER, asr.ADAPTER)
}

__all__ = ["ADAPTERS", "Adapter", "recognised"]


def recognised(value: Any) -> Adapter | None:
    """The system whose fields a JSON value has; None for our own transcripts and for strangers."""
    if not isinstance(value, Mapping) or isinstance(value.get("turns"), list):
        return None
    found = [adapter for adapter in ADAPTERS.values() if adapter.recognises(value)]
    return found[0] if len(found) == 1 else None
