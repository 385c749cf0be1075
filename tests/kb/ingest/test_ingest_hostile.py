"""Files made to harm: each is refused in words that name the field and what is accepted, and nothing hangs (X9)."""

from __future__ import annotations

import csv
import io
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from made import pdf, repacked, saved, stream, word, written

from kb.ingest import FileRefused, read_entries
from kb.ingest import readers as ingest_readers
from kb.ingest.confined import confined

FAQ = "问题,答案\n多久到账,三天\n"


def refused(name: str, data: bytes) -> FileRefused:
    """The refusal of a file, which must come soon."""
    began = time.monotonic()
    with pytest.raises(FileRefused) as caught:
        read_entries(name, data)
    assert time.monotonic() - began < 60
    assert caught.value.field == "file"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.message)
    assert caught.value.accepted
    return caught.value


def plain_word() -> bytes:
    document = word()
    document.add_paragraph("退款在验收后三个工作日内到账。")
    return saved(document)


def bomb(part: str) -> bytes:
    return repacked(plain_word(), {part: b"<a>" + b" " * 60_000_000 + b"</a>"})


def encrypted_pdf() -> bytes:
    return pdf([[(10, "退款三天到账，请您耐心等候。")]], more={
        "7": "<</Filter/Standard/V 1/R 2/Length 40/P -4/O(" + "a" * 32 + ")/U(" + "b" * 32 + ")>>",
        "trailer": "/Encrypt 7 0 R/ID[(0123456789abcdef)(0123456789abcdef)]",
    })  # fmt: skip


def locked_zip() -> bytes:
    data = bytearray(plain_word())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + at] |= 1
            start = data.find(mark, start + 4)
    return bytes(data)


def doctype() -> bytes:
    text = zipfile.ZipFile(io.BytesIO(plain_word())).read("word/document.xml")
    evil = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return repacked(plain_word(), {"word/document.xml": text.replace(text[: text.index(b"?>") + 2], evil)})


def template() -> bytes:
    relation = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="http://127.0.0.1:9/t.dotm" TargetMode="External"/></Relationships>'
    )
    return repacked(plain_word(), {"word/_rels/settings.xml.rels": relation})


def deep_word() -> bytes:
    text = zipfile.ZipFile(io.BytesIO(plain_word())).read("word/document.xml")
    deep = b"<w:p><w:r>" * 20_000 + b"</w:r></w:p>" * 20_000
    return repacked(plain_word(), {"word/document.xml": text.replace(b"<w:body>", b"<w:body>" + deep)})


def many_parts() -> bytes:
    return repacked(plain_word(), {f"word/media/{at}.bin": b"" for at in range(6_000)})


def two_kinds() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("a.txt", "甲")
    return buffer.getvalue()


def no_text() -> bytes:
    return written({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"})  # fmt: skip


def no_pages() -> bytes:
    return written({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"})


def many_pages() -> bytes:
    kids = " ".join("3 0 R" for _ in range(3_000))
    return written({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: f"<</Type/Pages/Kids[{kids}]/Count 3000>>".encode(),
                    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"})  # fmt: skip


def huge_stream() -> bytes:
    packed = zlib.compress(b"0 0 m\n" * 40_000_000, 9)
    return written({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                    3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
                    4: stream(packed, "/Filter/FlateDecode")})  # fmt: skip


CASES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "docx that unpacks to much": ("a.docx", lambda: bomb("word/media/a.xml"), "解压后"),
    "docx of many parts": ("a.docx", many_parts, "部件"),
    "docx with macros": ("a.docx", lambda: repacked(plain_word(), {"word/vbaProject.bin": b"x"}), "宏"),
    "docx with an object": ("a.docx", lambda: repacked(plain_word(), {"word/embeddings/oleObject1.bin": b"x"}), "嵌入对象"),
    "docx with entities": ("a.docx", doctype, "DTD"),
    "docx with a template elsewhere": ("a.docx", template, "模板"),
    "docx under a password": ("a.docx", lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600, "密码"),
    "docx with locked parts": ("a.docx", locked_zip, "密码"),
    "docx nested deep": ("a.docx", deep_word, "损坏|嵌套"),
    "docx cut off": ("a.docx", lambda: plain_word()[:4_000], "不是可读的 docx"),
    "docx without a text": ("a.docx", two_kinds, "没有 Word 正文"),
    "xlsx without a workbook": ("a.xlsx", two_kinds, "没有工作簿"),
    "macro ending": ("a.docm", plain_word, "不支持"),
    "old ending": ("a.doc", lambda: b"\xd0\xcf\x11\xe0", "不支持"),
    "docx called csv": ("a.csv", plain_word, "压缩包"),
    "pdf called txt": ("a.txt", no_text, "PDF"),
    "page called md": ("a.md", lambda: b"<!DOCTYPE html><p>x", "网页"),
    "text called pdf": ("a.pdf", lambda: FAQ.encode(), "内容不是 pdf"),
    "text called docx": ("a.docx", lambda: FAQ.encode(), "内容不是 docx"),
    "picture called html": ("a.html", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "图片"),
    "pdf under a password": ("a.pdf", encrypted_pdf, "密码"),
    "pdf of pictures": ("a.pdf", no_text, "文字层"),
    "pdf whose pages go round": ("a.pdf", no_pages, "损坏|文字层|嵌套|上限"),
    "pdf of too many pages": ("a.pdf", many_pages, "3000 页"),
    "pdf with a huge stream": ("a.pdf", huge_stream, "损坏|上限|文字层|没有读完"),
    "pdf cut off": ("a.pdf", lambda: pdf([[(10, "退款三天到账，请您耐心等候。")]])[:300], "损坏|文字层"),
    "page nested deep": ("a.html", lambda: b"<div>" * 100_000 + "甲".encode() + b"</div>" * 100_000, "嵌套"),
    "page of binary": ("a.html", lambda: b"<html>" + bytes(range(256)) * 40, "编码"),
    "csv in no encoding": ("a.csv", lambda: b"\x81\xff\x00\x01" * 500, "编码"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_refused_in_words(case: str) -> None:
    """The refusal comes soon, in Chinese, names the field and says what to give instead."""
    name, make, message = CASES[case]
    told = refused(name, make()).message
    assert any(part in told for part in message.split("|")), told


def test_a_reader_that_takes_too_long_is_stopped() -> None:
    """A file that keeps its reader busy ends with its process, within the limit."""
    nested = b"<table><tr><td>" * 600 + b"<p>x" * 400_000
    began = time.monotonic()
    with pytest.raises(FileRefused, match="没有读完"):
        confined("html", nested, seconds=0.2)
    assert time.monotonic() - began < 10


def test_a_reader_that_takes_too_much_memory_is_stopped() -> None:
    """A file that unfolds beyond the memory of its process is refused; this process is not touched."""
    text = ("<p>" + "退款" * 50) * 200_000
    with pytest.raises(FileRefused, match="内存"):
        confined("html", text.encode(), memory=260 << 20)


def test_a_broken_table_of_places_is_mended() -> None:
    """A PDF whose table of places is wrong but whose objects stand is still read."""
    whole = pdf([[(10, "退款在验收后三个工作日内到账，节假日顺延。")]])
    broken = whole.replace(b"startxref\n", b"startxref\n9")
    assert "三个工作日" in read_entries("a.pdf", broken).entries[0].text


def test_the_wrong_charset_is_found_out() -> None:
    """A page that names another encoding than it has is read by what it has."""
    page = "<html><head><meta charset=utf-8></head><body><p>退款在验收后三个工作日内到账。</p></body></html>"
    assert "三个工作日" in read_entries("a.html", page.encode("gb18030")).entries[0].text


def test_thousands_of_ends_without_a_beginning_pass() -> None:
    """Stray end tags and unclosed ones cost nothing and lose nothing."""
    page = "<p>开头" + "</div>" * 50_000 + "<li>一" * 2_000 + "<b>" * 1_500 + "末尾"
    told = "".join(entry.text for entry in read_entries("a.html", page.encode()).entries)
    assert told.startswith("开头")
    assert told.endswith("末尾")


def test_scripts_and_outside_addresses_are_no_text() -> None:
    """Nothing of a script, a style or a frame is kept, and nothing is fetched."""
    page = "<script>fetch('//a')</script><style>p{}</style><iframe src=//a>框</iframe><p>正文在这里。<img src=//a onerror=x>"
    (entry,) = read_entries("a.html", page.encode()).entries
    assert entry.text == "正文在这里。"


def test_a_file_over_the_limit_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at before anything is read."""
    assert ingest_readers.FILE_BYTES == 100 << 20
    monkeypatch.setattr("kb.ingest.FILE_BYTES", 10)
    assert "过大" in refused("a.csv", FAQ.encode()).message


def test_formulas_of_a_table_are_text() -> None:
    """A cell that begins like a formula stays a text with just these characters."""
    cells = ["=1+1", "+86", "-5%", "@cmd", '=HYPERLINK("http://a")']
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["问题", "答案"], *([f"问{at}", cell] for at, cell in enumerate(cells))])
    found = read_entries("a.csv", buffer.getvalue().encode()).entries
    assert [entry.text for entry in found] == cells


@pytest.mark.parametrize("piece", ["??刈伺c质检", "一、", "1.甲", "务(wù)", "Ã©Â©", "短句\n", "_"])
def test_a_text_of_one_repeated_fault_is_cleaned_soon(piece: str) -> None:
    """Cleaning takes time in proportion to the text, whatever it repeats."""
    began = time.monotonic()
    read_entries("a.txt", f"退款说明\n{piece * 40_000}".encode())
    assert time.monotonic() - began < 30


def test_a_text_too_long_is_refused() -> None:
    """Millions of characters in one document are refused with what to do."""
    assert "过长" in refused("a.txt", "退款。".encode() * 1_000_001).message
