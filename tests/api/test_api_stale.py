"""Entries that need a look: overdue, expired, unused, thrown away, rewritten; overdue scripts can be hidden."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.kb_policy import load_knowledge_policy
from api.settings import load_settings
from api.store import Writer, keys, schema
from kb.entries import Entry, EntryError, from_json, to_json
from kb.stale import Act, Rules, share, stale, usage
from nlp.tables import PolicyError
from tests.api.serving import Site, problem

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = Rules("2026-08-22T12:00:00.000+00:00", 0.3, 0.5, frozenset({"script"}))
EARLY, LATE = "2026-01-01T00:00:00.000+00:00", "2026-11-01T00:00:00.000+00:00"
PAST = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
AHEAD = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


def _entry(identity: str, **more: Any) -> Entry:
    raw = {
        "id": identity,
        "kind": "script",
        "stage": "comfort",
        "title": identity,
        "text": f"{identity}的话",
        **more,
    }
    return from_json(raw)


def _acts(entry: str, **counts: int) -> list[Act]:
    return [
        Act(f"2026-10-01T00:00:{number:02d}.000+00:00", f"{entry}-{number}", entry, action)
        for action, count in counts.items()
        for number in range(count)
    ]


def _reasons(*entries: Entry, acts: list[Act] | None = None, begun: str = LATE) -> dict[str, list[str]]:
    found = stale(entries, {one.id: begun for one in entries}, acts or [], RULES, NOW)
    return {one.entry.id: list(one.reasons) for one in found}


def test_R044_a_review_is_overdue_on_the_day_after() -> None:
    """The day itself still counts as in time, in the site's zone."""
    due = _entry("a", review_due="2026-11-20")
    assert due.overdue_from == datetime.fromisoformat("2026-11-21T00:00:00+08:00")
    assert _reasons(due) == {}
    assert _reasons(_entry("b", review_due="2026-11-19")) == {"b": ["overdue"]}
    assert _reasons(_entry("c", effective_to="2026-11-01")) == {"c": ["expired"]}


def test_R044_the_day_of_review_travels_with_the_entry() -> None:
    """Day and owner are read and written; what is no day is refused, naming the field."""
    entry = _entry("a", review_due="2026-11-20", owner="王主管")
    assert to_json(entry)["review_due"] == "2026-11-20"
    assert from_json(to_json(entry)) == entry
    assert _entry("b", review_due="2026-11-20T23:30:00+00:00").review_due.isoformat() == "2026-11-21"  # type: ignore[union-attr]
    with pytest.raises(EntryError, match="review_due"):
        _entry("c", review_due="明年")


def test_R044_unused_is_what_was_there_and_nobody_took() -> None:
    """An entry older than the span is unused unless it was inserted, edited or sent; being shown is no use."""
    entry = _entry("a")
    assert _reasons(entry, begun=EARLY) == {"a": ["unused"]}
    assert _reasons(entry, begun=LATE) == {}
    assert _reasons(entry, acts=_acts("a", shown=3), begun=EARLY) == {"a": ["unused"]}
    assert _reasons(entry, acts=_acts("a", sent=1), begun=EARLY) == {}


def test_R044_often_is_what_the_interval_bears_out() -> None:
    """Three of four dismissed say little, thirty of forty enough; the same for what is rewritten."""
    entry = _entry("a")
    few = [*_acts("a", shown=4), *_acts("a", dismissed=3)]
    many = [*_acts("a", shown=40), *_acts("a", dismissed=30)]
    assert share(3, 4)["interval"][0] == pytest.approx(0.3006, abs=1e-4)
    assert _reasons(entry, acts=[*few[:3], *_acts("a", dismissed=1)]) == {}
    assert _reasons(entry, acts=many) == {"a": ["dismissed"]}
    assert _reasons(entry, acts=[*_acts("a", inserted=20), *_acts("a", edited=18)]) == {"a": ["edited"]}


def test_R044_usage_counts_offers_exactly() -> None:
    """One offer counts once for each action; the rates are shares of offers and of uses."""
    acts = [
        Act(LATE, "s1", "a", "shown"), Act(LATE, "s1", "a", "shown"), Act(LATE, "s1", "a", "inserted"),
        Act(LATE, "s1", "a", "edited"), Act(LATE, "s1", "a", "sent"), Act(LATE, "s2", "a", "shown"),
        Act(LATE, "s2", "a", "dismissed"), Act(LATE, "s3", "a", "shown"),
    ]  # fmt: skip
    told = usage(acts)
    assert (told["offered"], told["used"]) == (3, 1)
    assert told["actions"]["shown"] == 3
    assert told["dismissed"] == {"count": 1, "of": 3, "rate": 0.3333, "interval": [0.0615, 0.7923]}
    assert told["edited"]["rate"] == 1.0
    assert usage([])["dismissed"]["interval"] is None


def test_R044_overdue_scripts_show_in_the_report(
    site: Site, editor: httpx.Client, agent: httpx.Client
) -> None:
    """A script past its day stands in the report with its usage; without the policy it is offered still."""
    raw = {"id": "script-old", "kind": "script", "stage": "solve", "title": "滑雪镜起雾怎么说", "owner": "王主管",
           "text": "滑雪镜起雾请用防雾布。", "review_due": PAST}  # fmt: skip
    assert editor.post("/v1/kb/entries", json=raw).status_code == 201
    body = {"query": "滑雪镜起雾怎么说"}
    made = agent.post("/v1/suggest", json=body).json()
    assert made["suggestions"][0]["entry_id"] == "script-old"
    for action in ("shown", "dismissed"):
        given = {"entry_id": "script-old", "action": action}
        assert agent.post(f"/v1/suggest/{made['id']}/feedback", json=given).status_code == 201
    told = editor.get("/v1/kb/stale", params={"reason": "overdue"}).json()
    (one,) = [entry for entry in told["entries"] if entry["entry_id"] == "script-old"]
    assert one["reasons"] == [{"code": "overdue", "name": "已过复核日期"}]
    assert (one["owner"], one["review_due"], one["hidden"]) == ("王主管", PAST, False)
    assert one["usage"]["dismissed"]["count"] == 1
    assert told["counts"]["overdue"] >= 1
    assert editor.put("/v1/kb/entries/script-old", json={**raw, "review_due": AHEAD}).status_code == 200
    after = editor.get("/v1/kb/stale", params={"reason": "overdue"}).json()
    assert "script-old" not in [entry["entry_id"] for entry in after["entries"]]
    problem(agent.get("/v1/kb/stale"), 403, "forbidden")
    problem(editor.get("/v1/kb/stale", params={"reason": "ugly"}), 422, "invalid")


@pytest.fixture
def hiding(tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, dict[str, str]]]]:
    """A site whose policy hides overdue scripts."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "knowledge.toml").write_text('[stale]\nhide_overdue = ["script"]\n', "utf-8")
    app = create_app(load_settings(data=tmp_path))
    made: dict[str, dict[str, str]] = {}

    def unit(writer: Writer) -> None:
        keys.ensure_tenant(writer, "t", "t")
        for scope in keys.SCOPES:
            made[scope] = {"Authorization": f"Bearer {keys.create(writer, 't', scope, {'id': scope})}"}

    app.state.service.store.write(unit)
    with TestClient(app) as client:
        yield client, made


def test_R044_a_policy_hides_overdue_scripts(hiding: tuple[TestClient, dict[str, dict[str, str]]]) -> None:
    """Hidden ones are not offered, by match or by stage, and stand in the report; other kinds stay."""
    client, who = hiding
    for identity, kind, day in (("old", "script", PAST), ("new", "script", AHEAD), ("fact", "faq", PAST)):
        raw = {"id": identity, "kind": kind, "title": f"退款多久到账{identity}", "text": f"{identity}：1–5 个工作日",
               "review_due": day, **({"stage": "solve"} if kind == "script" else {})}  # fmt: skip
        assert client.post("/v1/kb/entries", json=raw, headers=who["editor"]).status_code == 201
    told = client.post("/v1/suggest", json={"query": "退款多久到账"}, headers=who["agent"]).json()
    assert {one["entry_id"] for one in told["suggestions"]} == {"new", "fact"}
    assert ("old", "overdue") in {(one["entry_id"], one["reason"]) for one in told["held_back"]}
    staged = client.post("/v1/suggest", json={"query": "你好", "stage": "solve"}, headers=who["agent"]).json()
    assert {one["entry_id"] for one in staged["suggestions"]} == {"new"}
    report = client.get("/v1/kb/stale", headers=who["editor"]).json()
    assert report["hide_overdue"] == ["script"]
    assert {(one["entry_id"], one["hidden"]) for one in report["entries"]} == {("old", True), ("fact", False)}
    found = client.post("/v1/kb/search", json={"query": "退款多久到账"}, headers=who["editor"]).json()
    assert "old" in [hit["entry_id"] for hit in found["hits"]]


def test_a_policy_names_what_is_wrong(tmp_path: Path) -> None:
    """An unknown kind and an unknown key are refused, naming them."""
    (tmp_path / "knowledge.toml").write_text('[stale]\nhide_overdue = ["scripts"]\n', "utf-8")
    with pytest.raises(PolicyError, match="hide_overdue"):
        load_knowledge_policy(tmp_path)
    (tmp_path / "knowledge.toml").write_text("[gaps]\nlow = 2\n", "utf-8")
    with pytest.raises(PolicyError, match="low"):
        load_knowledge_policy(tmp_path)


def test_an_entry_is_as_old_as_its_first_words(site: Site, editor: httpx.Client) -> None:
    """An edit does not make an entry young: what was there before the span and is unused shows."""
    raw = {"id": "faq-aged", "kind": "faq", "title": "帆船票怎么取", "text": "凭证件取票。"}
    made = editor.post("/v1/kb/entries", json=raw).json()
    editor.put("/v1/kb/entries/faq-aged", json={**raw, "text": "凭身份证件取票。"})
    table = schema.releases
    at = "2020-01-01T00:00:00.000+00:00"
    site.service.store.write(
        lambda writer: writer.execute(table.update().where(table.c.name == made["release"]).values(at=at))
    )
    told = editor.get("/v1/kb/stale", params={"reason": "unused", "days": 30, "limit": 1000}).json()
    assert "faq-aged" in [entry["entry_id"] for entry in told["entries"]]


def test_R044_a_spreadsheet_brings_the_day_of_review(editor: httpx.Client) -> None:
    """The columns 复核日期 and 负责人 are read with the entry."""
    table = "类型,标题,答案,复核日期,负责人\nfaq,热气球票怎么退,三天前可退。,2026年12月31日,王主管\n"
    answer = editor.post("/v1/kb/import", content=table.encode(), headers={"Content-Type": "text/csv"})
    assert answer.json()["imported"] == 1, answer.text
    entries = editor.get("/v1/kb/entries", params={"kind": "faq", "limit": 500}).json()["entries"]
    (one,) = [entry for entry in entries if entry["title"] == "热气球票怎么退"]
    assert (one["review_due"], one["owner"]) == ("2026-12-31", "王主管")


def test_R044_a_text_about_to_be_replaced_is_not_stale() -> None:
    """A text that ends because its successor takes over needs no look."""
    assert _reasons(_entry("a", effective_to="2026-11-01", successor="b")) == {}
