"""Red cards: the grounds of the policy, each once."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from nlp.quality.red_cards import Fact, cards, read_cards
from nlp.tables import PolicyError

POLICY = read_cards()
MONDAY = date(2026, 11, 2)


def fact(name: str, day: int, score: float = 90, *failed: str, veto: bool = False) -> Fact:
    return Fact(name, MONDAY + timedelta(days=day), score, veto, failed)


def told(*facts: Fact) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(card.rule.code, card.key, card.evidence) for card in cards(facts, POLICY)]


def test_one_hit_of_the_red_line_is_a_card() -> None:
    """R129: a veto or an item of the list makes a card of its own; anything else does not."""
    found = told(
        fact("a", 0, 0, "fatal", veto=True), fact("b", 1, 95, "greeting"), fact("c", 2, 80, "privacy_leak")
    )
    assert found == [("zero_tolerance", "a", ("a",)), ("zero_tolerance", "c", ("c",))]


def test_low_days_in_a_row_are_one_card() -> None:
    """R129: three days of service below 60 make one card, a fourth none more; a good day between begins anew."""
    low = [fact("a", 0, 50), fact("b", 0, 60), fact("c", 1, 59), fact("d", 4, 30), fact("e", 5, 20)]
    # day means 55, 59, 30, 20: the days without service (2, 3) part nothing
    assert told(*low) == [("low_score", "a", ("a", "b", "c", "d"))]
    assert told(fact("a", 0, 50), fact("b", 1, 60), fact("c", 2, 50), fact("d", 3, 50)) == []


def test_severe_ones_are_counted_within_days() -> None:
    """R129: five severe results within seven days make a card; the same ones make no second; spread wider none."""
    close = [fact(f"r{n}", n, 80, "rude") for n in range(5)]
    assert told(*close) == [("severe", "r0", ("r0", "r1", "r2", "r3", "r4"))]
    assert len(told(*close, *[fact(f"s{n}", 5, 80, "rude") for n in range(4)])) == 1
    assert told(*[fact(f"r{n}", 2 * n, 80, "rude") for n in range(5)]) == []


def test_the_order_of_arrival_changes_nothing() -> None:
    """R129: the same results in any order make the same cards."""
    facts = [fact(f"f{n}", n % 7, 50 + n, "rude" if n % 2 else "fatal") for n in range(20)]
    expected = told(*facts)
    for seed in range(5):
        random.Random(seed).shuffle(facts)
        assert told(*facts) == expected


def test_a_rule_without_its_numbers_is_refused(tmp_path: Path) -> None:
    """The file and the key are named."""
    (tmp_path / "red_cards.toml").write_text(
        '[[rule]]\ncode = "x"\nname = "x"\nkind = "below"\ndays = 2\n', encoding="utf-8"
    )
    with pytest.raises(PolicyError, match=r"rule\.0\.score"):
        read_cards(tmp_path)
