"""Transcripts from files: JSON lines (plain, .gz, .xz, .zst), CSV, XLSX and Parquet, and other systems' exports.

Sizes are bounded while reading, so that a small file cannot unfold into a large one. A bad line is a
`TranscriptProblem` in its place; only a file that cannot be read at all raises.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nlp.adapters import ADAPTERS, recognised
from nlp.adapters.asr import from_lines
from nlp.packed import LINE_LIMIT, bounded_lines, unpacked_name
from nlp.transcript import Transcript, TranscriptError, parse_transcript
from nlp.turn_tables import (
    ROLE_FORM,
    TURN_LIMIT,
    ReadError,
    Row,
    TranscriptProblem,
    Unread,
    role_of,
    table_rows,
)

__all__ = ["ReadError", "Row", "TranscriptProblem", "parse_row", "read_rows", "read_transcripts"]

DOCUMENT_LIMIT = 64 << 20
"""Bytes of a file that is one JSON document, or one text."""
_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".xlsx", ".parquet")
_OWN = '"turns"'


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
        transcript = parse_transcript(_with_roles(_adapted(value, row)))
    except TranscriptError as problem:
        accepted = ROLE_FORM if problem.field.endswith(".role") else problem.accepted
        return TranscriptProblem(row.source, row.line, problem.field, problem.message, accepted)
    except (TypeError, ValueError, OverflowError) as problem:
        return TranscriptProblem(row.source, row.line, "transcript", str(problem)[:200], "合同中的会话格式")
    if len(transcript.turns) > TURN_LIMIT:
        return TranscriptProblem(
            row.source, row.line, "turns", f"{len(transcript.turns)} 个话轮", f"至多 {TURN_LIMIT}"
        )
    return transcript


def _adapted(value: Any, row: Row) -> Any:
    """The contract's object: another system's is put into it; an id is made of its content where none was sent."""
    adapter = ADAPTERS[row.adapter] if row.adapter else recognised(value)
    if adapter is None:
        return value
    if not isinstance(value, dict):
        raise TranscriptError("document", f"不是{adapter.title}的会话", "JSON 对象")
    found = adapter.transcript(value)
    digest = hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).hexdigest()
    return {**found, "id": found.get("id") or f"{row.source.partition('.')[0]}-{digest[:8]}"}


def _with_roles(value: Any) -> Any:
    """The value with the role words of files, as in tables, put in the contract's; the rest is left alone."""
    if not isinstance(value, dict) or not isinstance(value.get("turns"), list):
        return value
    return {**value, "turns": [_with_role(turn) for turn in value["turns"]]}


def _with_role(turn: Any) -> Any:
    if not isinstance(turn, dict) or not isinstance(turn.get("role"), str):
        return turn
    return {**turn, "role": role_of(turn["role"]) or turn["role"]}


def read_transcripts(path: Path, source: str = "") -> Iterator[Transcript | TranscriptProblem]:
    """Transcripts of a file in order. Raises ReadError for a file that cannot be read."""
    return (parse_row(row) for row in read_rows(path, source))


def _sound(value: Any) -> bool:
    """Whether what was read can be written again: half a surrogate pair cannot."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def read_rows(path: Path, source: str = "", unread: Unread | None = None) -> Iterator[Row]:
    """Rows of a file in order, one a transcript, not yet parsed. Raises ReadError.

    `source` names the system whose export the file is (a name of `ADAPTERS`); without it, its fields tell.
    `unread` is filled with the columns of tables that nobody reads.
    """
    if source and source not in ADAPTERS:
        raise ReadError(f"来源：不认识 {source!r}（应为：{'、'.join(ADAPTERS)}）")
    if not path.is_file():
        raise ReadError(f"{path}：文件不存在")
    name = unpacked_name(path)
    if path.name.lower().endswith(_TABLES):
        if source:
            raise ReadError(f"{path}：表格每行一个话轮，不另外指明来源（--from 用于 .json .jsonl .txt）")
        return table_rows(path, unread)
    if name.endswith(_LINES):
        return _json_rows(path, source)
    if name.endswith(".json"):
        return _document_rows(path, source)
    if name.endswith(".txt") and source in ("", "asr"):
        return _text_rows(path)
    accepted = ".jsonl .json（可 .gz .xz .zst）.txt .csv .xlsx .parquet"
    raise ReadError(f"{path}：无法识别的文件类型（应为：{accepted}）")


def _json_rows(path: Path, source: str) -> Iterator[Row]:
    number, skipping = 0, False
    for line in bounded_lines(path):
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
        if source or _OWN not in text:
            yield from _parts(path, number, text, source)
        else:
            yield Row(path.name, number, text)


def _parts(path: Path, number: int, text: str, source: str) -> Iterator[Row]:
    """The conversations of one JSON value: another system's document may hold several."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    adapter = ADAPTERS[source] if source else recognised(value)
    parts = list(adapter.parts(value)) if adapter and value is not None else [value]
    if len(parts) == 1 and parts[0] is value:
        yield Row(path.name, number, text, adapter=source)
        return
    for part in parts:
        yield Row(path.name, number, json.dumps(part), adapter=adapter.name if adapter else "")


def _whole(path: Path) -> str:
    """The text of a file that is read at once. Raises ReadError."""
    pieces, size = [], 0
    for piece in bounded_lines(path):
        pieces.append(piece)
        size += len(piece)
        if size > DOCUMENT_LIMIT:
            raise ReadError(
                f"{path}：文件过大（应为：一个文档不超过 {DOCUMENT_LIMIT >> 20} MiB，或改用 .jsonl）"
            )
    content = b"".join(pieces)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReadError(f"{path}：不是 UTF-8{_guess(content)}（应为：UTF-8 编码）") from None


def _document_rows(path: Path, source: str) -> Iterator[Row]:
    """A `.json` file: one document over many lines, or JSON lines under another name."""
    first = next((line for line in bounded_lines(path) if line.strip()), b"")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        text = _whole(path)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return _json_rows(path, source)  # it complains line by line
        return _document(path, value, text, source)
    return _json_rows(path, source)


def _document(path: Path, value: Any, text: str, source: str) -> Iterator[Row]:
    own = value if isinstance(value, list) and not source else None
    for number, one in enumerate([value] if own is None else own, start=1):
        yield from _parts(path, number, text if own is None else json.dumps(one), source)


def _text_rows(path: Path) -> Iterator[Row]:
    """One conversation: `客服：…` a line."""
    try:
        yield Row(path.name, 1, json.dumps(from_lines(_whole(path))), adapter="asr")
    except TranscriptError as problem:
        yield _refused(path, 1, problem.field, problem.message, problem.accepted)


def _refused(path: Path, line: int, field: str, message: str, accepted: str) -> Row:
    return Row(path.name, line, "", TranscriptProblem(path.name, line, field, message, accepted))


def _guess(content: bytes) -> str:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "，看起来是 GB18030（GBK），请另存为 UTF-8"
