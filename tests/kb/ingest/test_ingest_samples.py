"""The five converted handbooks, where they are at hand (R201-R204, B04)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest

from kb.ingest import Ingested, read_entries
from kb.knowledge import build
from kb.search import Filters, search
from tests.kb.fakes import encode

FOLDER = Path(__file__).parents[4] / "shared" / "samples"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/samples")
TONED = re.compile(r"[(（][a-zü]*[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ][a-zü]*[)）]")
EVERY = range(5)


@lru_cache(maxsize=5)
def sample(number: int) -> Ingested:
    return read_entries(f"handbook-sample-{number}.txt", FOLDER / f"handbook-sample-{number}.txt")


def words(number: int) -> str:
    """All that is indexed of a sample."""
    return "\n".join(f"{entry.title}\n{entry.section}\n{entry.text}" for entry in sample(number).entries)


@pytest.mark.parametrize(("number", "count"), [(2, 515), (3, 181)])
def test_no_pinyin_is_left(number: int, count: int) -> None:
    """Every inline reading goes and is counted; the originals are kept (R201)."""
    (step,) = (step for step in sample(number).report.cleaned if step.step == "pinyin")
    assert step.count == count
    assert not TONED.search(words(number))
    assert sample(number).originals


def test_simplified_words_find_the_traditional_text() -> None:
    """A question in simplified characters finds the handbook that was written in traditional ones (R201)."""
    entries = sample(2).entries
    hits = search(
        build(entries, "fake", encode, "V1.0"), "客户服务标准化", encode(["客户服务标准化"])[0], Filters()
    )
    assert "客户服务标准化" in next(entry for entry in entries if entry.id == hits[0].entry_id).title


@pytest.mark.parametrize("number", EVERY)
def test_damage_is_found_where_it_is_and_nowhere_else(number: int) -> None:
    """One damaged span in two samples, listed for repair and not indexed; none in the others (R202)."""
    found = [doubt for doubt in sample(number).report.repairs if doubt.code == "damaged"]
    assert len(found) == (1 if number in (2, 3) else 0)
    for doubt in found:
        assert doubt.text.startswith("??")
        assert doubt.text[2:8] not in words(number)
        assert doubt.entry_id in {entry.id for entry in sample(number).entries}


@pytest.mark.parametrize("number", EVERY)
def test_no_line_of_the_download_site_is_indexed(number: int) -> None:
    """None of the site's own words is left (R203)."""
    told = words(number)
    for word in (
        "如您付费",
        "下载本文档",
        "温馨提示",
        "文档评论",
        "成为VIP",
        "VIP文档",
        "原创力",
        "版权申诉",
        "免费阅读",
        "本站",
    ):
        assert word not in told


def test_run_on_lines_are_listed() -> None:
    """Every slide line with three figures and more is listed for review, with a way to split it (R204)."""
    lines = (FOLDER / "handbook-sample-1.txt").read_text(encoding="utf-8").split("\n")
    crowded = {
        at
        for at, line in enumerate(lines, 1)
        if at > 14
        and len(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=[。一-鿿])\d{1,3}$", "", line))) >= 3
        and "。" in line
    }
    listed = {doubt.at: doubt for doubt in sample(1).report.doubted if doubt.code == "needs_review"}
    assert crowded
    assert crowded <= set(listed)
    assert all("\n" in listed[at].suggestion for at in crowded)
