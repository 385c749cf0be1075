"""Targets: SMART or refused, and where they stand today."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.facts import ZONE, fact, send, tenant
from tests.api.serving import Site, problem

NAME = "aims"
SMART = {"metric": "nps", "baseline": 45, "target": 55, "due": "2099-01-01", "owner": "S001"}


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """A tenant with 100 answers of today: 60 promoters, 30 passives, 10 detractors (NPS 50); a mean wait of 181 s."""
    tenant(site, NAME)
    today = datetime.now(ZONE).isoformat()
    scores = [*[9] * 60, *[8] * 30, *[2] * 10]
    answers = [
        {**fact("survey", f"n{at}", 0, {"nps": score}), "at": today} for at, score in enumerate(scores)
    ]
    waits = [
        {**fact("contact", f"w{at}", 0, {"wait_s": seconds}), "at": today}
        for at, seconds in enumerate((162, 200))
    ]
    send(site, NAME, [*answers, *waits])
    return site


def made(site: Site, **more: Any) -> dict[str, Any]:
    answer = site.client("supervisor", NAME).post("/v1/targets", json={**SMART, **more})
    assert answer.status_code == 201, answer.text
    identity = answer.json()["id"]
    told = site.client("quality", NAME).get("/v1/targets").json()["targets"]
    (found,) = [one for one in told if one["id"] == identity]
    return dict(found)


@pytest.mark.parametrize("field", ["metric", "baseline", "target", "due", "owner"])
def test_R161_a_missing_field_is_refused_by_name(site: Site, field: str) -> None:
    """Without metric, baseline, target, due or owner it is no target."""
    body = {name: value for name, value in SMART.items() if name != field}
    told = problem(site.client("supervisor", NAME).post("/v1/targets", json=body), 422, "invalid")
    assert [one["field"] for one in told["errors"]] == [field]


def test_R149_progress_is_50_percent_at_50(site: Site) -> None:
    """NPS 45 → 55 stands at 50."""
    told = made(site)
    assert (told["value"], told["progress"], told["gap"], told["n"]) == (50, 50, -5, 100)
    assert told["status"] == "on_track"


def test_R150_R151_points_and_percent(site: Site) -> None:
    """+14 points from 36 is 50 and met; +15 percent of 45 is 51.75 and not."""
    assert made(site, baseline=36, target=14, change="points")["status"] == "met"
    percent = made(site, target=15, change="percent")
    assert (percent["goal"], percent["status"]) == (51.75, "on_track")


def test_R020_a_line_to_hold_turns_red(site: Site) -> None:
    """A mean wait of 181 s over seven days against 180 s is red; against 182 s green."""
    line = {"metric": "wait", "baseline": 300, "aim": "hold", "window_days": 7}
    assert made(site, target=180, **line)["colour"] == "red"
    assert made(site, target=182, **line)["colour"] == "green"


def test_too_few_answers_give_no_verdict(site: Site) -> None:
    """Two answers of a team are a number, and no status: NPS needs thirty."""
    today = datetime.now(ZONE).isoformat()
    few = [{**fact("survey", f"few{at}", 0, {"nps": 9}, team="few"), "at": today} for at in range(2)]
    send(site, NAME, few)
    told = made(site, where=["team:few"])
    assert (told["n"], told["enough"], told["status"], told["colour"]) == (2, False, "too_few", "grey")


def test_R160_phase_and_due_are_always_there(site: Site) -> None:
    """By its days where nobody named it."""
    begin = datetime.now(ZONE).date()
    for days, phase in ((80, "short"), (170, "medium"), (360, "long")):
        told = made(site, due=(begin + timedelta(days=days)).isoformat())
        assert (told["phase"], told["due"]) == (phase, (begin + timedelta(days=days)).isoformat())
    assert made(site, phase="long", due=(begin + timedelta(days=9)).isoformat())["phase"] == "long"


def test_a_target_is_ended_by_the_supervisor(site: Site) -> None:
    """Gone from the list; a second time there is none; an agent may neither set nor end one."""
    identity = made(site)["id"]
    client = site.client("supervisor", NAME)
    assert client.delete(f"/v1/targets/{identity}").json()["ended"]
    problem(client.delete(f"/v1/targets/{identity}"), 404, "not_found")
    assert identity not in {one["id"] for one in client.get("/v1/targets").json()["targets"]}
    problem(site.client("agent", NAME).post("/v1/targets", json=SMART), 403, "forbidden")
    problem(site.client("quality", NAME).post("/v1/targets", json=SMART), 403, "forbidden")


@pytest.mark.parametrize(
    ("change", "field"),
    [({"metric": "joy"}, "metric"), ({"due": "2020-01-01"}, "due"), ({"phase": "soon"}, "phase"),
     ({"where": ["x:y"]}, "where"), ({"colour": "red"}, "colour")],
)  # fmt: skip
def test_what_is_wrong_with_a_target_is_named(site: Site, change: dict[str, Any], field: str) -> None:
    """The field and what would do."""
    told = problem(
        site.client("supervisor", NAME).post("/v1/targets", json={**SMART, **change}), 422, "invalid"
    )
    assert told["errors"][0]["field"] == field


def test_R154_two_targets_of_the_registry_show_their_status(site: Site) -> None:
    """First consultations 85 % and an attitude of 4.5: one without data, one met by thirty answers."""
    today = datetime.now(ZONE).isoformat()
    send(
        site,
        NAME,
        [
            {**fact("survey", f"att{at}", 0, {"dimensions": {"attitude": 4.5}}), "at": today}
            for at in range(30)
        ],
    )
    assert made(site, metric="first_consult", baseline=80, target=85)["status"] == "no_data"
    told = made(site, metric="attitude", baseline=4, target=4.5)
    assert (told["status"], told["value"], told["name"]) == ("met", 4.5, "服务态度")


def test_R021_a_target_of_one_channel(site: Site) -> None:
    """15 s for chat is met by chat's 12 s, whatever the telephone takes; the telephone's 45 s is not met by 60 s."""
    today = datetime.now(ZONE).isoformat()
    talks = [
        {
            **fact("conversation", f"ch-{channel}", 0, {"first_response_s": seconds}, channel=channel),
            "at": today,
        }
        for channel, seconds in (("chat", 12), ("phone", 60))
    ]
    send(site, NAME, talks)
    aim = {"metric": "first_response", "baseline": 100, "aim": "hold"}
    assert made(site, target=15, where=["channel:chat"], **aim)["status"] == "met"
    assert made(site, target=45, where=["channel:phone"], **aim)["colour"] == "red"


def test_an_agent_sees_targets_of_their_own_numbers_only(site: Site) -> None:
    """A target narrowed to A012 is told to A012; the team's and everybody's numbers are not."""
    made(site, where=["team:一组"])
    own = made(site, where=["agent:A012"])
    made(site, where=["agent:A013"])
    today = datetime.now(ZONE).date().isoformat()
    told = site.client("agent", NAME).get("/v1/metrics/nps", params={"from": today, "to": today}).json()
    assert [one["id"] for one in told["targets"]] == [own["id"]]
