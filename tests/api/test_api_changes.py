"""The handbook's life: changes are assessed, signed, tried, published as a whole, and their effect is measured."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.case_door import lapse_all
from api.casework import Casework
from api.service import Service
from api.settings import load_settings
from api.store import Writer, decisions, keys, results
from tests.api.serving import HANDBOOK, problem

TENANT = "shop"
PEOPLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ann", "editor", {"id": "ann"}),
    ("ben", "editor", {"id": "ben"}),
    ("desk", "supervisor", {"id": "desk", "roles": ["客服"]}),
    ("law", "editor", {"id": "law", "roles": ["法务"]}),
    ("rule", "editor", {"id": "rule", "roles": ["合规"]}),
    ("a1", "agent", {"id": "a1", "team": "售后"}),
    ("a2", "agent", {"id": "a2", "team": "售前"}),
    ("bot", "bot", {"id": "web"}),
    ("root", "admin", {"id": "root"}),
)
OLD, NEW = "原包装完好可以退。", "拆封之后也可以退。"
KINDS = ("script", "sop", "policy", "faq")
COLOURS, GOODS = "红橙黄绿青蓝紫黑", ("雨靴", "台灯", "书包", "茶壶", "风筝", "围巾", "口琴", "花盆")


@dataclass
class Shop:
    """A service in this process whose clock is stepped by hand, with a client for each person."""

    client: TestClient
    service: Service
    work: Casework
    secrets: dict[str, str]
    ahead: timedelta = timedelta()
    made: int = field(default=0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer of a call that must succeed."""
        answer = self.call(who, method, path, body, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def call(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[who]}"}
        return self.client.request(method, path, json=body, headers=headers, **more)

    def entry(self, text: str = OLD, **more: Any) -> dict[str, Any]:
        """A new live entry with a title of its own."""
        self.made += 1
        colour, thing = COLOURS[self.made // 8 % 8], GOODS[self.made % 8]
        title = f"{colour}{thing}怎么退"
        raw = {"id": f"e{self.made}", "kind": "faq", "title": title, "text": text, **more}
        self.ask("ann", "POST", "/v1/kb/entries", raw)
        return raw

    def change(self, **more: Any) -> str:
        return str(
            self.ask("ann", "POST", "/v1/kb/changes", {"title": "退货期", "reason": "政策", **more})["id"]
        )

    def put(self, change: str, raw: dict[str, Any]) -> Any:
        return self.ask("ann", "PUT", f"/v1/kb/changes/{change}/entries/{raw['id']}", raw)

    def move(self, who: str, change: str, move: str, **fields: Any) -> Any:
        return self.ask(who, "POST", f"/v1/cases/{change}/moves", {"move": move, "fields": fields})

    def sign(self, change: str, *names: str, decision: str = "approve") -> None:
        roles = {"desk": "客服", "law": "法务", "rule": "合规"}
        for name in names:
            body = {"role": roles[name], "decision": decision}
            self.ask(name, "POST", f"/v1/cases/{change}/approvals", body)

    def tried(self, change: str, *, agents: tuple[str, ...] = ("nobody",), **more: Any) -> Any:
        """Take a filled change into its trial, signed by everybody who must."""
        self.move("ann", change, "revise")
        shown = self.move("ann", change, "submit")
        names = {"客服": "desk", "法务": "law", "合规": "rule"}
        self.sign(change, *(names[role] for role in shown["approvals"]["missing"]))
        return self.ask("ben", "POST", f"/v1/kb/changes/{change}/trial", {"agents": list(agents), **more})

    def published(self, *raws: dict[str, Any], effective_from: datetime | None = None, **more: Any) -> Any:
        """A change with these entries, taken all the way."""
        change = self.change(**more)
        for raw in raws:
            self.put(change, raw)
        self.tried(change)
        body = {"effective_from": effective_from.isoformat()} if effective_from else {}
        return self.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", body)

    def text(self, who: str, raw: dict[str, Any], **more: Any) -> str | None:
        """What a search for an entry's title finds of it."""
        hits = self.ask(who, "POST", "/v1/kb/search", {"query": raw["title"], "limit": 50, **more})["hits"]
        return next((hit["text"] for hit in hits if hit["entry_id"] == raw["id"]), None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("life")
    app = create_app(load_settings(data=folder))
    service: Service = app.state.service
    work: Casework = app.state.cases

    def people(writer: Writer) -> dict[str, str]:
        keys.ensure_tenant(writer, TENANT, TENANT)
        return {name: keys.create(writer, TENANT, scope, actor) for name, scope, actor in PEOPLE}  # type: ignore[arg-type]

    with TestClient(app) as client:
        made = Shop(client, service, work, service.store.write(people))
        object.__setattr__(work, "clock", made.now)
        lines = "\n".join(json.dumps(raw, ensure_ascii=False) for raw in HANDBOOK)
        headers = {
            "Authorization": f"Bearer {made.secrets['ann']}",
            "Content-Type": "application/x-ndjson",
        }
        answer = client.post("/v1/kb/import", content=lines.encode(), headers=headers)
        assert answer.status_code == 200, answer.text
        yield made


@pytest.fixture(autouse=True)
def _now(shop: Shop) -> Iterator[None]:
    yield
    shop.ahead = timedelta()


def test_a_change_goes_through_its_states_and_says_who_when(shop: Shop) -> None:
    """R054: the five states in order, each step with actor and time; a jump is 409, a rejection sends back."""
    raw = shop.entry()
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    jump = shop.call("ann", "POST", f"/v1/kb/changes/{change}/publish", {})
    assert "assess" in problem(jump, 409, "conflict")["detail"]
    shop.move("ann", change, "revise")
    problem(shop.call("ann", "POST", f"/v1/kb/changes/{change}/publish", {}), 409, "conflict")
    shop.move("ann", change, "submit")
    body = {"role": "客服", "decision": "reject", "note": "措辞不清"}
    assert shop.ask("desk", "POST", f"/v1/cases/{change}/approvals", body)["state"] == "revise"
    shop.move("ann", change, "submit")
    shop.sign(change, "desk")
    shop.ask("ben", "POST", f"/v1/kb/changes/{change}/trial", {"agents": ["a1"]})
    shop.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", {})
    told = shop.ask("desk", "GET", f"/v1/kb/changes/{change}")
    moves = [event["move"] for event in told["history"]]
    assert moves == ["open", "amend", "revise", "submit", "approval_reject", "return", "submit",
                     "approval_approve", "trial", "publish", "attach"]  # fmt: skip
    assert all(event["by"] and event["at"] for event in told["history"])
    problem(shop.call("a1", "GET", f"/v1/kb/changes/{change}"), 403, "forbidden")


def test_one_publish_is_one_release_with_its_difference(shop: Shop) -> None:
    """R053: a publish counts the minor number up; the difference lists what changed, was added and withdrawn."""
    first = shop.entry("帐篷有 7 种颜色可选。", title="帐篷有哪些颜色")
    second = shop.entry()
    new = {
        "id": "brand-new",
        "kind": "script",
        "stage": "solve",
        "title": "雨靴换码",
        "text": "可以换码一次。",
    }
    change = shop.change()
    after = "帐篷有 15 种颜色可选。"
    shop.put(change, {**first, "text": after})
    shop.put(change, new)
    shop.ask("ann", "DELETE", f"/v1/kb/changes/{change}/entries/{second['id']}")
    planned = shop.ask("desk", "GET", f"/v1/kb/changes/{change}/diff")
    assert planned["counts"] == {"added": 1, "removed": 1, "changed": 1, "same": 0}
    edited = next(one for one in planned["entries"] if one["entry_id"] == first["id"])
    pieces = [piece for piece in edited["text"] if piece["op"] != "equal"]
    assert [(piece["before"]["text"], piece["after"]["text"]) for piece in pieces] == [("7", "15")]
    assert edited["fields"] == [{"field": "text", "before": first["text"], "after": after}]
    before = shop.ask("ann", "GET", "/v1/kb/releases")["releases"][0]["name"]
    shop.tried(change)
    done = shop.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", {})
    major, minor, *_ = before[1:].split(".")
    assert done["data"]["release"] == f"V{major}.{int(minor) + 1}"
    assert set(done["data"]["parts"]) == {"forms", "policy"}
    assert done["data"]["parts"]["forms"]["standard"]
    listed = shop.ask("ann", "GET", "/v1/kb/releases")
    assert (listed["releases"][0]["name"], listed["releases"][0]["change"]) == (
        done["data"]["release"],
        change,
    )
    assert shop.text("a1", first) == after
    assert shop.text("a1", second) is None
    told = shop.ask("ann", "GET", f"/v1/kb/releases/{done['data']['release']}/diff")
    assert (told["added"], told["removed"]) == (["brand-new"], [second["id"]])
    again = shop.ask("desk", "GET", f"/v1/kb/changes/{change}/diff")
    assert again["counts"] == planned["counts"], "a published change still says what it did"


def test_an_old_result_still_shows_the_text_of_its_release(shop: Shop) -> None:
    """R053: a release's text is read by its name, and by the moment, after later ones replaced it."""
    raw = shop.entry()
    was = shop.ask("a1", "GET", f"/v1/kb/entries/{raw['id']}")["release"]
    between = datetime.now(UTC)
    shop.published({**raw, "text": NEW})
    path = f"/v1/kb/entries/{raw['id']}"
    assert shop.ask("a1", "GET", path)["text"] == NEW
    assert shop.ask("a1", "GET", path, params={"release": was})["text"] == OLD
    assert shop.ask("a1", "GET", path, params={"as_of": between.isoformat()})["text"] == OLD
    problem(shop.call("a1", "GET", path, params={"release": "V99.0"}), 404, "not_found")
    listed = shop.ask("ann", "GET", "/v1/kb/releases", params={"as_of": between.isoformat()})
    assert listed["in_force"] == {k: v for k, v in listed["releases"][0].items() if k != "change"}
    assert all(one["at"] <= between.isoformat() for one in listed["releases"])


def test_three_sign_what_concerns_three(shop: Shop) -> None:
    """R055: a tag of an entry as it was or will be asks for all three; two of three do not publish."""
    raw = shop.entry(tags=["赔付"])
    change = shop.change()
    shop.put(change, {**raw, "text": NEW, "tags": []})
    shop.move("ann", change, "revise")
    assert shop.move("ann", change, "submit")["approvals"]["missing"] == ["客服", "法务", "合规"]
    shop.sign(change, "desk", "law")
    trial = {"agents": ["a1"]}
    problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", trial), 409, "conflict")
    shop.sign(change, "rule")
    shop.sign(change, "law", decision="withdraw")
    problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", trial), 409, "conflict")
    shop.sign(change, "law")
    shop.put(change, {**raw, "text": "又改了一次。"})
    told = problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", trial), 409, "conflict")
    assert "客服、法务、合规" in told["detail"], "another content, other signatures"
    shop.sign(change, "desk", "law", "rule")
    shop.ask("ben", "POST", f"/v1/kb/changes/{change}/trial", trial)
    shop.sign(change, "rule", decision="withdraw")
    told = problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/publish", {}), 409, "conflict")
    assert told["detail"].endswith("合规 的同意")
    assert shop.text("a2", raw) == OLD


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ({}, ["客服"]),
        ({"tags": ["价格"]}, ["客服", "法务", "合规"]),
        ({"major": True}, ["客服", "法务", "合规"]),
    ],
)
def test_who_signs_is_a_matter_of_topics(shop: Shop, more: dict[str, Any], needed: list[str]) -> None:
    """R055: an ordinary change is signed by 客服; a major one, and one on prices, by all three."""
    raw = shop.entry()
    change = shop.change(**more)
    shop.put(change, {**raw, "text": NEW})
    shop.move("ann", change, "revise")
    assert shop.move("ann", change, "submit")["approvals"]["needed"] == needed


def test_only_the_cohort_reads_the_trial(shop: Shop) -> None:
    """R056: an agent of the cohort reads the new text in search, suggestions and drafts; nobody else does."""
    old, new = "睡袋签收后 7 天内可以退。", "睡袋签收后 15 天内可以退。"
    raw = shop.entry(old, title="睡袋退货期限")
    change = shop.change()
    shop.put(change, {**raw, "text": new})
    shop.tried(change, agents=(), teams=["售后"], days=7)
    assert shop.text("a1", raw) == new
    for other in ("a2", "bot", "root", "desk", "ben"):
        assert shop.text(other, raw) == old, other
    for who, expected in (("a1", new), ("a2", old), ("bot", old)):
        made = shop.ask(who, "POST", "/v1/suggest", {"query": raw["title"]})
        told = next(one for one in made["suggestions"] if one["entry_id"] == raw["id"])
        assert told["text"] == expected
        assert (change in told["release"]) == (expected == new)
    draft = {"text": "睡袋签收后 7 天内可以退。"}
    wrong = {who: shop.ask(who, "POST", "/v1/drafts/check", draft)["issues"] for who in ("a1", "a2")}
    assert [one["expected"] for one in wrong["a1"] if one["code"] == "wrong_fact_risk"] == ["15 天"]
    assert not [one for one in wrong["a2"] if one["code"] == "wrong_fact_risk"]
    assert shop.text("ben", raw, change=change) == new, "editors preview"
    problem(shop.call("a2", "POST", "/v1/kb/search", {"query": "x", "change": change}), 403, "forbidden")


def test_a_trial_ends_by_the_clock(shop: Shop) -> None:
    """R056: after its days nobody reads the trial's text, and the change waits for a decision."""
    raw = shop.entry()
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    for wrong in ({"agents": ["a1"], "days": 3}, {"agents": ["a1"], "days": 15}):
        shop_answer = shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", wrong)
        assert shop_answer.status_code == 422
    shop.tried(change, agents=("a1",), days=7)
    made = shop.ask("a1", "POST", "/v1/suggest", {"query": raw["title"]})
    for action in ("shown", "sent", "helpful"):
        body = {"entry_id": raw["id"], "action": action}
        shop.ask("a1", "POST", f"/v1/suggest/{made['id']}/feedback", body)
    shop.ahead = timedelta(days=7, seconds=1)
    assert shop.text("a1", raw) == OLD, "over by the clock, whoever moves the case"
    assert lapse_all(shop.work, shop.service.store) >= 1
    told = shop.ask("desk", "GET", f"/v1/kb/changes/{change}/trial")
    assert (told["state"], told["over"]) == ("decision", True)
    assert (told["trial"]["offered"], told["trial"]["used"], told["trial"]["rate"]) == (1, 1, 1.0)
    assert [one["action"] for one in told["feedback"]] == ["shown", "sent", "helpful"]
    assert told["trial"]["actions"]["helpful"] == 1
    assert shop.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", {})["state"] == "published"
    assert shop.text("a2", raw) == NEW


def test_a_trial_needs_people_and_content(shop: Shop) -> None:
    """R056: without participants 422, without content 409; a moved due day out of 7 to 14 is 422."""
    change = shop.change()
    shop.move("ann", change, "revise")
    shop.move("ann", change, "submit")
    shop.sign(change, "desk")
    problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", {"agents": ["a1"]}), 409, "conflict")
    shop.put(change, shop.entry())
    shop.sign(change, "desk")
    problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/trial", {}), 422, "invalid")
    late = (shop.now() + timedelta(days=30)).isoformat()
    body = {"move": "trial", "fields": {"agents": ["a1"], "due_at": late}}
    told = problem(shop.call("ben", "POST", f"/v1/cases/{change}/moves", body), 422, "invalid")
    assert told["errors"][0]["field"] == "due_at"


def test_what_begins_later_leaves_the_old_text_until_then(shop: Shop) -> None:
    """R057: the new text is invisible before its day and the old one after it; expired ones never come."""
    raw, gone = shop.entry(), shop.entry()
    begins = shop.now() + timedelta(days=3)
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    shop.ask("ann", "DELETE", f"/v1/kb/changes/{change}/entries/{gone['id']}")
    shop.tried(change)
    shop.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", {"effective_from": begins.isoformat()})
    after = (begins + timedelta(hours=1)).isoformat()
    assert (shop.text("a1", raw), shop.text("a1", gone)) == (OLD, OLD)
    assert (shop.text("a1", raw, as_of=after), shop.text("a1", gone, as_of=after)) == (NEW, None)
    for moment, expected in ((None, OLD), (after, NEW)):
        made = shop.ask("a1", "POST", "/v1/suggest", {"query": raw["title"], "as_of": moment})
        assert next(one["text"] for one in made["suggestions"] if one["entry_id"] == raw["id"]) == expected
    path = f"/v1/kb/entries/{raw['id']}"
    now = shop.now().isoformat()
    assert shop.ask("a1", "GET", path, params={"as_of": now})["text"] == OLD
    assert shop.ask("a1", "GET", path)["text"] == NEW
    shop.ask("ann", "DELETE", path)
    assert shop.text("a1", raw) is None, "a delete takes the text that was about to end along"


def test_a_text_and_its_successor_do_not_contradict_each_other(shop: Shop) -> None:
    """R057, B02: numbers of a text that is about to be replaced are no error beside those of the next one."""
    raw = shop.entry("滑板签收后 7 天内可以换轮。", title="滑板换轮期限")
    begins = shop.now() + timedelta(days=2)
    next_one = {**raw, "text": "滑板签收后 20 天内可以换轮。"}
    shop.published(next_one, effective_from=begins)
    told = shop.ask("ann", "GET", "/v1/kb/lint")["issues"]
    assert not [one for one in told if any(raw["id"] in spot["entry_id"] for spot in one["entries"])]
    shop.published({**next_one, "text": "滑板签收后 30 天内可以换轮。"}, effective_from=begins)
    assert shop.text("a1", raw) == raw["text"]
    assert "30 天" in str(shop.text("a1", raw, as_of=(begins + timedelta(hours=1)).isoformat()))
    issue = shop.ask("a1", "POST", "/v1/drafts/check", {"text": "滑板签收后 30 天内可以换轮。"})["issues"]
    assert [(one["entry_id"], one["expected"]) for one in issue] == [(raw["id"], "7 天")]


def test_the_agent_of_a_conversation_takes_part_too(shop: Shop) -> None:
    """R056: what is asked for an agent's conversation is for that agent; a bot's conversation is for nobody."""
    raw = shop.entry()
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    shop.tried(change, agents=("a1",))
    expected = {"a1": NEW, "a2": OLD, None: OLD}
    for agent, text in expected.items():
        body: dict[str, Any] = {"channel": "chat"}
        if agent is not None:
            body |= {"served_by": "agent", "agent": {"id": agent}}
        talk = shop.ask("bot", "POST", "/v1/conversations", body)["id"]
        said = {"role": "customer", "text": raw["title"]}
        heard = shop.ask("bot", "POST", f"/v1/conversations/{talk}/turns", said)
        told = {one["entry_id"]: one["text"] for one in heard["suggestions"]}
        assert told.get(raw["id"], OLD) == OLD, "channels and every desk hear a turn"
        asked = {"conversation_id": talk, "query": raw["title"]}
        made = shop.ask("bot", "POST", "/v1/suggest", asked)["suggestions"]
        assert next(one["text"] for one in made if one["entry_id"] == raw["id"]) == text


def test_a_direct_edit_with_a_later_day_leaves_the_old_text_too(shop: Shop) -> None:
    """R057: the rule is the same for a write without a change, and for the next write over it."""
    raw = shop.entry()
    later = shop.now() + timedelta(days=1)
    shop.ask(
        "ann", "PUT", f"/v1/kb/entries/{raw['id']}", {**raw, "text": NEW, "effective_from": later.isoformat()}
    )
    assert shop.text("a1", raw) == OLD
    assert shop.text("a1", raw, as_of=(later + timedelta(hours=1)).isoformat()) == NEW
    shop.ask("ann", "PUT", f"/v1/kb/entries/{raw['id']}", {**raw, "text": "第三版。"})
    assert shop.text("a1", raw) == "第三版。"
    listed = shop.ask("ann", "GET", "/v1/kb/entries", params={"limit": 500})["entries"]
    assert not [one for one in listed if "@" in one["id"]]


def test_a_major_change_is_announced_a_week_ahead(shop: Shop) -> None:
    """R058: six days of lead are 422 naming the field; the notices are those of the affected, and acknowledged."""
    raw = shop.entry()
    change = shop.change(major=True, notify={"teams": ["售后"], "roles": ["法务"]})
    shop.put(change, {**raw, "text": NEW})
    shop.tried(change)
    for lead in (None, timedelta(days=6)):
        body = {} if lead is None else {"effective_from": (shop.now() + lead).isoformat()}
        told = problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/publish", body), 422, "invalid")
        assert told["errors"][0]["field"] == "effective_from"
    assert shop.ask("desk", "GET", "/v1/kb/notices", params={"change": change})["notices"] == []
    body = {"effective_from": (shop.now() + timedelta(days=8)).isoformat()}
    shop.ask("ben", "POST", f"/v1/kb/changes/{change}/publish", body)
    told = shop.ask("desk", "GET", "/v1/kb/notices", params={"change": change})
    assert sorted(one["to"] for one in told["notices"]) == ["a1", "law"]
    mine = shop.ask("a1", "GET", "/v1/kb/notices")["notices"]
    assert [one["change"] for one in mine] == [change]
    assert shop.ask("a2", "GET", "/v1/kb/notices")["notices"] == []
    problem(shop.call("a2", "POST", f"/v1/kb/notices/{mine[0]['id']}/ack"), 404, "not_found")
    for _ in range(2):
        done = shop.ask("a1", "POST", f"/v1/kb/notices/{mine[0]['id']}/ack")
        assert (done["state"], bool(done["acknowledged_at"])) == ("acknowledged", True)
    assert shop.ask("desk", "GET", "/v1/kb/notices", params={"change": change})["counts"]["acknowledged"] == 1


def test_everybody_who_works_by_the_handbook_is_told(shop: Shop) -> None:
    """R058: without teams or roles the notices go to every agent, supervisor and signer with a live key, once."""
    raw = shop.entry()
    revoked = shop.service.store.write(
        lambda writer: (keys.create(writer, TENANT, "agent", {"id": "left"}), keys.listed(writer, TENANT)[-1])  # type: ignore[arg-type]
    )[1]
    shop.service.store.write(lambda writer: keys.revoke(writer, TENANT, revoked["id"]))
    done = shop.published({**raw, "text": NEW}, major=True, effective_from=shop.now() + timedelta(days=8))
    told = shop.ask("desk", "GET", "/v1/kb/notices", params={"change": done["id"]})["notices"]
    assert sorted(one["to"] for one in told) == ["a1", "a2", "desk", "law", "rule"]


def test_a_trigger_names_its_entries_and_is_late_after_a_week(shop: Shop) -> None:
    """R059, R060: a trigger lists every live entry of its tag; without a change on day 7 it is overdue."""
    first, second, third = (shop.entry(tags=["冷链"]) for _ in range(3))
    shop.ask("ann", "DELETE", f"/v1/kb/entries/{third['id']}")
    made = shop.ask("desk", "POST", "/v1/kb/triggers", {"what": "冷链运费调整", "tags": ["冷链"]})
    assert [one["entry_id"] for one in made["entries"]] == sorted([first["id"], second["id"]])
    late = shop.ask("desk", "POST", "/v1/kb/triggers", {"what": "新品", "entities": [first["title"][:2]]})
    assert first["id"] in [one["entry_id"] for one in late["entries"]]
    shop.ahead = timedelta(days=6, hours=23)
    assert shop.ask("desk", "GET", "/v1/kb/triggers")["overdue"] == 0
    shop.change(trigger=made["id"])
    shop.ahead = timedelta(days=7, minutes=1)
    told = {one["id"]: one for one in shop.ask("desk", "GET", "/v1/kb/triggers")["triggers"]}
    assert (told[made["id"]]["state"], told[made["id"]]["alerts"]) == ("started", [])
    assert [one["code"] for one in told[late["id"]]["alerts"]] == ["overdue"]
    assert shop.ask("desk", "GET", "/v1/cases/counts")["kinds"]["trigger"]["overdue"] == 1
    problem(shop.call("desk", "POST", "/v1/kb/triggers", {"what": "空"}), 422, "invalid")


def test_a_frozen_entry_is_changed_by_an_admin_alone(shop: Shop) -> None:
    """R066: an editor's edit, delete, import and change of a frozen entry are 403; an admin's are not."""
    raw = shop.entry()
    path = f"/v1/kb/entries/{raw['id']}"
    problem(shop.call("ann", "POST", f"{path}/freeze", {}), 403, "forbidden")
    shop.ask("root", "POST", f"{path}/freeze", {"reason": "采纳率最高"})
    assert shop.ask("a1", "GET", path)["frozen"] is True
    problem(shop.call("ann", "PUT", path, {**raw, "text": NEW}), 403, "forbidden")
    problem(shop.call("ann", "DELETE", path), 403, "forbidden")
    change = shop.change()
    held = f"/v1/kb/changes/{change}/entries/{raw['id']}"
    problem(shop.call("ann", "PUT", held, {**raw, "text": NEW}), 403, "forbidden")
    problem(shop.call("ann", "DELETE", held), 403, "forbidden")
    assert shop.text("a1", raw) == OLD
    assert [one["entry_id"] for one in shop.ask("ann", "GET", "/v1/kb/frozen")["frozen"]] == [raw["id"]]
    shop.ask("root", "PUT", path, {**raw, "text": NEW})
    shop.ask("root", "DELETE", f"{path}/freeze")
    shop.ask("ann", "PUT", path, raw)


def test_a_contradiction_is_not_published_unless_an_admin_insists(shop: Shop) -> None:
    """B02: a change that contradicts a live entry is 409 naming it; only an admin forces it through."""
    raw = {
        "id": "tent",
        "kind": "faq",
        "title": "七天无理由退货的期限",
        "text": "签收后 15 天内，商品完好可以申请七天无理由退货，运费由买家承担。",
    }
    change = shop.change()
    shop.put(change, raw)
    shop.tried(change)
    path = f"/v1/kb/changes/{change}/publish"
    told = problem(shop.call("ben", "POST", path, {}), 409, "conflict")
    assert "《七天无理由退货的期限》写“15 天”" in told["detail"]
    problem(shop.call("ben", "POST", path, {"force": True}), 403, "forbidden")
    shop.ask("root", "POST", path, {"force": True})
    shop.ask("ann", "DELETE", "/v1/kb/entries/tent")


def test_an_edit_beside_the_change_is_not_lost(shop: Shop) -> None:
    """R052: an entry somebody changed since it was put into a change is not published over."""
    raw = shop.entry()
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    shop.tried(change)
    shop.ask("ben", "PUT", f"/v1/kb/entries/{raw['id']}", {**raw, "text": "别人改的。"})
    told = problem(shop.call("ben", "POST", f"/v1/kb/changes/{change}/publish", {}), 409, "conflict")
    assert raw["id"] in told["detail"]
    assert shop.text("a1", raw) == "别人改的。"


def test_readers_see_all_old_or_all_new(shop: Shop) -> None:
    """R052, B05: while a publish runs, no answer mixes texts of two releases."""
    raws = [
        shop.entry("毛毯按第一版洗护说明清洗。", title=f"毛毯{place}怎么洗", kind=kind)
        for place, kind in zip("甲乙丙丁", KINDS, strict=True)
    ]
    seen: list[frozenset[str]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            hits = shop.ask("a1", "POST", "/v1/kb/search", {"query": "毛毯怎么洗", "limit": 20})["hits"]
            mine = [hit["text"] for hit in hits if "毛毯" in hit["title"]]
            assert len(mine) == 4
            seen.append(frozenset(mine))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for one in readers:
        one.start()
    for version in ("毛毯按第二版洗护说明清洗。", "毛毯按第三版洗护说明清洗。"):
        shop.published(*({**raw, "text": version} for raw in raws))
    stop.set()
    for one in readers:
        one.join()
    assert {len(texts) for texts in seen} == {1}
    assert shop.text("a1", raws[0]) == "毛毯按第三版洗护说明清洗。"


def test_random_moves_never_publish_unsigned(shop: Shop) -> None:
    """R055: whatever is tried in whatever order, what is published was signed by all it needs, for that content."""
    rng = random.Random(20261122)
    for round_ in range(6):
        raw = shop.entry(tags=["价格"])
        change = shop.change()
        signed: set[str] = set()
        for _ in range(60):
            step = rng.choice(["put", "revise", "submit", "sign", "sign", "sign", "unsign", "trial", "end_trial",
                               "publish", "return"])  # fmt: skip
            name = rng.choice(["desk", "law", "rule"])
            role = {"desk": "客服", "law": "法务", "rule": "合规"}[name]
            if step == "put":
                text = f"第 {rng.random()} 版"
                answer = shop.call(
                    "ann", "PUT", f"/v1/kb/changes/{change}/entries/{raw['id']}", {**raw, "text": text}
                )
            elif step in ("sign", "unsign"):
                decision = "approve" if step == "sign" else "withdraw"
                body = {"role": role, "decision": decision}
                answer = shop.call(name, "POST", f"/v1/cases/{change}/approvals", body)
            else:
                fields = {"trial": {"agents": ["a1"]}, "return": {"reason": "再改"}}.get(step, {})
                body = {"move": step, "fields": fields}
                answer = shop.call("ben", "POST", f"/v1/cases/{change}/moves", body)
            if answer.status_code >= 300:
                continue
            if step in ("put", "submit"):
                signed.clear()
            elif step == "sign":
                signed.add(role)
            elif step == "unsign":
                signed.discard(role)
            elif step == "publish":
                assert signed == {"客服", "法务", "合规"}, round_
                break
        state = shop.ask("desk", "GET", f"/v1/kb/changes/{change}")["state"]
        assert (shop.text("a2", raw) == OLD) == (state != "published")


def _fed(shop: Shop, raw: dict[str, Any], at: datetime, number: int, used: int, release: str) -> None:
    """Feedback and results of a day, written as they would have been then."""
    from api.store import schema

    def unit(writer: Writer) -> None:
        for place in range(number):
            mark = f"{raw['id']}-{at.timestamp()}-{place}"
            action = "sent" if place < used else "dismissed"
            data = {"suggestion_id": f"sg-{mark}", "conversation_id": f"cv-{mark}", "entry_id": raw["id"],
                    "release": release, "action": action}  # fmt: skip
            decisions.add_feedback(writer, TENANT, f"fb-{mark}", "suggestion", f"cv-{mark}", "a1", data)
            result = {"id": f"qs-{mark}", "transcript_id": f"cv-{mark}", "form": {"code": "f", "version": "1"},
                      "score": 70 + 20 * (action == "sent"), "grade": "A", "veto": False, "items": [],
                      "satisfaction": {"value": 1 + (action == "sent"), "confidence": 1}}  # fmt: skip
            results.save(writer, TENANT, [(result, "a1")])
            when = at.isoformat(timespec="milliseconds")
            for table, identity in ((schema.feedback, f"fb-{mark}"), (schema.results, f"qs-{mark}")):
                writer.execute(table.update().where(table.c.id == identity).values(at=when))

    shop.service.store.write(unit)


def test_the_effect_is_told_thirty_days_before_and_after(shop: Shop) -> None:
    """R065: n, difference and significance of each figure; partial at first, ready on day 30."""
    raw = shop.entry()
    was = shop.ask("a1", "GET", f"/v1/kb/entries/{raw['id']}")["release"]
    done = shop.published({**raw, "text": NEW})
    since = datetime.fromisoformat(done["data"]["in_force_from"])
    _fed(shop, raw, since - timedelta(days=10), 40, 10, was)
    _fed(shop, raw, since - timedelta(days=31), 40, 40, was)
    _fed(shop, raw, since + timedelta(days=5), 40, 30, done["data"]["release"])
    path = f"/v1/kb/changes/{done['id']}/effect"
    shop.ahead = timedelta(days=10)
    told = shop.ask("desk", "GET", path)
    assert (told["ready"], round(told["days"])) == (False, 10)
    shop.ahead = timedelta(days=30, minutes=1)
    told = shop.ask("desk", "GET", path)
    assert told["ready"] is True
    adoption = told["metrics"]["adoption"]
    assert (adoption["n"], adoption["before"], adoption["after"], adoption["delta"]) == (
        {"before": 40, "after": 40}, 0.25, 0.75, 0.5)  # fmt: skip
    assert adoption["significant"] is True
    assert told["metrics"]["satisfaction"]["delta"] == 0.5
    assert told["metrics"]["quality"]["significant"] is True
    hours = told["metrics"]["complaint_hours"]
    assert (hours["n"], hours["delta"], hours["enough"]) == ({"before": 0, "after": 0}, None, False)
    fresh = shop.change()
    problem(shop.call("desk", "GET", f"/v1/kb/changes/{fresh}/effect"), 409, "conflict")


def test_two_versions_are_compared_by_what_came_of_them(shop: Shop) -> None:
    """R050: offers of each version are counted with rate, interval and outcome; a tried text is one of them."""
    raw = shop.entry()
    path = f"/v1/kb/entries/{raw['id']}/versions"
    was = shop.ask("a1", "GET", f"/v1/kb/entries/{raw['id']}")["release"]
    shop.entry()  # a release in between that leaves the entry alone
    between = shop.ask("ann", "GET", "/v1/kb/releases")["releases"][0]["name"]
    change = shop.change()
    shop.put(change, {**raw, "text": NEW})
    shop.tried(change, agents=("a1",))
    at = datetime.now(UTC)
    _fed(shop, raw, at - timedelta(seconds=2), 20, 5, was)
    _fed(shop, raw, at - timedelta(seconds=1), 10, 3, between)
    _fed(shop, raw, at, 25, 20, f"{between}+{change}")
    told = shop.ask("desk", "GET", path)
    first, tried = told["versions"]
    assert (first["version"], first["offered"], first["used"], first["rate"]) == (was, 30, 8, 0.2667)
    assert (tried["version"], tried["trial"], tried["text"], tried["used"]) == (change, True, NEW, 20)
    assert first["interval"] == [0.1418, 0.4445]
    assert first["satisfaction"] == {"n": 30, "mean": 1.2667}
    assert (told["compared"]["delta"], told["compared"]["significant"]) == (0.5333, True)


def test_the_pocket_book_holds_what_is_in_force(shop: Shop) -> None:
    """R069: only effective entries, the release stamped, the same bytes twice, nothing read as markup."""
    later = (shop.now() + timedelta(days=2)).isoformat()
    past = (shop.now() - timedelta(days=2)).isoformat()
    shown = shop.entry("<script>alert(1)</script> 与 *星号*", kind="script", stage="comfort")
    hidden = shop.entry("还没有开始。", kind="script", stage="comfort", effective_from=later)
    over = shop.entry("早已结束。", kind="script", stage="comfort", effective_to=past)
    query = {"stage": "comfort", "kind": "script"}
    pages = {}
    for form in ("html", "md"):
        answers = [
            shop.call("a1", "GET", "/v1/kb/pocketbook", params={**query, "format": form}) for _ in range(2)
        ]
        assert answers[0].content == answers[1].content
        pages[form] = answers[0].text
        assert shown["title"] in pages[form]
        assert hidden["title"] not in pages[form]
        assert over["title"] not in pages[form]
        assert answers[0].headers["x-zuoxi-release"] in pages[form]
        assert "开场白" not in pages[form]
    assert "<script>" not in pages["html"]
    assert "\\*星号\\*" in pages["md"]
    assert "<script>" not in pages["md"].replace("\\<", "")


def test_a_procedure_is_drawn(shop: Shop) -> None:
    """R068: the chart of an entry lists every step, as Mermaid text and as JSON."""
    text = "1. 核对订单。\n2. 若已发货，转到第4步。\n3. 取消订单。\n4. 登记退货，如果缺件，返回第1步。"
    raw = shop.entry(text, kind="sop")
    drawn = shop.call("a1", "GET", f"/v1/kb/entries/{raw['id']}/flow")
    for step in ("核对订单", "取消订单", "登记退货"):
        assert step in drawn.text
    told = shop.ask("a1", "GET", f"/v1/kb/entries/{raw['id']}/flow", params={"format": "json"})
    assert ([one["number"] for one in told["steps"]], told["loops"]) == ([1, 2, 3, 4], 1)
    assert shop.call("a1", "GET", "/v1/kb/entries/never/flow").status_code == 404


def test_the_draft_becomes_a_change(shop: Shop, tmp_path: Path) -> None:
    """R055: what stands in the open draft moves into a change as a whole; an empty one is 409."""
    body = {"title": "草稿", "reason": "转审核", "from_draft": True}
    problem(shop.call("ann", "POST", "/v1/kb/changes", body), 409, "conflict")
    raw = shop.entry(tags=["价格"])
    from api.store import entries

    shop.service.store.write(
        lambda writer: entries.set_draft(writer, TENANT, {raw["id"]: {**raw, "text": NEW}}, "ann")
    )
    told = problem(shop.call("ann", "POST", "/v1/kb/releases", {}), 409, "conflict")
    assert raw["id"] in told["detail"], "what three must sign is not published past them"
    made = shop.ask("ann", "POST", "/v1/kb/changes", body)
    assert made["data"]["entries"] == [raw["id"]]
    assert shop.ask("ann", "GET", "/v1/kb/releases")["draft"]["changes"] == 0


def test_a_retired_change_takes_its_entries_back(shop: Shop) -> None:
    """R054: 停用 withdraws at once what the change published and nobody changed since."""
    first, second = shop.entry(), shop.entry()
    done = shop.published({**first, "text": NEW}, {**second, "text": NEW})
    shop.ask("ann", "PUT", f"/v1/kb/entries/{second['id']}", {**second, "text": "后来改的。"})
    shop.move("ben", done["id"], "retire", reason="政策取消")
    assert (shop.text("a1", first), shop.text("a1", second)) == (None, "后来改的。")
