"""What commands say about a policy file that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.running import Run

BROKEN = {
    "sla.toml": 'version = "1"\nnonsense = 1\n',
    "taxonomy.toml": "this is [ no TOML",
    "stages.toml": 'version = "1"\n',
    "sentiment.toml": 'version = "1"\n',
    "quality/own.toml": 'code = "own"\n',
}


def _site(folder: Path, name: str) -> Path:
    file = folder / "policy" / name
    file.parent.mkdir(parents=True)
    file.write_text(BROKEN[name], encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_policy_is_told_in_one_line(name: str, zuoxi: Run, tmp_path: Path) -> None:
    """Scoring and the check-up name the file that cannot be used, without a traceback."""
    data = _site(tmp_path / "data", name)
    (tmp_path / "c.jsonl").write_text("{}\n", encoding="utf-8")
    done = zuoxi("quality", "score", tmp_path / "c.jsonl", "--out", tmp_path / "out", "--data", data)
    assert done.code == 1
    assert done.err.startswith("失败：")
    assert name in done.err
    assert len(done.err.strip().splitlines()) == 1
    checks = zuoxi("doctor", "--data", data, "--json").json["checks"]
    found = next(check for check in checks if check["name"] == "策略")
    assert found["state"] == "fail"
    assert name in found["found"]


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("demo", "--port", "0"), ("route", "退款")])
@pytest.mark.parametrize("name", ["sla.toml", "taxonomy.toml"])
def test_no_command_starts_on_a_bad_policy(
    command: tuple[str, ...], name: str, zuoxi: Run, tmp_path: Path
) -> None:
    """A service does not start on a policy that cannot be used, and says which file it is."""
    done = zuoxi(*command, "--data", _site(tmp_path / "data", name))
    assert done.code == 1
    assert done.err.startswith("失败：")
    assert name in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_file_name_that_nobody_reads_is_a_warning(zuoxi: Run, tmp_path: Path) -> None:
    """A misspelt policy file is named, with the names that are read."""
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "slas.toml").write_text("", encoding="utf-8")
    checks = zuoxi("doctor", "--data", tmp_path, "--json").json["checks"]
    found = next(check for check in checks if check["name"] == "策略")
    assert found["state"] == "warn"
    assert "slas.toml" in found["found"]
    assert "sla.toml" in found["advice"]
