"""zuoxi quality report, as who runs it sees it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.settings import load_settings
from api.store import Store, observations
from scripts.site import TENANT
from tests.nlp.reports.worked import week
from tests.scripts.running import Run


@pytest.fixture
def counted(site: Path, tmp_path: Path) -> Path:
    """A site of its own with the worked week."""
    folder = tmp_path / "data"
    shutil.copytree(site, folder)
    store = Store(load_settings(data=folder).url)
    store.write(lambda writer: observations.put(writer, TENANT, week()))
    store.close()
    return folder


def test_R111_the_file_has_the_numbers_of_the_interface(zuoxi: Run, counted: Path, tmp_path: Path) -> None:
    """As JSON and in a file of the same run: 5 of 100 without closing, mean 82."""
    where = ("--date", "2026-11-18", "--data", counted)
    told = zuoxi("quality", "report", "weekly", *where, "--json", "--out", tmp_path / "w.md")
    assert told.code == 0, told.err
    assert (told.json["quality"]["mean"], told.json["violations"][0]["text"]) == (82.0, "未使用结束语 5.0%")
    assert "未使用结束语 5.0%" in (tmp_path / "w.md").read_text(encoding="utf-8")


def test_wrong_words_are_refused(zuoxi: Run, counted: Path) -> None:
    """A period, a date or an ending that is none: exit 2, and what is accepted."""
    for wrong, accepted in (
        (("hourly",), "daily、weekly、monthly"),
        (("weekly", "--date", "2026-13-01"), "YYYY-MM-DD"),
        (("weekly", "--out", "x.pdf"), ".json .html .xlsx .md"),
    ):
        done = zuoxi("quality", "report", *wrong, "--data", counted)
        assert done.code == 2
        assert accepted in done.err
