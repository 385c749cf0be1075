"""The alarm for new complaints: found in a day, silent where nothing is new, at the stated rate."""

from __future__ import annotations

import random
from collections import Counter
from math import comb

import pytest

from nlp.reports.alarm import Day, Voice, alarms, day_of
from nlp.reports.policy import read_reports
from scripts.drills.alarm import CODES, days_alike

RULES = read_reports().alarm
NAMES = {"complaint_courier": "快递员服务", "refund": "退款"}


def test_R165_a_new_topic_is_found_within_a_day() -> None:
    """Twelve of a day's complaints name a thing nobody named before: one theme, with its words and voices."""
    *before, today = days_alike(1, RULES.days + 1, mean=40)
    source = random.Random(2)
    news = [
        Voice(f"n{at}", f"充电宝鼓包{source.choice(('了', '，很危险', '还发烫'))}", "quality")
        for at in range(12)
    ]
    found = alarms(before, day_of([*today.voices, *news]), RULES, NAMES)
    assert len(found) == 1
    assert found[0].name == "充电宝鼓包"
    assert (found[0].count, found[0].expected, found[0].category) == (12, 0.0, "quality")
    assert {one.id for one in found[0].voices} == {f"n{at}" for at in range(12)}
    assert found[0].chance <= found[0].limit < RULES.false_alarms


def test_R165_a_known_topic_that_bursts_is_found() -> None:
    """A category seen every day that triples its share is told by its name."""
    before = [
        day_of([Voice(f"{d}-{n}", f"{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", CODES[n % 5]) for n in range(40)])
        for d in range(28)
    ]
    today = day_of(
        [
            Voice(f"t{n}", f"{'甲乙丙丁戊己庚辛壬癸'[n % 10]}", CODES[0] if n < 28 else CODES[n % 5])
            for n in range(40)
        ]
    )
    (found,) = alarms(before, today, RULES, NAMES)
    assert (found.name, found.category, found.expected) == ("快递员服务", "complaint_courier", 8.0)
    assert found.count == 30


@pytest.mark.parametrize("seed", range(5))
def test_B29_no_alarm_on_a_stationary_month(seed: int) -> None:
    """A month like the one before has no alarm, whatever the seed."""
    days = days_alike(seed, RULES.days + 30, mean=20)
    for at in range(30):
        assert alarms(days[at : at + RULES.days], days[at + RULES.days], RULES, NAMES) == ()


def test_B29_one_customer_counts_once() -> None:
    """Somebody who writes twenty times is one voice."""
    before = days_alike(3, RULES.days)
    angry = [Voice(f"a{at}", "充电宝鼓包", "quality", who="c1") for at in range(20)]
    today = day_of([*days_alike(4, 1)[0].voices, *angry])
    assert today.counts["鼓包"] == 1
    assert alarms(before, today, RULES, NAMES) == ()


def test_B29_the_chance_is_exact() -> None:
    """Six of ten today against four of ninety before: the tail of the hypergeometric distribution, by hand."""
    before = [day_of([Voice(f"b{n}", "甲" if n < 4 else f"乙{n}", "x" if n < 4 else "y") for n in range(90)])]
    today = day_of([Voice(f"t{n}", "甲" if n < 6 else f"乙{n}", "x" if n < 6 else "y") for n in range(10)])
    (found,) = alarms(before, today, RULES, {})
    # Of 100 voices 10 are of x; 6 or more of them are among the 10 of today.
    by_hand = sum(comb(10, n) * comb(90, 10 - n) for n in range(6, 11)) / comb(100, 10)
    assert found.chance == pytest.approx(by_hand, rel=1e-9)
    assert by_hand == pytest.approx(3.182e-5, rel=1e-3)


def test_B29_what_burst_before_is_no_news_when_it_bursts_again() -> None:
    """A topic that came in bursts all month is tested on its dispersion; one that never burst is told."""

    def days(loud: int) -> list[Day]:
        return [
            day_of(
                [Voice(f"{d}-{n}", "", "sale" if d % 7 == 0 and n < loud else f"c{n % 5}") for n in range(50)]
            )
            for d in range(28)
        ]

    today = day_of([Voice(f"t{n}", "", "sale" if n < 15 else f"c{n % 5}") for n in range(50)])
    assert alarms(days(15), today, RULES, {}) == ()
    assert [one.category for one in alarms(days(1), today, RULES, {})] == ["sale"]


def test_R165_nothing_to_compare_with_is_no_alarm() -> None:
    """The first day of a site has no news."""
    assert alarms([], days_alike(1, 1)[0], RULES, NAMES) == ()
    assert alarms([day_of([])], days_alike(1, 1)[0], RULES, NAMES) == ()
    assert Counter() == day_of([]).counts
