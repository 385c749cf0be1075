"""Writes the committed description of the interface: `python -m scripts.openapi`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / "tests" / "contracts" / "openapi.json"


def main() -> None:
    """Open an empty site, write its OpenAPI document without the program's version."""
    from api.app import create_app
    from api.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(data=Path(folder)))
        told = app.openapi()
        app.state.service.close()
    told["info"].pop("version")
    TARGET.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
