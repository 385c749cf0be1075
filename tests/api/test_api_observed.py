"""What happens at the doors stands in the fact table, in the same moment and once."""

from __future__ import annotations

import httpx

from api import observed
from api.store import observations
from tests.api.serving import OTHER, SHOP, Site

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
