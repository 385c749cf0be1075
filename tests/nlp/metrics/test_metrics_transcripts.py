"""A scored transcript as one observation: every number worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from nlp.metrics.definition import load_book
from nlp.metrics.measure import measure
from nlp.metrics.observation import from_json, load_kinds
from nlp.metrics.tags import JOURNEY, SUBTYPES, load_tags
from nlp.metrics.transcripts import observe, observing_version
from nlp.transcript import parse_transcript

DAY = "2026-11-03T10:00:{:02d}+08:00"


def turn(role: str, text: str, second: int) -> dict[str, Any]:
    return {"role": role, "text": text, "at": DAY.format(second)}


# The customer waits 20 s for the first reply and 10 s for the second: mean 15, longest 20; the whole takes 45 s.
TRANSCRIPT = {
    "id": "t-1", "channel": "chat", "category": "配送延误", "started_at": DAY.format(0),
    "agent": {"id": "A1", "team": "一组"}, "customer": {"id": "C1", "tier": "gold", "region": "华东"},
    "outcome": {"resolved": True, "satisfaction": 2}, "transferred": True, "issue": "订单尾号2217", "complex": "是",
    "turns": [
        turn("customer", "快递怎么还没到", 0), turn("bot", "正在为您转人工", 2), turn("customer", "快点", 5),
        turn("agent", "您好，请提供订单号", 25), turn("customer", "2217", 30), turn("agent", "明天到", 40),
        turn("customer", "好的", 45),
    ],
}  # fmt: skip
TOLD = {
    "form": {"code": "standard", "version": "1"}, "score": 80.0, "grade": "B", "veto": False,
    "items": [
        {"code": "step_comfort", "result": "fail"}, {"code": "step_verify", "result": "pass"},
        {"code": "step_solve", "result": "pass"}, {"code": "step_follow_up", "result": "na"},
        {"code": "promise_without_time", "result": "pass"}, {"code": "record_complete", "result": "na"},
    ],
    "satisfaction": {"value": 1.2, "confidence": 0.6}, "summary": {"request": "快递怎么还没到"},
}  # fmt: skip


def test_a_transcript_becomes_one_observation() -> None:
    """Score, steps, times and what the record tells; an unusable extra is left out, a usable one kept."""
    seen = observe(parse_transcript(TRANSCRIPT), TOLD)
    assert {name: seen[name] for name in ("id", "kind", "at", "subject", "agent", "team", "category")} == {
        "id": "conversation:t-1", "kind": "conversation", "at": "2026-11-03T02:00:00+00:00", "subject": "t-1",
        "agent": "A1", "team": "一组", "category": "complaint_late_delivery",
    }  # fmt: skip
    assert (seen["channel"], seen["region"], seen["customer"]) == ("chat", "华东", "C1")
    assert seen["values"] == {
        "transferred": True, "issue": "订单尾号2217", "resolved": True, "satisfaction": 2, "turns": 7,
        "customer_turns": 4, "path": ["complaint", "complaint_late_delivery"], "tier": "gold",
        "touchpoint": "delivery", "subtype": "late", "praised": False, "complained": True, "quote": "快递怎么还没到",
        "first_response_s": 20.0, "response_s": 15.0, "longest_gap_s": 20.0, "handle_s": 45.0,
        "form": "standard", "version": "1", "score": 80.0, "grade": "B", "veto": False,
        "failed": ["step_comfort"], "passed": 3, "applicable": 4, "steps": ["verify", "solve"], "steps_done": 2, "steps_owed": 3,
        "four_steps": False, "promised_in_time": True, "satisfaction_predicted": 1.2,
    }  # fmt: skip


def test_another_form_makes_no_second_conversation() -> None:
    """A conversation counts once, whatever number of forms judge it."""
    seen = observe(parse_transcript(TRANSCRIPT), {**TOLD, "form": {"code": "monthly", "version": "1"}})
    assert (seen["id"], seen["kind"]) == ("sheet:monthly:t-1", "sheet")


def test_a_record_without_times_has_none() -> None:
    """No time is made up."""
    bare = {"id": "t-2", "turns": [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "在"}]}
    seen = observe(parse_transcript(bare), TOLD)
    assert seen["at"] is None
    assert not {"first_response_s", "handle_s", "resolved", "touchpoint"} & set(seen["values"])


def test_R169_a_conversation_stands_at_one_touchpoint() -> None:
    """As told, else by the deepest category, else by its words; the preset has 22."""
    journey = load_tags(JOURNEY)
    assert len(journey.tags) == 22
    path = ("complaint", "complaint_late_delivery")
    assert journey.find(path, "", "退款") == "refund"
    assert journey.find(path, "", "没有这个") is None
    assert journey.find(path, "") == "delivery"
    assert journey.find(("complaint", "complaint_attitude"), "") == "complaint"
    assert journey.find((), "下不了单怎么回事") == "order"
    assert journey.find((), "你好") is None


def test_R167_a_sub_type_is_what_the_words_say() -> None:
    """A lost parcel is one though its category is late delivery; without telling words the category decides."""
    late = ("complaint", "complaint_late_delivery")
    kinds = load_tags(SUBTYPES)
    assert kinds.find(late, "快递都弄丢了你们管不管") == "lost"
    assert kinds.find(late, "送到别人家去了") == "misdelivered"
    assert kinds.find(late, "等了三天了") == "late"
    assert kinds.find(("inquiry",), "请问营业时间") is None


def test_every_value_of_an_observation_is_a_known_one() -> None:
    """What scoring observes is documented by the kinds."""
    seen = observe(parse_transcript(TRANSCRIPT), TOLD)
    assert set(seen["values"]) <= set(load_kinds().kinds["conversation"].values)


def _told(*steps: str) -> dict[str, Any]:
    """A score of a site's own return procedure: `steps` are results by place."""
    items = [{"code": f"step_{at}", "result": result} for at, result in enumerate(steps)]
    return {**TOLD, "items": [*items, {"code": "step_order", "result": "fail"}]}


def test_R051_a_procedure_is_kept_by_the_share_of_its_steps() -> None:
    """Five conversations owe five, five, six, four and five steps and take 5 + 4 + 6 + 4 + 4 = 23 of 25: 92 %."""
    results = (
        ["pass"] * 5,
        ["pass"] * 4 + ["fail"],
        ["pass"] * 6,
        ["pass"] * 4 + ["na"],
        ["pass", "fail", "pass", "pass", "pass", "na"],
    )
    kept = [
        from_json(
            observe(parse_transcript({**TRANSCRIPT, "id": f"t-{at}"}), _told(*one)),
            datetime(2026, 11, 3, tzinfo=UTC),
        )
        for at, one in enumerate(results)
    ]
    assert [one.values["steps_owed"] for one in kept] == [5, 5, 6, 4, 5]
    found = measure(load_book().metrics["procedure"], kept)
    assert (found.numerator, found.denominator) == (23, 25)
    assert found.value == 92.0


def test_the_lists_an_observation_depends_on_have_a_version(tmp_path: Path) -> None:
    """A site that edits its journey has another one, so that a batch observes anew."""
    preset = resources.files("nlp").joinpath("presets", "journey.toml").read_bytes()
    (tmp_path / "journey.toml").write_bytes(preset + b"# ours\n")
    assert observing_version(tmp_path) != observing_version(None)
    assert observing_version(tmp_path / "nothing") == observing_version(None)
