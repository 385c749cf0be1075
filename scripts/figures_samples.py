"""Real, dirty documents as they are taken in: what was cleaned, what waits for a person, what slipped through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scripts.figures_sets import Job
from scripts.figures_table import Line

TASK = "导入"
_IN_BRACKETS = re.compile(r"([\u4e00-\u9fff])_?[(（]([^\W\d_]{1,7})[)）]")
_CHATTER = re.compile(r"如您付费|下[載载]本文[檔档]|[溫温]馨提示|文[檔档][評评][論论]")


def samples(shared: Path) -> Iterator[Job]:
    """One job a document of `samples` beside the data folder."""
    for path in sorted((shared.parent / "samples").glob("*.txt")):
        yield partial(_taken_in, path)


def _sounds(text: str) -> int:
    """How many characters are followed by their own reading in brackets, with its tone or without."""
    from pypinyin import Style, pinyin

    count = 0
    for letter, said in _IN_BRACKETS.findall(text):
        readings = [pinyin(letter, style=style, heteronym=True)[0] for style in (Style.TONE, Style.NORMAL)]
        count += any(said in reading for reading in readings)
    return count


def _taken_in(path: Path) -> list[Line]:
    from kb.ingest import read_entries

    ingested = read_entries(path.name, path.read_bytes())
    cleaned = {one.step: one.count for one in ingested.report.cleaned}
    doubts = [one.code for one in ingested.report.doubted]
    kept = "\n".join(part for entry in ingested.entries for part in (entry.title, *entry.similar, entry.text))
    data = f"{path.stem}，{len(ingested.entries)} 段"
    return [
        Line(TASK, data, "去掉的夹注拼音", cleaned.get("pinyin", 0)),
        Line(TASK, data, "留下的夹注拼音", _sounds(kept), aim=0, lower=True),
        Line(TASK, data, "找到的残损", doubts.count("damaged")),
        Line(TASK, data, "留下的网站套话", len(_CHATTER.findall(kept)), aim=0, lower=True),
        Line(TASK, data, "等人断行的行", doubts.count("needs_review")),
    ]
