"""zuoxi backup and restore."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.scripts.running import Run


def test_a_backup_comes_back_whole(zuoxi: Run, site: Path, tmp_path: Path) -> None:
    """What was backed up is restored into an empty folder: entries, policies and settings, nothing half done."""
    (site / "policy").mkdir(exist_ok=True)
    (site / "policy" / "note.txt").write_text("站点策略", encoding="utf-8")
    told = zuoxi("backup", tmp_path / "b.tar", "--data", site, "--json").json
    assert told["files"] >= 3
    done = zuoxi("restore", tmp_path / "b.tar", "--data", tmp_path / "again", "--json")
    assert done.code == 0
    again = zuoxi("kb", "list", "--data", tmp_path / "again", "--json").json
    assert again == zuoxi("kb", "list", "--data", site, "--json").json
    assert (tmp_path / "again" / "policy" / "note.txt").read_text(encoding="utf-8") == "站点策略"
    assert not list((tmp_path / "again").glob(".restoring-*"))


def test_nothing_is_overwritten(zuoxi: Run, site: Path, tmp_path: Path) -> None:
    """An existing backup file and a folder with content are left alone."""
    file = tmp_path / "b.tar"
    assert zuoxi("backup", file, "--data", site).code == 0
    before = file.read_bytes()
    assert zuoxi("backup", file, "--data", site).code == 1
    assert file.read_bytes() == before
    assert zuoxi("restore", file, "--data", site).code == 1


def test_a_damaged_backup_is_refused(zuoxi: Run, site: Path, tmp_path: Path) -> None:
    """A changed byte in a file, and a tar that is no backup, are refused and leave no site behind."""
    file = tmp_path / "b.tar"
    zuoxi("backup", file, "--data", site)
    raw = bytearray(file.read_bytes())
    with tarfile.open(file) as tar:
        at = tar.getmember("zuoxi.db").offset_data + 200
    raw[at] ^= 0xFF
    file.write_bytes(raw)
    done = zuoxi("restore", file, "--data", tmp_path / "d")
    assert done.code == 1
    assert "清单不符" in done.err
    assert not (tmp_path / "d" / "zuoxi.db").exists()
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("readme"), io.BytesIO(b""))
    assert zuoxi("restore", other, "--data", tmp_path / "d2").code == 1


def test_a_member_outside_the_folder_is_refused(zuoxi: Run, tmp_path: Path) -> None:
    """A backup whose member points outside the folder writes nothing there."""
    file = tmp_path / "evil.tar"
    manifest = json.dumps(
        {"format": 1, "created": "", "files": {"../evil.txt": {"sha256": "", "bytes": 1}}}
    ).encode()
    with tarfile.open(file, "w") as tar:
        for name, content in (("manifest.json", manifest), ("../evil.txt", b"x")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert zuoxi("restore", file, "--data", tmp_path / "in" / "data").code == 1
    assert not (tmp_path / "in" / "evil.txt").exists()
    assert not (tmp_path / "in" / "data" / "evil.txt").exists()
