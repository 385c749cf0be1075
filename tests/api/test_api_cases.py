"""Things with states: what the table allows and nothing else."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import approvals, case_views, cases
from api.case_door import lapse_all
from api.casework import Casework, make
from api.errors import Problem
from api.store import Reader, Store, Writer, keys, schema
from api.store.cases import Case
from api.store.keys import Grant, Scope, ensure_tenant
from api.workflows import load_workflows
from nlp.tables import PolicyError
from tests.api.serving import OTHER, SHOP, Site, problem

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


@dataclass
class Desk:
    """A store with the shipped kinds and a clock that is stepped by hand."""

    store: Store
    at: datetime = START
    work: Casework = field(init=False)

    def __post_init__(self) -> None:
        self.work = Casework(load_workflows(), clock=lambda: self.at)

    def open(self, who: Grant, kind: str, **more: Any) -> Case:
        given = {"title": "测试", **more}
        return self.store.write(lambda writer: cases.open_case(self.work, writer, who, kind, **given))

    def move(self, who: Grant, case: Case, code: str, **more: Any) -> Case:
        return self.store.write(lambda writer: cases.move(self.work, writer, who, case.id, code, **more))

    def approve(self, who: Grant, case: Case, role: str, decision: Any = "approve", **more: Any) -> Case:
        return self.store.write(
            lambda writer: approvals.approve(self.work, writer, who, case.id, role, decision, **more)
        )

    def listed(self, who: Grant, **more: Any) -> list[str]:
        found = self.store.read(lambda reader: case_views.listed(self.work, reader, who, **more))
        return [case.id for case in found]

    def history(self, who: Grant, case: Case) -> list[dict[str, Any]]:
        return self.store.read(lambda reader: case_views.history(reader, who, case))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store(f"sqlite:///{tmp_path / 'site.db'}")
    yield Desk(store)
    store.close()


def who(name: str, scope: Scope = "editor", *roles: str, tenant: str = "shop") -> Grant:
    return Grant(f"key-{name}", tenant, scope, {"id": name, "roles": list(roles)})


ANN, BEN = who("ann"), who("ben")
LAW, RULE, DESK = who("law", "editor", "法务"), who("rule", "editor", "合规"), who("desk", "editor", "客服")
AGENT, BOSS, JUDGE = who("a1", "agent"), who("boss", "supervisor", "主管"), who("judge", "quality", "质检")


def refused(code: str, step: Callable[[], Any]) -> Problem:
    """The problem that a step must end in."""
    with pytest.raises(Problem) as caught:
        step()
    assert caught.value.code == code, caught.value.detail
    return caught.value


def in_review(desk: Desk) -> Case:
    case = desk.open(ANN, "change", data={"tags": ["运费"]})
    return desk.move(ANN, desk.move(ANN, case, "revise"), "submit")


def test_an_illegal_jump_names_the_state_and_the_possible_moves(desk: Desk) -> None:
    """From 内容修订 nothing but 提交审核 is possible: publishing is 409 (R054)."""
    case = desk.move(ANN, desk.open(ANN, "change"), "revise")
    told = refused("conflict", lambda: desk.move(ANN, case, "publish")).detail
    assert "revise（内容修订）" in told
    assert "submit（提交审核）" in told
    assert "publish（" not in told
    assert refused("invalid", lambda: desk.move(ANN, case, "jump")).errors[0].field == "move"


def test_approvals_block_until_complete_and_again_when_withdrawn(desk: Desk) -> None:
    """Two of three approvals do not open the way, a withdrawn one closes it, a changed text voids all (R055)."""
    case = in_review(desk)
    assert "客服、法务、合规" in refused("conflict", lambda: desk.move(BEN, case, "trial")).detail
    desk.approve(LAW, case, "法务")
    desk.approve(RULE, case, "合规")
    assert refused("conflict", lambda: desk.move(BEN, case, "trial")).detail.endswith("客服 的同意")
    desk.approve(DESK, case, "客服")
    desk.approve(LAW, case, "法务", "withdraw")
    assert refused("conflict", lambda: desk.move(BEN, case, "trial")).detail.endswith("法务 的同意")
    desk.approve(LAW, case, "法务")
    desk.store.write(lambda writer: cases.amend(desk.work, writer, BEN, case.id, {"text": "新的内容"}))
    assert "客服、法务、合规" in refused("conflict", lambda: desk.move(BEN, case, "trial")).detail
    for person, role in ((LAW, "法务"), (RULE, "合规"), (DESK, "客服")):
        desk.approve(person, case, role)
    assert desk.move(BEN, case, "trial").state == "trial"


def test_approvals_come_from_others_with_the_role(desk: Desk) -> None:
    """Nobody approves without the role, for two roles, or what they submitted themselves."""
    case = in_review(desk)
    both = who("both", "editor", "法务", "合规")
    refused("forbidden", lambda: desk.approve(BEN, case, "法务"))
    refused("invalid", lambda: desk.approve(BEN, case, "财务"))
    desk.approve(both, case, "法务")
    assert "另一个人" in refused("conflict", lambda: desk.approve(both, case, "合规")).detail
    author = who("ann", "editor", "合规")
    assert "另一个人" in refused("conflict", lambda: desk.approve(author, case, "合规")).detail
    assert desk.approve(both, case, "法务").revision == case.revision + 1, "said twice, recorded once"


def test_a_rejection_needs_a_reason_and_sends_back(desk: Desk) -> None:
    """A refused review goes back to 内容修订 with the reason, and the next round begins without approvals."""
    case = in_review(desk)
    desk.approve(DESK, case, "客服")
    refused("invalid", lambda: desk.approve(LAW, case, "法务", "reject"))
    back = desk.approve(LAW, case, "法务", "reject", note="赔付金额与合同不符")
    assert (back.state, back.data["reason"]) == ("revise", "赔付金额与合同不符")
    again = desk.move(ANN, back, "submit")
    assert again.approvals == {}


def test_tags_narrow_the_roles(desk: Desk, tmp_path: Path) -> None:
    """A site's own file says which tags need whom; everything else of the shipped table stays."""
    (tmp_path / "workflows.toml").write_text(
        '[change.approvals.review]\nfield = "tags"\notherwise = ["客服"]\nroles = {"价格" = ["法务", "客服"]}\n'
        "[change.states]\nreview = {days = 1}\n",
        encoding="utf-8",
    )
    kind = load_workflows(tmp_path)["change"]
    rule = kind.approvals["review"]
    assert rule.needed({"tags": ["价格"]}) == ("客服", "法务")
    assert rule.needed({"tags": ["物流"]}) == rule.needed({}) == ("客服",)
    assert (kind.states["review"].days, kind.states["review"].name) == (1, "审核")


def test_approvals_count_on_where_the_table_says_so(desk: Desk) -> None:
    """Taken back during the trial, an approval blocks the publish until it is given again (R055)."""
    case = in_review(desk)
    for person, role in ((LAW, "法务"), (RULE, "合规"), (DESK, "客服")):
        desk.approve(person, case, role)
    case = desk.move(BEN, case, "trial")
    desk.approve(LAW, case, "法务", "withdraw")
    assert refused("conflict", lambda: desk.move(BEN, case, "publish")).detail.endswith("法务 的同意")
    assert desk.move(BEN, case, "end_trial").state == "decision"
    desk.approve(LAW, case, "法务")
    assert desk.move(BEN, case, "publish").state == "published"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[change.moves]\nsubmit = {to = "nowhere"}', "change.moves.submit.to"),
        ('[change.moves]\nsubmit = {may = ["someone"]}', "change.moves.submit.may"),
        ('[change.states]\nassess = {lapses = "publish"}', "change.states.assess.lapses"),
        ("[change.state]\n", "change.state"),
        ('[appeal.fields]\nreason = "number 1"', "appeal.fields.reason"),
    ],
)
def test_a_table_that_cannot_work_is_refused(tmp_path: Path, text: str, key: str) -> None:
    """A misspelt state, move, scope or form names the file and the key."""
    (tmp_path / "workflows.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_workflows(tmp_path)
    assert caught.value.key == key


def test_the_wrong_role_is_refused(desk: Desk) -> None:
    """A move is made by whom the table names: 403 for others, 404 for who may not even look."""
    case = desk.open(AGENT, "proposal", title="加一句运费说明")
    refused("forbidden", lambda: desk.move(AGENT, case, "accept"))
    refused("not_found", lambda: desk.move(who("a2", "agent"), case, "withdraw"))
    refused("forbidden", lambda: desk.move(BOSS, case, "withdraw"))
    assert desk.move(AGENT, case, "withdraw").state == "withdrawn"


def test_some_moves_need_another_person(desk: Desk) -> None:
    """Who appealed does not decide on it."""
    case = desk.open(BOSS, "appeal", data={"reason": "客户已收到"})
    told = refused("conflict", lambda: desk.move(BOSS, case, "uphold", fields={"decision": "维持"}))
    assert "需要另一个人" in told.detail
    assert desk.move(JUDGE, case, "uphold", fields={"decision": "维持"}).state == "upheld"


def test_fields_of_a_move_are_checked(desk: Desk) -> None:
    """Missing, misshapen and unknown fields are all named; owner and deadline go where they belong."""
    case = desk.open(BOSS, "rectification", data={
        "found_at": "2026-11-01T10:00:00+08:00", "channel": "抽检", "cause": "流程"})  # fmt: skip
    told = refused("invalid", lambda: desk.move(BOSS, case, "plan", fields={"owner": 3, "extra": 1}))
    assert [one.field for one in told.errors] == [
        "fields.root_cause", "fields.measures", "fields.owner", "fields.due_at", "fields.extra",
    ]  # fmt: skip
    plan = {
        "root_cause": "无核对",
        "measures": "加核对",
        "owner": "a1",
        "due_at": "2026-11-05T18:00:00+08:00",
    }
    planned = desk.move(BOSS, case, "plan", fields=plan)
    assert (planned.owner, planned.due_at) == ("a1", "2026-11-05T10:00:00.000+00:00")
    assert "owner" not in planned.data
    refused("invalid", lambda: desk.open(BOSS, "rectification", data={"channel": "抽检"}))


def test_a_rectification_closes_with_two_signatures(desk: Desk) -> None:
    """Not without 效果验证, and not before both have signed (R122)."""
    case = desk.open(BOSS, "rectification", owner="a1", data={
        "found_at": "2026-11-01T10:00:00+08:00", "channel": "抽检", "cause": "流程"})  # fmt: skip
    plan = {
        "root_cause": "无核对",
        "measures": "加核对",
        "owner": "a1",
        "due_at": "2026-11-05T18:00:00+08:00",
    }
    desk.move(JUDGE, case, "plan", fields=plan)
    refused("invalid", lambda: desk.move(AGENT, case, "finish", fields={"finished_at": START.isoformat()}))
    desk.move(AGENT, case, "finish", fields={"finished_at": START.isoformat(), "effect": "一周无复发"})
    desk.approve(BOSS, case, "主管")
    assert "质检" in refused("conflict", lambda: desk.move(BOSS, case, "close")).detail
    desk.approve(JUDGE, case, "质检")
    assert desk.move(BOSS, case, "close").state == "closed"


def test_deadlines_follow_the_clock(desk: Desk) -> None:
    """A trigger is overdue at day 7 and not a second before; what is done is never late (R059)."""
    case = desk.open(ANN, "trigger", title="新产品上线", subject="运费")
    assert case.due_at == "2026-11-09T09:00:00.000+00:00"
    desk.at = START + timedelta(days=7, seconds=-1)
    assert desk.listed(ANN, overdue=True) == []
    desk.at = START + timedelta(days=7)
    assert desk.listed(ANN, overdue=True) == desk.listed(ANN, subject="运费") == [case.id]
    counted = desk.store.read(lambda reader: case_views.counts(desk.work, reader, ANN))
    states = {"open": {"name": "待启动修订", "count": 1, "overdue": 1}}
    assert counted["trigger"] == {"name": "变更触发", "open": 1, "overdue": 1, "states": states}
    desk.move(ANN, case, "start", fields={"change": "cs_1"})
    assert desk.listed(ANN, overdue=True) == []


def test_the_clock_makes_its_moves_once(desk: Desk) -> None:
    """A trial that is over waits for a decision; the step is the clock's and happens once (R056)."""
    case = in_review(desk)
    for person, role in ((LAW, "法务"), (RULE, "合规"), (DESK, "客服")):
        desk.approve(person, case, role)
    desk.move(BEN, case, "trial", fields={"due_at": (START + timedelta(days=10)).isoformat()})
    desk.at = START + timedelta(days=9)
    assert desk.store.write(lambda writer: cases.lapse(desk.work, writer, "shop", case.id)) is None
    desk.at = START + timedelta(days=10)
    ended = desk.store.write(lambda writer: cases.lapse(desk.work, writer, "shop", case.id))
    assert ended is not None
    assert (ended.state, desk.history(ANN, case)[-1]["by"]) == ("decision", "system")
    assert desk.store.write(lambda writer: cases.lapse(desk.work, writer, "shop", case.id)) is None


def test_tenants_never_see_each_other(desk: Desk) -> None:
    """The same id in two tenants is two cases; another tenant's admin finds nothing."""
    stranger = who("root", "admin", tenant="other")
    case = desk.open(ANN, "trigger", identity="same")
    refused("not_found", lambda: desk.move(stranger, case, "dismiss", fields={"reason": "无关"}))
    assert desk.listed(stranger) == []
    desk.open(stranger, "repair", identity="same")
    assert desk.listed(ANN, kind="repair") == []
    assert [one["by"] for one in desk.history(ANN, case)] == ["ann"]


def test_an_opening_is_idempotent(desk: Desk) -> None:
    """The same identity opens one case, with one event and one run of the hooks."""
    ran: list[str] = []
    desk.work.on_move("red_card", "open", lambda writer, case, grant: ran.append(case.id))
    for _ in range(3):
        case = desk.open(BOSS, "red_card", identity="red-a1-2026-11", owner="a1", data={"reason": "辱骂"})
    assert ran == ["red-a1-2026-11"]
    assert len(desk.history(BOSS, case)) == 1
    refused("conflict", lambda: desk.open(BOSS, "repair", identity="red-a1-2026-11"))


def test_of_two_moves_at_once_one_wins(desk: Desk) -> None:
    """Two people decide at the same moment: one does, the other is told; a stale revision is refused too."""
    case = desk.open(AGENT, "proposal")
    gate = threading.Barrier(2)

    def attempt(person: Grant, code: str) -> str:
        gate.wait(10)
        try:
            return desk.move(person, case, code, fields={"reason": "说明"}, revision=case.revision).state
        except Problem as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(attempt, BOSS, "accept"), pool.submit(attempt, ANN, "reject")
        ends = {one.result(), two.result()}
    assert ends in ({"accepted", "conflict"}, {"conflict", "rejected"})
    assert len(desk.history(BOSS, case)) == 2


def test_a_failing_hook_undoes_the_move(desk: Desk) -> None:
    """A hook shares the move's transaction: what it refuses did not happen."""

    def veto(writer: Writer, case: Case, grant: Grant) -> None:
        raise Problem("conflict", "发布失败")

    desk.work.on_move("repair", "fix", veto)
    case = desk.open(ANN, "repair")
    refused("conflict", lambda: desk.move(ANN, case, "fix"))
    assert len(desk.history(ANN, case)) == 1
    assert desk.listed(ANN, state="open") == [case.id]


def test_history_is_complete(desk: Desk) -> None:
    """Every change is one numbered event with its actor, roles, time and content (R054)."""
    case = in_review(desk)
    desk.at = START + timedelta(hours=1)
    desk.approve(LAW, case, "法务")
    desk.store.write(lambda writer: cases.comment(desk.work, writer, BOSS, case.id, "请尽快"))
    told = desk.history(ANN, case)
    assert [(one["number"], one["move"], one["from"], one["to"]) for one in told] == [
        (1, "open", None, "assess"), (2, "revise", "assess", "revise"), (3, "submit", "revise", "review"),
        (4, "approval_approve", "review", "review"), (5, "comment", "review", "review"),
    ]  # fmt: skip
    assert (told[3]["by"], told[3]["roles"], told[3]["at"]) == (
        "law", ["法务"], "2026-11-02T10:00:00.000+00:00",
    )  # fmt: skip
    assert told[4]["note"] == "请尽快"


def test_pages_follow_each_other(desk: Desk) -> None:
    """Walking by `after` meets every case once, newest first, also within one instant."""
    made = [desk.open(ANN, "repair").id for _ in range(7)]
    walked: list[str] = []
    while page := desk.listed(ANN, after=walked[-1] if walked else None, limit=3):
        walked += page
    assert walked == sorted(made, reverse=True)


FILLED = {"text": "x", "texts": ["x"], "time": START.isoformat(), "flag": True, "any": 1, "number": 1}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_no_sequence_of_calls_leaves_the_table(desk: Desk, seed: int) -> None:
    """Whatever is tried by whomever, each step of the history is a row of the table, and the last is the state."""
    chance = random.Random(seed)
    kind = desk.work.kinds[chance.choice(sorted(desk.work.kinds))]
    people = (ANN, BEN, LAW, RULE, DESK, AGENT, BOSS, JUDGE, who("root", "admin"))
    filled = {one.name: FILLED[one.form.split()[0]] for one in kind.fields}
    case = desk.open(chance.choice(people), kind.code, owner="a1", data=filled)
    codes: set[str] = set()
    for _ in range(25):
        person, step = chance.choice(people), kind.moves[chance.choice(sorted(kind.moves))]
        fields = {
            one.name: FILLED.get(one.form.split()[0], one.form.split("|")[0])
            for one in step.needs
            if chance.random() < 0.9
        }
        try:
            if kind.approvals and chance.random() < 0.5:
                roles = next(iter(kind.approvals.values())).all_of
                decision = chance.choice(("approve", "approve", "withdraw", "reject"))
                desk.approve(person, case, chance.choice(roles), decision, note="理由")
            else:
                desk.move(person, case, step.code, fields=fields)
        except Problem as error:
            codes.add(error.code)
    assert codes <= {"conflict", "forbidden", "not_found", "invalid"}
    told = desk.history(BOSS, case)
    state = kind.initial.code
    for event in told[1:]:
        assert event["from"] == state
        if event["move"] in kind.moves:
            step = kind.moves[event["move"]]
            assert state in step.sources
            assert event["to"] == step.target
        else:
            assert event["to"] == state
        state = event["to"]
    last = desk.store.read(lambda reader: case_views.listed(desk.work, reader, BOSS, limit=1000))
    assert next((one.state for one in last if one.id == case.id), state) == state


def test_a_database_of_the_first_version_is_carried_over(tmp_path: Path) -> None:
    """What stood in an older database stands in the upgraded one, beside a copy made before (schema 1)."""
    path = tmp_path / "site.db"
    store = Store(f"sqlite:///{path}")
    store.write(lambda writer: ensure_tenant(writer, "shop", "小店"))
    store.close()
    with sqlite3.connect(path) as old:
        old.executescript("DROP TABLE cases; DROP TABLE case_events; UPDATE meta SET value = '1'")
    opened = Desk(Store(f"sqlite:///{path}"))
    case = opened.open(ANN, "trigger")

    def names(reader: Reader) -> list[str]:
        return list(reader.execute(schema.tenants.select()).scalars())

    assert opened.store.read(names) == ["shop"]
    assert opened.listed(ANN) == [case.id]
    opened.store.close()
    assert list(tmp_path.glob("site.before-schema-*.db"))


# the doors


def opened_on(site: Site, kind: str, by: Grant = BOSS, **more: Any) -> Case:
    """A case on the served site, opened as a door of its kind would."""
    work = Casework(load_workflows())
    return site.service.store.write(
        lambda writer: cases.open_case(work, writer, by, kind, title="测试", **more)
    )


def test_a_case_is_listed_moved_and_read_back(site: Site, agent: httpx.Client, admin: httpx.Client) -> None:
    """An agent sees their own, moves it once for each Idempotency-Key, and the history tells it."""
    case = opened_on(site, "notice", owner="A012", subject="V1.1")
    assert [one["id"] for one in agent.get("/v1/cases", params={"subject": "V1.1"}).json()["cases"]] == [
        case.id
    ]
    body, key = {"move": "acknowledge", "note": "已读，电话 13812345678"}, {"Idempotency-Key": "ack-1"}
    first = agent.post(f"/v1/cases/{case.id}/moves", json=body, headers=key)
    assert (first.status_code, first.json()["state"], first.json()["final"]) == (200, "acknowledged", True)
    assert agent.post(f"/v1/cases/{case.id}/moves", json=body, headers=key).json() == first.json()
    answer = agent.post(f"/v1/cases/{case.id}/moves", json=body)
    assert "acknowledged（已确认）" in problem(answer, 409, "conflict")["detail"]
    told = admin.get(f"/v1/cases/{case.id}").json()
    assert [one["move"] for one in told["history"]] == ["open", "acknowledge"]
    assert "13812345678" not in told["history"][1]["note"]


def test_who_may_look_and_speak(site: Site, agent: httpx.Client, quality: httpx.Client) -> None:
    """Another's case and another tenant's read like none; a comment is an event; a bot has no business here."""
    case = opened_on(site, "review", subject="qs_1")
    assert quality.get("/v1/cases", params={"kind": "review"}).json()["cases"][0]["moves"][0]["may"] is True
    said = quality.post(f"/v1/cases/{case.id}/comments", json={"note": "证据不足"})
    assert (said.status_code, said.json()["revision"]) == (201, 2)
    for stranger in (agent, site.client("admin", OTHER)):
        problem(stranger.get(f"/v1/cases/{case.id}"), 404, "not_found")
        problem(stranger.post(f"/v1/cases/{case.id}/comments", json={"note": "x"}), 404, "not_found")
        assert case.id not in stranger.get("/v1/cases").text
    problem(site.client("bot").get("/v1/cases"), 403, "forbidden")
    problem(quality.get("/v1/cases", params={"kind": "reviews"}), 422, "invalid")
    counted = quality.get("/v1/cases/counts").json()["kinds"]["review"]
    assert counted["states"]["open"]["count"] == counted["open"] >= 1


def test_approvals_need_the_key_to_carry_the_role(site: Site, editor: httpx.Client) -> None:
    """The role of an approval is the actor's, not the request's; the reply says who is still missing."""
    case = opened_on(site, "change", ANN)
    for move in ("revise", "submit"):
        answer = editor.post(f"/v1/cases/{case.id}/moves", json={"move": move})
        assert answer.status_code == 200, answer.text
    assert answer.json()["approvals"]["missing"] == ["客服", "法务", "合规"]
    body = {"role": "法务", "decision": "approve"}
    problem(editor.post(f"/v1/cases/{case.id}/approvals", json=body), 403, "forbidden")
    secret = site.service.store.write(
        lambda writer: keys.create(writer, SHOP, "editor", {"id": "law", "roles": ["法务"]})
    )
    bearer = {"Authorization": f"Bearer {secret}"}
    given = httpx.post(f"{site.url}/v1/cases/{case.id}/approvals", json=body, headers=bearer)
    assert given.json()["approvals"]["missing"] == ["客服", "合规"]
    stale = {"move": "return", "fields": {"reason": "补充"}, "revision": 1}
    problem(editor.post(f"/v1/cases/{case.id}/moves", json=stale), 409, "conflict")


def test_the_service_lets_the_clock_move(desk: Desk) -> None:
    """A red card without a plan on its day is escalated, once, beside others that are in time (R129)."""
    late = desk.open(BOSS, "red_card", owner="a1", data={"reason": "辱骂"})
    desk.at = START + timedelta(days=2)
    desk.open(BOSS, "red_card", owner="a2", data={"reason": "辱骂"})
    desk.at = START + timedelta(days=3)
    assert (lapse_all(desk.work, desk.store), lapse_all(desk.work, desk.store)) == (1, 0)
    assert desk.listed(BOSS, state="escalated") == [late.id]


def test_the_kind_of_the_readme_works(tmp_path: Path) -> None:
    """The ten lines that api/README.md gives for a new kind are a kind beside the shipped ones."""
    readme = (Path(__file__).parents[2] / "api" / "README.md").read_text(encoding="utf-8")
    lines = readme.split("```toml\n")[1].split("```")[0]
    (tmp_path / "workflows.toml").write_text(lines, encoding="utf-8")
    kinds = make(tmp_path).kinds
    assert {"callback", "change", "red_card"} <= set(kinds)
    assert kinds["callback"].initial.lapses == "drop"


def test_an_unknown_guard_is_refused_at_start(tmp_path: Path) -> None:
    """A table that names a check nobody registered does not pass in silence."""
    (tmp_path / "workflows.toml").write_text('[repair.moves]\nfix = {guards = ["sober"]}', encoding="utf-8")
    work = make(tmp_path)
    with pytest.raises(PolicyError, match="sober"):
        work.check()
    work.guards["sober"] = lambda reader, case, grant, fields: "请稍后"
    work.check()
