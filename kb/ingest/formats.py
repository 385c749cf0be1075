"""Which kind a file is: its name's ending says so, and its first bytes must agree."""

from __future__ import annotations

import re
from pathlib import PurePath

from kb.ingest.refusal import FileRefused

FORMATS = (
    *("csv", "tsv", "xlsx", "jsonl", "ndjson", "json"),
    *("md", "markdown", "txt", "html", "htm", "docx", "pdf"),
)
CONFINED = {"xlsx": "xlsx", "html": "html", "htm": "html", "docx": "docx", "pdf": "pdf"}
"""Endings that are read in a process of their own, and the reader of each."""
_INSTEAD = {
    "doc": "旧版 Word 请另存为 docx",
    "xls": "旧版 Excel 请另存为 xlsx 或 csv",
    "docm": "带宏的 Word 请另存为 docx",
    "xlsm": "带宏的 Excel 请另存为 xlsx",
    "ppt": "幻灯片请导出为 pdf",
    "pptx": "幻灯片请导出为 pdf",
    "wps": "WPS 文字请另存为 docx",
    "et": "WPS 表格请另存为 xlsx",
    "zip": "请解压后逐个导入",
    "rtf": "请另存为 docx",
    "mht": "请另存为 html",
}
_HTML = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)?(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE | re.DOTALL)
_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "rar"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
)
_SHOWN = {
    "zip": "压缩包（docx、xlsx 也是）", "ole": "旧版 Office 文件，或加了密码的 Office 文件", "image": "图片", "program": "程序",
    "pdf": "PDF", "html": "网页", "rtf": "RTF 文档", "gzip": "gzip 压缩文件", "7z": "7z 压缩包", "rar": "RAR 压缩包",
}  # fmt: skip
_EXPECTED = {"xlsx": "zip", "docx": "zip", "pdf": "pdf"}


def ending_of(filename: str) -> str:
    """The file's ending, one of `FORMATS`. Raises `FileRefused`."""
    ending = PurePath(filename).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        wrong = f"不支持 .{ending[:20]} 文件" if ending else "文件名没有扩展名"
        raise FileRefused(wrong, _INSTEAD.get(ending, "、".join(FORMATS)))
    return ending


def check_content(ending: str, head: bytes) -> None:
    """Refuse a file whose first bytes are another kind's than its name says. Raises `FileRefused`."""
    found = _kind(head)
    expected = _EXPECTED.get(ending, "html" if ending in ("html", "htm") else "")
    if found == expected or (expected in ("", "html") and not found):
        return
    if found == "ole":
        raise FileRefused(
            f"内容是{_SHOWN['ole']}", f"去掉密码，另存为 {ending if expected else 'xlsx 或 docx'}"
        )
    if found:
        raise FileRefused(f"内容是{_SHOWN[found]}，扩展名却是 .{ending}", "扩展名与内容一致的文件")
    raise FileRefused(f"内容不是 {ending}", f"由原程序另存的 {ending} 文件")


def _kind(head: bytes) -> str:
    if b"%PDF-" in head[:1024] and not head.startswith(b"PK"):
        return "pdf"  # a PDF may begin with a few stray bytes
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "html" if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")[:4096]) else ""
