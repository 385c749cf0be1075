"""Sites: the served handbook equals the store, through edits, other processes, restarts and damage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api import sites as module
from api.sites import Sites
from api.store import Store, keys
from kb.entries import Entry
from kb.filters import Filters
from kb.search import search

TENANT = "shop"


def _entry(identity: str, title: str, text: str) -> Entry:
    return Entry(id=identity, kind="faq", title=title, text=text)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'site.db'}")
    opened.write(lambda writer: keys.ensure_tenant(writer, TENANT, "店"))
    yield opened
    opened.close()


@pytest.fixture
def sites(store: Store, tmp_path: Path) -> Sites:
    made = Sites(store, tmp_path, None, "")
    made.start()
    return made


def _write(sites: Sites, *put: Entry, drop: tuple[str, ...] = (), reviewed: bool = False) -> None:
    asyncio.run(
        sites.write(
            TENANT, {one.id: one for one in put}, frozenset(drop), by="E1", note="", reviewed=reviewed
        )
    )


def _found(sites: Sites, query: str, as_of: datetime | None = None) -> list[str]:
    hits = search(sites.at(TENANT, as_of), query, None, Filters(), 5)
    return [hit.entry_id for hit in hits]


def test_an_edit_is_searchable_at_once_and_a_delete_is_final(
    sites: Sites, store: Store, tmp_path: Path
) -> None:
    """What was written is found, what was deleted is not, also after a restart from a snapshot (R038, B03)."""
    _write(sites, _entry("a", "退款多久到账", "五个工作日"), _entry("b", "怎么开发票", "电子发票"))
    assert _found(sites, "退款多久到账")[0] == "a"
    sites.close()
    _write(sites, drop=("a",))
    assert "a" not in _found(sites, "退款多久到账")
    again = Sites(store, tmp_path, None, "")
    again.start()
    assert "a" not in _found(again, "退款多久到账")
    assert "b" in _found(again, "怎么开发票")


def test_another_process_sees_a_release_within_a_second(sites: Sites, store: Store, tmp_path: Path) -> None:
    """Two processes over one store: the second follows the first."""
    other = Sites(store, tmp_path / "other", None, "")
    other.start()

    async def scene() -> float:
        task = asyncio.create_task(other.follow())
        put = {"a": _entry("a", "运费谁出", "质量问题商城承担")}
        await sites.write(TENANT, put, frozenset(), by="E1", note="", reviewed=False)
        began = time.perf_counter()
        while "a" not in other.knowledge(TENANT).entries:
            await asyncio.sleep(0.02)
            assert time.perf_counter() - began < 1
        task.cancel()
        return time.perf_counter() - began

    assert asyncio.run(scene()) < 1


def test_as_of_answers_with_the_release_then_in_force(sites: Sites) -> None:
    """The same query on two dates gets two answers (B01)."""
    _write(sites, _entry("a", "无理由退货几天", "7 天"))
    time.sleep(0.02)
    then = datetime.now(UTC)
    time.sleep(0.02)
    _write(sites, _entry("a", "无理由退货几天", "15 天"))
    old = search(sites.at(TENANT, then), "无理由退货几天", None, Filters(), 1)[0]
    new = search(sites.at(TENANT, None), "无理由退货几天", None, Filters(), 1)[0]
    assert (old.text, new.text) == ("7 天", "15 天")
    assert sites.at(TENANT, then).release == "V1.0"
    assert sites.at(TENANT, None).release == "V1.0.1"


def test_a_damaged_snapshot_is_rebuilt_from_the_store(sites: Sites, store: Store, tmp_path: Path) -> None:
    """A flipped byte in a snapshot is noticed before it is served."""
    _write(sites, _entry("a", "退款多久到账", "五个工作日"))
    sites.close()
    folder = next(path for path in (tmp_path / "snapshots" / TENANT).iterdir() if path.is_dir())
    file = folder / "entries.jsonl"
    file.write_bytes(file.read_bytes().replace(b"\xe4", b"\xe5", 1))
    again = Sites(store, tmp_path, None, "")
    again.start()
    assert again.knowledge(TENANT).entries["a"].text == "五个工作日"


def test_a_reviewed_site_publishes_only_on_purpose(sites: Sites) -> None:
    """Writes wait in the draft; a publish moves all of them at once; a delete is immediate (both settings)."""
    _write(sites, _entry("a", "退款多久到账", "五个工作日"))
    _write(sites, _entry("b", "怎么开发票", "电子发票"), reviewed=True)
    assert "b" not in sites.knowledge(TENANT).entries
    assert "b" in sites.draft(TENANT).entries
    release = asyncio.run(sites.publish_draft(TENANT, by="E1", note=""))
    assert release is not None
    assert release.name == "V1.1"
    assert "b" in sites.knowledge(TENANT).entries
    _write(sites, drop=("a",), reviewed=True)
    assert "a" not in sites.knowledge(TENANT).entries
    assert asyncio.run(sites.publish_draft(TENANT, by="E1", note="")) is None


def test_a_snapshot_spares_the_rebuild(
    sites: Sites, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart after a clean stop loads the snapshot and builds nothing."""
    _write(sites, _entry("a", "退款多久到账", "五个工作日"))
    sites.close()
    monkeypatch.setattr(module, "build", None)
    again = Sites(store, tmp_path, None, "")
    again.start()
    assert set(again.knowledge(TENANT).entries) == {"a"}
