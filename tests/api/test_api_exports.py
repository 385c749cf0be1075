"""Exports and the cost model at their doors."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from tests.api.facts import fact, send, tenant
from tests.api.serving import Site, problem

NAME = "exports"
DAYS = {"from": "2026-09-07", "to": "2026-09-08"}


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """A tenant with three conversations, the last one a day too late."""
    tenant(site, NAME)
    send(site, NAME, [
        fact("conversation", "c1", 0, {"handle_s": 12.5, "quote": "=1+1"}, subject="t-1", customer="13812345678"),
        fact("conversation", "c2", 1, {"resolved": True}, subject="t-2"),
        fact("conversation", "c3", 2, {}, subject="t-3"),
    ])  # fmt: skip
    return site


def test_R176_the_export_has_one_row_for_each_conversation(site: Site) -> None:
    """The days asked for, both included, in order; the schema names each column of the file."""
    client = site.client("supervisor", NAME)
    answer = client.get("/v1/export", params=DAYS)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [one["subject"] for one in rows] == ["t-1", "t-2"]
    assert (rows[0]["quote"], rows[0]["customer"], rows[0]["handle_s"]) == ("'=1+1", "[手机号]", "12.5")
    told = client.get("/v1/export/schema").json()
    assert [one["name"] for one in told["columns"]] == list(rows[0])
    lines = client.get("/v1/export", params={**DAYS, "format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["t-1", "t-2"]
    book = client.get("/v1/export", params={**DAYS, "format": "xlsx"})
    assert book.content[:2] == b"PK"


def test_R176_parquet_needs_its_extra(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed the answer says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = site.client("supervisor", NAME).get("/v1/export", params={**DAYS, "format": "parquet"})
    assert "parquet" in problem(answer, 422, "invalid")["detail"]


def test_an_export_is_for_those_who_read_everything(site: Site) -> None:
    """No agent, no bot; another tenant gets its own; a strange kind is named."""
    for scope in ("agent", "bot", "editor"):
        problem(site.client(scope, NAME).get("/v1/export"), 403, "forbidden")
    other = site.client("supervisor").get("/v1/export", params={**DAYS, "format": "jsonl"})
    assert other.text == ""
    problem(site.client("quality", NAME).get("/v1/export", params={"kind": "joy"}), 422, "invalid")
    problem(site.client("quality", NAME).get("/v1/export", params={"format": "doc"}), 422, "invalid")


def test_R174_the_calculator_tells_formula_inputs_and_ranges(site: Site) -> None:
    """50 hours at 60 元 are 3000 元 a month; a missing input is named."""
    client = site.client("supervisor", NAME)
    inputs = {
        "conversations": 1000,
        "minutes_before": 10,
        "minutes_after": 7,
        "hourly_cost": 60,
        "setup_cost": 6000,
    }
    told = client.post("/v1/roi", json={"inputs": inputs, "scenarios": {"半": {"conversations": 500}}}).json()
    found = {one["code"]: one for one in told["lines"]}
    assert (found["labour_saved"]["value"], found["labour_saved"]["range"]) == (3000, [1500, 3000])
    assert (found["roi"]["value"], found["roi"]["formula"]) == (500, "100 * (benefit - cost) / cost")
    less = {name: value for name, value in inputs.items() if name != "setup_cost"}
    assert (
        problem(client.post("/v1/roi", json={"inputs": less}), 422, "invalid")["errors"][0]["field"]
        == "inputs.setup_cost"
    )
    assert {one["code"] for one in client.get("/v1/roi").json()["lines"]} == set(found)
