"""Snapshots: one folder a release, every file hashed and on disk before anything points to it.

A FAISS file carries no checksum and a damaged one may load and answer wrongly, so nothing is parsed before its
SHA-256 is verified; the name of the folder carries the hash of the manifest itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from kb.entries import Entry, from_json, to_json
from kb.filters import columns
from kb.index import ExactIndex, VectorIndex
from kb.knowledge import Knowledge, from_segment
from kb.postings import Postings
from kb.segment import Lexicon, Segment
from nlp.text import NORMALISER

FORMAT = 3
POINTER = "CURRENT"
_POSTINGS = ("keys", "starts", "rows", "weights", "held", "held_starts", "counts", "lengths")
_ROWS = ("starts", "owner", "answers", "keys", "idf", "mass", "sound_idf")


class SnapshotError(Exception):
    """A snapshot that must not be served."""


class SnapshotCorrupt(SnapshotError):
    """A file is missing, longer, shorter or different from what the manifest says."""


class SnapshotStale(SnapshotError):
    """Made by another format, normaliser or encoder: rebuild it from the entries."""


def write(knowledge: Knowledge, root: Path) -> Path:
    """Write `knowledge` (edits folded in, deleted entries left out) below `root`; returns its folder.

    The folder appears whole or not at all. `point` makes it the one to load.
    """
    whole = knowledge.compacted(force=True)
    root.mkdir(parents=True, exist_ok=True)
    draft = root / f".draft-{uuid4().hex}"
    draft.mkdir()
    try:
        _write_base(whole, draft)
        digest = _write_manifest(whole, draft)
        _sync(draft)
        final = root / f"{whole.release}-{digest[:16]}"
        if final.exists():
            shutil.rmtree(draft)
        else:
            draft.rename(final)
        _sync(root)
        return final
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _write_base(knowledge: Knowledge, folder: Path) -> None:
    segment = knowledge.segments[0]
    with (folder / "entries.jsonl").open("w", encoding="utf-8") as lines:
        for entry in segment.entries:
            lines.write(json.dumps(to_json(entry), ensure_ascii=False, sort_keys=True) + "\n")
    arrays = {name: getattr(segment, name) for name in _ROWS}
    for owner in ("words", "sounds"):
        arrays |= {f"{owner}.{name}": getattr(getattr(segment, owner), name) for name in _POSTINGS}
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
    if isinstance(segment.vectors, ExactIndex):
        np.save(folder / "vectors.npy", segment.vectors.matrix, allow_pickle=False)
    elif segment.vectors is not None:
        from kb import index_faiss

        assert isinstance(segment.vectors, index_faiss.FaissIndex)
        index_faiss.write(segment.vectors, folder / "vectors.faiss")


def _write_manifest(knowledge: Knowledge, folder: Path) -> str:
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        _sync(path)
        files[path.name] = {"sha256": _digest(path), "bytes": path.stat().st_size}
    manifest = {
        "format": FORMAT,
        "release": knowledge.release,
        "created": datetime.now(UTC).isoformat(),
        "encoder": knowledge.encoder_version,
        "normaliser": NORMALISER,
        "entries": len(knowledge.entries),
        "words": list(knowledge.lexicon.words),
        "synonyms": [list(group) for group in knowledge.lexicon.synonyms],
        "also": [list(pair) for pair in knowledge.lexicon.also],
        "files": files,
    }
    written = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    (folder / "manifest.json").write_bytes(written)
    _sync(folder / "manifest.json")
    return hashlib.sha256(written).hexdigest()


def load(folder: Path, encoder_version: str | None = None) -> Knowledge:
    """The knowledge of a folder `write` made.

    Raises `SnapshotCorrupt` when any byte differs, `SnapshotStale` when it was made by another format or
    normaliser, or by an encoder other than `encoder_version` ("" for keyword search alone, None for any).
    """
    manifest = _verified(folder)
    for name, ours in (("format", FORMAT), ("normaliser", NORMALISER), ("encoder", encoder_version)):
        if ours is not None and manifest[name] != ours:
            raise SnapshotStale(f"{folder.name}: {name} is {manifest[name]!r}, this service has {ours!r}")
    entries = _entries(folder / "entries.jsonl")
    lexicon = Lexicon(
        tuple(manifest["words"]),
        tuple(tuple(group) for group in manifest["synonyms"]),
        tuple((one, other) for one, other in manifest["also"]),
    )
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        rows = {name: arrays[name] for name in _ROWS}
        lists = {
            owner: Postings(**{name: arrays[f"{owner}.{name}"] for name in _POSTINGS})
            for owner in ("words", "sounds")
        }
    segment = Segment(
        entries=entries,
        columns=columns(entries),
        words=lists["words"],
        sounds=lists["sounds"],
        vectors=_vectors(folder),
        **rows,
    )
    return from_segment(segment, manifest["encoder"], manifest["release"], lexicon)


def _verified(folder: Path) -> dict[str, Any]:
    try:
        written = (folder / "manifest.json").read_bytes()
        if not folder.name.endswith(hashlib.sha256(written).hexdigest()[:16]):
            raise SnapshotCorrupt(f"{folder.name}: manifest.json is not the one that was written")
        manifest: dict[str, Any] = json.loads(written)
        for name, said in manifest["files"].items():
            path = folder / name
            if path.stat().st_size != said["bytes"] or _digest(path) != said["sha256"]:
                raise SnapshotCorrupt(f"{folder.name}: {name} is damaged")
    except OSError as error:
        raise SnapshotCorrupt(f"{folder.name}: {error}") from error
    return manifest


def _entries(path: Path) -> tuple[Entry, ...]:
    with path.open(encoding="utf-8") as lines:
        return tuple(from_json(json.loads(line)) for line in lines)


def _vectors(folder: Path) -> VectorIndex | None:
    if (folder / "vectors.npy").exists():
        return ExactIndex(np.load(folder / "vectors.npy", allow_pickle=False))
    if (folder / "vectors.faiss").exists():
        from kb import index_faiss

        return index_faiss.read(folder / "vectors.faiss")
    return None


def point(root: Path, folder: Path) -> None:
    """Make `folder` the current one; a reader sees the old name or the new one, never half of it."""
    draft = root / f".{POINTER}-{uuid4().hex}"
    draft.write_text(folder.name, encoding="utf-8")
    _sync(draft)
    draft.replace(root / POINTER)
    _sync(root)


def current(root: Path) -> Path | None:
    """The folder `point` named last, None where there is none."""
    try:
        name = (root / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotCorrupt(f"{POINTER}: {error}") from error
    if not name or name.startswith(".") or "/" in name or not (root / name).is_dir():
        raise SnapshotCorrupt(f"{POINTER} names {name[:80]!r}, which is not a snapshot")
    return root / name


def prune(root: Path, keep: int = 2) -> None:
    """Remove drafts and all but the newest `keep` snapshots; the current one always stays."""
    kept = current(root)
    folders = [path for path in root.iterdir() if path.is_dir()]
    for draft in (path for path in folders if path.name.startswith(".draft-")):
        shutil.rmtree(draft, ignore_errors=True)
    whole = [path for path in folders if (path / "manifest.json").exists() and path.name[0] != "."]
    whole.sort(key=lambda path: (path == kept, path.stat().st_mtime), reverse=True)
    for old in whole[max(keep, 1) :]:
        shutil.rmtree(old, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
