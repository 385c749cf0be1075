"""Numbers at the doors: exact, additive, traced to their facts, and nobody else's."""

from __future__ import annotations

import json
import time
from datetime import datetime
from importlib import resources
from typing import Any

import pytest

from tests.api.facts import ZONE, fact, send, tenant
from tests.api.serving import Site, problem, say, start

NAME = "facts"
WEEK = {"from": "2026-09-07", "to": "2026-09-13"}


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """The site with a tenant whose facts are these.

    Tickets: Monday 585 of 600 met (一组, refund), Tuesday 400 of 400 (二组, invoice): 985 of 1000.
    Conversations of the week: A012 300 s and 500 s, A013 700 s; the week before A012 1000 s.
    Contacts: C1 came twice within the week for the same; C2 once; both were helped each time.
    """
    tenant(site, NAME)
    met, missed = {"first_response_met": True}, {"first_response_met": False}
    tickets = [
        fact("ticket", f"t{n}", 0, met if n < 585 else missed, team="一组", category="refund")
        for n in range(600)
    ]
    tickets += [fact("ticket", f"t{n}", 1, met, team="二组", category="invoice") for n in range(600, 1000)]
    talks = [
        fact("conversation", "c1", 0, {"handle_s": 300, "resolved": True, "quote": "我的手机号13812345678，退款呢"},
             agent="A012", customer="C1", category="refund", channel="chat"),
        fact("conversation", "c2", 3, {"handle_s": 500, "resolved": True}, agent="A012", customer="C1",
             category="refund", channel="phone"),
        fact("conversation", "c3", 6.6, {"handle_s": 700, "resolved": True}, agent="A013", customer="C2",
             category="refund", channel="chat"),
        fact("conversation", "c0", -20, {"handle_s": 1000}, agent="A012", channel="chat"),
        fact("conversation", "last-year", -365, {"handle_s": 2000}, agent="A012", channel="chat"),
    ]  # fmt: skip
    send(site, NAME, [*tickets, *talks])
    return site


def read(site: Site, code: str, scope: str = "supervisor", **params: Any) -> dict[str, Any]:
    answer = site.client(scope, NAME).get(f"/v1/metrics/{code}", params={**WEEK, **params})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R012_98_5_percent_with_the_gap_to_the_target(site: Site) -> None:
    """985 of 1000; by team; the target of 95.3 % is passed by 3.2 points."""
    told = read(site, "first_response_met", by="team")
    assert (told["value"], told["n"], told["numerator"]) == (98.5, 1000, 985)
    assert [(one["key"], one["value"], one["share"]) for one in told["groups"]] == [
        ("一组", 97.5, 60.0),
        ("二组", 100.0, 40.0),
    ]
    assert read(site, "first_response_met", by="day")["groups"][1]["key"] == "2026-09-08"
    wanted = {
        "metric": "first_response_met",
        "baseline": 90,
        "target": 95.3,
        "due": "2099-01-01",
        "owner": "S001",
        "window_days": 400,
    }
    made = site.client("supervisor", NAME).post("/v1/targets", json=wanted).json()
    (target,) = read(site, "first_response_met")["targets"]
    assert (target["id"], target["gap"], target["gap_unit"], target["status"]) == (
        made["id"],
        3.2,
        "百分点",
        "met",
    )


def test_the_definition_comes_with_the_number(site: Site) -> None:
    """Every answer tells how it was made, in words and in conditions."""
    told = read(site, "fcr")["metric"]
    assert told["repeat"] == {"days": 7.0, "same": ["customer", "issue|category"]}
    assert told["about"].startswith("首次来访")
    every = site.client("quality", NAME).get("/v1/metrics").json()
    assert told["version"] == every["version"]
    assert {one["code"] for one in every["metrics"]} >= {"nps", "csat", "cxi", "fcr", "aht", "wait", "sla"}


def test_R153_a_repeat_counts_across_the_edge_of_the_span(site: Site) -> None:
    """C1's first contact was not solved at first, C2's was: 50 %. On the last days alone C1 is no first contact."""
    told = read(site, "fcr")
    assert (told["value"], told["n"]) == (50, 2)
    tail = read(site, "fcr", **{"from": "2026-09-09"})
    assert (tail["value"], tail["n"]) == (100, 1)
    mine = read(site, "fcr", scope="agent")
    assert (mine["value"], mine["n"]) == (0, 1)


def test_B28_a_number_drills_to_its_facts_and_comes_out_the_same(site: Site) -> None:
    """Page by page the facts of a share add up to it, each once, with the definition beside them."""
    client, seen, after = site.client("supervisor", NAME), [], None
    while True:
        params = {**WEEK, "limit": 300, **({"after": after} if after else {})}
        page = client.get("/v1/metrics/first_response_met/events", params=params).json()
        seen += page["events"]
        after = page["next"]
        if after is None:
            break
    assert page["metric"]["of"] == {"first_response_met": True}
    assert len({one["id"] for one in seen}) == len(seen) == 1000
    assert 100 * sum(one["added"] for one in seen) / sum(one["of"] for one in seen) == 98.5
    problem(client.get("/v1/metrics/first_response_met/events", params={"after": "x"}), 422, "invalid")


def test_B28_facts_behind_a_repeat_and_a_formula(site: Site) -> None:
    """Pages of a metric that looks around each fact; a formula names the metrics that have facts."""
    client = site.client("supervisor", NAME)
    first = client.get("/v1/metrics/fcr/events", params={**WEEK, "limit": 1}).json()
    second = client.get("/v1/metrics/fcr/events", params={**WEEK, "limit": 1, "after": first["next"]}).json()
    assert [(one["id"], one["added"]) for one in (*first["events"], *second["events"])] == [
        ("c1", 0),
        ("c3", 1),
    ]
    assert "[手机号]" in first["events"][0]["values"]["quote"]
    told = client.get("/v1/metrics/complaint_rate/events", params=WEEK).json()
    assert (told["events"], told["uses"]) == ([], ["complaints", "conversations"])


def test_R147_another_span_beside_it(site: Site) -> None:
    """AHT 500 s (n 3) against the year before 2000 s (n 1), and three weeks before; groups too."""
    told = read(site, "aht", compare="year")["compare"]
    assert (told["now"]["value"], told["before"]["value"], told["delta"], told["percent"]) == (
        500,
        2000,
        -1500,
        -75,
    )
    assert (told["now"]["n"], told["before"]["n"], told["verdict"]) == (3, 1, "unsure")
    assert (told["from"], told["to"]) == ("2025-09-07", "2025-09-13")
    told = read(site, "aht", compare="2026-08-17..2026-08-23", by="channel")["compare"]
    assert told["before"]["value"] == 1000
    assert {one["key"]: one["delta"] for one in told["groups"]} == {"chat": -500, "phone": None}
    assert read(site, "aht", compare="previous")["compare"]["before"]["value"] is None


def test_R164_logistics_complaints_before_and_after(site: Site) -> None:
    """Late deliveries took 72 h before and 24 h after: −48 h, −66.67 %; other complaints stay out of it."""
    hours = [(-6, 60, "late"), (-5, 84, "late"), (1, 24, "late"), (2, 24, "late"), (2, 500, "rude")]
    send(site, NAME, [
        fact("ticket", f"bf{at}", day, {"path": ["complaint", code], "resolution_s": 3600 * took}, category=code)
        for at, (day, took, code) in enumerate(hours)
    ])  # fmt: skip
    told = read(site, "complaint_time", where="category:late", compare="previous")["compare"]
    assert (told["before"]["value"], told["now"]["value"], told["delta"]) == (
        72 * 3600,
        24 * 3600,
        -48 * 3600,
    )
    assert (told["before"]["n"], told["now"]["n"], told["percent"], told["verdict"]) == (
        2,
        2,
        -66.67,
        "better",
    )


def test_R027_two_groups_side_by_side(site: Site) -> None:
    """A012's 400 s against A013's 700 s."""
    told = read(site, "aht", where="agent:A012", versus="agent:A013")["compare"]
    assert (told["now"]["value"], told["before"]["value"], told["delta"]) == (400, 700, -300)


def test_a_group_is_held_against_the_rest_without_itself(site: Site) -> None:
    """Three conversations: A013's one of 700 s against the two of the others, 400 s on average."""
    told = read(site, "aht", versus="agent:A013")["compare"]
    assert (told["now"]["n"], told["now"]["value"]) == (2, 400)
    assert (told["before"]["n"], told["before"]["value"], told["verdict"]) == (1, 700, "unsure")


def test_days_of_the_door_add_up_to_the_week(site: Site) -> None:
    """Counts and sums of the days are those of the week."""
    week, days = read(site, "aht"), read(site, "aht", by="day")["groups"]
    assert sum(one["n"] for one in days) == week["n"] == 3
    assert sum(one["numerator"] for one in days) == week["numerator"] == 1500


def test_R163_quotes_stand_beside_the_numbers_masked(site: Site) -> None:
    """At most three of each theme, without the telephone number."""
    more = [
        fact("ticket", f"q{n}", 0, {"quote": f"第{n}次找你们，电话 1381234567{n}"}, category="late")
        for n in range(5)
    ]
    send(site, NAME, more)
    groups = read(site, "tickets", by="category", quotes=3)["groups"]
    (late,) = [one for one in groups if one["key"] == "late"]
    assert len(late["quotes"]) == 3
    assert all("[手机号]" in one and "138" not in one for one in late["quotes"])


def test_R021_the_chart_carries_its_reference_lines(site: Site) -> None:
    """15, 18, 45 and 120 seconds with where they come from; points by day."""
    send(site, NAME, [fact("conversation", "r1", 2, {"first_response_s": 20}, channel="chat")])
    told = read(site, "first_response", by="day")["chart"]
    assert [one["value"] for one in told["reference"]] == [15, 18, 45, 120]
    assert all(one["source"] for one in told["reference"])
    assert told["points"] == [{"x": "2026-09-09", "y": 20.0, "n": 1}]


def test_R152_the_formula_is_shown_with_its_parts(site: Site) -> None:
    """Complaints per conversation, out of two counts."""
    send(site, NAME, [fact("conversation", "k1", 5, {"complained": True}, channel="app")])
    told = read(site, "complaint_rate", by="channel")
    assert told["metric"]["formula"] == "100 * complaints / conversations"
    assert told["parts"]["complaints"] == 1
    assert told["value"] == round(100 / told["parts"]["conversations"], 2)
    assert {one["key"]: one["value"] for one in told["groups"]}["app"] == 100


def test_R170_channel_shares_sum_to_100(site: Site) -> None:
    """Each channel's share of the conversations."""
    told = read(site, "conversations", by="channel")
    assert round(sum(one["share"] for one in told["groups"]), 6) == 100


def test_R088_R181_boards_come_from_one_endpoint(site: Site) -> None:
    """The four numbers of the machine with their definitions; the departments side by side."""
    told = site.client("supervisor", NAME).get("/v1/metrics/boards/ai", params=WEEK).json()
    assert [one["code"] for one in told["metrics"]] == [
        "containment",
        "precision",
        "handoff",
        "csat_after_bot",
    ]
    assert all(one["about"] for one in told["metrics"])
    send(
        site,
        NAME,
        [fact("case", f"w{n}", 0, {"total_s": 100 * n, "met": n == 1}, team="仓储") for n in (1, 3)],
    )
    teams = site.client("supervisor", NAME).get("/v1/metrics/boards/teams", params=WEEK).json()
    (row,) = [one for one in teams["groups"] if one["key"] == "仓储"]
    assert (row["metrics"]["cycle"]["value"], row["metrics"]["on_time"]["value"]) == (200, 50)


def test_R179_the_version_in_force_on_the_first_day_is_used(site: Site) -> None:
    """A file that begins on a day changes the spans from then on; the answer names version and change."""
    folder = site.folder / "policy"
    folder.mkdir(exist_ok=True)
    preset = resources.files("nlp").joinpath("presets", "metrics.toml").read_text(encoding="utf-8")
    changed = preset.replace("of = { csat = { least = 4 } }", "of = { csat = { least = 5 } }")
    path = folder / "metrics.from-2026-09-21.toml"
    path.write_text(changed, encoding="utf-8")
    try:
        send(site, NAME, [fact("survey", f"s{day}", day, {"csat": 4}) for day in (7, 14)])
        before = read(site, "csat", **{"from": "2026-09-14", "to": "2026-09-27"})
        after = read(site, "csat", **{"from": "2026-09-21", "to": "2026-09-27"})
        assert (before["value"], before["n"], before["changes"]) == (100, 2, ["2026-09-21"])
        assert (after["value"], after["n"], after["metric"]["since"]) == (0, 1, "2026-09-21")
        assert before["metric"]["version"] != after["metric"]["version"]
    finally:
        path.unlink()


def test_R177_facts_come_in_once(site: Site) -> None:
    """Twice the same changes nothing; more about the same is put together; a wrong type names its place."""
    one = fact("external", "e1", 0, {"value": 3, "mood": {"note": "打给 13912345678"}})
    assert send(site, NAME, [one]) == {"created": 1, "updated": 0, "unchanged": 0}
    assert send(site, NAME, [one]) == {"created": 0, "updated": 0, "unchanged": 1}
    assert send(site, NAME, [{**one, "values": {"cost": 2}}]) == {"created": 0, "updated": 1, "unchanged": 0}
    client = site.client("quality", NAME)
    bad = [fact("contact", "w1", 0, {"wait_s": 3}), fact("contact", "w2", 0, {"wait_s": "3"})]
    told = problem(client.post("/v1/observations", json={"observations": bad}), 422, "invalid")
    assert told["errors"][0]["field"] == "observations.1.values.wait_s"
    assert read(site, "wait")["n"] == 0, "all or nothing"
    sealed = [fact("conversation", "c9", 0, {"score": 100})]
    problem(client.post("/v1/observations", json={"observations": sealed}), 422, "invalid")
    other = problem(
        client.post("/v1/observations", json={"observations": [fact("ticket", "e1")]}), 409, "conflict"
    )
    assert "external" in other["detail"]
    undated = {"kind": "conversation", "id": "c3", "values": {"issue": "甲"}}
    assert send(site, NAME, [undated])["updated"] == 1
    assert "c3" in {
        one["id"] for one in client.get("/v1/metrics/aht/events", params=WEEK).json()["events"]
    }, "its day stays"
    kinds = client.get("/v1/observations/kinds").json()["kinds"]
    assert "score" in next(one for one in kinds if one["kind"] == "conversation")["sealed"]


def test_R146_too_few_are_told_as_too_few(site: Site) -> None:
    """A number under the least n is there, and says that it is not enough."""
    told = read(site, "fcr", by="region")
    assert (told["enough"], told["groups"][0]["key"]) == (False, "未知")


def test_an_agent_sees_their_own_numbers_only(site: Site) -> None:
    """Whatever is asked, A012 is told of A012; another's name, or everybody's, is refused."""
    assert read(site, "aht", scope="agent")["value"] == 400
    client = site.client("agent", NAME)
    for params in ({"where": "agent:A013"}, {"by": "agent"}, {"where": "agent:A012", "versus": "agent:A013"}):
        problem(client.get("/v1/metrics/aht", params=params), 403, "forbidden")
    problem(client.get("/v1/metrics/boards/ai"), 403, "forbidden")
    problem(client.post("/v1/observations", json={"observations": [fact("external", "x")]}), 403, "forbidden")
    events = client.get("/v1/metrics/aht/events", params=WEEK).json()["events"]
    assert {one["agent"] for one in events} == {"A012"}


def test_R142_an_agent_is_told_no_metric_of_shoppers(site: Site) -> None:
    """A private kind has no metric for the agent it is about: neither number nor facts nor its name in the list."""
    told = site.client("supervisor", NAME).get("/v1/metrics")
    assert "mystery_score" in {one["code"] for one in told.json()["metrics"]}
    client = site.client("agent", NAME)
    for path in ("/v1/metrics/mystery_score", "/v1/metrics/mystery_score/events"):
        hidden, missing = client.get(path), client.get(path.replace("mystery_score", "no_such_score"))
        problem(hidden, 404, "not_found")
        assert hidden.json()["detail"] == missing.json()["detail"].replace("no_such_score", "mystery_score")
    assert "mystery" not in client.get("/v1/metrics").text


def test_another_tenant_has_nothing_of_it(site: Site) -> None:
    """The same question of another tenant finds none of these facts."""
    told = site.client("supervisor").get("/v1/metrics/first_response_met", params=WEEK).json()
    assert (told["value"], told["n"]) == (None, 0)


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("aht", {"by": "nothing"}, 422), ("aht", {"where": "colour:red"}, 422), ("aht", {"where": "team"}, 422),
        ("aht", {"from": "2026-13-01"}, 422), ("aht", {"from": "2026-09-02", "to": "2026-09-01"}, 422),
        ("aht", {"compare": "tomorrow"}, 422), ("aht", {"from": "2001-01-01"}, 422), ("nothing", {}, 404),
        ("boards/nothing", {}, 404), ("aht", {"where": "resolved:maybe"}, 422),
    ],
)  # fmt: skip
def test_a_wrong_question_is_named(site: Site, path: str, params: dict[str, str], status: int) -> None:
    """Field and accepted form, or 404."""
    answer = site.client("supervisor", NAME).get(f"/v1/metrics/{path}", params=params)
    problem(answer, status, "invalid" if status == 422 else "not_found")


def test_R166_a_line_for_each_type(site: Site) -> None:
    """Complaints by week and category: two late and none rude in the first week, one each in the second."""
    seen = [(0, "late"), (1, "late"), (7, "late"), (8, "rude")]
    facts = [
        fact("ticket", f"line{day}", day, {"path": ["complaint", code]}, category=code, region="西南")
        for day, code in seen
    ]
    send(site, NAME, facts)
    told = read(site, "complaint_tickets", by="week", per="category", where="region:西南", to="2026-09-20")[
        "chart"
    ]
    assert [(one["key"], [(p["x"], p["y"]) for p in one["points"]]) for one in told["series"]] == [
        ("late", [("2026-09-07", 2), ("2026-09-14", 1)]), ("rude", [("2026-09-07", 0), ("2026-09-14", 1)]),
    ]  # fmt: skip


def test_R145_complaint_types_have_their_names_and_shares(site: Site) -> None:
    """By category of the taxonomy, in words, summing to 100 %."""
    send(
        site,
        NAME,
        [
            fact(
                "ticket", "n1", 30, {"path": ["complaint", "complaint_courier"]}, category="complaint_courier"
            )
        ],
    )
    told = read(site, "complaint_tickets", by="category", to="2026-10-31")["groups"]
    assert "快递员服务" in {one["name"] for one in told}
    assert round(sum(one["share"] for one in told), 6) == 100


def test_R023_the_capacity_board_says_when_to_deflect(site: Site) -> None:
    """65 of 100 required online are 65 %; 45 of 100 queued are over 40 %: point customers elsewhere."""
    seen = [(3, 30, 50, 20, 40), (4, 35, 50, 25, 60)]
    send(site, NAME, [
        fact("capacity", f"cap{day}", day, {"online": on, "required": need, "queued": queued, "contacts": came})
        for day, on, need, queued, came in seen
    ])  # fmt: skip
    told = site.client("supervisor", NAME).get("/v1/metrics/boards/capacity", params=WEEK).json()
    rows = {one["code"]: one for one in told["metrics"]}
    assert (rows["online_rate"]["value"], rows["online_rate"]["alarm"]) == (65, None)
    assert (rows["queueing"]["value"], rows["queueing"]["alarm"]["code"]) == (45, "deflect")


def test_R019_the_outlook_of_the_next_wait(site: Site) -> None:
    """Two wait, one of two people is known to be online for half an hour: the wait is told, and whom to point elsewhere."""
    bot, now = site.client("bot", NAME), datetime.now(ZONE).isoformat()
    assert bot.get("/v1/waiting").json()["deflect"], "nobody serves"
    for _ in range(2):
        say(bot, start(bot), "叫人工客服来")
    send(
        site, NAME, [{**fact("capacity", "now", 0, {"online": 4, "required": 5, "handle_s": 300}), "at": now}]
    )
    told = bot.get("/v1/waiting").json()
    assert (told["waiting"], told["online"], told["eta_s"], told["deflect"]) == (2, 4, 150, False)
    send(site, NAME, [{**fact("capacity", "now", 0, {"online": 3}), "at": now}])
    told = bot.get("/v1/waiting").json()
    assert (told["eta_s"], told["deflect"], told["text"]) == (200, True, "引导到自助或机器人")


def test_R158_the_board_moves_within_two_seconds(site: Site) -> None:
    """The stream tells the day's numbers at once, and again within two seconds of an event."""
    client = site.client("supervisor", NAME)
    with client.stream("GET", "/v1/board/metrics/stream") as stream:
        lines = stream.iter_lines()

        def next_value() -> Any:
            data = next(line for line in lines if line.startswith("data:"))
            board = json.loads(data[5:])
            return next(one["n"] for one in board["metrics"] if one["code"] == "csat")

        before = next_value()
        sent = time.monotonic()
        send(site, NAME, [{**fact("survey", "moved", 0, {"csat": 5}), "at": datetime.now(ZONE).isoformat()}])
        assert next_value() == before + 1
        assert time.monotonic() - sent < 2
    problem(site.client("agent", NAME).get("/v1/board/metrics/stream"), 403, "forbidden")
    problem(client.get("/v1/board/metrics/stream", params={"board": "joy"}), 404, "not_found")


def test_R147_every_metric_compares_groups_and_drills(site: Site) -> None:
    """Whatever its measure: both values with their n, parts by the first dimension it knows, and its facts."""
    client = site.client("supervisor", NAME)
    every = client.get("/v1/metrics").json()["metrics"]
    assert len(every) > 40
    for one in every:
        told = read(site, one["code"], by=one["by"][0], compare="previous")
        assert {"now", "before", "delta", "percent"} <= set(told["compare"])
        assert told["compare"]["now"]["value"] == told["value"]
        assert all(isinstance(part["now"]["n"], int) for part in told["compare"]["groups"])
        page = client.get(f"/v1/metrics/{one['code']}/events", params=WEEK).json()
        assert len(page["events"]) == min(told["n"], 200) or "uses" in page
