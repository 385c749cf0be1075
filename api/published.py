"""What a tenant has published, as a file beside the database: scoring in bulk reads it and needs no database."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from api.grounds import SNAPSHOT
from api.store import Reader, Store, entries, lexicons
from kb import snapshot

KEPT = 2
"""Files of earlier releases that stay: who is about to read one still finds it."""


def history_file(store: Store, tenant: str, folder: Path) -> Path:
    """The file of the newest release below `folder`, written where it is not there yet."""
    head = store.read(lambda reader: entries.head(reader, tenant))
    place = folder / "published" / tenant
    path = place / f"{0 if head is None else head.seq:09d}.jsonl"
    if not path.is_file():
        place.mkdir(parents=True, exist_ok=True)
        upto = 0 if head is None else head.seq
        store.read(lambda reader: _write(reader, tenant, upto, path))
        for old in sorted(place.glob("*.jsonl"))[: -KEPT - 1]:
            old.unlink(missing_ok=True)
    return path


def _write(reader: Reader, tenant: str, upto: int, path: Path) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("w", encoding="utf-8") as stream:

        def line(kind: str, value: object) -> None:
            stream.write(json.dumps({kind: value}, ensure_ascii=False) + "\n")

        for release in entries.every_release(reader, tenant, upto):
            line("release", {"seq": release.seq, "name": release.name, "at": release.at})
        for since, lines in lexicons.every(reader, tenant, upto):
            line("lexicon", {"since": since, "lines": lines})
        for revision in entries.every_revision(reader, tenant, upto):
            line("revision", revision)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def frozen(store: Store, tenant: str, data: Path, folder: Path) -> Path:
    """What a run is judged on, put into a folder of its own: the history, and beside it the snapshot served last.

    Gives the history's place. The same files, linked: what is published or pruned meanwhile does not touch the run.
    """
    history = _linked(history_file(store, tenant, data), folder)
    try:
        served = snapshot.current(data / "snapshots" / tenant)
        for path in sorted(served.iterdir()) if served is not None else ():
            _linked(path, folder / SNAPSHOT / path.parent.name)
    except (snapshot.SnapshotError, OSError):  # it only spares work: the history holds everything
        shutil.rmtree(folder / SNAPSHOT, ignore_errors=True)
    return history


def _linked(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:  # another disk
        shutil.copyfile(path, target)
    return target
