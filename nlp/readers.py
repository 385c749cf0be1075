"""Transcripts from files: JSON lines (plain, .gz, .xz), CSV and XLSX with one turn a row.

Sizes are bounded while reading, so that a small file cannot unfold into a large one. A bad line is a
`TranscriptProblem` in its place; only a file that cannot be read at all raises.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from nlp.transcript import Transcript, TranscriptError, parse_transcript
from nlp.turn_tables import ROLE_FORM, TURN_LIMIT, ReadError, Row, TranscriptProblem, role_of, table_rows

__all__ = ["ReadError", "Row", "TranscriptProblem", "parse_row", "read_rows", "read_transcripts"]

LINE_LIMIT = 8 << 20
"""Bytes of one JSON line."""
FILE_LIMIT = 16 << 30
"""Unfolded bytes of one file."""
RATIO_LIMIT = 200
"""Unfolded to stored bytes; ordinary dialogue reaches 20."""
_FREE = 32 << 20  # bytes before the ratio counts


def parse_row(row: Row) -> Transcript | TranscriptProblem:
    """Read one row; never raises for what stands in it."""
    if row.problem is not None:
        return row.problem
    try:
        value = json.loads(row.text)
    except (ValueError, RecursionError):
        return TranscriptProblem(row.source, row.line, "line", "不是 JSON", "每行一个 JSON 对象")
    if "\\ud" in row.text.lower() and not _sound(value):
        return TranscriptProblem(
            row.source, row.line, "line", "含有半个字符（孤立的代理码位）", "有效的 Unicode 文本"
        )
    try:
        transcript = parse_transcript(_with_roles(value))
    except TranscriptError as problem:
        accepted = ROLE_FORM if problem.field.endswith(".role") else problem.accepted
        return TranscriptProblem(row.source, row.line, problem.field, problem.message, accepted)
    except (TypeError, ValueError) as problem:
        return TranscriptProblem(row.source, row.line, "transcript", str(problem)[:200], "合同中的会话格式")
    if len(transcript.turns) > TURN_LIMIT:
        return TranscriptProblem(
            row.source, row.line, "turns", f"{len(transcript.turns)} 个话轮", f"至多 {TURN_LIMIT}"
        )
    return transcript


def _with_roles(value: Any) -> Any:
    """The value with the role words of files, as in tables, put in the contract's; the rest is left alone."""
    if not isinstance(value, dict) or not isinstance(value.get("turns"), list):
        return value
    return {**value, "turns": [_with_role(turn) for turn in value["turns"]]}


def _with_role(turn: Any) -> Any:
    if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
        return turn
    return {**turn, "role": role_of(turn["role"]) or turn["role"]}


def read_transcripts(path: Path) -> Iterator[Transcript | TranscriptProblem]:
    """Transcripts of a file in order. Raises ReadError for a file that cannot be read."""
    return (parse_row(row) for row in read_rows(path))


def _sound(value: Any) -> bool:
    """Whether what was read can be written again: half a surrogate pair cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of a file in order, one a transcript, not yet parsed. Raises ReadError."""
    if not path.is_file():
        raise ReadError(f"{path}：文件不存在")
    name = path.name.lower()
    if name.endswith((".xlsx", ".csv")):
        return table_rows(path)
    if name.endswith((".jsonl", ".ndjson", ".json", ".jsonl.gz", ".jsonl.xz", ".ndjson.gz", ".ndjson.xz")):
        return _json_rows(path)
    raise ReadError(f"{path}：无法识别的文件类型（应为：.jsonl .jsonl.gz .jsonl.xz .csv .xlsx）")


def _open(path: Path) -> IO[bytes]:
    name = path.name.lower()
    if name.endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if name.endswith(".xz"):
        return lzma.open(path, "rb")
    return path.open("rb")


def _bounded_lines(path: Path) -> Iterator[bytes]:
    stored, seen = path.stat().st_size, 0
    with _open(path) as stream:
        while True:
            try:
                line = stream.readline(LINE_LIMIT + 1)
            except (OSError, EOFError, lzma.LZMAError) as problem:
                raise ReadError(f"{path}：压缩内容损坏（{problem}）") from None
            if not line:
                return
            seen += len(line)
            if seen > FILE_LIMIT or (seen > _FREE and seen > RATIO_LIMIT * max(stored, 1)):
                raise ReadError(f"{path}：解压后过大（应为：不超过压缩前的 {RATIO_LIMIT} 倍且不超过 16 GiB）")
            yield line


def _json_rows(path: Path) -> Iterator[Row]:
    number, skipping = 0, False
    for line in _bounded_lines(path):
        whole = line.endswith(b"\n") or len(line) <= LINE_LIMIT
        if skipping:
            skipping = not line.endswith(b"\n")
            continue
        number += 1
        if not whole:
            skipping = True
            yield _refused(path, number, "line", "这一行太长", f"至多 {LINE_LIMIT >> 20} MiB")
            continue
        if not line.strip():
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield _refused(path, number, "line", f"不是 UTF-8{_guess(line)}", "UTF-8 编码")
            continue
        yield Row(path.name, number, text)


def _refused(path: Path, line: int, field: str, message: str, accepted: str) -> Row:
    return Row(path.name, line, "", TranscriptProblem(path.name, line, field, message, accepted))


def _guess(content: bytes) -> str:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "，看起来是 GB18030（GBK），请另存为 UTF-8"
