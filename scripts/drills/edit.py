"""edit: on a site of a hundred thousand passages an edit is searchable within a second, from the call to the hit."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from api.publishing import write
from api.sites import Sites
from api.store import Store, keys
from kb.entries import Entry
from kb.filters import Filters
from kb.query import ask
from kb.search import search
from kb.segment import Encode
from nlp.artefacts import find
from nlp.encode import load_encoder
from scripts.drills import Result, Say, percentile, resident_mb

EDITS = 200
MOST_SECONDS = 1.0
TENANT = "shop"
PASSAGES_AN_ENTRY = 2
TOPICS = ("退货", "运费", "发票", "积分", "换货", "安装", "保修", "改地址", "催发货", "价保")
GOODS = ("空调", "洗衣机", "手机", "耳机", "键盘", "外套", "跑鞋", "奶粉", "书包", "台灯")


def run(n: int, seed: int, say: Say) -> Result:
    """`n` passages, then `EDITS` edits one after the other, each timed until a search gives the new text."""
    rng = random.Random(seed)  # noqa: S311 (a drill, not a secret)
    encoder = load_encoder(find("encoder"))
    count = n // PASSAGES_AN_ENTRY
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'zuoxi.db'}")
        try:
            store.write(lambda writer: keys.ensure_tenant(writer, TENANT, TENANT))
            put = {f"e{at}": _entry(rng, at, 0) for at in range(count)}
            began = time.perf_counter()
            store.write(
                lambda writer: write(writer, TENANT, put, frozenset(), by="E1", note="", reviewed=False)
            )
            say(f"写入 {count} 条，{time.perf_counter() - began:.0f} 秒")
            sites = Sites(store, Path(folder), encoder.encode, encoder.version)
            began = time.perf_counter()
            sites.start()
            opened = time.perf_counter() - began
            say(f"建立索引 {opened:.0f} 秒，内存 {resident_mb():.0f} MB")
            taken, lost = asyncio.run(_edits(sites, rng, count, encoder.encode))
        finally:
            store.close()
    return _told(taken, lost, opened)


def _told(taken: list[float], lost: list[str], opened: float) -> Result:
    failures = [f"{one} was not found after its edit" for one in lost]
    if max(taken) > MOST_SECONDS:
        at = taken.index(max(taken)) + 1
        failures.append(f"edit {at} of {len(taken)} took {max(taken):.2f} s")
    figures = {
        "edits": len(taken),
        "p50_ms": round(percentile(taken, 0.5) * 1000, 1),
        "p99_ms": round(percentile(taken, 0.99) * 1000, 1),
        "max_ms": round(max(taken) * 1000, 1),
        "open_s": round(opened, 1),
        "resident_mb": round(resident_mb()),
    }
    return Result(figures, tuple(failures))


def _entry(rng: random.Random, at: int, edition: int) -> Entry:
    topic, goods = rng.choice(TOPICS), rng.choice(GOODS)
    title = f"{goods}{topic}怎么办理{at}号第{edition}版"
    text = f"{goods}的{topic}请在{rng.randrange(1, 60)}天内申请，第{edition}版第{at}条，金额不超过{rng.randrange(10, 9999)}元。"
    return Entry(f"e{at}", "faq", title, text)


async def _edits(
    sites: Sites, rng: random.Random, count: int, encode: Encode
) -> tuple[list[float], list[str]]:
    taken: list[float] = []
    lost: list[str] = []
    for edition in range(1, EDITS + 1):
        new = _entry(rng, rng.randrange(count), edition)
        began = time.perf_counter()
        await sites.write(TENANT, {new.id: new}, frozenset(), by="E1", note="", reviewed=False)
        knowledge = sites.knowledge(TENANT)
        hits = search(knowledge, ask(new.title, encode), None, Filters(), 1)
        taken.append(time.perf_counter() - began)
        if not hits or hits[0].text != new.text:
            lost.append(new.id)
    return taken, lost
