"""The example of nlp/README.md runs and prints what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_readme_s_metric_is_measured(tmp_path: Path) -> None:
    """Ten lines of data and two calls give the number that stands below them."""
    readme = (ROOT / "nlp" / "README.md").read_text(encoding="utf-8").split("## Facts and numbers")[1]
    program = readme.split("```python\n")[1].split("```")[0]
    wanted = readme.split("```text\n")[1].split("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == wanted, done.stderr
