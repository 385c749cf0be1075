"""Snapshots: whole or refused. No damaged byte is ever parsed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb import segment, snapshot
from kb.knowledge import Knowledge, build
from kb.search import search
from kb.segment import Lexicon
from tests.kb.fakes import encode, entry, moment

ENTRIES = [
    entry(f"e{n}", f"第{n}个问题怎么退货", similar=(f"退{n}",), effective_from=moment("2026-01-01"))
    for n in range(12)
]
LEXICON = Lexicon(("知夏甄选",), (("发票", "税票"),))


@pytest.fixture(params=["exact", "faiss", "keyword_only"])
def knowledge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Knowledge:
    if request.param == "faiss":
        monkeypatch.setattr(segment, "EXACT_LIMIT", 0)
    return build(ENTRIES, "fake-1", None if request.param == "keyword_only" else encode, "V1.2", LEXICON)


def test_round_trip(knowledge: Knowledge, tmp_path: Path) -> None:
    """What was written is read: release, entries, words, and the same hits with the same confidence."""
    folder = snapshot.write(knowledge, tmp_path)
    snapshot.point(tmp_path, folder)
    found = snapshot.current(tmp_path)
    assert found == folder
    again = snapshot.load(folder, knowledge.encoder_version)
    assert (again.release, again.lexicon, dict(again.entries)) == ("V1.2", LEXICON, dict(knowledge.entries))
    vector = encode(["退7"])[0] if knowledge.has_vectors else None
    first, second = (search(k, "退7", vector) for k in (knowledge, again))
    assert [(h.entry_id, h.confidence) for h in first] == [(h.entry_id, h.confidence) for h in second]


def test_deleted_text_is_not_in_the_files(knowledge: Knowledge, tmp_path: Path) -> None:
    """A deleted or replaced entry leaves no trace in the snapshot written afterwards (B03)."""
    edited = knowledge.changed([entry("e1", "改过的题")], ["e5"], encode)
    folder = snapshot.write(edited, tmp_path)
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert "第5个问题".encode() not in written
    assert "第1个问题".encode() not in written
    assert snapshot.load(folder).entries.keys() == knowledge.entries.keys() - {"e5"}


WRITTEN: dict[str, Path] = {}


@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A flipped bit, a cut, an addition or a missing file in any file is refused, never loaded."""
    if "whole" not in WRITTEN:
        knowledge = build(ENTRIES, "fake-1", encode, "V1.2", LEXICON)
        WRITTEN["whole"] = snapshot.write(knowledge, tmp_path_factory.mktemp("snapshots"))
    whole = WRITTEN["whole"]
    copy = tmp_path_factory.mktemp("copy") / whole.name
    shutil.copytree(whole, copy)
    path = data.draw(st.sampled_from(sorted(copy.iterdir())))
    held = bytearray(path.read_bytes())
    harm = data.draw(st.sampled_from(["flip", "cut", "add", "remove"]))
    if harm == "remove":
        path.unlink()
    else:
        if harm == "flip":
            held[data.draw(st.integers(0, len(held) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(
            {"cut": held[: data.draw(st.integers(0, len(held) - 1))], "add": held + b"\0"}.get(harm, held)
        )
    with pytest.raises(snapshot.SnapshotCorrupt):
        snapshot.load(copy)
    shutil.rmtree(copy)


def test_a_stranger_is_refused(knowledge: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another encoder or another normaliser means the snapshot is stale, not wrong answers."""
    folder = snapshot.write(knowledge, tmp_path)
    with pytest.raises(snapshot.SnapshotStale, match="encoder"):
        snapshot.load(folder, "fake-2")
    monkeypatch.setattr(snapshot, "NORMALISER", "999")
    with pytest.raises(snapshot.SnapshotStale, match="normaliser"):
        snapshot.load(folder)


def test_a_failed_write_leaves_nothing(
    knowledge: Knowledge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fails, the draft goes and the pointer still names the old snapshot."""
    folder = snapshot.write(knowledge, tmp_path)
    snapshot.point(tmp_path, folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            snapshot.write(knowledge.changed([entry("x", "新")], [], encode), tmp_path)
        with pytest.raises(OSError, match="No space"):
            snapshot.point(tmp_path, folder)
    assert snapshot.current(tmp_path) == folder
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]


@pytest.mark.parametrize("written", ["", "../elsewhere", ".draft-1", "V9.9-0000"])
def test_a_pointer_to_nowhere_is_corrupt(tmp_path: Path, written: str) -> None:
    """A pointer that names no snapshot is reported; without one there is no current snapshot."""
    assert snapshot.current(tmp_path) is None
    (tmp_path / "CURRENT").write_text(written)
    with pytest.raises(snapshot.SnapshotCorrupt):
        snapshot.current(tmp_path)


def test_prune_keeps_the_current_one(knowledge: Knowledge, tmp_path: Path) -> None:
    """Old snapshots and drafts go; the one in use stays however old it is."""
    first = snapshot.write(knowledge, tmp_path)
    snapshot.point(tmp_path, first)
    for n in range(3):
        snapshot.write(knowledge.changed([entry("x", f"新{n}")], [], encode, f"V1.2.{n + 1}"), tmp_path)
    (tmp_path / ".draft-old").mkdir()
    snapshot.prune(tmp_path, keep=2)
    kept = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(kept) == 2
    assert first in kept
