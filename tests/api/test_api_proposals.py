"""Proposals from the desk: handed in, answered, merged, and told by theme at the end of the week."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.store import Writer, keys, schema
from tests.api.serving import OTHER, Site, problem, start

TENANT = "proposals"
WEEK, NEXT = "2026-W34", "2026-W35"
SEEDED = (
    ("充电桩安装收费没写清楚", "2026-08-17T01:00:00.000+00:00"),
    ("充电桩安装的收费标准要补上", "2026-08-18T01:00:00.000+00:00"),
    ("客户总问充电桩安装收费，没有话术", "2026-08-19T01:00:00.000+00:00"),
    ("发票抬头写错了怎么换开，话术太绕", "2026-08-20T01:00:00.000+00:00"),
    ("发票抬头换开的话术不好念", "2026-08-21T01:00:00.000+00:00"),
    ("结束语太长", "2026-08-22T01:00:00.000+00:00"),
    ("周日半夜前最后一条建议", "2026-08-23T15:59:59.000+00:00"),
    ("下一周的第一条建议", "2026-08-23T16:00:00.000+00:00"),
)


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The site with a tenant of its own and two agents."""
    made: dict[tuple[str, str], str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, TENANT, TENANT)
        for scope in keys.SCOPES:
            made[(TENANT, scope)] = keys.create(writer, TENANT, scope, {"id": f"{scope}-p"})
        made[(TENANT, "second")] = keys.create(writer, TENANT, "agent", {"id": "A777"})

    site.service.store.write(unit)
    site.secrets.update(made)
    return site


def _propose(client: httpx.Client, text: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/kb/proposals", json={"text": text, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _move(client: httpx.Client, case: str, move: str, **fields: Any) -> httpx.Response:
    return client.post(f"/v1/cases/{case}/moves", json={"move": move, "fields": fields})


def test_R061_the_author_sees_what_became_of_it(own: Site) -> None:
    """A proposal stands in the supervisor's inbox; its author reads the state and the reason, others do not."""
    agent, second = own.client("agent", TENANT), own.client("second", TENANT)
    supervisor = own.client("supervisor", TENANT)
    conversation = start(agent)
    one = _propose(agent, "退款话术没写信用卡，电话13800138000", conversation_id=conversation, kind="missing")
    two = _propose(agent, "开场白太长", kind="wording")
    assert one["state"] == "submitted"
    assert one["text"] == "退款话术没写信用卡，电话[手机号]"
    assert one["type_name"] == "缺少内容"
    assert one["data"]["conversation_id"] == conversation
    inbox = supervisor.get("/v1/kb/proposals", params={"state": "submitted"}).json()["proposals"]
    assert {one["id"], two["id"]} <= {case["id"] for case in inbox}
    assert _move(supervisor, one["id"], "accept", reason="下一版补上").status_code == 200
    assert (
        _move(own.client("editor", TENANT), two["id"], "reject", reason="合规要求的全称").status_code == 200
    )
    mine = {case["id"]: case for case in agent.get("/v1/kb/proposals").json()["proposals"]}
    assert (mine[one["id"]]["state"], mine[one["id"]]["reason"]) == ("accepted", "下一版补上")
    assert (mine[two["id"]]["state"], mine[two["id"]]["reason"]) == ("rejected", "合规要求的全称")
    assert second.get("/v1/kb/proposals").json()["proposals"] == []
    problem(second.get(f"/v1/kb/proposals/{one['id']}"), 404, "not_found")
    moves = [event["move"] for event in agent.get(f"/v1/kb/proposals/{one['id']}").json()["history"]]
    assert moves == ["open", "accept"]


def test_R061_a_proposal_is_tied_to_what_is_there(site: Site, agent: httpx.Client) -> None:
    """The entry and the conversation must be there; the entry's title is kept with the proposal."""
    made = _propose(agent, "铜管长度写的不对", entry_id="faq-install", kind="wrong")
    assert made["subject"] == "faq-install"
    assert made["data"]["entry_title"] == "空调安装收费吗"
    listed = agent.get("/v1/kb/proposals", params={"entry_id": "faq-install"}).json()["proposals"]
    assert made["id"] in [case["id"] for case in listed]
    for given in ({"entry_id": "nowhere"}, {"conversation_id": "nowhere"}, {"kind": "rant"}, {"text": " "}):
        problem(agent.post("/v1/kb/proposals", json={"text": "一句话", **given}), 422, "invalid")
    problem(site.client("bot").post("/v1/kb/proposals", json={"text": "好"}), 403, "forbidden")
    problem(site.client("agent", OTHER).get(f"/v1/kb/proposals/{made['id']}"), 404, "not_found")


def test_merging_leads_to_the_one_that_goes_on(own: Site) -> None:
    """A merged proposal tells its author how the other one fares; a merge into nothing is refused."""
    agent, editor = own.client("agent", TENANT), own.client("editor", TENANT)
    first, same = _propose(agent, "安抚话术重复"), _propose(own.client("second", TENANT), "安抚话术总是一样")
    problem(_move(editor, same["id"], "merge", into="nowhere"), 422, "invalid")
    problem(_move(editor, same["id"], "merge", into=same["id"]), 422, "invalid")
    assert _move(editor, same["id"], "merge", into=first["id"]).json()["state"] == "merged"
    problem(_move(editor, first["id"], "merge", into=same["id"]), 409, "conflict")
    _move(editor, first["id"], "reject", reason="已有三种说法")
    told = own.client("second", TENANT).get(f"/v1/kb/proposals/{same['id']}").json()
    assert told["merged_into"]["id"] == first["id"]
    assert (told["merged_into"]["state"], told["merged_into"]["reason"]) == ("rejected", "已有三种说法")
    assert agent.get(f"/v1/kb/proposals/{first['id']}").json()["data"]["merged"] == [same["id"]]


def test_accepting_names_only_a_change_that_is_there(own: Site) -> None:
    """A change that does not exist undoes the acceptance."""
    made = _propose(own.client("agent", TENANT), "话术要改")
    problem(_move(own.client("supervisor", TENANT), made["id"], "accept", change="nowhere"), 422, "invalid")
    assert own.client("agent", TENANT).get(f"/v1/kb/proposals/{made['id']}").json()["state"] == "submitted"


def test_accepting_may_begin_a_change(own: Site) -> None:
    """With `open_change` the acceptance opens a change of the handbook; both name each other."""
    agent, editor = own.client("agent", TENANT), own.client("editor", TENANT)
    made = _propose(agent, "退货话术要加一句免运费")
    accepted = _move(own.client("supervisor", TENANT), made["id"], "accept", open_change=True)
    assert accepted.status_code == 200, accepted.text
    change = agent.get(f"/v1/kb/proposals/{made['id']}").json()["change"]
    told = editor.get(f"/v1/kb/changes/{change}").json()
    assert told["state"] == "assess"
    assert told["data"]["proposal"] == made["id"]
    assert told["data"]["reason"] == "退货话术要加一句免运费"


def test_the_author_may_withdraw_but_not_accept(own: Site) -> None:
    """Withdrawing is the author's, accepting is not."""
    agent = own.client("agent", TENANT)
    made = _propose(agent, "想一想还是算了")
    problem(_move(agent, made["id"], "accept"), 403, "forbidden")
    assert _move(agent, made["id"], "withdraw").json()["state"] == "withdrawn"


@pytest.fixture(scope="module")
def seeded(own: Site) -> Site:
    """Seven proposals of one week and the first of the next."""
    agent = own.client("agent", TENANT)
    at = {_propose(agent, text)["id"]: moment for text, moment in SEEDED}
    table = schema.cases

    def unit(writer: Writer) -> None:
        for identity, moment in at.items():
            writer.execute(table.update().where(table.c.id == identity).values(created_at=moment))

    own.service.store.write(unit)
    return own


def test_R062_the_sum_of_the_themes_is_the_number_of_proposals(seeded: Site) -> None:
    """A week's digest holds each proposal once, groups those that say the same, and is the same twice."""
    supervisor = seeded.client("supervisor", TENANT)
    told = supervisor.get("/v1/kb/proposals/digest", params={"week": WEEK}).json()
    assert told["week"] == WEEK
    assert (told["from"], told["to"]) == ("2026-08-17T00:00:00+08:00", "2026-08-24T00:00:00+08:00")
    assert told["proposals"] == sum(one["count"] for one in told["clusters"]) == 7
    named = [case["id"] for one in told["clusters"] for case in one["proposals"]]
    assert len(named) == len(set(named)) == 7
    assert told["clusters"][0]["count"] == 3
    assert "充电桩" in told["clusters"][0]["title"]
    assert told["clusters"][1]["count"] == 2
    assert "发票抬头" in told["clusters"][1]["title"]
    assert sum(told["by_state"].values()) == 7
    assert supervisor.get("/v1/kb/proposals/digest", params={"week": WEEK}).json() == told
    after = supervisor.get("/v1/kb/proposals/digest", params={"week": NEXT}).json()
    assert after["proposals"] == 1


def test_a_digest_is_of_a_real_week(supervisor: httpx.Client, agent: httpx.Client) -> None:
    """Week 54 and other words are refused; agents read no digest; without a week it is the present one."""
    for week in ("2026-W54", "2026-47", "W47", "2026-W00"):
        problem(supervisor.get("/v1/kb/proposals/digest", params={"week": week}), 422, "invalid")
    problem(agent.get("/v1/kb/proposals/digest"), 403, "forbidden")
    told = supervisor.get("/v1/kb/proposals/digest").json()
    assert told["from"] < told["to"]
    assert told["proposals"] == sum(one["count"] for one in told["clusters"])
