"""What a run of a command leaves, and a small handbook."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTRIES = [
    {
        "id": "f1",
        "kind": "faq",
        "title": "退款多久到账",
        "text": "银行卡一般一到五个工作日到账。",
        "similar": ["钱什么时候退"],
    },
    {"id": "f2", "kind": "faq", "title": "发票怎么开", "text": "确认收货后二十四小时内自动开出电子发票。"},
    {
        "id": "s1",
        "kind": "script",
        "stage": "comfort",
        "title": "安抚等待退款的客户",
        "text": "{称呼}您好，让您久等了，我马上为您核实退款进度。",
        "slots": ["称呼"],
    },
    {"id": "p1", "kind": "policy", "title": "七天无理由退货", "text": "签收次日起七天内，商品完好可以退货。"},
]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output, as JSON."""
        return json.loads(self.out.strip().splitlines()[-1])


Run = Callable[..., Done]


def write_entries(path: Path) -> Path:
    """A small handbook as JSON lines."""
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in ENTRIES), encoding="utf-8")
    return path
