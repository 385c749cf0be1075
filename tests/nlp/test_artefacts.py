"""Models are found by name and verified before anything reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp import artefacts
from nlp.artefacts import ArtefactError, find, models_root, verify, write_manifest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A models folder with one sealed artefact."""
    folder = tmp_path / "intent" / "1"
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text('["物流","退货"]', encoding="utf-8")
    (folder / "card.md").write_text("# 卡片\n", encoding="utf-8")
    data = [{"set": "demo", "licence": "Apache-2.0", "rows": 3}]
    write_manifest(folder, "intent", "linear", data, {"accuracy": 0.9})
    (tmp_path / "current.toml").write_text('intent = "1"\n', encoding="utf-8")
    return tmp_path


def change(root: Path, **fields: object) -> None:
    path = root / "intent/1/manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | fields
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_the_current_version_is_found(root: Path) -> None:
    """`current.toml` names the version; the manifest says what it is made of."""
    artefact = find("intent", root)
    assert (artefact.name, artefact.kind) == ("intent/1", "linear")
    assert artefact.json("labels.json") == ["物流", "退货"]
    assert artefact.manifest["figures"] == {"accuracy": 0.9}
    assert set(artefact.manifest["files"]) == {"labels.json", "card.md"}


def test_the_environment_names_the_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument `ZUOXI_MODELS` decides, and without that the models beside the packages."""
    monkeypatch.setenv(artefacts.ROOT_VARIABLE, str(root))
    assert find("intent").version == "1"
    monkeypatch.delenv(artefacts.ROOT_VARIABLE)
    assert models_root().name == "models"


@pytest.mark.parametrize("spoil", [b"[]", b'["\xe7\x89\xa9\xe6\xb5\x81","\xe9\x80\x80\xe8\xb4\xa6"]'])
def test_a_changed_file_is_refused(root: Path, spoil: bytes) -> None:
    """Another size or one other byte of the same size: the digest notices, the message says what to do."""
    (root / "intent/1/labels.json").write_bytes(spoil)
    with pytest.raises(ArtefactError, match=r"labels\.json.*请"):
        find("intent", root)


def test_a_missing_file_is_refused(root: Path) -> None:
    """A file that the manifest lists must be there."""
    (root / "intent/1/card.md").unlink()
    with pytest.raises(ArtefactError, match=r"缺少文件 card\.md"):
        find("intent", root)


def test_a_stranger_in_the_folder_is_refused(root: Path) -> None:
    """Nothing lies beside the listed files."""
    (root / "intent/1/model.pkl").write_bytes(b"")
    with pytest.raises(ArtefactError, match=r"model\.pkl"):
        find("intent", root)


@pytest.mark.parametrize("name", ["model.pkl", "weights.bin", "weights.pt", "../stolen.json", "model.joblib"])
def test_a_pickle_or_a_way_out_is_never_read(root: Path, name: str) -> None:
    """Only plain formats inside the folder are accepted, whatever the digest."""
    folder = root / "intent/1"
    for path in (folder / "labels.json", folder / "card.md"):
        path.unlink()
    (folder / name).write_bytes(b"x")
    change(root, files={name: {"sha256": artefacts.sha256(folder / name), "bytes": 1}})
    with pytest.raises(ArtefactError, match="不允许"):
        find("intent", root)


def test_another_normaliser_is_refused(root: Path) -> None:
    """A model made for other text preparation would answer wrongly without a sign."""
    change(root, normaliser="0")
    with pytest.raises(ArtefactError, match="规范化"):
        find("intent", root)


def test_what_is_missing_is_named(root: Path) -> None:
    """An unknown task, an unknown version, a manifest without a field, a broken manifest: each says its name."""
    with pytest.raises(ArtefactError, match="emotion"):
        find("emotion", root)
    with pytest.raises(ArtefactError, match=r"manifest\.json"):
        find("intent", root, version="9")
    with pytest.raises(ArtefactError, match=r"current\.toml"):
        find("intent", root / "nowhere")
    path = root / "intent/1/manifest.json"
    path.write_text('{"task": "intent"}', encoding="utf-8")
    with pytest.raises(ArtefactError, match="version"):
        verify(root / "intent/1")
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ArtefactError, match="已损坏"):
        verify(root / "intent/1")


def test_a_file_outside_the_manifest_has_no_path(root: Path) -> None:
    """Code can only open what was verified."""
    with pytest.raises(ArtefactError, match=r"weights\.safetensors"):
        find("intent", root).path("weights.safetensors")
