"""What people look at of a day, and what may be said from it of the whole."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from nlp.metrics.interval import Stratum, shown, stratified, wilson, z_of
from nlp.quality.sampling import Chat, chat_of, draw, per_agent, pick_one, read_sampling

POLICY = read_sampling()
DAY = "2026-11-30"
chats = st.lists(
    st.builds(
        lambda agent, category, risk, flag: (agent, category, risk, flag),
        st.sampled_from(["A1", "A2", "A3", "A4", "A5"]),
        st.sampled_from(["complaint", "inquiry", "operation", ""]),
        st.sampled_from(["high", "normal"]),
        st.sampled_from([(), (), (), (), (), (), (), (), (), (), (), ("fatal",)]),
    ),
    max_size=300,
).map(lambda rows: [Chat(f"r{at}", *row) for at, row in enumerate(rows)])


@settings(max_examples=150, deadline=None)
@given(chats, st.randoms(use_true_random=False))
def test_a_day_is_sampled_within_its_shares(day: list[Chat], chance: random.Random) -> None:
    """R106: 10 to 20 % of any day, each agent at least once, red flags all, the same sample again; or it says why not."""
    found = draw(day, POLICY, DAY)
    shuffled = list(day)
    chance.shuffle(shuffled)
    assert draw(shuffled, POLICY, DAY) == found
    picked = {pick.id for pick in found.picks}
    assert {chat.id for chat in day if chat.flags} <= picked
    assert set(per_agent(found)) == {chat.agent for chat in day}
    flagged = [chat for chat in day if chat.flags]
    uncovered = {chat.agent for chat in day} - {chat.agent for chat in flagged}
    low, high = ceil(0.10 * len(day) - 1e-9), floor(0.20 * len(day) + 1e-9)
    if len(flagged) + len(uncovered) <= high:
        assert low <= len(picked) <= high
        assert not found.notes
    else:
        assert found.notes
    unseen = sum(size for name, (size, seen) in found.strata.items() if not seen)
    assert sum(1 / pick.probability for pick in found.picks) == pytest.approx(len(day) - unseen)


def test_another_day_draws_others_and_the_sizes_are_by_hand() -> None:
    """R106: 60 chats of A and 40 of B give 15: one each, then 13 × 60/100 and 13 × 40/100; high risk has its own stratum."""
    day = [Chat(f"a{n}", "A", "inquiry", "high" if n < 10 else "normal") for n in range(60)]
    day += [Chat(f"b{n}", "B", "inquiry", "normal") for n in range(40)]
    found = draw(day, POLICY, DAY)
    assert per_agent(found) == {"A": 9, "B": 6}
    # A: 9 = 1 + 1 and 7 in proportion 10 : 50 → 1.17, 5.83 → 2 and 7
    assert found.strata == {
        "A|high|inquiry": (10, 2),
        "A|normal|inquiry": (50, 7),
        "B|normal|inquiry": (40, 6),
    }
    assert found.share == 0.15
    other = draw(day, POLICY, "2026-12-01")
    assert {p.id for p in other.picks} != {p.id for p in found.picks}
    assert {p.id for p in draw(day, replace(POLICY, seed="x"), DAY).picks} != {p.id for p in found.picks}


def test_a_tiny_day_says_what_it_does_not_allow() -> None:
    """R106: three agents with one chat each cannot be sampled at 20 %: all are looked at, and it says so."""
    found = draw([Chat(f"r{n}", f"A{n}", "", "normal") for n in range(3)], POLICY, DAY)
    assert len(found.picks) == 3
    assert found.notes == ("当天 3 段，3 名客服每人至少 1 段，抽查 3 段超过上限 0 段",)
    assert draw([], POLICY, DAY).picks == ()


def test_red_flags_come_from_what_was_scored() -> None:
    """R106: a veto, an item of the list and a very low score must be looked at; complaints are a risk."""
    seen = {"agent": "A", "category": "complaint", "values": {"result": "r", "score": 35.0, "veto": True}}
    chat = chat_of(seen, POLICY)
    assert chat.flags == ("一票否决", "得分低于 40")
    calm = {"agent": "A", "category": None, "values": {"result": "r", "score": 95.0, "complained": True}}
    assert (chat_of(calm, POLICY).flags, chat_of(calm, POLICY).risk) == ((), "high")
    rude = {"agent": "A", "category": None, "values": {"result": "r", "score": 95.0, "failed": ["rude"]}}
    assert chat_of(rude, POLICY).flags == ("rude",)


def test_the_live_pick_is_uniform() -> None:
    """R126: ten thousand picks of eight conversations pass a chi-square test of equal chances."""
    live = [f"c{n}" for n in range(8)]
    chance = random.Random(20261130)
    counts = Counter(pick_one(live, chance) for _ in range(10_000))
    assert set(counts) == set(live)
    assert chisquare([counts[one] for one in live]).pvalue > 0.001
    assert pick_one([], chance) is None


def test_strata_are_weighed_by_their_size() -> None:
    """B24: 100 conversations at 2 of 10 and 300 at 1 of 20: 0.25 × 0.2 + 0.75 × 0.05 = 8.75 %, interval by hand."""
    rate = stratified([Stratum(100, 10, 2), Stratum(300, 20, 1)])
    assert rate is not None
    assert rate.share == pytest.approx(0.0875)
    # 0.25² × 0.9 × 0.2 × 0.8 / 10 + 0.75² × (280/300) × 0.05 × 0.95 / 20 = 0.0009 + 0.001246875
    worth = 0.0875 * 0.9125 / 0.002146875
    assert rate.effective == pytest.approx(worth)
    assert (rate.low, rate.high) == pytest.approx(wilson(0.0875 * worth, worth))


def test_one_looked_at_alone_borrows_the_spread_of_the_whole() -> None:
    """B24: a stratum seen once would say it is certain; its spread is that of the whole."""
    rate = stratified([Stratum(50, 1, 0), Stratum(50, 1, 1)])
    assert rate is not None
    # 2 × 0.5² × 0.25 × 0.98 = 0.1225, worth 0.25 / 0.1225 conversations
    assert rate.effective == pytest.approx(0.25 / 0.1225)


def test_every_interval_is_the_textbooks() -> None:
    """B24: 60 of 1,200 is 5.0% [3.9, 6.4], and Wilson's interval is scipy's."""
    rate = stratified([Stratum(10**9, 1200, 60)])
    assert rate is not None
    assert shown(rate) == "5.0% [3.9, 6.4]"
    for hits, number in ((0, 10), (3, 17), (60, 1200), (25, 25)):
        exact = binomtest(hits, number).proportion_ci(0.95, "wilson")
        assert wilson(hits, number, z_of(0.95)) == pytest.approx((exact.low, exact.high), abs=1e-9)
