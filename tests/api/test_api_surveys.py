"""Surveys: every closed conversation is asked, answers are linked and counted once, waves compare."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.api.facts import ZONE, tenant
from tests.api.serving import Site, problem, say, start

NAME = "asked"
ANSWERS = {"csat": 5, "solved": 4, "professional": 5, "attitude": 4}


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """The site with a tenant of its own."""
    tenant(site, NAME)
    return site


@pytest.fixture(scope="module")
def bot(site: Site) -> httpx.Client:
    return site.client("bot", NAME)


def closed(site: Site, *, person: bool) -> tuple[str, str]:
    """A conversation that was closed, and the survey it was closed with."""
    bot, agent = site.client("bot", NAME), site.client("agent", NAME)
    conversation = start(bot, customer={"id": "C1", "tier": "gold", "region": "华东"})
    say(bot, conversation, "叫人工客服来" if person else "怎么开发票")
    if person:
        agent.post(f"/v1/conversations/{conversation}/handoff", json={"action": "accept"})
        say(agent, conversation, "您好", "agent")
    else:
        say(bot, conversation, "确认收货后开", "bot")
    told = agent.post(f"/v1/conversations/{conversation}/handoff", json={"action": "close"}).json()
    return conversation, str(told["handoff"]["survey"])


def read(site: Site, code: str, **params: Any) -> Any:
    today = datetime.now(ZONE).date().isoformat()
    given = {"from": today, "to": today, **params}
    return site.client("supervisor", NAME).get(f"/v1/metrics/{code}", params=given).json()


def test_R101_every_closed_conversation_is_asked(site: Site, bot: httpx.Client) -> None:
    """The first, the second, and one that was closed again; the questions come with it."""
    one, survey = closed(site, person=True)
    other, another = closed(site, person=False)
    assert survey != another
    told = bot.get(f"/v1/surveys/{survey}").json()
    assert [one["code"] for one in told["questions"]] == ["csat", "solved", "professional", "attitude", "nps"]
    assert (told["state"], told["subject"]) == ("open", one)
    say(bot, other, "还有个问题")
    site.client("agent", NAME).post(f"/v1/conversations/{other}/handoff", json={"action": "close"})
    assert len(bot.get("/v1/surveys", params={"conversation_id": other}).json()["surveys"]) == 2


def test_R101_answers_give_scores_by_dimension_linked_to_who_served(site: Site, bot: httpx.Client) -> None:
    """Handed in once; the agent's scores are the agent's, and the machine's the machine's."""
    _, survey = closed(site, person=True)
    told = bot.post(
        f"/v1/surveys/{survey}/answers", json={"answers": ANSWERS, "comment": "我的电话13812345678"}
    )
    assert told.status_code == 201, told.text
    scores = told.json()["scores"]
    assert (scores["dimensions"]["professional"], scores["comment"]) == (5, "我的电话[手机号]")
    problem(bot.post(f"/v1/surveys/{survey}/answers", json={"answers": ANSWERS}), 409, "conflict")
    _, after_bot = closed(site, person=False)
    bot.post(f"/v1/surveys/{after_bot}/answers", json={"answers": {**ANSWERS, "csat": 2}})
    assert [(one["key"], one["value"]) for one in read(site, "csat", by="agent")["groups"]] == [
        ("A012", 100),
        ("未知", 0),
    ]
    assert read(site, "csat_after_bot")["value"] == 0
    assert read(site, "professional")["value"] == 5
    assert read(site, "attitude", where="agent:A012")["value"] == 4
    mine = site.client("agent", NAME).get("/v1/metrics/csat").json()
    assert (mine["value"], mine["n"]) == (100, 1)


def test_R159_two_waves_are_compared_with_their_numbers(site: Site, bot: httpx.Client) -> None:
    """Spring 2 of 2 content, winter 1 of 2: −50 points."""
    for wave, score in (("春", 5), ("春", 4), ("冬", 5), ("冬", 1)):
        body = {"subject": f"{wave}{score}", "scenario": "quarterly", "wave": wave}
        made = bot.post("/v1/surveys", json=body).json()
        assert made["wave"] == wave
        bot.post(f"/v1/surveys/{made['id']}/answers", json={"answers": {"nps": 9, "csat": score, "ces": 2}})
    told = read(site, "csat", where="wave:冬", versus="wave:春")["compare"]
    assert (told["now"]["value"], told["now"]["n"], told["before"]["value"], told["before"]["n"], told["delta"]) == (
        50, 2, 100, 2, -50,
    )  # fmt: skip


def test_a_survey_is_asked_for_with_what_it_needs(site: Site, bot: httpx.Client) -> None:
    """A complaint gets its own questions; without a subject, with a strange scenario or answer it is refused."""
    made = bot.post("/v1/surveys", json={"subject": "T1", "category": "服务态度", "agent": "A013"}).json()
    assert made["scenario"] == "complaint"
    problem(bot.post("/v1/surveys", json={}), 422, "invalid")
    problem(bot.post("/v1/surveys", json={"subject": "x", "scenario": "joy"}), 422, "invalid")
    problem(bot.post("/v1/surveys", json={"conversation_id": "nowhere"}), 404, "not_found")
    told = problem(
        bot.post(f"/v1/surveys/{made['id']}/answers", json={"answers": {"csat": 9}}), 422, "invalid"
    )
    assert told["errors"][0]["field"] == "answers.csat"
    problem(bot.post("/v1/surveys/nothing/answers", json={"answers": {}}), 404, "not_found")
    problem(site.client("bot").get(f"/v1/surveys/{made['id']}"), 404, "not_found")
    case = {"move": "answer", "fields": {"answers": {"csat": 9}}}
    problem(
        site.client("supervisor", NAME).post(f"/v1/cases/{made['id']}/moves", json=case), 403, "forbidden"
    )
