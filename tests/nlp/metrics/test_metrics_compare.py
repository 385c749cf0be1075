"""Two spans side by side, targets, intervals: exact against values worked out by hand or published."""

from __future__ import annotations

from datetime import date

import pytest

from nlp.metrics import interval
from nlp.metrics.compare import compare
from nlp.metrics.definition import load_book
from nlp.metrics.interval import Stratum, shown, stratified, wilson
from nlp.metrics.measure import Tally
from nlp.metrics.observation import Observation
from nlp.metrics.targets import Target, phase_of, progress
from tests.nlp.metrics.facts import fact, facts, surveys

BOOK = load_book()
START, DUE = date(2026, 11, 1), date(2027, 1, 30)


def tally(code: str, seen: list[Observation]) -> Tally:
    found = Tally()
    for one in seen:
        found.add(BOOK.metrics[code], one)
    return found


def test_R147_both_values_the_change_and_the_numbers_behind() -> None:
    """60 of 100 after 50 of 100: +10 points, +20 percent, by Newcombe's interval −3.7…23.2; not sure."""
    now = [*facts(60, "conversation", resolved=True), *facts(40, "conversation", resolved=False)]
    before = [*facts(50, "conversation", resolved=True), *facts(50, "conversation", resolved=False)]
    found = compare(
        BOOK.metrics["resolution_rate"], tally("resolution_rate", now), tally("resolution_rate", before)
    )
    assert (found.now.value, found.before.value, found.now.n, found.before.n) == (60, 50, 100, 100)
    assert (found.delta, found.percent, found.verdict, found.sure) == (10, 20, "unsure", False)
    assert found.interval == pytest.approx((-3.69, 23.17), abs=0.05)
    assert found.p == pytest.approx(0.1556, abs=1e-3)


def test_R027_complex_cycles_of_two_teams() -> None:
    """Five days against two: −3 days, with both sample sizes; faster is better."""
    day = 86_400
    old = [fact("case", total_s=(4 + n % 3) * day, complex=True) for n in range(30)]
    new = [fact("case", total_s=(1 + n % 3) * day, complex=True) for n in range(60)]
    found = compare(BOOK.metrics["cycle"], tally("cycle", new), tally("cycle", old))
    assert (found.delta, found.percent) == (-3 * day, -60)
    assert (found.now.n, found.before.n, found.verdict, found.sure) == (60, 30, "better", True)


def test_R159_two_waves_of_a_survey() -> None:
    """NPS 45 (n 100) after 30 (n 50): +15 points, +50 percent."""
    found = compare(BOOK.metrics["nps"], tally("nps", surveys(60, 25, 15)), tally("nps", surveys(25, 15, 10)))
    assert (found.now.value, found.now.n, found.before.value, found.before.n) == (45, 100, 30, 50)
    assert (found.delta, found.percent) == (15, 50)


def test_nothing_before_gives_no_change() -> None:
    """No value, no delta, and nothing is called better."""
    found = compare(BOOK.metrics["aht"], tally("aht", facts(1, "conversation", handle_s=5)), Tally())
    assert (found.delta, found.percent, found.interval, found.verdict) == (None, None, None, "unknown")


def target(baseline: float, wanted: float, change: str = "value", **more: object) -> Target:
    return Target("nps", baseline, wanted, DUE, "S1", START, change, **more)  # type: ignore[arg-type]


def test_R149_R178_halfway_is_50_percent() -> None:
    """NPS 45 → 55 stands at 50."""
    found = progress(target(45, 55), 50, "up", date(2026, 12, 16))
    assert (found.progress, found.gap, found.goal, found.status) == (50, -5, 55, "on_track")
    assert found.elapsed == 50
    assert progress(target(45, 55), 49, "up", date(2026, 12, 16)).status == "behind"


def test_R150_72_is_14_points_more() -> None:
    """From 58 by 14 points is 72."""
    found = progress(target(58, 14, "points"), 72, "up", START)
    assert (found.goal, found.progress, found.status, found.colour) == (72, 100, "met", "green")


def test_R151_points_are_not_percent() -> None:
    """+15 on 45 is 60 as points and 51.75 as percent; 55 meets the one, not the other."""
    assert target(45, 15, "points").goal == 60
    assert target(45, 15, "percent").goal == pytest.approx(51.75)
    assert progress(target(45, 15, "points"), 55, "up", DUE).status == "behind"
    assert progress(target(45, 15, "percent"), 55, "up", DUE).status == "met"


def test_R152_an_index_20_percent_up() -> None:
    """CXI 60 + 20 % is 72; 66 is halfway."""
    assert progress(target(60, 20, "percent"), 66, "up", START).progress == pytest.approx(50)


def test_R154_both_show_their_status() -> None:
    """85 % of 85 % is met; attitude 4.4 of 4.5 past its day is missed."""
    assert progress(target(80, 85), 85, "up", DUE).status == "met"
    late = progress(target(4.0, 4.5), 4.4, "up", date(2027, 2, 1))
    assert (late.status, late.colour, late.progress) == ("missed", "red", 80)


def test_R155_R156_R162_down_is_good_where_it_is() -> None:
    """Complaint rate 5 % − 20 percent is 4 %; AHT 300 s − 30 percent is 210 s; satisfaction 80 + 5 percent is 84."""
    assert progress(target(5, -20, "percent"), 4.5, "down", START).progress == pytest.approx(50)
    assert progress(target(5, -20, "percent"), 4.0, "down", START).status == "met"
    assert progress(target(300, -30, "percent"), 210, "down", START).status == "met"
    assert target(80, 5, "percent").goal == 84
    assert progress(target(20, -15, "percent"), 17, "down", START).status == "met"


def test_R020_a_line_to_hold_is_red_when_it_is_crossed() -> None:
    """180 s and no more, whatever the day."""
    line = target(300, 180, aim="hold")
    assert progress(line, 181, "down", START).colour == "red"
    assert progress(line, 180, "down", START).colour == "green"
    assert progress(line, None, "down", START).colour == "grey"


def test_R012_the_gap_is_told_in_points() -> None:
    """98.5 % against 95.3 % is +3.2."""
    assert progress(target(90, 95.3), 98.5, "up", START).gap == pytest.approx(3.2)


def test_R160_each_target_has_its_phase() -> None:
    """Three, six, twelve months; longer is long."""
    told = [
        phase_of(START, due, BOOK.phases)
        for due in (date(2027, 2, 1), date(2027, 5, 1), date(2027, 11, 1), date(2029, 1, 1))
    ]
    assert told == ["short", "medium", "long", "long"]


def test_B24_a_stratified_rate_is_told_with_its_interval() -> None:
    """60 of 1200 in one stratum is 5.0% [3.9, 6.4]; two strata are weighed by their size."""
    one = stratified([Stratum(10**9, 1200, 60)])
    assert one is not None
    assert shown(one) == "5.0% [3.9, 6.4]"
    assert (one.low, one.high) == pytest.approx(wilson(60, 1200))
    # 9000 with 2 % and 1000 with 20 % are 3.8 %; the variance is .81·.02·.98/100·.9889 + .01·.2·.8/100·.9
    two = stratified([Stratum(9000, 100, 2), Stratum(1000, 100, 20)])
    assert two is not None
    assert two.share == pytest.approx(0.038)
    spread = 0.81 * 0.02 * 0.98 / 100 * (1 - 100 / 9000) + 0.01 * 0.2 * 0.8 / 100 * 0.9
    assert two.effective == pytest.approx(0.038 * 0.962 / spread)
    assert two.small(0.005)
    assert not two.small(0.1)


def test_B24_what_was_all_looked_at_is_known() -> None:
    """A census has no interval; nothing looked at has no rate; all hits do not make it sure."""
    census = stratified([Stratum(10, 10, 3)])
    assert census is not None
    assert (census.low, census.high) == (0.3, 0.3)
    assert stratified([Stratum(10, 0, 0)]) is None
    every = stratified([Stratum(1000, 5, 5)])
    assert every is not None
    assert (every.low, every.high) == pytest.approx(wilson(5, 5))


def test_wilson_and_newcombe_are_as_published() -> None:
    """Wilson 81/263: .2553–.3662; Newcombe 56/70 − 48/80: .0524–.3339 (Newcombe 1998, tables I and II)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert interval.difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert wilson(0, 0) is None
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
