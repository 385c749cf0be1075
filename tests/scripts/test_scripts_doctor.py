"""zuoxi doctor."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.running import Done, Run


def _of(done: Done, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(check for check in done.json["checks"] if check["name"].startswith(name))
    return found


def test_a_sound_site_is_well(zuoxi: Run, site: Path) -> None:
    """Program, models, database and snapshot of a sound site are all reported well."""
    done = zuoxi("doctor", "--data", site, "--json")
    assert done.code == 0, done.out
    assert done.json["ok"] is True
    for name in ("依赖包", "模型 encoder", "数据库", "索引快照"):
        assert _of(done, name)["state"] == "ok"


def test_a_broken_database_fails_with_advice(zuoxi: Run, tmp_path: Path) -> None:
    """A file that is no database is a failure that says how to go on."""
    (tmp_path / "zuoxi.db").write_bytes(b"not a database, just some bytes" * 200)
    done = zuoxi("doctor", "--data", tmp_path, "--json")
    assert done.code == 1
    assert _of(done, "数据库")["state"] == "fail"
    assert "restore" in _of(done, "数据库")["advice"]


def test_missing_models_fail(zuoxi: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty models folder is a failure that names what is lost meanwhile."""
    monkeypatch.setenv("ZUOXI_MODELS", str(tmp_path))
    done = zuoxi("doctor", "--data", tmp_path / "d", "--json")
    assert done.code == 1
    assert "关键词" in _of(done, "模型 encoder")["advice"]


def test_a_taken_port_and_a_folder_that_is_a_file_are_told(zuoxi: Run, tmp_path: Path) -> None:
    """A port in use is a warning, a data folder that is a file a failure; the table shows both."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert _of(zuoxi("doctor", "--port", port, "--data", tmp_path, "--json"), "端口")["state"] == "warn"
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    done = zuoxi("doctor", "--data", file)
    assert done.code == 1
    assert "不是目录" in done.out


def test_a_bad_setting_is_one_row(zuoxi: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list setting that is no list is one failure that names the variable; the rest is still looked at."""
    monkeypatch.setenv("ZUOXI_ALLOWED_HOSTS", '["a.example.com"')
    done = zuoxi("doctor", "--data", tmp_path, "--json")
    assert done.code == 1
    assert "ZUOXI_ALLOWED_HOSTS" in _of(done, "设置")["found"]
    assert _of(done, "磁盘空间")["name"] == "磁盘空间"
