"""What is written about the program agrees with the program."""

from __future__ import annotations

import json
from pathlib import Path

from api.app import create_app
from api.settings import load_settings
from scripts.readme import with_tables

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "tests" / "contracts" / "openapi.json"


def test_openapi_is_as_committed(tmp_path: Path) -> None:
    """The interface changes only together with its committed description (`python -m scripts.openapi`)."""
    app = create_app(load_settings(data=tmp_path))
    told = json.loads(json.dumps(app.openapi()))
    app.state.service.close()
    told["info"].pop("version")
    assert told == json.loads(OPENAPI.read_text(encoding="utf-8"))


def test_settings_and_errors_are_documented() -> None:
    """README's tables name every setting with its default and every error code with its status."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == with_tables(readme)
