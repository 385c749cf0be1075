"""Cohorts and the statistics of what came of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.effect import means, rates
from kb.outcomes import shown, tally
from kb.trial import Cohort, Person, wilson


def test_a_cohort_is_teams_agents_and_a_share() -> None:
    """R056: named agents and teams take part, and of all others the share that was drawn, the same every time."""
    cohort = Cohort(frozenset({"售后"}), frozenset({"a7"}))
    assert cohort.holds(Person("a7"), "c1")
    assert cohort.holds(Person("a8", "售后"), "c1")
    assert not cohort.holds(Person("a8", "售前"), "c1")
    half = Cohort(percent=50)
    drawn = [half.holds(Person(f"a{number}"), "c1") for number in range(2000)]
    assert 900 < sum(drawn) < 1100
    assert drawn == [half.holds(Person(f"a{number}"), "c1") for number in range(2000)]
    assert drawn != [half.holds(Person(f"a{number}"), "c2") for number in range(2000)], (
        "each trial draws anew"
    )
    everyone, nobody = Cohort(percent=100), Cohort(percent=0)
    assert all(everyone.holds(Person(f"a{number}"), "c1") for number in range(100))
    assert nobody.empty
    assert not any(nobody.holds(Person(f"a{number}"), "c1") for number in range(100))


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_rate_lies_in_its_interval(hits: int, more: int) -> None:
    """R050: Wilson's interval holds the rate, stays within 0 and 1, and narrows with more observations."""
    n = hits + more
    low, high = wilson(hits, n) or (2.0, -1.0)
    assert 0 <= low <= hits / n <= high <= 1
    tighter = wilson(hits * 10, n * 10) or (-1.0, 2.0)
    assert tighter[1] - tighter[0] < high - low


def test_known_figures() -> None:
    """R050, R065: published figures of Wilson's interval and of the test of two proportions."""
    assert wilson(8, 30) == pytest.approx((0.1418, 0.4445), abs=1e-4)
    assert wilson(0, 0) is None
    found = rates(10, 40, 30, 40)
    assert (found.delta, found.significant) == (0.5, True)
    assert found.p == pytest.approx(7.744e-06, rel=1e-3)
    assert rates(1, 4, 3, 4).p is None, "too few to tell"
    assert rates(20, 40, 21, 40).significant is False


def test_means_are_compared_with_their_spread() -> None:
    """R065: equal means are no difference; a plain one is; no data is no figure."""
    assert means([1.0] * 20, [1.0] * 20).p == 1.0
    assert means([1.0, 2.0] * 20, [3.0, 4.0] * 20).significant is True
    empty = means([], [1.0])
    assert (empty.before, empty.delta, empty.p) == (None, None, None)


def test_an_offer_counts_once() -> None:
    """R050: one suggestion of one entry is one offer, however much was done with it."""
    acts = [
        ("s1", "x", "shown"),
        ("s1", "x", "sent"),
        ("s1", "x", "sent"),
        ("s2", "x", "shown"),
        ("s2", "y", "edited"),
    ]
    told = shown(tally(acts))
    assert (told["offered"], told["used"], told["rate"]) == (3, 2, 0.6667)
    assert told["actions"]["shown"] == 2
