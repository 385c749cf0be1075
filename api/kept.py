"""Vectors of a site's texts on disk, so that an index is made anew without encoding anew.

Kept by the digest of the text, one file for each tenant and each encoder: a tenant's file goes with the tenant,
and vectors of two encoders never meet. A file that cannot be read is thrown away: it holds nothing of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.telemetry import INDEXED, log
from api.vectors import Encoding
from kb.entries import Entry
from kb.passages import indexed_text, passages_of
from nlp.encode import OnnxEncoder, Vectors

ENCODERS_KEPT = 2
"""Files a tenant keeps: the encoder in use and the one before, for a site that changes its mind."""
WINDOW = 8_192
"""Texts encoded between two writes: a start that is broken off goes on from there."""
TOLD_EVERY = 2.0
_AT_ONCE = 500


class Kept:
    """`encode` of one slow encoder with a memory on disk."""

    def __init__(self, folder: Path, encoding: Encoding) -> None:
        self._folder, self._encoding = folder / "vectors", encoding
        self._name = hashlib.sha256(encoding.identity.encode()).hexdigest()[:16] + ".db"
        self.workers = max(1, (os.cpu_count() or 1) // encoding.threads)
        """Calls side by side: all cores while nobody is served yet."""

    def encode(self, tenant: str, texts: Sequence[str]) -> Vectors:
        """Unit rows `[n, dim]`; what is not on disk is computed and put there."""
        out = np.empty((len(texts), self._encoding.encoder.dim), np.float32)
        digests = [_digest(text) for text in texts]
        known = self._read(tenant, digests)
        fresh = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        if fresh:
            made = dict(zip(fresh, self._compute(tenant, list(fresh.values())), strict=True))
            self._write(tenant, made)
            known |= made
        for at, digest in enumerate(digests):
            out[at] = known[digest]
        return out

    def prepare(self, tenant: str, entries: Iterable[Entry]) -> None:
        """Encode whatever of the entries is not on disk, texts of like length together; forget what is in none of them."""
        texts = {
            _digest(text): text
            for entry in entries
            for text in (indexed_text(entry, passage) for passage in passages_of(entry))
        }
        known = self._digests(tenant)
        self._drop(tenant, known - texts.keys())
        wanted = [text for digest, text in texts.items() if digest not in known]
        for start in range(0, len(wanted), WINDOW):
            part = wanted[start : start + WINDOW]
            rows = self._compute(tenant, part, start, len(wanted))
            self._write(tenant, dict(zip(map(_digest, part), rows, strict=True)))

    def forget(self, tenant: str) -> None:
        """Remove everything of a tenant."""
        shutil.rmtree(self._folder / tenant, ignore_errors=True)

    def _compute(self, tenant: str, texts: Sequence[str], before: int = 0, total: int = 0) -> Vectors:
        encoder = self._encoding.encoder
        INDEXED.inc(len(texts))
        if not isinstance(encoder, OnnxEncoder):
            return encoder.encode(texts)
        told = time.monotonic()

        def progress(done: int, of: int) -> None:
            nonlocal told
            if time.monotonic() - told >= TOLD_EVERY:
                told = time.monotonic()
                log.info(
                    "encoding", tenant=tenant, encoder=encoder.version, done=before + done, total=total or of
                )

        return encoder.encode_many(texts, self.workers, progress)

    # the file

    def _open(self, tenant: str) -> sqlite3.Connection:
        folder = self._folder / tenant
        if not (folder / self._name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            newest_first = sorted(folder.glob("*.db"), key=os.path.getmtime, reverse=True)
            for old in newest_first[ENCODERS_KEPT - 1 :]:
                old.unlink(missing_ok=True)
        database = sqlite3.connect(folder / self._name, timeout=10)
        database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (digest BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID"
        )
        return database

    def _broken(self, tenant: str, error: Exception) -> None:
        log.warning("vectors", tenant=tenant, why=repr(error)[:300], then="encoded anew")
        if not isinstance(error, sqlite3.OperationalError | OSError):  # damaged; not merely locked or full
            (self._folder / tenant / self._name).unlink(missing_ok=True)

    def _read(self, tenant: str, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        wide = 4 * self._encoding.encoder.dim
        try:
            with closing(self._open(tenant)) as database:
                rows = [row for part in _parts(digests) for row in database.execute(_select(len(part)), part)]
        except (sqlite3.DatabaseError, OSError) as error:
            self._broken(tenant, error)
            return {}
        return {digest: np.frombuffer(row, np.float32) for digest, row in rows if len(row) == wide}

    def _digests(self, tenant: str) -> set[bytes]:
        try:
            with closing(self._open(tenant)) as database:
                return {digest for (digest,) in database.execute("SELECT digest FROM vectors")}
        except (sqlite3.DatabaseError, OSError) as error:
            self._broken(tenant, error)
            return set()

    def _write(self, tenant: str, rows: dict[bytes, NDArray[np.float32]]) -> None:
        put = [(digest, row.astype(np.float32).tobytes()) for digest, row in rows.items()]
        self._change(tenant, "INSERT OR REPLACE INTO vectors VALUES (?, ?)", put)

    def _drop(self, tenant: str, digests: set[bytes]) -> None:
        self._change(tenant, "DELETE FROM vectors WHERE digest = ?", [(digest,) for digest in digests])

    def _change(self, tenant: str, statement: str, rows: Sequence[tuple[bytes, ...]]) -> None:
        try:
            with closing(self._open(tenant)) as database, database:
                database.executemany(statement, rows)
        except (sqlite3.DatabaseError, OSError) as error:  # a full disk must not stop the service
            self._broken(tenant, error)


def _select(count: int) -> str:
    return f"SELECT digest, row FROM vectors WHERE digest IN ({','.join('?' * count)})"  # noqa: S608


def _parts(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    distinct = list(dict.fromkeys(digests))
    return (distinct[at : at + _AT_ONCE] for at in range(0, len(distinct), _AT_ONCE))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
