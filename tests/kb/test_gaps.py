"""Gaps of the handbook: questions nobody could answer, in themes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kb.gaps import Asked, Grouping, covered, groups, identity, rarity_of, terms_of, themes
from kb.knowledge import Knowledge, build
from kb.segment import Encode
from nlp.encode import load_encoder
from tests.kb.fakes import entry

PLANTED = Path(__file__).parent / "planted"
ROWS = [tuple(line.split("\t")) for line in (PLANTED / "gap_themes.tsv").read_text("utf-8").splitlines()]
THEMES = {"充电桩": 17, "喂食器": 16, "租机": 17}
KNOWN = (
    "退款多久到账",
    "怎么开发票",
    "手机可以分期吗",
    "快递几天到",
    "多少钱包邮",
    "你们几点下班",
    "可以换货吗",
)


@pytest.fixture(scope="module")
def encode() -> Encode:
    return load_encoder().encode


@pytest.fixture(scope="module")
def handbook(encode: Encode) -> Knowledge:
    """A handbook that says nothing of the three themes."""
    return build([entry(f"e{at}", title) for at, title in enumerate(KNOWN)], "test", encode, "V1.0")


def _asked(rows: list[tuple[str, ...]]) -> list[Asked]:
    return [
        Asked(text, f"2026-11-{1 + at % 28:02d}T08:00:00.000+00:00", f"c{at % 10}", f"v{at}")
        for at, (_, text) in enumerate(rows)
    ]


@pytest.mark.parametrize("dense", [True, False])
def test_R039_fifty_questions_are_three_themes(handbook: Knowledge, encode: Encode, dense: bool) -> None:
    """Fifty questions of three themes become three themes with the right counts and names."""
    found = themes(_asked(ROWS), encode if dense else None, rarity_of(handbook))
    assert len(found) == 3
    for theme in found:
        of = {name for name, text in ROWS if text in {one.text for one in theme.asked}}
        assert len(of) == 1
        assert theme.count == THEMES[of.pop()]
    titles = " ".join(theme.title for theme in found)
    assert "充电桩" in titles
    assert "喂食器" in titles
    assert "租" in titles


def test_the_likeness_fits_the_open_themes(handbook: Knowledge, encode: Encode) -> None:
    """Four other themes and ten strangers, by which the likeness was chosen, are parted nearly as they are."""
    rows = [line.split("\t") for line in (PLANTED / "gap_themes.open.tsv").read_text("utf-8").splitlines()]
    found = groups([text for _, text in rows], encode, rarity_of(handbook))
    pairs = [(one, other) for one in range(len(rows)) for other in range(one)]
    same = {pair for pair in pairs if rows[pair[0]][0] == rows[pair[1]][0]}
    told = {pair for pair in pairs if found[pair[0]] == found[pair[1]]}
    assert 2 * len(same & told) / (len(same) + len(told)) > 0.8


def test_R039_order_of_arrival_changes_nothing(handbook: Knowledge, encode: Encode) -> None:
    """The same questions in another order are the same themes with the same ids."""
    asked = _asked(ROWS)
    first = themes(asked, encode, rarity_of(handbook))
    random.Random(7).shuffle(asked)
    assert themes(asked, encode, rarity_of(handbook)) == first


def test_R039_a_theme_keeps_its_id_as_it_grows(handbook: Knowledge, encode: Encode) -> None:
    """More questions later leave the id and the first time of a theme as they were."""
    early = [row for row in ROWS if row[0] == "充电桩"][:8]
    later = [row for row in ROWS if row not in early]
    before = themes(_asked(early), encode, rarity_of(handbook))
    grown = [
        *_asked(early),
        *[Asked(text, "2026-12-09T00:00:00.000+00:00", None, None) for _, text in later],
    ]
    after = {theme.id: theme for theme in themes(grown, encode, rarity_of(handbook))}
    assert len(before) == 1
    assert after[before[0].id].count == 17
    assert after[before[0].id].first_at == before[0].first_at
    assert before[0].id == identity(before[0].core)


def test_the_same_question_counts_as_often_as_asked(handbook: Knowledge, encode: Encode) -> None:
    """Repeats, differing in signs only, add to the count, and distinct customers are counted once."""
    asked = [
        Asked("充电桩怎么装", "2026-11-01T00:00:00.000+00:00", "a", "v1"),
        Asked("充电桩怎么装？？", "2026-11-02T00:00:00.000+00:00", "a", "v2"),
        Asked("充电桩怎么装", "2026-11-03T00:00:00.000+00:00", "b", "v3"),
    ]
    (found,) = themes(asked, encode, rarity_of(handbook))
    assert (found.count, found.customers, found.conversations) == (3, 2, 3)
    assert (found.first_at[:10], found.last_at[:10]) == ("2026-11-01", "2026-11-03")
    assert found.questions == ("充电桩怎么装",)


def test_answered_questions_are_no_gap(handbook: Knowledge, encode: Encode) -> None:
    """A group that mostly got answers is left out; one doubtful answer joins a theme that says the same."""
    at = "2026-11-01T00:00:00.000+00:00"
    known = [
        Asked(f"退款{tail}", at, None, str(n), missed=False) for n, tail in enumerate(("多久到", "几天到"))
    ]
    assert themes(known, encode, rarity_of(handbook)) == ()
    mixed = [
        *[Asked(text, at, None, text) for name, text in ROWS if name == "喂食器"],
        Asked("喂食器能退货吗", at, None, "x", missed=False),
    ]
    (found,) = themes(mixed, encode, rarity_of(handbook))
    assert found.count == 17


def test_coverage_is_what_the_answer_says_of_the_question(handbook: Knowledge) -> None:
    """An answer with all the words covers all, one with none covers nothing."""
    rarity = rarity_of(handbook)
    assert covered("充电桩质保", "充电桩质保两年", rarity) == pytest.approx(1.0)
    assert covered("充电桩质保", "退款", rarity) == 0
    assert covered("？？", "退款", rarity) == 0


def test_few_texts_are_few_groups(handbook: Knowledge) -> None:
    """Nothing, one text and texts without letters are grouped without complaint."""
    rarity = rarity_of(handbook)
    assert groups([], None, rarity) == []
    assert groups(["充电桩"], None, rarity) == [0]
    assert len(groups(["？？", "。。", "充电桩"], None, rarity, Grouping())) == 3
    assert terms_of(["？？"], rarity) == []
