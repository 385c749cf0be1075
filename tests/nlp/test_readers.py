"""Transcripts from files, good and bad."""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from nlp.packed import _zstd
from nlp.readers import ReadError, TranscriptProblem, parse_row, read_rows, read_transcripts
from nlp.transcript import Transcript

ROWS = [{"id": str(at), "turns": [{"role": "customer", "text": f"第{at}问"}]} for at in range(3)]
LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.xz"])
def test_json_lines_plain_or_compressed(tmp_path: Path, suffix: str) -> None:
    """The same lines read the same in every packing."""
    pack = {".jsonl": bytes, ".jsonl.gz": gzip.compress, ".jsonl.xz": lzma.compress}[suffix]
    found = list(read_transcripts(write(tmp_path / f"a{suffix}", pack(LINES.encode()))))
    assert [one.id for one in found if isinstance(one, Transcript)] == ["0", "1", "2"]


def test_bad_lines_are_problems_in_their_place(tmp_path: Path) -> None:
    """A bad line names its line, its field and what is accepted; the others are read."""
    lines = [
        LINES.splitlines()[0],
        "{",
        '{"id":"x"}',
        '{"id":"y","turns":[{"role":"boss","text":""}]}',
        "",
        "[1]",
    ]
    content = "\n".join(lines).encode() + b"\n" + "客户".encode("gb18030") + b"\n"
    found = list(read_transcripts(write(tmp_path / "a.jsonl", content)))
    assert isinstance(found[0], Transcript)
    problems = [one for one in found if isinstance(one, TranscriptProblem)]
    assert [(one.line, one.field) for one in problems] == [
        (2, "line"), (3, "turns"), (4, "turns.0.role"), (6, "transcript"), (7, "line")
    ]  # fmt: skip
    assert "GB18030" in problems[-1].message
    assert all(one.accepted for one in problems)


def test_a_bomb_is_refused_while_reading(tmp_path: Path) -> None:
    """A small file that unfolds without end is refused, not unpacked."""
    path = write(tmp_path / "a.jsonl.xz", lzma.compress(b" " * (64 << 20)))
    with pytest.raises(ReadError, match="过大"):
        list(read_transcripts(path))


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    """A truncated archive is a ReadError in words."""
    path = write(tmp_path / "a.jsonl.gz", gzip.compress(LINES.encode() * 1000)[:200])
    with pytest.raises(ReadError, match="损坏"):
        list(read_transcripts(path))


CHINESE = "会话编号,角色,内容,时间,客服编号\nc1,客户,在吗,2026-11-03 10:00:00,\nc1,客服,您好,2026-11-03 10:01:00,A012\nc2,机器人,您好,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_tables_with_chinese_headings(tmp_path: Path, encoding: str) -> None:
    """One turn a row, Chinese headings and role words, in the encodings spreadsheets write."""
    first, second = list(read_transcripts(write(tmp_path / "a.csv", CHINESE.encode(encoding))))
    assert isinstance(first, Transcript)
    assert isinstance(second, Transcript)
    assert [turn.role for turn in first.turns] == ["customer", "agent"]
    assert first.agent is not None
    assert first.agent.id == "A012"
    assert first.turns[1].at is not None
    assert first.turns[1].at.utcoffset() is not None
    assert (second.id, second.turns[0].role) == ("c2", "bot")


def test_workbooks(tmp_path: Path) -> None:
    """The same table as XLSX; a number in the id column is a string without decimals."""
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for row, cells in enumerate(
        [["conversation_id", "role", "text"], [7, "customer", "在吗"], [7, "客服", "您好"]]
    ):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.close()
    (found,) = read_transcripts(path)
    assert isinstance(found, Transcript)
    assert (found.id, len(found.turns)) == ("7", 2)


def test_tables_name_row_and_field(tmp_path: Path) -> None:
    """An unknown role names its row; a missing column refuses the file."""
    bad = CHINESE.replace("c1,客服", "c1,经理")
    problem, good = list(read_transcripts(write(tmp_path / "a.csv", bad.encode())))
    assert isinstance(problem, TranscriptProblem)
    assert (problem.line, problem.field) == (3, "role")
    assert "客户" in problem.accepted
    assert isinstance(good, Transcript)
    with pytest.raises(ReadError, match="role"):
        list(read_transcripts(write(tmp_path / "b.csv", b"conversation_id,text\n1,a\n")))


@pytest.mark.parametrize(("name", "why"), [("a.docx", "类型"), ("none.jsonl", "不存在"), ("b.xlsx", "XLSX")])
def test_files_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    """A file of another kind, a missing one and a false workbook are refused in words."""
    if not name.startswith("none"):
        write(tmp_path / name, b"no archive")
    with pytest.raises(ReadError, match=why):
        list(read_transcripts(tmp_path / name))


def test_json_lines_take_the_role_words_of_tables(tmp_path: Path) -> None:
    """Chinese role words mean in JSON lines what they mean in tables; a word unknown to both is told."""
    words = {"客户": "customer", "客服": "agent", "机器人": "bot", "主管": "supervisor", "系统": "system"}
    line = {"id": "a", "turns": [{"role": word, "text": "好"} for word in words]}
    wrong = {"id": "b", "turns": [{"role": "路人", "text": "好"}]}
    content = "\n".join(json.dumps(one, ensure_ascii=False) for one in (line, wrong)).encode()
    found = list(read_transcripts(write(tmp_path / "a.jsonl", content)))
    assert isinstance(found[0], Transcript)
    assert [turn.role for turn in found[0].turns] == list(words.values())
    assert isinstance(found[1], TranscriptProblem)
    assert found[1].field == "turns.0.role"
    assert "客户|客服" in found[1].accepted


def test_zstandard_lines_and_bombs(tmp_path: Path) -> None:
    """R104: lines packed by zstd are read; a bomb and a cut file are refused in words."""
    zstd = _zstd()
    found = list(read_transcripts(write(tmp_path / "a.jsonl.zst", zstd.compress(LINES.encode()))))
    assert [one.id for one in found if isinstance(one, Transcript)] == ["0", "1", "2"]
    with pytest.raises(ReadError, match="过大"):
        list(read_transcripts(write(tmp_path / "b.jsonl.zst", zstd.compress(b" " * (64 << 20)))))
    with pytest.raises(ReadError, match="损坏"):
        list(read_transcripts(write(tmp_path / "c.jsonl.zst", zstd.compress(LINES.encode() * 99)[:40])))


def test_parquet_of_transcripts_and_of_turns(tmp_path: Path) -> None:
    """R104: rows with a list of turns are transcripts, rows of turns are gathered; a damaged file is told."""
    arrow = pytest.importorskip("pyarrow", reason="extra parquet")
    import pyarrow.parquet as parquet

    at = datetime(2026, 11, 3, 10, tzinfo=UTC)
    said = [{"role": "customer", "text": "在吗", "at": at}, {"role": "客服", "text": "您好", "at": None}]
    whole = arrow.table({"id": ["t1"], "turns": [said], "category": ["complaint"]})
    parquet.write_table(whole, tmp_path / "a.parquet")
    (found,) = read_transcripts(tmp_path / "a.parquet")
    assert isinstance(found, Transcript)
    assert (found.id, found.category, [turn.role for turn in found.turns]) == (
        "t1",
        "complaint",
        ["customer", "agent"],
    )
    assert found.turns[0].at == at
    rows = arrow.table(
        {"会话编号": ["c1", "c1", "c2"], "角色": ["客户", "客服", "客户"], "内容": ["在吗", "您好", None]}
    )
    parquet.write_table(rows, tmp_path / "b.parquet")
    assert [
        len(one.turns) for one in read_transcripts(tmp_path / "b.parquet") if isinstance(one, Transcript)
    ] == [2, 1]
    cut = (tmp_path / "a.parquet").read_bytes()
    for damaged in (cut[: len(cut) // 2], b"PAR1", cut[:60] + b"\xff" * 40 + cut[100:]):
        with pytest.raises(ReadError, match="Parquet"):
            list(read_transcripts(write(tmp_path / "c.parquet", damaged)))


def test_columns_that_nobody_reads_are_told(tmp_path: Path) -> None:
    """坐席工号 names the agent; a column that means nothing is told by its heading, never lost in silence."""
    text = "会话编号,角色,内容,坐席工号,天气\nc1,客服,您好,A012,晴\n"
    unread: dict[str, list[str]] = {}
    (row,) = read_rows(write(tmp_path / "a.csv", text.encode()), unread=unread)
    found = parse_row(row)
    assert isinstance(found, Transcript)
    assert found.agent is not None
    assert found.agent.id == "A012"
    assert unread == {"a.csv": ["天气"]}


def test_a_conversation_dropped_for_one_line_is_named(tmp_path: Path) -> None:
    """One bad role refuses the whole conversation: the problem says which."""
    text = "会话编号,角色,内容\nc7,客户,在吗\nc7,路人,在\n"
    (found,) = read_transcripts(write(tmp_path / "a.csv", text.encode()))
    assert isinstance(found, TranscriptProblem)
    assert "会话 c7 整个未评" in found.message
