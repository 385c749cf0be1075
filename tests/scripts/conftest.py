"""Runs commands in this process, and one site that most tests share."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from scripts.cli import main
from tests.scripts.running import Done, Run, write_entries


@pytest.fixture
def zuoxi(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`zuoxi("kb", "list", stdin="…")` runs the command and gives its exit code and output."""

    def run(*arguments: object, stdin: str = "") -> Done:
        feed = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", feed)
        capsys.readouterr()
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with four entries; tests that change it take a folder of their own."""
    folder = tmp_path_factory.mktemp("site")
    file = write_entries(folder / "entries.jsonl")
    with pytest.raises(SystemExit) as ended:
        main(["kb", "import", str(file), "--data", str(folder / "data"), "--json"])
    assert not ended.value.code
    return folder / "data"
