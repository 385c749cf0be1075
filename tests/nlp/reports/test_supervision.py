"""Audit, ranking, stars, cases to discuss and the weekly list, on the worked week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from nlp.reports.audit import audit
from nlp.reports.cases import Dispute, pick
from nlp.reports.facts import facts
from nlp.reports.improvement import Item, listed, proposed
from nlp.reports.policy import read_reports
from nlp.reports.standing import ranking, star_formula, stars
from tests.nlp.reports.worked import conversation, week

POLICY = read_reports()
TOTAL = facts(week(), POLICY.audit.pass_score)


def test_R134_three_rates_against_their_targets() -> None:
    """甲组: 680/700, 70/70 of 80 points or more, 0/70 complained; 乙组: 293/300, 0/30, 3/30."""
    told = audit(TOTAL, POLICY.audit)
    team = {one["name"]: {rate["code"]: rate for rate in one["rates"]} for one in told["teams"]}
    assert [
        (rate["count"], rate["of"], rate["met"]) for rate in team["甲组"].values()
    ] == [(680, 700, True), (70, 70, True), (0, 70, True)]  # fmt: skip
    assert [
        (rate["count"], rate["of"], rate["met"]) for rate in team["乙组"].values()
    ] == [(293, 300, True), (0, 30, False), (3, 30, False)]  # fmt: skip
    assert told["failed"] == [{"team": "乙组", "rates": ["attainment", "complaints"]}]
    overall = {rate["code"]: rate["share"] for rate in told["overall"]["rates"]}
    assert overall == {"execution": 0.973, "attainment": 0.7, "complaints": 0.03}


def test_R135_execution_is_rules_met_of_rules_applicable() -> None:
    """A team whose rules are met less often than the target fails by that alone; at the target it passes."""
    made = [conversation(f"x{n}", team="丙组", passed=19, applicable=20) for n in range(30)]
    (team,) = audit(facts(made, 80), POLICY.audit)["teams"]
    assert (team["rates"][0]["share"], team["passed"]) == (0.95, True)
    made[0] = conversation("x0", team="丙组", passed=18, applicable=20)
    told = audit(facts(made, 80), POLICY.audit)
    assert told["failed"] == [{"team": "丙组", "rates": ["execution"]}]


def test_R134_a_small_team_is_told_not_judged() -> None:
    """29 conversations are not enough for the preset; what was not counted is neither met nor missed."""
    told = audit(facts([conversation(f"x{n}", team="丙组", score=1.0) for n in range(29)], 80), POLICY.audit)
    assert told["teams"][0]["passed"] is None
    assert told["teams"][0]["reason"] == "只有 29 段已评分的会话，少于 30 段，不判定"
    assert told["failed"] == []
    assert [rate["met"] for rate in audit(facts([], 80), POLICY.audit)["overall"]["rates"]] == [None] * 3


def test_R136_teams_are_ranked_where_there_is_enough() -> None:
    """By mean score; a team under the minimum sample and conversations without a team are not ranked."""
    made = [*week(), *(conversation(f"c{n}", team="丙组", score=100.0) for n in range(29))]
    made.append(replace(conversation("d"), team=None))
    told = ranking(facts(made, 80)["teams"], POLICY.ranking)
    assert [(one.place, one.name, one.points) for one in told.places] == [
        (1, "甲组", 87.14),
        (2, "乙组", 70.0),
    ]
    assert dict(told.left_out) == {
        "丙组": "只有 29 段会话，少于 30 段，不排名", "未知": "没有归属，不排名",
    }  # fmt: skip


def test_R136_ties_are_broken_in_order_and_explained() -> None:
    """Equal means: rules met decide, then vetoes; equal in all share the place, and the next place is left out."""

    def team(name: str, **values: object) -> list[object]:
        return [conversation(f"{name}{n}", team=name, **values) for n in range(30)]

    made = [*team("甲"), *team("乙", passed=9), *team("丙"), *team("丁", veto=True)]
    places = ranking(facts(made, 80)["teams"], POLICY.ranking).places  # type: ignore[arg-type]
    assert [(one.place, one.name) for one in places] == [(1, "丙"), (1, "甲"), (3, "丁"), (4, "乙")]
    assert (
        places[0].why
        == "与 丁 平均分相同，一票否决率较优；与 乙 平均分相同，规则符合率较优；与 甲 平均分和其余各项都相同，并列"
    )


def test_R140_stars_by_score_and_praise() -> None:
    """0.7·90 + 0.3·100·min(1, 0.2/0.2) = 93 for A1; the others have no praise; A2 has too few conversations."""
    told = stars(TOTAL["agents"], POLICY.stars)
    assert [(one.place, one.name, one.points) for one in told.places] == [(1, "A1", 93.0), (2, "B1", 49.0)]
    assert told.left_out == (("A2", "只有 20 段会话，少于 30 段，不排名"),)
    assert "0.7 × 平均分" in star_formula(POLICY.stars)


def test_R140_ties_are_explained() -> None:
    """Equal points: the praise rate decides, then conversations; the reason names the rival."""
    made = [conversation(f"x{n}", agent="X", score=90.0, praised=n < 6) for n in range(30)]
    made += [conversation(f"y{n}", agent="Y", score=90.0, praised=n < 12) for n in range(40)]
    made += [conversation(f"z{n}", agent="Z", score=90.0, praised=n < 6) for n in range(30)]
    told = stars(facts(made, 80)["agents"], POLICY.stars)
    assert [(one.place, one.name, one.points) for one in told.places] == [
        (1, "Y", 93.0),
        (2, "X", 93.0),
        (2, "Z", 93.0),
    ]
    assert told.places[0].why == "与 X 综合分相同，表扬率较优；与 Z 综合分相同，表扬率较优"
    assert told.places[1].why == "与 Y 综合分相同，表扬率较差；与 Z 综合分和其余各项都相同，并列"


def test_R128_best_worst_and_most_disputed() -> None:
    """Vetoed before low, low before the rest; what was appealed is disputed; nobody is picked twice."""
    made = week()
    disputes = {"qs_b1-0": Dispute(appeals=1, changed=1, moved=6.0), "qs_b1-1": Dispute(appeals=1)}
    found = pick(made, disputes, 2, {"closing": "结束语", "greeting": "开场白"})
    assert [(one.why, one.observation.subject) for one in found] == [
        ("best", "a1-0"), ("best", "a1-5"), ("worst", "b1-4"), ("worst", "b1-2"), ("disputed", "b1-0"), ("disputed", "b1-1"),
    ]  # fmt: skip
    assert [one.reason for one in found] == [
        "90 分，没有扣分项，客户表扬", "90 分，没有扣分项，客户表扬", "一票否决，70 分：结束语", "70 分：结束语",
        "申诉 1 次，改判 1 次，分数变动 +6", "申诉 1 次",
    ]  # fmt: skip


def test_R132_the_week_proposes_its_most_frequent_violations() -> None:
    """Each becomes an item with its share and its team, but for those an open item deals with."""
    found = proposed(TOTAL, set(), POLICY, {})
    assert [(one.code, one.title(), one.team, one.in_team) for one in found] == [
        ("closing", "未使用结束语：5 段，占 5.0%", "乙组", 5),
        ("greeting", "未使用开场白：2 段，占 2.0%", "乙组", 2),
    ]
    assert [one.code for one in proposed(TOTAL, {"closing"}, POLICY, {})] == ["greeting"]


def test_R132_what_last_week_left_open_comes_first_with_its_age() -> None:
    """Oldest first; what was finished is gone; this week's own items follow, finished or not."""

    def item(name: str, week_of: int, final: bool = False) -> Item:
        return Item(name, date(2026, 11, week_of), "closing", name, None, None, "open", final)

    items = [
        item("new", 23),
        item("last", 16),
        item("older", 9),
        item("gone", 16, True),
        item("done", 23, True),
        item("next", 30),
    ]
    assert [(one.id, age) for one, age in listed(items, date(2026, 11, 23))] == [
        ("older", 2), ("last", 1), ("done", 0), ("new", 0),
    ]  # fmt: skip
