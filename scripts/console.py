"""What every command shares: its common options, output for people and for programs, progress, failures.

Exit codes: 0 it worked, 1 the work failed (`Failed`), 2 the command was used wrongly (`Misused`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[Path, typer.Option("--data", envvar="ZUOXI_DATA", help="数据目录", metavar="DIR")]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出结果（一行一个对象）")]
DATA = Path("data")
STDIN = "-"

Advance = Callable[[int, int | None], None]
"""Called with how many are done and, once known, how many there are."""


class Failed(Exception):
    """The work could not be done; the message says why and what to do next."""


class Misused(Exception):
    """The command was called with arguments that cannot be used."""


def group(help_text: str) -> typer.Typer:
    """A command group in the house style: Chinese help, no completion machinery."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def say(text: str) -> None:
    """A line for people, on standard output."""
    print(text, flush=True)


def note(text: str) -> None:
    """A line about the work, on standard error, so that results can be piped."""
    print(text, file=sys.stderr, flush=True)


def tell(value: Any) -> None:
    """A JSON value on one line of standard output."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """A table on standard output; cells are shown as they are, markup stays dead."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(str(cell)) for cell in row))
    console = Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=160)
    console.print(shown)


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A progress bar on standard error; silent where nobody watches (a pipe, a log)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def given_text(argument: str) -> str:
    """The argument, or standard input for `-`. Raises Misused when there is nothing in it."""
    text = sys.stdin.read() if argument == STDIN else argument
    if not text.strip():
        raise Misused("文本为空：请给出文字，或用 - 从标准输入读取")
    return text.strip()


def given_bytes(path: str) -> bytes:
    """The content of a file, or of standard input for `-`. Raises Failed for a file that cannot be read."""
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Failed(f"读不了 {path}：{error.strerror or error}") from None
