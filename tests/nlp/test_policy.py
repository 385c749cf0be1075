"""Policies: presets, a site's own files, and complaints a person can act on."""

from __future__ import annotations

from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from nlp.policy import NAMES, PolicyError, load_policy


def preset(name: str) -> str:
    return resources.files("nlp").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


def test_version_changes_with_any_byte(tmp_path: Path) -> None:
    """R010: the version is a digest of every file: equal for equal bytes, another for a changed one."""
    same, other = tmp_path / "same", tmp_path / "other"
    same.mkdir()
    other.mkdir()
    (same / "sla.toml").write_text(preset("sla"), encoding="utf-8")
    (other / "sla.toml").write_text(
        preset("sla").replace("seconds = 300,", "seconds = 240,"), encoding="utf-8"
    )
    assert load_policy().version == load_policy(same).version
    assert load_policy().version != load_policy(other).version


def test_a_site_renames_a_category(tmp_path: Path) -> None:
    """R007: a renamed category needs no training."""
    text = preset("taxonomy").replace('name = "换货"', 'name = "调换商品"')
    (tmp_path / "taxonomy.toml").write_text(text, encoding="utf-8")
    assert load_policy(tmp_path).taxonomy.codes["exchange"].name == "调换商品"


def test_a_dated_file_applies_from_its_day(tmp_path: Path) -> None:
    """Policies have effective dates: December's file is for December."""
    changed = preset("sla").replace('name = "咨询"', 'name = "咨询（新）"')
    (tmp_path / "sla.from-2026-12-01.toml").write_text(changed, encoding="utf-8")
    assert load_policy(tmp_path, date(2026, 11, 30)).sla[-1].name == "咨询"
    assert load_policy(tmp_path, date(2026, 12, 1)).sla[-1].name == "咨询（新）"


@pytest.mark.parametrize(
    ("name", "old", "new", "key"),
    [
        ("taxonomy", 'owner = "客户关系部"\n', "", "category.0.owner"),
        ("taxonomy", 'parent = "fault"\nname = "少件丢件"', 'parent = "lost"\nname = "少件丢件"', "parent"),
        ("sla", "seconds = 300,", 'seconds = "soon",', "seconds"),
        ("ladder", "after = 1800", "after = 0", "after"),
        ("handoff", 'asked = "transfer"', 'asked = "shout"', "action.asked"),
        ("routing", "auto = 0.9", "auto = 9", "automation.auto"),
        ("priority", "'{agency}'", "'(['", "pattern"),
        ("keywords", 'must = ["question"]', 'must = ["riddle"]', "must"),
        ("calendar", 'default = "office"', 'default = "moon"', "queues.default"),
    ],
)
def test_a_broken_policy_names_its_fault(tmp_path: Path, name: str, old: str, new: str, key: str) -> None:
    """R025: a fault names file, key and accepted form; every category has exactly one accountable owner."""
    text = preset(name)
    assert old in text
    (tmp_path / f"{name}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path)
    assert caught.value.key.endswith(key)
    assert f"{name}.toml" in caught.value.file
    assert caught.value.accepted


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    """Broken TOML names the file."""
    (tmp_path / "ladder.toml").write_text("role = [", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"ladder\.toml"):
        load_policy(tmp_path)


def test_every_name_has_a_preset() -> None:
    """Each policy a site may write is shipped."""
    assert set(load_policy().sources) == set(NAMES)
