"""The rules of the house, as checks."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kb
import nlp

ROOT = Path(__file__).parents[2]
SOURCES = [path for part in ("kb", "nlp", "api", "scripts") for path in (ROOT / part).rglob("*.py")]
ONE_HOME = {
    "faiss": "kb/index_faiss.py",
    "onnxruntime": "nlp/runtime.py",
    "ray": "nlp/batch/on_ray.py",
    "torch": "nlp/train/",
    "transformers": "nlp/train/",
    "sentence_transformers": "nlp/train/",
    "sqlalchemy": "api/store/",
}


def test_packages_are_ours() -> None:
    """The names kb and nlp mean the folders of this project."""
    assert Path(str(kb.__file__)).is_relative_to(ROOT)
    assert Path(str(nlp.__file__)).is_relative_to(ROOT)


@pytest.mark.parametrize("library", sorted(ONE_HOME))
def test_each_heavy_library_has_one_home(library: str) -> None:
    """A library with one home is imported there and nowhere else."""
    pattern = re.compile(rf"^\s*(?:import|from) {library}\b", re.MULTILINE)
    strangers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if pattern.search(path.read_text(encoding="utf-8"))
        and not str(path.relative_to(ROOT)).startswith(ONE_HOME[library])
    ]
    if library == "onnxruntime":  # quantising a converted model is part of making it
        strangers = [name for name in strangers if not name.startswith("nlp/train/")]
    assert strangers == []


def test_nothing_that_runs_data_is_used() -> None:
    """No pickle, joblib, eval or torch.load in the program."""
    pattern = re.compile(
        r"^\s*(?:import|from) (?:pickle|joblib|dill|marshal|shelve)\b|\beval\(|\bexec\(|torch\.load\(", re.M
    )
    found = [
        f"{path.relative_to(ROOT)}: {match.group().strip()}"
        for path in SOURCES
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
        if "model.eval()" not in match.group() and not _is_method(path, match.start())
    ]
    assert found == []


def _is_method(path: Path, at: int) -> bool:
    """`.eval()` of a torch module switches off dropout and runs no data."""
    return path.read_text(encoding="utf-8")[at - 1] == "."


def test_serving_never_imports_torch(tmp_path: Path) -> None:
    """The service starts, searches and scores with torch and transformers blocked."""
    program = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "sentence_transformers"}:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Wall())
from api.app import create_app
from api.settings import load_settings
from fastapi.testclient import TestClient
with TestClient(create_app(load_settings(data=sys.argv[1]))) as client:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ready"
    assert client.get("/v1/selftest").json()["checks"]
assert "torch" not in sys.modules
print("served")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "served", done.stderr[-2000:]


def test_models_are_small_and_safe() -> None:
    """All of models/ is under 80 MB and holds only data formats."""
    files = [path for path in (ROOT / "models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 80_000_000
    kinds = {path.suffix for path in files}
    assert kinds <= {".safetensors", ".onnx", ".json", ".toml", ".md", ".txt", ".tsv", ""}, kinds
    assert (ROOT / "models" / "NOTICE").read_text(encoding="utf-8")


def test_licence_stands() -> None:
    """The licence is Apache-2.0, in the file and in the package."""
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"


@pytest.mark.parametrize("name", ["serve.txt", "test.txt"])
def test_locks_have_hashes(name: str) -> None:
    """Every pin of a lock has its hashes; torch stands alone in its own exact pin."""
    text = (ROOT / "scripts" / "lock" / name).read_text(encoding="utf-8")
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)==[^\s]+(?: ; [^\n]+)? \\\n\s+--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE
    )
    every = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    assert pins == every
    assert "torch" not in every
    assert (ROOT / "scripts" / "lock" / "torch.txt").read_text(encoding="utf-8").strip() == "torch==2.13.0"


def test_files_stay_readable() -> None:
    """No source file grows over 400 lines."""
    long = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in SOURCES}
    assert {name: count for name, count in long.items() if count > 400} == {}
