"""README's examples, run: `python -m scripts.readme` compares them, `--write` prints their outputs anew.

An example is a fenced `console` block: lines that begin with `$ ` are commands (a backslash goes on), the rest
is what they print. Ids, times, durations, keys and ports read `…`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.workflows import Move

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOORS = ROOT / "api" / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_VARIES = (
    (re.compile(r"\b(?:rt|sg|tn|qs|kb|fb|cr|cv|job|ev|dr|al)_[0-9a-z]{6,}\b"), "…"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "…"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?"), "…"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d\b"), "…"),
    (re.compile(r'("(?:took_ms|eta)": )[\d.]+'), r"\1…"),
    (re.compile(r"zx_[A-Za-z0-9_-]{20,}"), "…"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:…"),
    (re.compile(r"\d+(?:\.\d+)?(?= ?(?:毫秒|秒|ms\b|段/秒))"), "…"),
)


def steady(text: str) -> str:
    """The text with what varies from run to run read as `…`."""
    for pattern, shown in _VARIES:
        text = pattern.sub(shown, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _unfinished(command: str) -> bool:
    """Whether a quote is still open, so that the next line belongs to the command."""
    return command.count("'") % 2 == 1


def commands(block: str) -> list[tuple[str, str]]:
    """(command, printed) pairs of one console block."""
    found: list[tuple[str, str]] = []
    command, printed, going_on = "", "", False
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                found.append((command, printed))
            command, printed, going_on = line[2:], "", line.endswith("\\")
        elif going_on or (not printed and _unfinished(command)):
            command, going_on = command + "\n" + line, line.endswith("\\")
        else:
            printed += line + "\n"
    if command:
        found.append((command, printed))
    return found


@contextlib.contextmanager
def demo_site(folder: Path) -> Iterator[dict[str, str]]:
    """A running demo; yields the environment in which README's commands work."""
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.cli", "demo", "--port", "0", "--data", str(folder), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            keys = {name.upper(): key for name, key in told["keys"].items()}
            path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
            yield {**os.environ, **keys, "ZX": told["url"], "ZUOXI_DATA": str(folder), "PATH": path}
        finally:
            process.terminate()
            process.wait(30)


def run(command: str, environment: Mapping[str, str], folder: Path) -> str:
    """What a command prints, both streams, made steady."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return steady(done.stdout + done.stderr)


def compare(text: str) -> list[tuple[str, str, str]]:
    """(command, promised, printed) of every example that prints something else than it promises."""
    with tempfile.TemporaryDirectory() as name, demo_site(Path(name) / "data") as environment:
        return [
            (command, steady(promised), printed)
            for block in BLOCK.findall(text)
            for command, promised in commands(block)
            if (printed := run(command, environment, ROOT)) != steady(promised)
        ]


def rewritten(text: str) -> str:
    """The README with every example's output as it is printed now."""
    with tempfile.TemporaryDirectory() as name, demo_site(Path(name) / "data") as environment:

        def fresh(match: re.Match[str]) -> str:
            lines = []
            for command, _ in commands(match.group(1)):
                lines += [f"$ {command}", run(command, environment, ROOT)]
            return "```console\n" + "\n".join(line for line in lines if line) + "\n```"

        return BLOCK.sub(fresh, text)


def settings_table() -> str:
    """Every setting with its default and meaning."""
    from api.settings import Settings

    lines = ["| 变量 | 缺省 | 含义 |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = (
            ""
            if default is None
            else f"`{', '.join(map(str, default)) if isinstance(default, tuple) else default}`"
        )
        lines.append(f"| `ZUOXI_{name.upper()}` | {'' if shown == '``' else shown} | {field.description} |")
    return "\n".join(lines)


def errors_table() -> str:
    """Every error code with its status."""
    from api.errors import CODES

    lines = ["| 状态 | `code` | 含义 |", "|---|---|---|"]
    return "\n".join(
        lines + [f"| {status} | `{code}` | {title} |" for code, (status, title) in CODES.items()]
    )


def actors_table() -> str:
    """Who is behind each of the demo's keys."""
    from scripts.demo import ACTORS

    return "| 变量 | 是谁 | 班组 | 角色 |\n|---|---|---|---|\n" + "\n".join(
        f"| `{scope.upper()}` | {one['id']}（{one['name']}） | {one.get('team', '')} | {'、'.join(one['roles'])} |"
        for scope, one in ACTORS.items()
    )


def columns_table() -> str:
    """Every column that a table of turns may have, with its other names."""
    from nlp.turn_tables import COLUMNS

    return "| 列 | 也读作 |\n|---|---|\n" + "\n".join(
        f"| `{name}` | {'、'.join(word for word in words if word != name)} |"
        for name, words in COLUMNS.items()
    )


def moves_table() -> str:
    """Every kind of case: its states, and its moves with who may make them and what they need."""
    from api.workflows import load_workflows

    lines = ["| 事项 | 状态 | 动作：从 → 到（字段）谁 |", "|---|---|---|"]
    for kind in load_workflows().values():
        states = "<br>".join(
            f"`{one.code}` {one.name}{'（终）' if one.final else ''}" for one in kind.states.values()
        )
        moves = [_move(one) for one in kind.moves.values()]
        moves += [
            f"会签 {state}：{'、'.join(rule.all_of)}{'（由主题定）' if rule.field else ''}"
            for state, rule in kind.approvals.items()
            if not rule.carried
        ]
        lines.append(f"| {kind.name}<br>`{kind.code}` | {states} | {'<br>'.join(moves)} |")
    return "\n".join(lines)


def _move(move: Move) -> str:
    needs = "，".join(
        f"`{one.name}`{'' if one.required else '?'} {one.form}".replace("|", "\\|") for one in move.needs
    )
    other = "，另一人" if move.independent_of else ""
    return (
        f"`{move.code}` {move.name}：{' '.join(move.sources)} → {move.target}"
        f"{f'（{needs}）' if needs else ''} {'、'.join(move.may)}{other}"
    )


def between(text: str, name: str, body: str) -> str:
    """`text` with what stands between the markers `name:begin` and `name:end` replaced."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{body}\n{end}{tail}"


def with_tables(text: str) -> str:
    """README with its tables made anew."""
    made = {
        "settings": settings_table,
        "errors": errors_table,
        "actors": actors_table,
        "columns": columns_table,
    }
    for name, table in made.items():
        text = between(text, name, table())
    return text


def with_moves(text: str) -> str:
    """The README of api with its table of cases made anew."""
    return between(text, "moves", moves_table())


def main() -> int:
    """Compare, or write with `--write`."""
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv[1:]:
        README.write_text(rewritten(with_tables(text)), encoding="utf-8")
        DOORS.write_text(with_moves(DOORS.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    wrong = compare(text)
    for command, promised, printed in wrong:
        print(f"$ {command}\n--- README\n{promised}\n--- now\n{printed}\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
