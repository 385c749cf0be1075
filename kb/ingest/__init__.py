"""Files of knowledge become entries, with a report of what was cleaned, kept, doubted and refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path, PurePath
from types import MappingProxyType
from zoneinfo import ZoneInfo

from kb.entries import Entry
from kb.ingest.documents import read_document
from kb.ingest.intake import Intake
from kb.ingest.readers import FILE_BYTES, csv_rows, decode, json_rows, xlsx_sheets
from kb.ingest.report import Doubt, FileRefused, Report, Step

__all__ = ["FORMATS", "Doubt", "FileRefused", "Ingested", "Report", "Step", "read_entries"]

FORMATS = ("csv", "tsv", "xlsx", "jsonl", "ndjson", "json", "md", "markdown", "txt")
_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Ingested:
    """Entries in the file's order, the report, and by entry id the words before cleaning where they changed."""

    entries: tuple[Entry, ...]
    report: Report
    originals: Mapping[str, str]


def read_entries(filename: str, data: bytes | Path, *, zone: tzinfo = _ZONE) -> Ingested:
    """Read a file of knowledge; its kind is told by the name's ending (`FORMATS`). Personal data is masked.

    `zone`: of dates without an offset. A bad row is refused in the report. Raises `FileRefused` when the file as
    a whole cannot be read.
    """
    ending = PurePath(filename).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        raise FileRefused(f"不支持 .{ending} 文件" if ending else "文件名没有扩展名", "、".join(FORMATS))
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > FILE_BYTES:
        raise FileRefused("文件过大", f"不超过 {FILE_BYTES // 2**20} MB")
    content = data.read_bytes() if isinstance(data, Path) else data
    if not content.strip():
        raise FileRefused("文件是空的", "至少一条知识")
    intake = Intake()
    if ending == "xlsx":
        for sheet, rows in xlsx_sheets(content):
            intake.table(rows, zone, sheet)
        intake.check_table()
    elif ending in ("csv", "tsv"):
        intake.table(list(csv_rows(decode(content))), zone, "")
        intake.check_table()
    elif ending in ("md", "markdown", "txt"):
        text = decode(content)
        intake.document(*read_document(filename, text, intake.tally, markdown=ending != "txt"))
    else:
        intake.objects(json_rows(decode(content)))
    entries, report, originals = intake.done(PurePath(filename).name)
    return Ingested(entries, report, MappingProxyType(originals))
