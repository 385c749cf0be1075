"""What is written about the program agrees with the program."""

from __future__ import annotations

import json
from pathlib import Path

from api.app import create_app
from api.errors import CODES
from api.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "tests" / "contracts" / "openapi.json"


def test_openapi_is_as_committed(tmp_path: Path) -> None:
    """The interface changes only together with its committed description (`python -m scripts.openapi`)."""
    app = create_app(load_settings(data=tmp_path))
    told = json.loads(json.dumps(app.openapi()))
    app.state.service.close()
    told["info"].pop("version")
    assert told == json.loads(OPENAPI.read_text(encoding="utf-8"))


def test_every_setting_is_documented() -> None:
    """README names every setting."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"ZUOXI_{name.upper()}" not in readme] == []


def test_every_error_code_is_documented() -> None:
    """README names every error code."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"`{code}`" not in readme] == []
