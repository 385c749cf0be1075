"""Files of knowledge become entries, with a report of what was cleaned, kept, doubted and refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path, PurePath
from types import MappingProxyType
from zoneinfo import ZoneInfo

from kb.entries import Entry
from kb.ingest.confined import confined
from kb.ingest.documents import read_document
from kb.ingest.formats import CONFINED, FORMATS, check_content, ending_of
from kb.ingest.intake import Intake
from kb.ingest.readers import FILE_BYTES, csv_rows, decode, json_rows, sheet_rows
from kb.ingest.report import Doubt, FileRefused, Place, Report, Step
from kb.ingest.structured import read_structured

__all__ = ["FORMATS", "Doubt", "FileRefused", "Ingested", "Report", "Step", "read_entries"]

HEAD = 64 << 10
"""Bytes at a file's beginning that tell what it is."""
_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Ingested:
    """Entries in the file's order, the report, and by entry id the words before cleaning where they changed."""

    entries: tuple[Entry, ...]
    report: Report
    originals: Mapping[str, str]


def read_entries(
    filename: str, data: bytes | Path, *, zone: tzinfo = _ZONE, repeated: frozenset[str] = frozenset()
) -> Ingested:
    """Read a file of knowledge; its kind is told by the name's ending (`FORMATS`). Personal data is masked.

    `zone`: of dates without an offset. `repeated`: lines that other documents have too (`kb.ingest.repeated`).
    A bad row is refused in the report. Raises `FileRefused` when the file as a whole cannot be read.
    """
    ending = ending_of(filename)
    content = _content(data)
    check_content(ending, content[:HEAD])
    intake = Intake()
    if ending in CONFINED:
        _confined(intake, filename, CONFINED[ending], content, zone, repeated)
    elif ending in ("csv", "tsv"):
        intake.table(list(csv_rows(decode(content))), zone, "")
        intake.check_table()
    elif ending in ("md", "markdown", "txt"):
        text, markdown = decode(content), ending != "txt"
        intake.document(*read_document(filename, text, intake.tally, markdown=markdown, repeated=repeated))
    else:
        intake.objects(json_rows(decode(content)))
    entries, report, originals = intake.done(PurePath(filename).name)
    return Ingested(entries, report, MappingProxyType(originals))


def _content(data: bytes | Path) -> bytes:
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > FILE_BYTES:
        raise FileRefused(
            f"文件 {size // 2**20} MB，过大", f"不超过 {FILE_BYTES // 2**20} MB：拆成几份再导入"
        )
    content = data.read_bytes() if isinstance(data, Path) else data
    if not content.strip():
        raise FileRefused("文件是空的", "至少一条知识")
    return content


def _confined(
    intake: Intake, filename: str, kind: str, content: bytes, zone: tzinfo, repeated: frozenset[str]
) -> None:
    """What is read in a process of its own: workbooks, pages, Word and PDF documents."""
    found = confined(kind, content)
    if kind == "xlsx":
        for sheet, rows in sheet_rows(found["sheets"]):
            intake.table(rows, zone, sheet)
        intake.check_table()
        return
    place: Place = "page" if kind == "pdf" else "paragraph"
    told = read_structured(filename, found, intake.tally, place, repeated)
    for rows, common in told.tables:
        intake.table(rows, zone, "", place, common)
    intake.document(told.drafts, told.doubts, place)
