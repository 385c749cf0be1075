"""Files that mean harm or are merely broken: each is refused in words, in its place, and the rest is scored."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from nlp.batch.plan import Setting
from nlp.batch.score import score_files
from nlp.packed import _zstd
from nlp.readers import ReadError, read_transcripts
from nlp.transcript import Transcript
from nlp.turn_tables import TranscriptProblem

GOOD = {"id": "ok", "turns": [{"role": "customer", "text": "在吗"}, {"role": "agent", "text": "您好"}]}
SLOWEST = 12.0
"""Seconds within which any file is done with, on a machine that does other things too."""


def line(**changed: Any) -> bytes:
    return json.dumps({**GOOD, **changed}, ensure_ascii=False).encode()


def turn(**changed: Any) -> bytes:
    return line(turns=[{"role": "agent", "text": "您好", **changed}])


# What stands in one line of JSON, and the field that the complaint names.
LINES: dict[str, tuple[bytes, str]] = {
    "a hundred thousand brackets": (b"[" * 100_000, "line"),
    "deep lists closed again": (b"[" * 100_000 + b"]" * 100_000, "line"),
    "deep objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "line"),
    "depth inside a known field": (b'{"id":"a","turns":' + b"[" * 60_000 + b"]" * 60_000 + b"}", "line"),
    "cut in the middle": (line()[:-9], "line"),
    "two objects": (line() + line(), "line"),
    "a list": (b"[1, 2]", "transcript"),
    "a number": (b"12", "transcript"),
    "a string": (b'"x"', "transcript"),
    "null": (b"null", "transcript"),
    "nothing in it": (b"{}", "turns"),
    "digits without end": (b'{"id":' + b"9" * 9_000 + b',"turns":[]}', "line"),
    "single quotes": (b"{'id': 'a'}", "line"),
    "a comment": (b'// {"id":"a"}', "line"),
    "html": (b"<html><script>alert(1)</script></html>", "line"),
    "turns as text": (line(turns="客服：您好"), "turns"),
    "turns as an object": (line(turns={"0": {}}), "turns"),
    "a turn as text": (line(turns=["您好"]), "turns.0"),
    "a turn as null": (line(turns=[None]), "turns.0"),
    "two roles in a list": (turn(role=["agent", "customer"]), "turns.0.role"),
    "two roles in a word": (turn(role="客户/客服"), "turns.0.role"),
    "two roles in an object": (turn(role={"agent": 1, "customer": 1}), "turns.0.role"),
    "no role": (turn(role=None), "turns.0.role"),
    "an empty role": (turn(role=""), "turns.0.role"),
    "a role with a zero width space": (turn(role="agent\u200b"), "turns.0.role"),
    "a number for words": (turn(text=5), "turns.0.text"),
    "a list for words": (turn(text=["您好"]), "turns.0.text"),
    "null for words": (turn(text=None), "turns.0.text"),
    "true for words": (turn(text=True), "turns.0.text"),
    "no time at all": (turn(at="昨天"), "turns.0.at"),
    "a negative time": (turn(at="-2026-11-03T10:00:00"), "turns.0.at"),
    "a negative number of seconds": (turn(at=-5), "turns.0.at"),
    "the year one": (turn(at="0001-01-01T00:00:00+14:00"), "turns.0.at"),
    "the last year": (turn(at="9999-12-31T23:59:59-12:00"), "turns.0.at"),
    "a month too many": (turn(at="2026-13-01T00:00:00"), "turns.0.at"),
    "the thirtieth of February": (turn(at="2026-02-30"), "turns.0.at"),
    "a time as a list": (turn(at=[2026, 11, 3]), "turns.0.at"),
    "a time with a formula": (turn(at="=NOW()"), "turns.0.at"),
    "a beginning that is none": (line(started_at={"now": True}), "started_at"),
    "an id that is an object": (line(id={"a": 1}), "id"),
    "an id that is a list": (line(id=["a"]), "id"),
    "an id that is true": (line(id=True), "id"),
    "no id": (line(id=""), "id"),
    "an agent as text": (line(agent="A012"), "agent"),
    "an agent's id as a list": (line(agent={"id": ["A012"]}), "agent.id"),
    "a customer as a list": (line(customer=["c"]), "customer"),
    "an outcome as text": (line(outcome="solved"), "outcome"),
    "a category as a list": (line(category=["complaint"]), "category"),
    "a channel as an object": (line(channel={"a": 1}), "channel"),
    "half a character": (b'{"id":"a","turns":[{"role":"agent","text":"\\ud83d"}]}', "line"),
    "the other half": (b'{"id":"a\\udc00","turns":[]}', "line"),
    "GBK": ('{"id":"a","turns":[{"role":"客户","text":"在吗"}]}'.encode("gb18030"), "line"),
    "UTF-16": (line().decode().encode("utf-16"), "line"),
    "Latin-1": ('{"id":"é","turns":[]}'.encode("latin-1"), "line"),
    "bytes of nothing": (bytes(range(128, 256)), "line"),
    "six thousand turns": (line(turns=[{"role": "agent", "text": "好"}] * 6_000), "turns"),
    "ten megabytes in one turn": (turn(text="好" * (10 << 20)), "line"),
}  # fmt: skip

# What is strange and yet a transcript.
ODD: dict[str, bytes] = {
    "a byte of nothing": turn(text="您\x00好"),
    "all control characters": turn(text="".join(map(chr, range(32))) + "您好"),
    "text turned round": turn(text="\u202e好您\u202c\u2066x\u2069"),
    "ten thousand pictures": turn(text="😡" * 10_000),
    "families of pictures": turn(text="👨‍👩‍👧‍👦" * 2_000),
    "combining marks without end": turn(text="e" + "\u0301" * 20_000),
    "ligatures that grow": turn(text="ﷺ" * 5_000),
    "one megabyte of one character": turn(text="啊" * 350_000),
    "one megabyte of spaces": turn(text=" " * 1_000_000),
    "a megabyte of brackets": turn(text="“「『《" * 80_000),
    "a megabyte of digits": turn(text="1" * 1_000_000),
    "a bomb for backtracking": turn(text="a" * 50_000 + "!"),
    "a megabyte of question marks": turn(text="?!" * 200_000),
    "no turns": line(turns=[]),
    "empty turns": line(turns=[{"role": "agent", "text": ""}] * 500),
    "times that go back": line(
        turns=[
            {"role": "customer", "text": "在吗", "at": "2026-11-03T10:00:00+08:00"},
            {"role": "agent", "text": "您好", "at": "2026-11-03T09:00:00+08:00"},
        ]
    ),
    "times of two zones": line(
        turns=[
            {"role": "customer", "text": "在吗", "at": "2026-11-03T10:00:00-12:00"},
            {"role": "agent", "text": "您好", "at": "2026-11-03T10:00:00"},
        ]
    ),
    "an id of thirty digits": line(id=10**30),
    "an id without measure": b'{"id":1e999,"turns":[]}',
    "a name that is taken": line(__proto__={"x": 1}, constructor=1),
    "an outcome of no kind": line(outcome={"resolved": "maybe", "satisfaction": -1e300}),
    "formulas everywhere": line(
        id="=1+1", channel="@SUM(A1)", category="+2", agent={"id": "-3", "name": "\t=4", "team": "\r=5"}
    ),
    "html in words": turn(text="<img src=x onerror=alert(1)>"),
    "an address of a database": turn(text="'; DROP TABLE results; --"),
}


def read(path: Path) -> list[Transcript | TranscriptProblem]:
    began = time.monotonic()
    found = list(read_transcripts(path))
    assert time.monotonic() - began < SLOWEST
    return found


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_is_told_and_the_next_is_read(tmp_path: Path, name: str) -> None:
    """The complaint names line and field and says what is accepted; the transcript behind it is read."""
    content, field = LINES[name]
    path = tmp_path / "a.jsonl"
    path.write_bytes(content + b"\n" + line() + b"\n")
    *problems, last = read(path)
    assert problems
    assert isinstance(problems[0], TranscriptProblem)
    assert (problems[0].line, problems[0].field) == (1, field)
    assert problems[0].accepted
    assert isinstance(last, Transcript)
    assert last.id == "ok"


def test_what_is_odd_is_scored_and_exported_dead(tmp_path: Path) -> None:
    """R104, X8: strange transcripts are scored, each file is whole, and no cell of any is a formula."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="extra parquet")
    source, out = tmp_path / "a.jsonl", tmp_path / "out"
    source.write_bytes(b"\n".join(ODD.values()))
    began = time.monotonic()
    summary = score_files([source], out, Setting(rules_only=True), workers=1, formats=("csv", "parquet"))
    assert time.monotonic() - began < 3 * SLOWEST
    assert (summary.scored, summary.refused) == (len(ODD), 0)
    assert parquet.read_table(out / "results.parquet").num_rows == len(ODD)
    with zipfile.ZipFile(out / "results.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert b"<f " not in sheet
        assert not [name for name in book.namelist() if "external" in name.lower() or "vba" in name.lower()]
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert "'=1+1" in cells
    live = [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert not [
        cell for cell in live if not re.fullmatch(r"-[0-9.e+]+", cell)
    ]  # a number below zero is a number
    for name in ("results.jsonl", "summary.json", "problems.jsonl"):
        (out / name).read_text(encoding="utf-8")


def test_a_clock_that_went_back_judges_nobody(tmp_path: Path) -> None:
    """A reply before its question is no quick reply: the items of time do not apply."""
    (tmp_path / "a.jsonl").write_bytes(ODD["times that go back"])
    score_files([tmp_path / "a.jsonl"], tmp_path / "out", Setting(rules_only=True), workers=1)
    row = json.loads((tmp_path / "out" / "results.jsonl").read_text(encoding="utf-8"))
    timed = {
        item["code"]: item for item in row["items"] if item["code"] in ("first_response", "response_gap")
    }
    assert {item["result"] for item in timed.values()} == {"na"}


def workbook(build: Callable[[Any], None]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    build(book.add_worksheet())
    book.close()
    return stream.getvalue()


def _sparse(sheet: Any) -> None:
    sheet.write_row(0, 0, ["会话编号", "角色", "内容"])
    sheet.write(1_048_575, 16_383, "x")


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


HEAD = "会话编号,角色,内容\n"
PACKED = line() + b"\n"
# A file that cannot be read at all, and a word of the reason.
FILES: dict[str, tuple[str, bytes, str]] = {
    "a bomb of gzip": ("a.jsonl.gz", gzip.compress(b" " * (64 << 20)), "过大"),
    "a bomb of xz": ("a.jsonl.xz", lzma.compress(b" " * (64 << 20)), "过大"),
    "a bomb of zstd": ("a.jsonl.zst", _zstd().compress(b" " * (64 << 20)), "过大"),
    "gzip cut off": ("a.jsonl.gz", gzip.compress(PACKED * 500)[:90], "损坏"),
    "xz cut off": ("a.jsonl.xz", lzma.compress(PACKED * 500)[:90], "损坏"),
    "zstd cut off": ("a.jsonl.zst", _zstd().compress(PACKED * 500)[:60], "损坏"),
    "no gzip": ("a.jsonl.gz", PACKED, "损坏"),
    "no xz": ("a.jsonl.xz", PACKED, "损坏"),
    "no zstd": ("a.jsonl.zst", PACKED, "损坏"),
    "gzip with a flipped bit": ("a.jsonl.gz", gzip.compress(PACKED * 9)[:-6] + b"\0" * 6, "损坏"),
    "a program": ("a.exe", b"MZ\x90\x00", "类型"),
    "no name": ("a", PACKED, "类型"),
    "an empty table": ("a.csv", b"", "缺少列"),
    "a table of other columns": ("a.csv", b"x,y\n1,2\n", "缺少列"),
    "a table in UTF-16": ("a.csv", (HEAD + "a,客户,在吗\n").encode("utf-16"), "缺少列|无法读取"),
    "a field without end": ("a.csv", (HEAD + 'a,客户,"' + "在" * 200_000).encode(), "无法读取"),
    "GBK after a megabyte of UTF-8": (
        "a.csv", (HEAD + "a,客户,在吗\n" * 90_000).encode() + "b,客户,在吗\n".encode("gb18030"), "无法读取"
    ),
    "no workbook": ("a.xlsx", b"PK\x03\x04broken", "XLSX"),
    "an archive of something else": ("a.xlsx", zipped(a__b=b"x"), "无法读取|XLSX"),
    "a workbook cut off": ("a.xlsx", workbook(lambda sheet: sheet.write(0, 0, "会话编号"))[:700], "XLSX|无法读取"),
    "a workbook that unfolds": ("a.xlsx", zipped(xl__worksheets__sheet1=b"0" * (80 << 20)), "过大"),
    "a sheet as wide as the world": ("a.xlsx", workbook(_sparse), "跨度"),
    "a workbook without a heading": ("a.xlsx", workbook(lambda sheet: sheet.write(3, 3, "x")), "缺少列"),
    "no parquet": ("a.parquet", PACKED, "Parquet"),
    "the letters of parquet": ("a.parquet", b"PAR1" + b"\0" * 40 + b"PAR1", "Parquet"),
    "words that nobody said": ("a.txt", "今天天气不错\n".encode(), ""),
    "a text in GBK": ("a.txt", "客服：您好\n".encode("gb18030"), "UTF-8"),
    "a document in GBK": ("a.json", '{\n"turns": "客服"}'.encode("gb18030"), "UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_in_words(tmp_path: Path, name: str) -> None:
    """A file that cannot be read is refused with a reason that names it, soon; nothing else is raised."""
    file, content, why = FILES[name]
    path = tmp_path / file
    path.write_bytes(content)
    if not why:
        assert all(isinstance(one, TranscriptProblem) and one.accepted for one in read(path))
        return
    with pytest.raises(ReadError, match=why) as told:
        read(path)
    assert file in str(told.value)
    assert any(word in str(told.value) for word in ("应为", "应有", "压缩内容损坏"))


def test_formulas_of_a_workbook_are_words(tmp_path: Path) -> None:
    """A formula in an input sheet is read as its value or as nothing, and never calculated."""

    def build(sheet: Any) -> None:
        sheet.write_row(0, 0, ["会话编号", "角色", "内容"])
        sheet.write(1, 0, "a")
        sheet.write(1, 1, "客户")
        sheet.write_formula(1, 2, '=WEBSERVICE("http://127.0.0.1/")', value="12")

    (tmp_path / "a.xlsx").write_bytes(workbook(build))
    (found,) = read(tmp_path / "a.xlsx")
    assert isinstance(found, Transcript)
    assert found.turns[0].text in ("12", "")


def test_there_are_a_hundred() -> None:
    """The table is as long as it promises."""
    assert len(LINES) + len(ODD) + len(FILES) >= 100
