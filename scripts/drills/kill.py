"""kill: the service is killed in the midst of imports, edits and publishing, again and again; what it acknowledged
is there, what it did not is there whole or not at all, the snapshot is whole, and it is soon back.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kb import snapshot
from scripts.drills import Result, Say, percentile
from scripts.drills.kill_writers import BROKEN, State, Writer, served

ROOT = Path(__file__).parents[2]
TENANTS = ("shop", "store", "stall")
MOST_START = 3.0
"""Seconds until a killed service answers again; judged while nobody else keeps the machine busy, else only told."""
SERVICE = """
import sys
import api.sites
api.sites.SNAPSHOT_AFTER = 7  # so that many a kill meets a snapshot half written
from scripts.cli import main
main(["serve", "--data", sys.argv[1], "--port", "0", "--json"])
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A service that accepts: how long its start took, by the clock and in computing time."""

    process: subprocess.Popen[str]
    port: int
    seconds: float
    computing: float


def run(n: int, seed: int, say: Say) -> Result:
    """`n` kills of one site over three tenants."""
    rng = random.Random(seed)  # noqa: S311 (a drill, not a secret)
    with tempfile.TemporaryDirectory() as folder:
        drill = Kills(Path(folder) / "data", rng)
        try:
            for number in range(n):
                drill.round(number)
                if drill.failures:
                    break
                if (number + 1) % 20 == 0:
                    say(f"{number + 1}/{n} 次，应答过 {drill.acknowledged} 次写入")
            drill.serve_and_check(reviewed=False)
        finally:
            drill.close()
        return Result(drill.figures(), tuple(drill.failures))


class Kills:
    """One data folder, its writers, and what was seen."""

    def __init__(self, data: Path, rng: random.Random) -> None:
        from api.store import Store, keys

        self._data, self._rng, self._told = data, rng, data.with_name("told.log")
        data.mkdir()
        store = Store(f"sqlite:///{data / 'zuoxi.db'}")
        self._writers = []
        for tenant in TENANTS:
            store.write(lambda writer, name=tenant: keys.ensure_tenant(writer, name, name))  # type: ignore[misc]
            key = store.write(lambda writer, name=tenant: keys.create(writer, name, "admin", {"id": "E1"}))  # type: ignore[misc]
            own = random.Random(rng.random())  # noqa: S311 (a drill, not a secret)
            self._writers.append(Writer(tenant, key, own))
        store.close()
        self._process: subprocess.Popen[str] | None = None
        self.failures: list[str] = []
        self._starts: list[Started] = []
        self._kept = self._undone = self._snapshots = self._early = self._judged = 0

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self._writers)

    def round(self, number: int) -> None:
        """Start, check what is served, write, kill, check what is on the disk."""
        reviewed = self._rng.random() < 0.5
        if self._rng.random() < 0.1:  # sometimes it does not even get to its feet
            self._early += 1
            self._process = self._spawn(reviewed)
            time.sleep(self._rng.uniform(0.1, 2.5))
        else:
            started = self.serve_and_check(reviewed)
            stop = threading.Event()
            threads = [
                threading.Thread(target=one.work, args=(started.port, reviewed, stop))
                for one in self._writers
            ]
            for thread in threads:
                thread.start()
            time.sleep(self._rng.uniform(0.05, 1.2))
            self._kill()
            stop.set()
            for thread in threads:
                thread.join()
        self._kill()
        self.failures += [f"kill {number + 1}: {told}" for told in self._disk()]

    def serve_and_check(self, reviewed: bool) -> Started:
        """Start, and ask for what was acknowledged and for what was deleted."""
        began = time.perf_counter()
        process = self._process = self._spawn(reviewed)
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        if not line:
            said = self._told.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"the service did not start ({process.wait()}): {said}")
        port = int(json.loads(line)["url"].rpartition(":")[2])
        started = Started(process, port, seconds, _computing(process.pid))
        self._starts.append(started)
        if os.getloadavg()[0] < (os.cpu_count() or 1):
            self._judged += 1
            if seconds > MOST_START:
                self.failures.append(f"a start took {seconds:.2f} s")
        for writer in self._writers:
            try:
                self.failures += served(writer, port)
            except BROKEN as error:
                self.failures.append(f"{writer.tenant}: {error!r} while asking")
        return started

    def close(self) -> None:
        self._kill()

    def figures(self) -> dict[str, object]:
        seconds = [one.seconds for one in self._starts]
        return {
            "acknowledged": self.acknowledged,
            "unanswered_kept": self._kept,
            "unanswered_undone": self._undone,
            "killed_while_starting": self._early,
            "snapshots_whole": self._snapshots,
            "restart_s_p50": round(percentile(seconds, 0.5), 2),
            "restart_s_max": round(max(seconds, default=0), 2),
            "restarts": len(seconds),
            "restarts_judged": self._judged,
            "restart_computing_s_max": round(max((one.computing for one in self._starts), default=0), 2),
        }

    def _spawn(self, reviewed: bool) -> subprocess.Popen[str]:
        own = {"ZUOXI_PUBLISHING": "reviewed" if reviewed else "direct"}
        with self._told.open("wb") as told:
            return subprocess.Popen(  # noqa: S603 (our own program)
                [sys.executable, "-W", "ignore", "-c", SERVICE, str(self._data)],
                cwd=ROOT,
                env={**os.environ, **own},
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
            )

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def _disk(self) -> list[str]:
        """What a copy of the dead service's files holds, against what was acknowledged."""
        found = [told for writer in self._writers for told in writer.wrong]
        with tempfile.TemporaryDirectory() as folder:
            for path in self._data.glob("zuoxi.db*"):
                shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder) / "zuoxi.db")) as database:
                if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    found.append("the database is damaged")
                for writer in self._writers:
                    found += self._settled(writer, database)
                    found += self._whole_snapshot(writer.tenant, database)
        return found

    def _settled(self, writer: Writer, database: sqlite3.Connection) -> list[str]:
        actual, before = _state(database, writer.tenant), writer.state
        due = [before] if writer.pending is None else [before, before.after(writer.pending)]
        if actual not in due:
            return [f"{writer.tenant}: {_difference(actual, due[-1])} after {writer.pending}"]
        if writer.pending is not None:
            self._kept, self._undone = self._kept + (actual != before), self._undone + (actual == before)
        writer.settle(actual)
        return []

    def _whole_snapshot(self, tenant: str, database: sqlite3.Connection) -> list[str]:
        try:
            folder = snapshot.current(self._data / "snapshots" / tenant)
            if folder is None:
                return []
            loaded = snapshot.load(folder)
        except snapshot.SnapshotError as error:
            return [f"{tenant}: {error}"]
        self._snapshots += 1
        rows = database.execute(
            "SELECT v.entry_id, v.entry FROM revisions v JOIN releases r ON r.tenant = v.tenant AND r.name = ?"
            " WHERE v.tenant = ? AND v.since <= r.seq AND (v.until IS NULL OR v.until > r.seq)",
            (loaded.release, tenant),
        )
        due = {one: json.loads(entry)["text"] for one, entry in rows}
        shown = {one: entry.text for one, entry in loaded.entries.items()}
        return [] if shown == due else [f"{tenant}: the snapshot of {loaded.release} is not that release"]


def _computing(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _state(database: sqlite3.Connection, tenant: str) -> State:
    live = database.execute(
        "SELECT entry_id, entry FROM revisions WHERE tenant = ? AND until IS NULL", (tenant,)
    )
    draft = database.execute("SELECT entry_id, entry FROM drafts WHERE tenant = ?", (tenant,))
    return State(*({one: json.loads(entry)["text"] for one, entry in rows} for rows in (live, draft)))


def _difference(actual: State, due: State) -> str:
    shown, wanted = actual.live.items() | actual.draft.items(), due.live.items() | due.draft.items()
    return f"too much {sorted(shown - wanted)[:3]}, missing {sorted(wanted - shown)[:3]}"
