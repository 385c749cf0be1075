"""What is written about the program agrees with the program."""

from __future__ import annotations

import json
from pathlib import Path

from api.app import create_app
from api.settings import load_settings
from scripts.readme import with_moves, with_tables

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "tests" / "contracts" / "openapi.json"


def test_openapi_is_as_committed(tmp_path: Path) -> None:
    """The interface changes only together with its committed description (`python -m scripts.openapi`)."""
    app = create_app(load_settings(data=tmp_path))
    told = json.loads(json.dumps(app.openapi()))
    app.state.service.close()
    told["info"].pop("version")
    assert told == json.loads(OPENAPI.read_text(encoding="utf-8"))


def test_every_move_of_every_case_is_documented() -> None:
    """The table of cases in the README of api is that of workflows.toml (`python -m scripts.readme --write`)."""
    readme = (ROOT / "api" / "README.md").read_text(encoding="utf-8")
    assert readme == with_moves(readme)
    assert "`calibration`" in readme


def test_settings_and_errors_are_documented() -> None:
    """README's tables name every setting, error code, key of the demo and column of a table of turns."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == with_tables(readme)


def test_doors_that_require_a_parameter_say_so() -> None:
    """The README of api names every required parameter of a query beside its door."""
    rows = (ROOT / "api" / "README.md").read_text(encoding="utf-8").splitlines()
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    asked = [
        (path, one["name"])
        for path, doors in paths.items()
        for door in doors.values()
        for one in door.get("parameters", ())
        if one["in"] == "query" and one["required"]
    ]
    assert len(asked) > 10
    for path, name in asked:
        assert any(f"{path}`" in row and f"`{name}`" in row for row in rows), (path, name)
