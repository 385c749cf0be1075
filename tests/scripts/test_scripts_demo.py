"""zuoxi demo and zuoxi serve, as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.demo_site import recent
from tests.scripts.running import Run

ROOT = Path(__file__).parents[2]
SCOPES = {"bot", "agent", "supervisor", "quality", "editor", "admin"}


@contextmanager
def running(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command that serves; gives the process and its first line as JSON."""
    command = [sys.executable, "-m", "scripts.cli", *map(str, arguments), "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZUOXI_")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(30)


def ask(url: str, key: str | None = None, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of one request."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a demo filled and left."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    with running("demo", "--port", "0", "--data", folder) as (_, told):
        assert told.keys() == {"url", "keys"}
        assert told["keys"].keys() == SCOPES
    return folder


def test_a_demo_accepts_when_it_says_so_and_stops_cleanly(demo_folder: Path) -> None:
    """The line is printed when requests are answered; each key opens its own doors; SIGTERM ends with 0."""
    with running("demo", "--port", "0", "--data", demo_folder) as (process, told):
        keys = told["keys"]
        status, found = ask(told["url"] + "/v1/kb/search", keys["bot"], {"query": "退款多久到账"})
        assert status == 200
        assert found["versions"]["release"] == "V1.0"
        assert found["hits"]
        assert ask(told["url"] + "/v1/kb/entries", keys["bot"])[0] == 403
        assert ask(told["url"] + "/v1/kb/entries", keys["editor"])[1]["total"] > 300
        assert ask(told["url"] + "/v1/kb/search", None, {"query": "退款"})[0] == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_demo_has_material_for_the_pages(demo_folder: Path) -> None:
    """Conversations under way, scored transcripts and practice scenes are there for the desk and the board."""
    with running("demo", "--port", "0", "--data", demo_folder) as (_, told):
        url, keys = told["url"], told["keys"]
        assert len(ask(url + "/v1/scenes", keys["agent"])[1]["scenes"]) >= 40
        status, live = ask(url + "/v1/conversations/demo-cv-01", keys["agent"])
        assert status == 200
        assert len(live["turns"]) == 6
    with sqlite3.connect(demo_folder / "zuoxi.db") as store:
        assert store.execute("select count(*) from feedback where kind = 'suggestion'").fetchone()[0] == 15


def test_a_second_start_keeps_the_site_and_mints_new_keys(demo_folder: Path) -> None:
    """An existing site is served as it is, with keys that were never printed before; those printed before end."""
    with running("demo", "--port", "0", "--data", demo_folder) as (_, first):
        pass
    with running("demo", "--port", "0", "--data", demo_folder) as (_, second):
        assert not set(first["keys"].values()) & set(second["keys"].values())
        assert len(ask(second["url"] + "/v1/kb/releases", second["keys"]["editor"])[1]["releases"]) == 1
        for scope in SCOPES:
            body = {"query": "退款"}
            assert ask(second["url"] + "/v1/kb/search", first["keys"][scope], body)[0] == 401


def test_serve_adds_nothing_and_sees_an_import_beside_it(zuoxi: Run, tmp_path: Path) -> None:
    """`serve` on an empty folder prints only its address; a `kb import` beside it is found within a second or so."""
    file = tmp_path / "e.jsonl"
    file.write_text(
        json.dumps({"kind": "faq", "title": "营业时间", "text": "每天九点到二十一点。"}), encoding="utf-8"
    )
    with running("serve", "--port", "0", "--data", tmp_path / "data") as (process, told):
        assert told.keys() == {"url"}
        made = zuoxi(
            "keys", "create", "--scope", "admin", "--actor", "a", "--data", tmp_path / "data", "--json"
        ).json
        search = told["url"] + "/v1/kb/search"
        assert ask(search, made["key"], {"query": "营业时间"})[1]["hits"] == []
        assert zuoxi("kb", "import", file, "--data", tmp_path / "data").code == 0
        for _ in range(20):
            found = ask(search, made["key"], {"query": "营业时间"})[1]["hits"]
            if found:
                break
            time.sleep(0.1)
        assert found[0]["title"] == "营业时间"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_taken_port_fails_at_once(zuoxi: Run, tmp_path: Path) -> None:
    """A port in use fails with advice and leaves no site behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = zuoxi("demo", "--port", taken.getsockname()[1], "--data", tmp_path / "d")
    assert done.code == 1
    assert "--port" in done.err


def test_a_newer_database_is_refused(zuoxi: Run, tmp_path: Path) -> None:
    """A folder that a newer program wrote is refused with the next step, and left as it was."""
    zuoxi("keys", "create", "--scope", "bot", "--actor", "b", "--data", tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "zuoxi.db")) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    done = zuoxi("serve", "--port", "0", "--data", tmp_path)
    assert done.code == 1
    assert "升级程序" in done.err
    assert _state(zuoxi("doctor", "--data", tmp_path, "--json").json, "数据库版本") == "fail"


def _state(told: dict[str, Any], name: str) -> str:
    return next(str(check["state"]) for check in told["checks"] if check["name"] == name)


def test_demo_conversations_are_of_the_last_days() -> None:
    """A conversation keeps its time of day and its gaps; one that would not have ended yet was the day before."""
    one = {
        "started_at": "2026-11-03T10:00:00+08:00",
        "turns": [{"at": "2026-11-03T10:00:00+08:00"}, {"at": "2026-11-03T10:05:00+08:00"}],
    }
    noon = datetime.fromisoformat("2027-01-02T12:00:00+08:00")
    assert recent(one, 0, noon)["started_at"] == "2027-01-02T10:00:00+08:00"
    moved = recent(one, 3, noon)
    assert [turn["at"] for turn in moved["turns"]] == [
        "2026-12-30T10:00:00+08:00",
        "2026-12-30T10:05:00+08:00",
    ]
    early = datetime.fromisoformat("2027-01-02T10:04:00+08:00")
    assert recent(one, 0, early)["started_at"] == "2027-01-01T10:00:00+08:00"
