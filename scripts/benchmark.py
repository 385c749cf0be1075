"""The suites of `zuoxi bench`: a service in a process of its own, a client in this one."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.train.service import held_tickets
from scripts.bench_host import Served, served
from scripts.console import Failed
from scripts.demo_site import rows
from scripts.load import Connection, Outcome, drive, percentile

Row = dict[str, Any]
LOADS = (50, 200)
AROUND = 40
"""Turns that are timed at each length of a conversation."""
BATCH = 500


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done: seconds a load, entries built, entries beside the demo's, turns of the longest dialogue."""

    seconds: float
    entries: int
    knowledge: int
    turns: int


def run(names: Sequence[str], size: Size) -> Iterator[Row]:
    """Run the suites and give their rows as they come."""
    import uvloop

    with tempfile.TemporaryDirectory(prefix="zuoxi-bench-") as name:
        folder = Path(name) / "data"
        if set(names) - {"quality", "build"}:
            with served(folder) as filled:  # the first start fills the demo; the second is the one to time
                first = filled.seconds
            if size.knowledge:
                _fill(folder, size.knowledge)
            with served(folder) as service:
                if "start" in names:
                    yield _started(service, first)
                for suite in names:
                    for row in uvloop.run(_suite(suite, service, size)):
                        yield {"suite": suite, **row}
        if "quality" in names:
            from scripts import bench_quality

            for row in bench_quality.run(size.seconds):
                yield {"suite": "quality", **row}
        if "build" in names:
            for row in _build(Path(name) / "build", size.entries):
                yield {"suite": "build", **row}


def _started(service: Served, first: float) -> Row:
    note = f"{service.seconds:.2f} 秒就绪；首次填充演示 {first:.1f} 秒；常驻 {service.resident_mb():.0f} MB"
    figures = {"seconds": round(service.seconds, 3), "first_seconds": round(first, 3)}
    return {
        "suite": "start",
        "name": "启动到就绪",
        "note": note,
        **figures,
        "rss_mb": round(service.resident_mb()),
    }


async def _suite(name: str, service: Served, size: Size) -> list[Row]:
    seconds = size.seconds
    if name == "suggest":
        return await _loaded(
            service, seconds, "推荐", "/v1/suggest", [{"query": text[:400]} for text in _texts()]
        )
    if name == "route":
        return await _loaded(
            service, seconds, "分单", "/v1/tickets/route", [{"text": text} for text in _texts()]
        )
    if name == "batch":
        return [await _batch(service, seconds)]
    if name == "turns":
        return await _turns(service, size.turns)
    return []


def _texts() -> list[str]:
    return [row["text"] for row in held_tickets()]


def _row(name: str, outcome: Outcome, weight: int = 1) -> Row:
    times = outcome.answered
    shown = {f"p{share}_ms": round(percentile(times, share / 100) * 1000, 2) for share in (50, 95, 99)}
    per_second = round(outcome.rate * weight, 1)
    return {
        "name": name,
        "per_second": per_second,
        **shown,
        "answered": len(times),
        "refused": outcome.refusals(),
    }


async def _loaded(service: Served, seconds: float, name: str, path: str, bodies: list[Row]) -> list[Row]:
    target = service.targets["agent"]
    raw = [target.request("POST", path, json.dumps(body, ensure_ascii=False).encode()) for body in bodies]
    await drive(target, lambda n: raw[n % len(raw)], 8, min(2.0, seconds))
    found = []
    for load in (1, *LOADS):
        outcome = await drive(
            target, lambda n: raw[n % len(raw)], load, seconds if load > 1 else min(3.0, seconds)
        )
        found.append({**_row(f"{name}，并发 {load}", outcome), "concurrency": load})
    found[-1]["note"] = f"常驻 {service.resident_mb():.0f} MB"
    return found


async def _batch(service: Served, seconds: float) -> Row:
    target, texts = service.targets["bot"], _texts()
    tickets = [{"text": texts[at % len(texts)]} for at in range(BATCH)]
    raw = target.request("POST", "/v1/tickets/route-batch", json.dumps({"tickets": tickets}).encode())
    outcome = await drive(target, lambda _: raw, 2, seconds)
    return {**_row(f"批量分单，{BATCH} 张一批", outcome, BATCH), "note": "每秒为工单数"}


async def _turns(service: Served, most: int) -> list[Row]:
    target = service.targets["agent"]
    connection, texts = Connection(target), _texts()
    identity = f"bench-{time.time_ns()}"
    opened = target.request("POST", "/v1/conversations", json.dumps({"conversation_id": identity}).encode())
    status, body = await connection.send(opened)
    if status != 201:
        raise Failed(f"会话没有开成：{status} {body[:200]!r}")
    times: list[float] = []
    refused = Outcome()
    for number in range(most + AROUND):
        role = "customer" if number % 2 == 0 else "agent"
        turn = {"turn_id": f"t{number}", "role": role, "text": texts[number % 40][:200]}
        path = f"/v1/conversations/{identity}/turns"
        began = time.perf_counter()
        status, _ = await connection.send(target.request("POST", path, json.dumps(turn).encode()))
        times.append(time.perf_counter() - began)
        refused.statuses[status] += 1
    connection.close()
    found = []
    for start in sorted({10, most}):
        outcome = Outcome(answered=times[start : start + AROUND], statuses=refused.statuses)
        outcome.seconds = sum(outcome.answered)
        found.append({**_row(f"话轮，第 {start} 轮起 {AROUND} 轮", outcome), "turns": start})
    return found


def _synthetic(count: int) -> list[Row]:
    """Entries in the demo's words, each different, so that an index of any size can be built."""
    base = [row for name in ("faq", "script", "policy") for row in rows(f"handbook/{name}.jsonl")]
    made = []
    for at in range(count):
        row = base[at % len(base)]
        mark = f"（{at // len(base)} 号店）" if at >= len(base) else ""
        made.append({"id": f"b{at}", "kind": "faq", "title": row["title"] + mark, "text": row["text"] + mark})
    return made


def _fill(folder: Path, count: int) -> None:
    from kb.entries import from_json
    from scripts import site

    put = {row["id"]: from_json(row) for row in _synthetic(count)}
    with site.opened(folder) as service:
        write = service.sites.write(site.TENANT, put, frozenset(), by="bench", note="", reviewed=False)
        asyncio.run(write)


def _build(folder: Path, count: int) -> Iterator[Row]:
    from api.service import open_service
    from api.settings import load_settings
    from kb.entries import from_json
    from scripts.site import TENANT, ensure_tenant

    service = open_service(load_settings(data=folder))
    ensure_tenant(service.store)
    put = {row["id"]: from_json(row) for row in _synthetic(count)}

    async def publish(part: dict[str, Any]) -> float:
        began = time.perf_counter()
        await service.sites.write(TENANT, part, frozenset(), by="bench", note="", reviewed=False)
        return time.perf_counter() - began

    took = asyncio.run(publish(put))
    yield {
        "name": f"导入并发布 {count:,} 条",
        "per_second": round(count / took, 1),
        "seconds": round(took, 3),
        "note": f"{took:.1f} 秒",
    }
    one = next(iter(put.items()))
    edits = [asyncio.run(publish(dict([one]))) for _ in range(5)]
    note = f"改一条，{count:,} 条中可检索"
    yield {"name": note, "p50_ms": round(percentile(edits, 0.5) * 1000, 1), "note": "写入到可检索"}
    service.close()
    began = time.perf_counter()
    again = open_service(load_settings(data=folder))
    opened = time.perf_counter() - began
    again.close()
    yield {"name": f"从快照打开 {count:,} 条", "seconds": round(opened, 3), "note": f"{opened:.2f} 秒"}
