"""What happens at the doors stands in the fact table, in the same moment and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from api import cases, casework, observed
from api.casework import Casework
from api.store import Store, Writer, keys, observations, observed_before, results
from api.store.keys import Grant
from tests.api.serving import OTHER, SHOP, Site, say, start

TURNS = [
    {"role": "customer", "text": "我的退款怎么还没到", "at": "2026-11-03T10:00:00+08:00"},
    {"role": "agent", "text": "您好，不归我管。", "at": "2026-11-03T10:00:30+08:00"},
]


def _kept(site: Site, identity: str, tenant: str = SHOP) -> observations.Observation | None:
    return site.service.store.read(lambda reader: observations.get(reader, tenant, identity))


def test_a_score_is_observed_with_its_result(site: Site, quality: httpx.Client) -> None:
    """The reply's `observed` is the row that counts, under the transcript's id, for this tenant only."""
    body = {"transcript": {"id": "seen-1", "agent": {"id": "A1"}, "turns": TURNS}}
    told = quality.post("/v1/quality/score", json=body).json()
    kept = _kept(site, "conversation:seen-1")
    assert kept is not None
    assert kept.values == {**told["observed"]["values"], "result": told["id"]}
    assert (kept.values["first_response_s"], kept.values["score"]) == (30.0, told["score"])
    assert "forbidden_word" in kept.values["failed"]
    assert _kept(site, "conversation:seen-1", OTHER) is None
    again = {**body, "transcript": {**body["transcript"], "turns": TURNS[:1]}}
    assert quality.post("/v1/quality/score", json=again).json()["id"] != told["id"]
    after = _kept(site, "conversation:seen-1")
    assert after is not None
    assert after.values["turns"] == 1, "the same transcript scored again counts as it is now"


def test_a_ruling_moves_the_observation(site: Site, quality: httpx.Client) -> None:
    """What a review changed is what counts; a ruling on a result that was replaced changes nothing."""
    body = {"transcript": {"id": "seen-2", "turns": TURNS}}
    told = quality.post("/v1/quality/score", json=body).json()
    items = [{**one, "result": "pass"} for one in told["items"] if one["code"] == "forbidden_word"]
    effective = {**told, "score": 100.0, "grade": "A", "items": items}
    site.service.store.write(lambda writer: observed.ruled(writer, SHOP, told, effective))
    kept = _kept(site, "conversation:seen-2")
    assert kept is not None
    assert (kept.values["score"], kept.values["failed"], kept.values["passed"]) == (100.0, [], 1)
    stranger = {**told, "id": "qs_other"}
    site.service.store.write(lambda writer: observed.ruled(writer, SHOP, stranger, told))
    assert _kept(site, "conversation:seen-2") == kept


def test_a_ticket_counts_under_its_right_category(site: Site, bot: httpx.Client, agent: httpx.Client) -> None:
    """Routed twice it is one ticket; put right by a person it moves, and counts as one that was wrong."""
    body = {
        "ticket_id": "seen-t",
        "text": "快递员态度特别差，把包裹弄丢了",
        "customer": {"id": "C1", "region": "华东"},
    }
    for _ in range(2):
        told = bot.post("/v1/tickets/route", json=body).json()
    kept = _kept(site, "ticket:seen-t")
    assert kept is not None
    assert (kept.subject, kept.customer, kept.region) == ("seen-t", "C1", "华东")
    assert (kept.category, kept.values["path"]) == (told["category"]["code"], told["category"]["path"])
    assert kept.values["subtype"] == "lost"
    assert "corrected" not in kept.values
    agent.post("/v1/tickets/seen-t/corrections", json={"category": "refund", "priority": "urgent"})
    after = _kept(site, "ticket:seen-t")
    assert after is not None
    assert (after.category, after.values["path"]) == ("refund", ["after_sales", "refund"])
    assert (after.values["corrected"], after.values["priority"], after.at) == (True, "urgent", kept.at)


def test_a_use_of_a_suggestion_is_a_fact(site: Site, agent: httpx.Client) -> None:
    """Who did what with which entry."""
    made = agent.post("/v1/suggest", json={"query": "退款多久到账"}).json()
    entry = made["suggestions"][0]["entry_id"]
    given = agent.post(
        f"/v1/suggest/{made['id']}/feedback", json={"entry_id": entry, "action": "sent"}
    ).json()
    kept = _kept(site, f"suggestion:{given['id']}")
    assert kept is not None
    assert (kept.agent, kept.values["action"], kept.values["entry"]) == ("A012", "sent", entry)


def _facts(site: Site, kind: str, conversation: str) -> list[observations.Observation]:
    return site.service.store.read(lambda reader: list(observations.about(reader, SHOP, kind, conversation)))


def test_R019_a_wait_ends_with_a_person_s_first_word(
    site: Site, bot: httpx.Client, agent: httpx.Client
) -> None:
    """Accepting is not answering; who is closed without a word has left in vain."""
    helped = start(bot, customer={"id": "C7", "tier": "gold"})
    say(bot, helped, "叫人工客服来")
    agent.post(f"/v1/conversations/{helped}/handoff", json={"action": "accept"})
    assert _facts(site, "contact", helped) == []
    say(agent, helped, "您好，我来帮您", "agent")
    say(agent, helped, "请稍等", "agent")
    (contact,) = _facts(site, "contact", helped)
    assert (contact.values["abandoned"], contact.values["tier"], contact.customer) == (False, "gold", "C7")
    assert 0 <= contact.values["wait_s"] < 60
    left = start(bot)
    say(bot, left, "叫人工客服来")
    agent.post(f"/v1/conversations/{left}/handoff", json={"action": "close"})
    (gone,) = _facts(site, "contact", left)
    assert gone.values["abandoned"]


def test_R090_a_closed_conversation_tells_who_served(
    site: Site, bot: httpx.Client, agent: httpx.Client
) -> None:
    """The bot alone; both; reopened by the customer's next word; with a suggestion that was sent."""
    alone = start(bot)
    say(bot, alone, "怎么开发票")
    say(bot, alone, "确认收货后开出电子发票", "bot")
    agent.post(f"/v1/conversations/{alone}/handoff", json={"action": "close"})
    (seen,) = _facts(site, "live", alone)
    assert {name: seen.values[name] for name in ("served", "contained", "handed_off", "reopened", "turns")} == {
        "served": "bot", "contained": True, "handed_off": False, "reopened": False, "turns": 2,
    }  # fmt: skip
    say(bot, alone, "还有个问题")
    (seen,) = _facts(site, "live", alone)
    assert seen.values["reopened"]
    both = start(bot)
    say(bot, both, "退款多久到账", "customer")
    say(bot, both, "请稍等", "bot")
    say(bot, both, "叫人工客服来")
    agent.post(f"/v1/conversations/{both}/handoff", json={"action": "accept"})
    made = agent.post("/v1/suggest", json={"conversation_id": both, "query": "退款多久到账"}).json()
    given = {"entry_id": made["suggestions"][0]["entry_id"], "action": "sent"}
    agent.post(f"/v1/suggest/{made['id']}/feedback", json=given)
    say(agent, both, "您好，1–5 个工作日到账", "agent")
    agent.post(f"/v1/conversations/{both}/handoff", json={"action": "close"})
    (seen,) = _facts(site, "live", both)
    (contact,) = _facts(site, "contact", both)
    assert seen.agent == "A012"
    assert (seen.values["served"], seen.values["handed_off"], seen.values["contained"]) == (
        "both",
        True,
        False,
    )
    assert seen.values["suggestion_used"]
    assert seen.values["first_response_s"] == contact.values["wait_s"]


def test_R026_a_finished_case_tells_its_stages(site: Site, supervisor: httpx.Client) -> None:
    """The seconds of its states add up to the whole; left in time it is met."""
    grant = Grant("k", SHOP, "supervisor", {"id": "S001"})
    work: Casework = casework.make()
    opened = site.service.store.write(
        lambda writer: cases.open_case(work, writer, grant, "improvement", title="改进", owner="S001")
    )
    supervisor.post(f"/v1/cases/{opened.id}/moves", json={"move": "assign", "fields": {"owner": "S001"}})
    assert _kept(site, f"case:{opened.id}") is None
    moved = supervisor.post(
        f"/v1/cases/{opened.id}/moves", json={"move": "finish", "fields": {"result": "已改"}}
    )
    assert moved.status_code == 200, moved.text
    seen = _kept(site, f"case:{opened.id}")
    assert seen is not None
    assert (seen.agent, seen.values["workflow"], seen.values["state"], seen.values["met"]) == (
        "S001", "improvement", "done", True,
    )  # fmt: skip
    assert set(seen.values["stages"]) == {"open", "doing"}
    assert seen.values["total_s"] == round(sum(seen.values["stages"].values()), 3)


def test_R026_a_case_left_late_is_not_met(site: Site) -> None:
    """72 h open where 48 h were given: the stages are exact, the day was missed."""
    grant, at = Grant("k", SHOP, "supervisor", {"id": "S001"}), datetime(2026, 11, 2, 1, tzinfo=UTC)
    clock = [at]
    work = Casework(casework.make().kinds, clock=lambda: clock[0])

    def begin(writer: Writer) -> str:
        due = at + timedelta(hours=48)
        return cases.open_case(
            work, writer, grant, "improvement", title="迟", due_at=due, data={"category": "refund"}
        ).id

    identity = site.service.store.write(begin)
    clock[0] = at + timedelta(hours=72)
    site.service.store.write(
        lambda writer: cases.move(work, writer, grant, identity, "finish", fields={"result": "好"})
    )
    seen = _kept(site, f"case:{identity}")
    assert seen is not None
    assert (seen.category, seen.values["met"], seen.values["total_s"]) == ("refund", False, 72 * 3600)
    assert seen.values["stages"] == {"open": 72 * 3600}


def test_R180_improvements_are_filtered_by_sprint(site: Site, supervisor: httpx.Client) -> None:
    """Planned for S7 it is among those of S7 and of no other sprint."""
    grant, work = Grant("k", SHOP, "supervisor", {"id": "S001"}), casework.make()
    made = site.service.store.write(
        lambda writer: cases.open_case(work, writer, grant, "improvement", title="短信", owner="S001")
    )
    fields = {"owner": "S001", "sprint": "S7"}
    supervisor.post(f"/v1/cases/{made.id}/moves", json={"move": "assign", "fields": fields})

    def of(sprint: str) -> list[str]:
        told = supervisor.get("/v1/cases", params={"kind": "improvement", "sprint": sprint}).json()
        return [one["id"] for one in told["cases"]]

    assert of("S7") == [made.id]
    assert of("S8") == []


def test_results_kept_before_facts_are_observed_once(tmp_path: Path) -> None:
    """An older database's results count after the upgrade: the latest of a conversation, once, by the main form."""
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")

    def result(identity: str, score: float, form: str = "standard") -> dict[str, Any]:
        items = [{"code": "rude", "result": "fail"}, {"code": "closing", "result": "pass"}]
        return {
            "id": identity, "transcript_id": "t-old", "form": {"code": form, "version": "1"}, "score": score,
            "grade": "B", "veto": False, "items": items, "satisfaction": {"value": 1.0}, "category": "refund",
        }  # fmt: skip

    def fill(writer: Writer) -> None:
        keys.ensure_tenant(writer, SHOP, SHOP)
        told = [(result("r1", 70), "A1"), (result("r2", 90, "monthly"), "A1")]
        results.save(writer, SHOP, told)

    store.write(fill)
    store.write(lambda writer: results.save(writer, SHOP, [(result("r3", 80), "A1")]))
    for _ in range(2):
        store.write(observed_before.observe_results)
    kept = store.read(lambda reader: observations.get(reader, SHOP, "conversation:t-old"))
    sheet = store.read(lambda reader: observations.get(reader, SHOP, "sheet:monthly:t-old"))
    store.close()
    assert kept is not None
    assert sheet is not None
    assert (kept.agent, kept.category, kept.values["score"], kept.values["failed"]) == (
        "A1",
        "refund",
        80,
        ["rude"],
    )
    assert (kept.values["passed"], kept.values["applicable"], sheet.values["score"]) == (1, 2, 90)
