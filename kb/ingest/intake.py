"""The last stretch of an import: rows and sections are cleaned, masked, checked and gathered, or refused."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from kb.entries import Entry, EntryError, entry_id, from_json
from kb.ingest.cleaner import clean_field
from kb.ingest.columns import ACCEPTED_HEADINGS, fields, is_header, to_value
from kb.ingest.documents import Draft
from kb.ingest.readers import Row
from kb.ingest.report import Doubt, FileRefused, Place, Report, Tally

_HEADER_ROWS = 5
_WORDS = ("id", "kind", "stage", "title", "text", "source", "section")
"""Fields of a refused row that a repair begins with."""
_SKELETON = 4_000


class Intake:
    """Gathers the entries of one file and the notes about them."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._entries: dict[str, Entry] = {}
        self._places: dict[str, int] = {}
        self._originals: dict[str, str] = {}
        self._doubted: list[Doubt] = []
        self._refused: list[Doubt] = []
        self._tables = 0

    def table(
        self,
        rows: Sequence[Row],
        zone: tzinfo,
        sheet: str,
        place: Place = "row",
        common: Mapping[str, str] | None = None,
    ) -> None:
        """Rows under a heading row, which is among the first few; a sheet without one is passed over with a note."""
        header = next((at for at, row in enumerate(rows[:_HEADER_ROWS]) if is_header(_columns(row))), None)
        if header is None:
            if rows:
                shown = " ".join(str(cell) for cell in rows[0].cells)
                reason = f"工作表“{sheet}”没有认出列名，已跳过" if sheet else "没有认出列名"
                self._doubted.append(
                    Doubt("row", rows[0].at, "file", "unknown_column", reason, shown, ACCEPTED_HEADINGS)
                )
            return
        self._tables += 1
        columns = _columns(rows[header])
        for cell, field in zip(rows[header].cells, columns, strict=True):
            if field is None and str(cell).strip():
                reason = f"没有用到这一列：“{str(cell)[:40]}”"
                self._doubted.append(
                    Doubt(
                        "row",
                        rows[header].at,
                        str(cell)[:40],
                        "unknown_column",
                        reason,
                        str(cell),
                        ACCEPTED_HEADINGS,
                    )
                )
        for row in rows[header + 1 :]:
            if row.problem:
                self._refuse(place, row.at, "row", row.problem, "", "闭合的引号，与表头相同的列")
            elif any(str(cell).strip() for cell in row.cells):
                self._row(row, columns, zone, place, common or {})

    def check_table(self) -> None:
        """Raise `FileRefused` when no sheet had a heading row."""
        if not self._tables:
            raise FileRefused("没有认出列名：至少要有“问题”和“答案”两列", ACCEPTED_HEADINGS)

    def objects(self, rows: Iterable[Row]) -> None:
        """Rows that are entries in the contract's own shape: kept as written, but for damage and personal data."""
        for row in rows:
            value = row.cells[0]
            if row.problem or not isinstance(value, Mapping):
                self._refuse(
                    "row", row.at, "entry", row.problem or "不是 JSON 对象", str(value), "每行一个 JSON 对象"
                )
            else:
                self._value(value, "row", row.at, traditional=True)

    def document(self, drafts: Iterable[Draft], doubts: Iterable[Doubt], place: Place = "line") -> None:
        """Sections of a document, already cleaned, in order. A doubt is told of the entry that it stands in."""
        starts, kept = list[int](), list[str]()
        for draft in drafts:
            starts.append(draft.start)
            kept.append(self._keep(draft.value, place, draft.at, draft.original))
        for doubt in doubts:
            at = max(0, bisect_right(starts, doubt.offset) - 1)
            known = kept[at] if kept and doubt.offset >= 0 else ""
            self._doubted.append(replace(doubt, entry_id=known))

    def done(self, filename: str) -> tuple[tuple[Entry, ...], Report, dict[str, str]]:
        """The entries, the report and the originals."""
        entries = tuple(self._entries.values())
        doubted = tuple(sorted(self._doubted, key=lambda doubt: doubt.at))
        report = Report(
            filename, len(entries), self.tally.steps, doubted, tuple(self._refused), self.tally.masked
        )
        return entries, report, self._originals

    def _row(
        self,
        row: Row,
        columns: Sequence[str | None],
        zone: tzinfo,
        place: Place,
        common: Mapping[str, str],
    ) -> None:
        if len(row.cells) > len(columns) and any(str(cell).strip() for cell in row.cells[len(columns) :]):
            self._doubted.append(
                Doubt(
                    *(place, row.at, "row", "unknown_column", "比表头多出几格，多出的没有用到"),
                    _joined(row.cells),
                    "与表头相同的列数",
                )
            )
        try:
            value = {**common, **to_value(columns, row.cells, zone)}
        except EntryError as error:
            shown = {
                field: str(cell) for field, cell in zip(columns, row.cells, strict=False) if field in _WORDS
            }
            self._refuse(
                *(place, row.at, error.field, error.message, _joined(row.cells), error.accepted), shown
            )
            return
        self._value(value, place, row.at, traditional=False)

    def _value(self, value: Mapping[str, Any], place: Place, at: int, *, traditional: bool) -> None:
        """Clean the fields of one entry; a damaged sentence is left out and doubted."""
        clean: dict[str, Any] = dict(value)
        broken: list[Doubt] = []
        for field in ("title", "text", "similar"):
            found = clean.get(field)
            if isinstance(found, str):
                clean[field] = self._field(found, field, place, at, traditional, broken)
            elif isinstance(found, list | tuple) and all(isinstance(item, str) for item in found):
                clean[field] = [self._field(item, field, place, at, traditional, broken) for item in found]
        texts = (str(value.get("title") or ""), str(value.get("text") or ""))
        changed = (clean.get("title"), clean.get("text")) != tuple(text.strip() for text in texts)
        known = self._keep(clean, place, at, "\n".join(texts) if changed else "")
        self._doubted += [replace(doubt, entry_id=known) for doubt in broken]

    def _field(
        self, text: str, field: str, place: Place, at: int, traditional: bool, broken: list[Doubt]
    ) -> str:
        clean, found = clean_field(text, self.tally, traditional=traditional)
        for sentence in found:
            reason = "文字损坏，未收入索引，请修复原文"
            broken.append(Doubt(place, at, field, "damaged", reason, sentence))
        return clean

    def _keep(self, value: Mapping[str, Any], place: Place, at: int, original: str) -> str:
        """Check, mask and gather one entry. Returns its id; empty when it was refused."""
        try:
            entry = self._masked(from_json(value), given=bool(value.get("id")))
        except EntryError as error:
            shown = f"{value.get('title') or ''} {value.get('text') or ''}".strip()
            self._refuse(place, at, error.field, error.message, shown, error.accepted, value)
            return ""
        before = self._entries.get(entry.id)
        if before == entry:
            reason = f"与第 {self._places[entry.id]} 行相同，只收一条"
            self._doubted.append(Doubt(place, at, "entry", "duplicate", reason, entry.title))
            return entry.id
        if before is not None:
            reason = f"编号 {entry.id} 与第 {self._places[entry.id]} 行重复而内容不同"
            self._refuse(place, at, "id", reason, entry.title, "不重复的编号", {**value, "id": ""})
            return ""
        self._entries[entry.id], self._places[entry.id] = entry, at
        if original:
            self._originals[entry.id] = self.tally.quiet(original)
        return entry.id

    def _masked(self, entry: Entry, *, given: bool) -> Entry:
        mask = self.tally.mask
        title, text = mask(entry.title), mask(entry.text)
        return replace(
            entry,
            id=entry.id if given else entry_id(entry.kind, title, text),
            title=title,
            text=text,
            similar=tuple(dict.fromkeys(mask(item) for item in entry.similar)),
            source=self.tally.quiet(entry.source),
            section=self.tally.quiet(entry.section),
        )

    def _refuse(
        self,
        place: Place,
        at: int,
        field: str,
        reason: str,
        text: str,
        accepted: str,
        value: Mapping[str, Any] | None = None,
    ) -> None:
        shown = {
            name: self.tally.quiet(told)[:_SKELETON]
            for name, told in (value or {}).items()
            if name in _WORDS and isinstance(told, str) and told.strip()
        }
        self._refused.append(Doubt(place, at, field, "invalid", reason, text, accepted, value=shown))


def _columns(row: Row) -> list[str | None]:
    return fields([str(cell) for cell in row.cells])


def _joined(cells: Sequence[Any]) -> str:
    return " | ".join(str(cell) for cell in cells if str(cell).strip())
