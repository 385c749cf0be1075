"""The doors of the gaps: what was asked and not answered, in themes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.store import Writer, keys, schema
from nlp.policy import load_policy
from nlp.privacy import mask
from tests.api.serving import Site, problem, say, start

ROWS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parents[1] / "kb" / "planted" / "gap_themes.tsv")
    .read_text("utf-8")
    .splitlines()
]
THEMES = {"充电桩": 17, "喂食器": 16, "租机": 17}
TENANT = "gaps"
HANDBOOK = [
    {"id": "faq-refund", "kind": "faq", "title": "退款多久到账", "similar": ["退款怎么还没到"],
     "text": "验收通过后原路退回，银行卡 1–5 个工作日到账。"},
    {"id": "faq-invoice", "kind": "faq", "title": "怎么开发票", "text": "确认收货后 24 小时内开出电子发票。"},
]  # fmt: skip


@pytest.fixture(scope="module")
def own(site: Site) -> Site:
    """The site with a tenant of its own, in which nothing was asked yet."""
    made: dict[str, str] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, TENANT, TENANT)
        for scope in keys.SCOPES:
            made[scope] = keys.create(writer, TENANT, scope, {"id": f"{scope}-gaps"})

    site.service.store.write(unit)
    site.secrets.update({(TENANT, scope): secret for scope, secret in made.items()})
    for raw in HANDBOOK:
        assert site.client("editor", TENANT).post("/v1/kb/entries", json=raw).status_code == 201
    return site


@pytest.fixture(scope="module")
def seeded(own: Site) -> Site:
    """Fifty questions of three themes asked in three ways, two others answered."""
    bot = own.client("bot", TENANT)
    for at, (_, text) in enumerate(ROWS):
        if at % 3 == 0:
            conversation = start(bot, customer={"id": f"c{at % 10}"})
            say(bot, conversation, f"{text}")
            continue
        body: dict[str, Any] = {"customer": {"id": f"c{at % 10}"}}
        body |= {"query": text} if at % 3 == 1 else {"turns": [{"role": "customer", "text": text}]}
        assert bot.post("/v1/suggest", json=body).status_code == 200
    for text in ("退款多久到账", "怎么开发票"):
        bot.post("/v1/suggest", json={"query": text})
    conversation = start(bot)
    say(bot, conversation, "你好")
    say(bot, conversation, "嗯嗯")
    return own


def _gaps(site: Site, **params: Any) -> dict[str, Any]:
    answer = site.client("editor", TENANT).get("/v1/kb/gaps", params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_R039_gaps_are_three_themes_with_right_counts(seeded: Site) -> None:
    """Fifty questions outside the handbook show as three themes; what was answered does not show."""
    told = _gaps(seeded)
    by_theme = {name: [text for theme, text in ROWS if theme == name] for name in THEMES}
    assert told["total"] == len(told["clusters"]) == 3
    assert told["questions"] == 50
    found = {
        name: one["count"]
        for one in told["clusters"]
        for name, texts in by_theme.items()
        if one["core"] in {mask(text) for text in texts}
    }
    assert found == THEMES
    names = " ".join(one["title"] for one in told["clusters"])
    assert all(word in names for word in ("充电桩", "喂食器", "租"))
    owners = {node.owner for node in load_policy().taxonomy.codes.values()}
    for one in told["clusters"]:
        assert one["owner"] in owners
        assert one["customers"] == 10
        assert one["first_at"] <= one["last_at"] <= datetime.now(UTC).isoformat()
        assert one["questions"]
        assert one["nearest_entry"]["confidence"] < 0.9


def test_R039_the_report_is_the_same_twice(seeded: Site) -> None:
    """Asked twice, the report is equal but for its moment; `limit` keeps the total."""
    first, second = _gaps(seeded), _gaps(seeded)
    assert first["clusters"] == second["clusters"]
    less = _gaps(seeded, limit=1)
    assert less["clusters"] == first["clusters"][:1]
    assert less["total"] == first["total"]


def test_R039_a_theme_becomes_one_proposal(seeded: Site) -> None:
    """A theme turned into a proposal twice is one case, told in the report; a trigger is another."""
    editor = seeded.client("editor", TENANT)
    theme = _gaps(seeded)["clusters"][0]
    made = editor.post(f"/v1/kb/gaps/{theme['id']}/proposal", json={"note": "电话 13800138000"})
    assert made.status_code == 201, made.text
    case = made.json()
    assert case["kind"] == "proposal"
    assert case["data"]["count"] == theme["count"]
    again = editor.post(f"/v1/kb/gaps/{theme['id']}/proposal", json={})
    assert (again.status_code, again.json()["id"]) == (200, case["id"])
    trigger = editor.post(f"/v1/kb/gaps/{theme['id']}/proposal", json={"kind": "trigger"}).json()
    triggers = editor.get("/v1/kb/triggers").json()["triggers"]
    assert [one["id"] for one in triggers if one["data"]["entities"] == theme["terms"]] == [trigger["id"]]
    told = next(one for one in _gaps(seeded)["clusters"] if one["id"] == theme["id"])
    assert {one["id"] for one in told["cases"]} == {case["id"], trigger["id"]}
    history = editor.get(f"/v1/cases/{case['id']}").json()["history"]
    assert history[0]["note"] == "电话 [手机号]"
    assert editor.get(f"/v1/kb/proposals/{case['id']}").json()["text"].startswith("知识库缺少：")


def test_gaps_hold_no_personal_data(own: Site) -> None:
    """A question with a telephone number is told masked."""
    bot = own.client("bot", TENANT)
    bot.post("/v1/suggest", json={"query": "潜水证考试报名短信没发到13912345678怎么办"})
    told = _gaps(own, limit=200)
    assert "13912345678" not in str(told)
    assert any("[手机号]" in question for one in told["clusters"] for question in one["questions"])


def test_a_question_counts_once_in_a_conversation(own: Site) -> None:
    """The same question by a turn and by the desk's own suggestion is one."""
    bot = own.client("bot", TENANT)
    conversation = start(bot)
    say(bot, conversation, "热气球飞行体验券哪里兑换")
    bot.post("/v1/suggest", json={"conversation_id": conversation, "query": "热气球飞行体验券哪里兑换"})
    found = [one for one in _gaps(own, limit=200)["clusters"] if "热气球" in one["core"]]
    assert [one["count"] for one in found] == [1]


def test_gaps_are_for_those_who_keep_the_handbook(site: Site, agent: httpx.Client) -> None:
    """Agents are refused; an unknown theme is not found; days are bounded."""
    problem(agent.get("/v1/kb/gaps"), 403, "forbidden")
    problem(site.client("editor").post("/v1/kb/gaps/gap_0/proposal", json={}), 404, "not_found")
    problem(site.client("supervisor").get("/v1/kb/gaps", params={"days": 0}), 422, "invalid")


def test_old_questions_are_out_of_the_report(own: Site) -> None:
    """What was asked before the days that are looked at does not count."""
    own.client("bot", TENANT).post("/v1/suggest", json={"query": "皮划艇俱乐部教练几点到"})
    assert any("皮划艇" in one["core"] for one in _gaps(own, limit=200)["clusters"])
    table = schema.decisions

    def unit(writer: Writer) -> None:
        for row in writer.execute(table.select().where(table.c.tenant == TENANT)).all():
            if row.request.get("query") == "皮划艇俱乐部教练几点到":
                at = "2020-01-01T00:00:00.000+00:00"
                writer.execute(table.update().where(table.c.id == row.id).values(at=at))

    own.service.store.write(unit)
    assert not any("皮划艇" in one["core"] for one in _gaps(own, limit=200)["clusters"])
