"""Numbers of the shipped definitions, exact on facts worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.metrics.definition import load_book
from nlp.metrics.groups import UNKNOWN, drivers, grouped, groups, peaks, shares
from nlp.metrics.measure import Measured, Tally, from_parts, measure, quantile
from nlp.metrics.observation import Observation
from nlp.metrics.waiting import outlook
from tests.nlp.metrics.facts import ZONE, fact, facts, surveys

BOOK = load_book()


def value(code: str, observations: Iterable[Observation]) -> float | None:
    return measure(BOOK.metrics[code], observations).value


def by(code: str, observations: Iterable[Observation], dimension: str) -> dict[str, tuple[int, float | None]]:
    tallies = grouped(BOOK.metrics[code], observations, dimension, ZONE)
    found = groups(BOOK.metrics[code], tallies, dimension)
    return {one.key: (one.measured.n, one.measured.value) for one in found}


def test_R012_985_of_1000_first_responses_are_met() -> None:
    """98.5 %, by day, team and category too; tickets nobody judged do not count."""
    tickets = [
        *facts(585, "ticket", first_response_met=True, team="一组", category="refund"),
        *facts(15, "ticket", first_response_met=False, team="一组", category="refund"),
        *facts(400, "ticket", 1, first_response_met=True, team="二组", category="invoice"),
        *facts(50, "ticket"),
    ]
    found = measure(BOOK.metrics["first_response_met"], tickets)
    assert (found.value, found.n, found.numerator, found.denominator) == (98.5, 1000, 985, 1000)
    assert by("first_response_met", tickets, "team") == {"一组": (600, 97.5), "二组": (400, 100.0)}
    assert by("first_response_met", tickets, "day") == {"2026-11-02": (600, 97.5), "2026-11-03": (400, 100.0)}
    assert by("first_response_met", tickets, "category")["invoice"] == (400, 100.0)


def test_R019_wait_and_abandonment() -> None:
    """13 waits of 300 s, 7 left after 60 s: mean (3900+420)/20 = 216 s, 35 % left; the busy hour stands out."""
    waits = [
        *facts(13, "contact", wait_s=300, abandoned=False),
        *facts(7, "contact", wait_s=60, abandoned=True),
        *facts(2, "contact", 1 / 24, wait_s=216, abandoned=False),
    ]
    assert value("wait", waits[:20]) == 216
    assert value("abandonment", waits[:20]) == 35
    assert BOOK.metrics["wait"].alarm is not None
    assert BOOK.metrics["wait"].alarm.rings(216)
    assert not BOOK.metrics["wait"].alarm.rings(180)
    assert peaks(grouped(BOOK.metrics["wait"], waits, "hour", ZONE), BOOK.peak) == ["09:00"]


def test_R022_first_response_splits_by_used_suggestions() -> None:
    """45 s without, 18 s with."""
    live = [
        *facts(4, "live", first_response_s=45, suggestion_used=False, channel="chat"),
        fact("live", first_response_s=12, suggestion_used=True, channel="chat"),
        fact("live", first_response_s=24, suggestion_used=True, channel="app"),
    ]
    assert by("live_first_response", live, "suggestion_used") == {"false": (4, 45.0), "true": (2, 18.0)}
    assert by("live_first_response", live, "channel") == {"chat": (5, 38.4), "app": (1, 24.0)}


def test_R023_capacity() -> None:
    """65 of 100 online is 65 %; 45 of 100 queued is over 40 % and calls for deflection."""
    seen = [
        fact("capacity", online=30, required=50, queued=20, contacts=40),
        fact("capacity", online=35, required=50, queued=25, contacts=60),
    ]
    assert value("online_rate", seen) == 65
    assert value("queueing", seen) == 45
    alarm = BOOK.metrics["queueing"].alarm
    assert alarm is not None
    assert alarm.rings(45)
    assert alarm.code == "deflect"
    assert not alarm.rings(40)


def test_R026_stages_add_up_to_the_cycle() -> None:
    """72 h on the mean: 24 h open, 36 h fixing, 12 h verified; p50 and p90 between the neighbours."""
    hour = 3600
    cases = [
        fact("case", category="complaint", total_s=60 * hour, stages={"open": 24 * hour, "fixing": 36 * hour}),
        fact("case", category="complaint", total_s=84 * hour,
             stages={"open": 24 * hour, "fixing": 36 * hour, "verify": 24 * hour}),
    ]  # fmt: skip
    found = measure(BOOK.metrics["cycle"], cases)
    assert found.value == 72 * hour
    assert found.parts == {"open": 24 * hour, "fixing": 36 * hour, "verify": 12 * hour}
    assert sum(found.parts.values()) == found.value
    assert value("cycle_p50", cases) == 72 * hour
    assert value("cycle_p90", cases) == pytest.approx((60 + 0.9 * 24) * hour)
    assert quantile([], 0.5) is None


def test_R035_solutions_taken_up() -> None:
    """3 of 4 answers accepted; the one still open does not count; the reason stands in the event."""
    seen = [
        *facts(3, "solution", outcome="accepted", scenario="退款"),
        fact("solution", outcome="rejected", scenario="换货", reason="嫌慢"),
        fact("solution", outcome="offered", scenario="换货"),
    ]
    assert value("solutions", seen) == 75
    assert by("solutions", seen, "scenario") == {"退款": (3, 100.0), "换货": (1, 0.0)}
    assert by("solutions", seen, "reason") == {"嫌慢": (1, 0.0), UNKNOWN: (3, 100.0)}


def test_R088_the_machine_s_four_numbers() -> None:
    """Of 8 conversations with the bot 6 stayed with it; 9 of 10 categories stood; 1 of 2 content afterwards."""
    seen = [
        *facts(6, "live", served="bot", contained=True, handed_off=False),
        *facts(2, "live", served="both", contained=False, handed_off=True),
        *facts(3, "live", served="human"),
        *facts(9, "ticket", automation="auto"), fact("ticket", automation="suggest", corrected=True),
        fact("ticket", automation="manual", corrected=True),
        fact("survey", csat=5, after_bot=True), fact("survey", csat=3, after_bot=True), fact("survey", csat=1),
    ]  # fmt: skip
    told = {code: value(code, seen) for code in BOOK.boards["ai"].metrics}
    assert told == {"containment": 75, "handoff": 25, "precision": 90, "csat_after_bot": 50}


def test_R089_600_of_1000_conversations_used_a_suggestion() -> None:
    """60.0 %, and 2 of 3 agents."""
    seen = [
        *facts(400, "live", suggestion_used=True, agent="A1"), *facts(200, "live", suggestion_used=True, agent="A2"),
        *facts(100, "live", suggestion_used=False, agent="A2"), *facts(300, "live", suggestion_used=False, agent="A3"),
    ]  # fmt: skip
    assert value("adoption", seen) == 60.0
    assert value("adopters", seen) == pytest.approx(200 / 3)


def test_R090_self_service_is_not_reopened_and_not_handed_off() -> None:
    """3 of 5: one was handed off, one came back."""
    seen = [
        *facts(3, "live", served="bot", contained=True, reopened=False),
        fact("live", served="both", contained=False, reopened=False),
        fact("live", served="bot", contained=True, reopened=True),
    ]
    assert value("self_service", seen) == 60


def test_R145_shares_of_complaint_types_add_up_to_100() -> None:
    """Three equal thirds are told as 33.34 + 33.33 + 33.33."""
    seen = [fact("ticket", path=["complaint", code], category=code) for code in ("a", "b", "c")]
    tallies = grouped(
        BOOK.metrics["complaint_tickets"], [*seen, fact("ticket", path=["inquiry"])], "category", ZONE
    )
    told = [one.share for one in groups(BOOK.metrics["complaint_tickets"], tallies, "category")]
    assert told == [33.34, 33.33, 33.33]


@settings(deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_R170_shares_add_up_whatever_the_counts(counts: list[int]) -> None:
    """Exactly 100, or nothing at all, and none moved by more than a hundredth."""
    told = shares(counts)
    assert round(sum(told), 6) == (100 if sum(counts) else 0)
    assert all(
        abs(share - 100 * n / sum(counts)) <= 0.01 + 1e-9
        for share, n in zip(told, counts, strict=True)
        if sum(counts)
    )


def test_R146_a_missing_region_is_told_as_unknown() -> None:
    """By region with its rate; the unknown comes last however large."""
    seen = [
        *facts(2, "conversation", region="华东", resolved=True), fact("conversation", region="华北", resolved=False),
        *facts(5, "conversation", resolved=True),
    ]  # fmt: skip
    told = by("resolution_rate", seen, "region")
    assert list(told) == ["华东", "华北", UNKNOWN]
    assert told == {"华东": (2, 100.0), "华北": (1, 0.0), UNKNOWN: (5, 100.0)}


def test_R148_the_textbook_s_nps_and_csat() -> None:
    """70 promoters, 20 passives, 10 detractors: NPS 60. Of scores 5,4,3,2,1 the top two are 40 %."""
    found = measure(BOOK.metrics["nps"], surveys(70, 20, 10))
    assert (found.value, found.n, found.numerator) == (60, 100, 60)
    assert value("csat", [fact("survey", csat=score) for score in (5, 4, 3, 2, 1)]) == 40
    assert value("nps", []) is None


def test_R148_topics_that_drive_the_score() -> None:
    """The whole is 25 ((60·50 + 40·(−12.5))/100); delivery pulls it down by 15, refunds lift it by 15."""
    seen = [
        *surveys(35, 20, 5, category="refund"), *surveys(10, 15, 15, category="delivery"),
    ]  # fmt: skip
    told = drivers(BOOK.metrics["nps"], grouped(BOOK.metrics["nps"], seen, "category", ZONE))
    assert [(one.key, one.n, one.value, round(one.impact, 6)) for one in told] == [
        ("delivery", 40, -12.5, -15.0), ("refund", 60, 50.0, 15.0),
    ]  # fmt: skip
    assert sum(one.impact for one in told) == pytest.approx(0)


def test_R152_the_index_is_its_declared_formula() -> None:
    """0.4·80 + 0.3·70 + 0.3·(40+100)/2 = 74; a part that is not known leaves it unknown."""
    parts = {"csat": 80.0, "fcr": 70.0, "nps": 40.0}
    made = {code: Measured(one, 10 + at, one, 100) for at, (code, one) in enumerate(parts.items())}
    found = from_parts(BOOK.metrics["cxi"], made)
    assert (found.value, found.n, found.parts) == (74.0, 10, parts)
    made["nps"] = Measured(None, 0, 0, 0)
    assert from_parts(BOOK.metrics["cxi"], made).value is None


def test_R153_a_repeat_within_the_window_turns_it_off() -> None:
    """Same customer, same issue, six days later: not solved at first. Eight days later, or another issue: solved."""

    def contact(day: float, customer: str, **more: object) -> Observation:
        return fact("conversation", day, customer=customer, category="refund", resolved=True, **more)

    assert value("fcr", [contact(0, "C1"), contact(6, "C1")]) == 0
    assert value("fcr", [contact(0, "C1"), contact(8, "C1")]) == 100
    assert value("fcr", [contact(0, "C1", issue="甲"), contact(6, "C1", issue="乙")]) == 100
    assert value("fcr", [contact(0, "C1"), contact(6, "C2")]) == 100
    # 4 first contacts: C1 came again, C2 was not helped, C3 and C4 were; the nameless one is not counted
    seen = [
        contact(0, "C1"), contact(3, "C1"), contact(0, "C3"), contact(0, "C4"),
        fact("conversation", 0, customer="C2", category="refund", resolved=False),
        fact("conversation", 0, category="refund", resolved=True),
    ]  # fmt: skip
    found = measure(BOOK.metrics["fcr"], seen)
    assert (found.value, found.n) == (50, 4)
    assert value("repeat_rate", seen) == 20


def test_R154_first_consultations() -> None:
    """17 of 20 inquiries solved for good: 85 %."""
    seen = [
        fact(
            "conversation",
            customer=f"C{at}",
            category="ask_stock",
            path=["inquiry", "ask_stock"],
            resolved=at < 17,
        )
        for at in range(20)
    ]
    assert value("first_consult", seen) == 85


def test_R155_independent_resolution_and_transfers() -> None:
    """89 of 100 solved by the first line alone; 8 were transferred."""
    seen = [
        *facts(89, "conversation", resolved=True, transferred=False),
        *facts(8, "conversation", resolved=True, transferred=True),
        *facts(3, "conversation", resolved=False, transferred=False),
    ]
    assert value("independent", seen) == 89
    assert value("transfer_rate", seen) == 8


def test_R156_R171_handling_and_response_times() -> None:
    """AHT (200+400)/2 = 300 s, ART (10+20)/2 = 15 s; a conversation without times is left out."""
    seen = [
        fact("conversation", handle_s=200, response_s=10, first_response_s=5),
        fact("conversation", handle_s=400, response_s=20, first_response_s=31), fact("conversation"),
    ]  # fmt: skip
    assert (value("aht", seen), value("art", seen), value("first_response", seen)) == (300, 15, 18)


def test_R157_complaints_solved_and_survey_dimensions() -> None:
    """19 of 20 complaints: 95 %. Professional (5+4.4)/2 = 4.7, attitude 4.6."""
    seen = [
        *facts(19, "conversation", complained=True, resolved=True), fact("conversation", complained=True, resolved=False),
        *facts(9, "conversation", complained=False, resolved=False),
        fact("survey", dimensions={"professional": 5, "attitude": 4.6}),
        fact("survey", dimensions={"professional": 4.4}),
    ]  # fmt: skip
    assert value("complaint_resolution", seen) == 95
    assert value("professional", seen) == pytest.approx(4.7)
    assert value("attitude", seen) == 4.6


def test_R164_R166_complaints_by_type_and_week() -> None:
    """Two in the first week, one of each type in the second."""
    seen = [
        fact("ticket", day, path=["complaint", code], category=code, resolution_s=seconds)
        for day, code, seconds in ((0, "late", 100), (6.5, "late", 300), (7, "late", 500), (9, "rude", 50))
    ]
    assert by("complaint_tickets", seen, "week") == {"2026-11-02": (2, 2.0), "2026-11-09": (2, 2.0)}
    assert by("complaint_time", seen, "category") == {"late": (3, 300.0), "rude": (1, 50.0)}


def test_R167_logistics_make_up_30_percent() -> None:
    """Late, lost and misdelivered are 3 of 10 complaints."""
    seen = [
        *(fact("ticket", path=["complaint"], subtype=one) for one in ("late", "lost", "misdelivered")),
        *facts(7, "ticket", path=["complaint"], subtype="attitude"), fact("ticket", path=["inquiry"], subtype="late"),
    ]  # fmt: skip
    assert value("logistics", seen) == 30
    assert by("complaint_tickets", seen, "subtype")["attitude"] == (7, 7.0)


def test_R169_touchpoints_sum_to_all_conversations() -> None:
    """One touchpoint each, the unknown counted."""
    seen = [
        *facts(3, "conversation", touchpoint="refund"),
        fact("conversation", touchpoint="order"),
        fact("conversation"),
    ]
    told = by("conversations", seen, "touchpoint")
    assert told == {"refund": (3, 3.0), "order": (1, 1.0), UNKNOWN: (1, 1.0)}
    assert sum(n for n, _ in told.values()) == value("conversations", seen)


def test_R172_complex_tickets() -> None:
    """1 of 4; one that was not judged is left out."""
    seen = [fact("ticket", complex=True), *facts(3, "ticket", complex=False), fact("ticket")]
    assert value("complex", seen) == 25


def test_R200_the_share_of_manual_work() -> None:
    """2 of 8 routed by hand."""
    assert (
        value("manual", [*facts(2, "ticket", automation="manual"), *facts(6, "ticket", automation="auto")])
        == 25
    )


@pytest.mark.parametrize(
    "code", ["csat", "nps", "aht", "cycle", "wait_p90", "adopters", "conversations", "online_rate"]
)
def test_days_add_up_to_the_week(code: str) -> None:
    """Tallies of the days put together are the tally of the week, for every way of measuring."""
    metric = BOOK.metrics[code]
    seen = [
        one
        for day in range(7)
        for n in range(day + 1)
        for one in (
            fact("survey", day, csat=1 + (day + n) % 5, nps=(3 * day + n) % 11),
            fact("conversation", day, handle_s=60 * n),
            fact("case", day, total_s=30 * n, stages={"a": 10 * n, "b": 20 * n}),
            fact("contact", day, wait_s=7 * n),
            fact("live", day, agent=f"A{n % 3}", suggestion_used=day > 4),
            fact("capacity", day, online=n, required=day + 1),
        )
    ]
    whole = Tally()
    for tally in grouped(metric, seen, "day", ZONE).values():
        whole.merge(tally)
    summed, direct = whole.measured(metric), measure(metric, seen)
    assert (summed.n, summed.value, summed.interval, summed.parts) == (
        direct.n, pytest.approx(direct.value), direct.interval and pytest.approx(direct.interval), direct.parts,
    )  # fmt: skip


def test_an_hour_belongs_to_the_site_s_day() -> None:
    """23:30 UTC is the next morning in Shanghai."""
    late = Observation("x", "conversation", datetime(2026, 11, 2, 23, 30, tzinfo=UTC))
    assert list(by("conversations", [late], "day")) == ["2026-11-03"]
    assert list(by("conversations", [late], "quarter")) == ["2026-Q4"]
    assert list(by("conversations", [late], "hour")) == ["07:00"]


def test_R019_how_long_the_next_one_waits() -> None:
    """6 waiting, 300 s each, 4 people: 450 s, over 180 s; 1 waiting: 75 s; nobody there: elsewhere."""
    busy = outlook(6, 4, 300, 180)
    assert (busy.eta_s, busy.deflect) == (450, True)
    calm = outlook(1, 4, 300, 180)
    assert (calm.eta_s, calm.deflect) == (75, False)
    assert outlook(0, 0, 300, 180).deflect
    assert (outlook(3, 2, None, 180).eta_s, outlook(3, 2, None, 180).deflect) == (None, False)
