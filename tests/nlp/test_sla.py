"""Clocks and the ladder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import sla
from nlp.policy import load_policy
from nlp.tables import PolicyError

POLICY = load_policy()
OPENED = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


def clocks(code: str) -> dict[str, sla.Clock]:
    policy = next(one for one in POLICY.sla if one.code == code)
    return {c.code: c for c in sla.start(policy, OPENED, POLICY.calendars, POLICY.calendar_of("presales"))}


def after(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


@pytest.mark.parametrize(("policy", "limit"), [("inquiry", 600), ("complaint", 300)])
def test_first_response(policy: str, limit: int) -> None:
    """R003: at the limit the promise holds, a second later it is broken, and the lead before it warns."""
    clock = clocks(policy)["first_response"]
    assert sla.status(clock, after(limit)) == "met"
    assert sla.status(clock, after(limit + 1)) == "breached"
    assert sla.status(clock, clock.warn_at) == "warning"
    assert sla.status(clock, clock.warn_at - timedelta(seconds=1)) == "met"


def test_complaint_promises() -> None:
    """R028 R029: a first plan within 48 hours with its field, a critical complaint solved within 24."""
    plan = clocks("complaint")["initial_plan"]
    assert (plan.due - OPENED, plan.field) == (timedelta(hours=48), "初步方案")
    assert clocks("critical_complaint")["resolution"].due - OPENED == timedelta(hours=24)


def test_events_come_once() -> None:
    """R003: a restart that passes the stored keys hears nothing twice."""
    clock = clocks("inquiry")["first_response"]
    first = sla.clock_events(clock, after(700))
    assert [event.kind for event in first] == ["warning", "breach"]
    assert sla.clock_events(clock, after(800), {event.key for event in first}) == ()


def ladder(code: str) -> tuple[sla.Hop, ...]:
    return sla.climb(next(one for one in POLICY.ladders if one.code == code), OPENED)


@pytest.mark.parametrize(("seconds", "level"), [(0, 1), (599, 1), (601, 2), (1801, 3), (3601, 4)])
def test_levels(seconds: int, level: int) -> None:
    """R001 R005: an unacknowledged urgent ticket climbs every rung in order."""
    assert sla.level(ladder("urgent"), after(seconds)) == level


def test_critical_enters_high() -> None:
    """R005: a critical ticket starts at the head of department."""
    assert [hop.role for hop in ladder("critical")] == ["department_head", "executive"]


def test_acknowledgement_stops_the_ladder() -> None:
    """R005 B17: acknowledged at the second rung, the third is never told."""
    roles = [event.code for event in sla.ladder_events(ladder("urgent"), after(9000), acks=[after(900)])]
    assert roles == ["agent", "supervisor"]


@given(st.lists(st.integers(0, 5000), max_size=8).map(sorted), st.lists(st.integers(0, 5000), max_size=2))
def test_each_rung_is_told_at_most_once(looks: list[int], acks: list[int]) -> None:
    """B17 R001: whenever the clock is looked at, each rung is told once, in order, and none after an acknowledgement."""
    told: list[sla.Event] = []
    hops = ladder("urgent")
    for seconds in looks:
        known = [after(ack) for ack in acks if ack <= seconds]
        told += sla.ladder_events(hops, after(seconds), known, {event.key for event in told})
    assert [event.key for event in told] == sorted({event.key for event in told})
    for event in told[1:]:
        assert all(after(ack) > event.at for ack in acks)


def test_a_policy_without_a_last_resort_is_refused(tmp_path: Path) -> None:
    """R003: every ticket must find a policy."""
    (tmp_path / "sla.toml").write_text(
        '[[policy]]\ncode = "a"\nname = "甲"\nwhen = { category = ["complaint"] }\nclock = [\n'
        '{ code = "first_response", name = "首", seconds = 1 }, { code = "resolution", name = "解", seconds = 2 }]\n',
        encoding="utf-8",
    )
    with pytest.raises(PolicyError, match="兜底"):
        load_policy(tmp_path)
