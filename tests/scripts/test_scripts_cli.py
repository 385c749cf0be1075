"""The command as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.running import Run

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *(["serve"], ["demo"], ["doctor"], ["route"], ["suggest"], ["backup"], ["restore"], ["bench"]),
    *(["kb", name] for name in ("import", "search", "publish", "lint", "list")),
    *(["keys", name] for name in ("create", "list", "revoke")),
    *(["models", name] for name in ("list", "verify", "add", "use", "rollback", "shadow")),
    *(["train", name] for name in ("encoder", "intent", "sentiment", "emotion")),
    *(
        ["evaluate", name]
        for name in ("pairs", "retrieval", "classify", "sentiment", "emotion", "satisfaction")
    ),
    *(["evaluate", "quality"], ["evaluate", "prepare"], ["quality", "score"]),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(zuoxi: Run, command: list[str]) -> None:
    """`--help` of every command shows an example that begins with zuoxi."""
    done = zuoxi(*command, "--help")
    assert done.code == 0
    assert "例：zuoxi " in done.out.replace("\n", "").replace("  ", " ") or "例：" in done.out


def test_help_imports_nothing_heavy() -> None:
    """Help comes up without the web stack, the database or numpy."""
    program = (
        "import sys, scripts.cli; "
        "heavy = {'numpy', 'fastapi', 'sqlalchemy', 'sklearn', 'faiss', 'pydantic', 'rich'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["kb", "search"], ["kb", "search", "退款", "--limit", "0"], ["evaluate", "nonsense"]],
)
def test_bad_usage_is_two(zuoxi: Run, arguments: list[str]) -> None:
    """An unknown command, a missing argument and a value out of range leave with 2."""
    assert zuoxi(*arguments).code == 2


def test_a_bad_setting_is_named(zuoxi: Run, tmp_path: Path) -> None:
    """A setting that cannot be used fails the command and names the key."""
    (tmp_path / "zuoxi.toml").write_text('publishing = "sometimes"\n', encoding="utf-8")
    done = zuoxi("keys", "create", "--scope", "bot", "--actor", "b", "--data", tmp_path)
    assert done.code == 1
    assert "publishing" in done.err
