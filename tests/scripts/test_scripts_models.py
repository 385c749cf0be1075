"""zuoxi models: what is shipped is verified; a version is put in use and taken back in one step."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.settings import load_settings
from api.store import Store, Writer, decisions
from nlp import artefacts, versions
from scripts.site import TENANT
from tests.scripts.running import Run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A models folder with four versions of the alarm classifier, the shipped one in use."""
    shipped, folder = artefacts.models_root(), tmp_path / "models"
    for name in ("linear-1", "own-1", "own-2", "own-3"):
        shutil.copytree(shipped / "alarm" / "linear-1", folder / "alarm" / name)
        found = artefacts.verify(folder / "alarm" / name).manifest
        more = {key: found[key] for key in ("encoder",) if key in found}
        artefacts.write_manifest(folder / "alarm" / name, "alarm", "linear", found["data"], {}, **more)
    shutil.copytree(shipped / "encoder", folder / "encoder")
    shutil.copy(shipped / "current.toml", folder)
    return folder


def test_shipped_models_verify(zuoxi: Run) -> None:
    """Every shipped model agrees with its manifest, and each task has one in use."""
    done = zuoxi("models", "verify", "--json")
    assert done.code == 0, done.err
    assert done.json["ok"] is True
    in_use = {one["task"] for one in zuoxi("models", "list", "--json").json["models"] if one["current"]}
    assert {"encoder", "intent", "sentiment", "emotion"} <= in_use


def test_an_empty_models_folder_fails(zuoxi: Run, tmp_path: Path) -> None:
    """A folder without models is told and leaves with 1."""
    assert zuoxi("models", "verify", "--models", tmp_path).code == 1


def _in_use(zuoxi: Run, root: Path) -> tuple[str, str | None]:
    listed = zuoxi("models", "list", "--models", root, "--json").json["models"]
    alarms = [one for one in listed if one["task"] == "alarm"]
    previous = [one["version"] for one in alarms if one["previous"]]
    (current,) = [one["version"] for one in alarms if one["current"]]
    return current, previous[0] if previous else None


def test_a_version_is_used_and_taken_back_twice(zuoxi: Run, root: Path) -> None:
    """B32: each rollback goes one version further back, and says so when there is none."""
    for name in ("own-1", "own-2", "own-3"):
        assert zuoxi("models", "use", "alarm", name, "--models", root).code == 0
    assert _in_use(zuoxi, root) == ("own-3", "own-2")
    for expected in (("own-2", "own-1"), ("own-1", "linear-1"), ("linear-1", None)):
        done = zuoxi("models", "rollback", "alarm", "--models", root, "--json")
        assert done.code == 0, done.err
        assert done.json["version"] == expected[0]
        assert _in_use(zuoxi, root) == expected
    done = zuoxi("models", "rollback", "alarm", "--models", root)
    assert done.code == 1
    assert "没有更早的版本" in done.err


def test_a_step_back_leads_on(zuoxi: Run, root: Path) -> None:
    """After a rollback, the next version's way back leads to where it was put in use from."""
    for step in (["use", "alarm", "own-1"], ["use", "alarm", "own-2"], ["rollback", "alarm"]):
        zuoxi("models", *step, "--models", root)
    zuoxi("models", "use", "alarm", "own-3", "--models", root)
    assert _in_use(zuoxi, root) == ("own-3", "own-1")


def test_an_edited_pointer_is_believed(zuoxi: Run, root: Path) -> None:
    """A pointer that somebody edits by hand is what is in use, and the way back leads from there."""
    zuoxi("models", "use", "alarm", "own-1", "--models", root)
    versions.point(root, "alarm", "own-3")
    assert _in_use(zuoxi, root) == ("own-3", "own-1")


def test_a_damaged_version_is_not_put_in_use(zuoxi: Run, root: Path) -> None:
    """A version that does not agree with its manifest, or is not there, leaves the pointer as it was."""
    before = (root / "current.toml").read_bytes()
    (root / "alarm" / "own-2" / "labels.json").write_text("[]", encoding="utf-8")
    assert zuoxi("models", "use", "alarm", "own-2", "--models", root).code == 1
    assert zuoxi("models", "use", "alarm", "none", "--models", root).code == 1
    assert zuoxi("models", "use", "nothing", "own-1", "--models", root).code == 2
    assert (root / "current.toml").read_bytes() == before


def test_a_half_written_history_is_passed_over(zuoxi: Run, root: Path) -> None:
    """A line that a killed command left unfinished costs one step of the history and nothing else."""
    zuoxi("models", "use", "alarm", "own-1", "--models", root)
    with (root / versions.HISTORY).open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-')
    zuoxi("models", "use", "alarm", "own-2", "--models", root)
    assert _in_use(zuoxi, root) == ("own-2", "own-1")


def test_one_writer_at_a_time(zuoxi: Run, root: Path) -> None:
    """While a command changes the folder, another is told to wait."""
    with versions.changing(root):
        done = zuoxi("models", "use", "alarm", "own-1", "--models", root)
    assert done.code == 1
    assert "另一个命令" in done.err


def test_the_shadow_report_is_read_from_the_site(zuoxi: Run, site: Path) -> None:
    """R087: without a shadow the command says how to set one; with votes it prints agreement and disagreements."""
    assert "ZUOXI_SHADOW" in zuoxi("models", "shadow", "--data", site).err
    served = f"intent/{artefacts.current('intent')}"

    def unit(writer: Writer) -> None:
        for at, said in enumerate(("invoice", "invoice", "exchange")):
            votes = {"served": {"version": served, "label": "invoice"}}
            record = {"id": f"sh_{at}", "shadow": {"version": "intent/own-9", "label": said}, **votes}
            decisions.save(writer, TENANT, "shadow", {}, record)

    store = Store(load_settings(data=site).url)
    store.write(unit)
    store.close()
    told = zuoxi("models", "shadow", "--version", "own-9", "--data", site, "--json").json
    assert (told["seen"], told["agreed"]) == (3, 2)
    shown = zuoxi("models", "shadow", "--version", "own-9", "--data", site).out
    assert "66.7%" in shown
    assert "换货" in shown
