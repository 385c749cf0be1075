"""Bodies that are no plain JSON are refused by name; none is kept, none is answered with a crash."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest

from api import limits
from api.telemetry import configure_logs, log
from tests.api.serving import Site, problem, say, start, until

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
PHONE = "13812345678"
ANYWHERE = (
    ("/v1/tickets/route", '{"text": "退款", "attributes": {"a": %s}}'),
    ("/v1/tickets/route-batch", '{"tickets": [%s]}'),
    ("/v1/conversations", '{"agent": {"id": "a", "x": %s}}'),
    ("/v1/quality/score", '{"transcript": {"id": "t", "turns": [], "x": %s}}'),
    ("/v1/kb/entries", '{"kind": "faq", "title": "甲", "text": "乙", "x": %s}'),
    ("/v1/quality/forms/standard/validate", '{"x": %s}'),
)


@pytest.mark.parametrize(("path", "body"), ANYWHERE)
@pytest.mark.parametrize("value", ["NaN", "-Infinity", "[" * 300 + "]" * 300, "[" * 10_000 + "]" * 10_000])
def test_what_is_no_plain_json_is_400(admin: httpx.Client, path: str, body: str, value: str) -> None:
    """NaN and deep nesting are malformed, also inside fields that take anything."""
    problem(admin.post(path, content=(body % value).encode(), headers=JSON), 400, "malformed_json")


@pytest.mark.parametrize(("path", "body"), ANYWHERE)
@pytest.mark.parametrize("value", ['"\\ud800"', '{"\\udfff": 1}', "1e999"])
def test_what_cannot_be_written_again_is_422(admin: httpx.Client, path: str, body: str, value: str) -> None:
    """Half a character or an endless number is refused by the name of its field."""
    told = problem(admin.post(path, content=(body % value).encode(), headers=JSON), 422, "invalid")
    assert told["errors"][0]["field"]
    assert told["errors"][0]["accepted"]


def test_whole_surrogate_pairs_are_text(admin: httpx.Client) -> None:
    """An emoji written as two escapes is one character."""
    answer = admin.post(
        "/v1/tickets/route", content=b'{"text": "\\ud83d\\ude21\\u9000\\u6b3e"}', headers=JSON
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1, "1", "2026-11-03", "2026-11-03T10:00:00"],
)
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/kb/search", {"query": "退款"}, "as_of"),
        ("/v1/suggest", {"query": "退款"}, "as_of"),
        ("/v1/tickets/route", {"text": "退款"}, "created_at"),
        ("/v1/quality/score", {"transcript": {"id": "t", "turns": []}}, "as_of"),
    ],
)
def test_a_time_is_written_out_with_its_offset(
    admin: httpx.Client, path: str, body: dict[str, Any], field: str, moment: Any
) -> None:
    """Numbers, times without an offset and years no zone can count are refused by name."""
    told = problem(admin.post(path, json=body | {field: moment}), 422, "invalid")
    assert told["errors"][0]["field"] == field
    assert "ISO 8601" in told["errors"][0]["accepted"]


def test_a_body_that_trickles_in_holds_no_slot(
    site: Site, bot: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many slow senders keep nobody else waiting, and are told 408."""
    monkeypatch.setattr(limits, "STILL_SECONDS", 1.0)
    address = urlparse(site.url)
    head = (
        f"POST /v1/tickets/route HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    )
    slow = [socket.create_connection((address.hostname, address.port)) for _ in range(80)]
    for one in slow:
        one.sendall(head.encode())
    assert bot.post("/v1/tickets/route", json={"text": "退款"}, timeout=0.9).status_code == 200
    slow[0].settimeout(10)
    assert slow[0].recv(100).startswith(b"HTTP/1.1 408")
    for one in slow:
        one.close()


def test_editors_search_what_they_write(editor: httpx.Client) -> None:
    """All of /v1/kb is the editor's, drafts and search included; the agent's desk is not."""
    found = editor.post("/v1/kb/search", json={"query": "退款多久到账"}).json()["hits"]
    assert found
    assert editor.get(f"/v1/kb/entries/{found[0]['entry_id']}").status_code == 200
    assert editor.post("/v1/kb/search", json={"query": "退款", "release": "draft"}).status_code == 200
    assert editor.post("/v1/suggest", json={"query": "退款"}).status_code == 403


def test_any_id_that_can_be_seen_can_be_asked_for(editor: httpx.Client) -> None:
    """An id with a slash is read and deleted like another; one with control characters is refused."""
    body = {"id": "手册/第 1 章?#", "kind": "faq", "title": "怪编号", "text": "甲"}
    assert editor.post("/v1/kb/entries", json=body).status_code == 201
    address = "/v1/kb/entries/%E6%89%8B%E5%86%8C%2F%E7%AC%AC%201%20%E7%AB%A0%3F%23"
    assert editor.get(address).json()["title"] == "怪编号"
    assert editor.delete(address).json()["deleted"]
    told = problem(editor.post("/v1/kb/entries", json=body | {"id": "a\0"}), 422, "invalid")
    assert told["errors"][0]["field"] == "id"


def test_an_idempotency_key_belongs_to_one_kind_of_request(admin: httpx.Client) -> None:
    """The same key on another door is refused, naming the header."""
    key = {"Idempotency-Key": "one-door"}
    body = {"conversation_id": "one-door", "kind": "faq", "title": "甲", "text": "乙"}
    assert admin.post("/v1/conversations", json=body, headers=key).status_code == 201
    told = problem(admin.post("/v1/kb/entries", json=body, headers=key), 422, "idempotency_mismatch")
    assert told["errors"][0]["field"] == "Idempotency-Key"


def test_what_fills_a_slot_is_kept_masked(site: Site, bot: httpx.Client, quality: httpx.Client) -> None:
    """Variables of a suggestion, unknown fields of an agent and uploads that were scored leave no number behind."""
    told = bot.post(
        "/v1/suggest", json={"query": "核实订单号", "variables": {"订单号": PHONE, "电话": PHONE}}
    )
    assert told.status_code == 200
    say(bot, start(bot, agent={"id": "A012", "phone": PHONE}), f"我的电话是{PHONE}")
    line = {"id": "jp", "turns": [{"role": "customer", "text": PHONE}], "agent": {"id": "A012"}}
    job = quality.post("/v1/quality/jobs", content=json.dumps(line).encode(), headers=LINES).json()["id"]
    until(lambda: quality.get(f"/v1/quality/jobs/{job}").json()["state"] == "done")
    folder = site.folder / "jobs" / job
    until(lambda: not list(folder.glob("input.*")))
    for path in site.folder.rglob("*"):
        assert not path.is_file() or PHONE.encode() not in path.read_bytes(), path


def test_lines_that_cannot_be_stored_are_refused_one_by_one(quality: httpx.Client) -> None:
    """Poisoned lines of an upload are named in its problems; the others are scored."""
    good = '{"id": "good", "turns": [{"role": "agent", "text": "您好"}], "customer": {"tier": 5}}'
    bad = (
        '{"id": "b1", "turns": [], "agent": {"id": "\\udfff"}}',
        '{"id": "b2", "turns": [{"role": "agent", "text": "x", "at": "0001-01-01T00:00:00+14:00"}]}',
        '{"id": "b3", "turns": [], "channel": {"a": 1}}',
        '{"id": "b4", "turns": [], "customer": {"id": [1]}}',
    )
    body = "\n".join((*bad, good)).encode()
    job = quality.post("/v1/quality/jobs", content=body, headers=LINES).json()["id"]
    until(lambda: quality.get(f"/v1/quality/jobs/{job}").json()["state"] in ("done", "failed"))
    told = quality.get(f"/v1/quality/jobs/{job}").json()
    assert told["state"] == "done", told["error"]
    assert [one["line"] for one in told["summary"]["problems"]] == [1, 2, 3, 4]
    assert told["summary"]["scored"] == 1


def _book(rows: str) -> bytes:
    space = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{space}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}/spreadsheetml/2006/main" '
        f'xmlns:r="{space}/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{space}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}/spreadsheetml/2006/main"><sheetData>{rows}'
        "</sheetData></worksheet>",
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return held.getvalue()


def test_a_sheet_that_spans_the_world_is_refused(quality: httpx.Client) -> None:
    """One cell in the last corner must not make the reader room for seventeen thousand million."""
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    answer = quality.post("/v1/quality/jobs", files={"file": ("far.xlsx", _book(far))})
    job = answer.json()["id"]
    until(lambda: quality.get(f"/v1/quality/jobs/{job}").json()["state"] == "failed")
    assert "跨度过大" in quality.get(f"/v1/quality/jobs/{job}").json()["error"]


def test_a_crash_tells_the_log_no_values() -> None:
    """A traceback in the log names places, never what the variables held."""
    held = io.StringIO()
    configure_logs(held)
    try:
        text = f"我的电话是{PHONE}"
        try:
            raise RuntimeError(len(text))
        except RuntimeError:
            log.exception("crash")
    finally:
        configure_logs()
    assert "RuntimeError" in held.getvalue()
    assert PHONE not in held.getvalue()


def test_a_snapshot_of_another_program_is_built_anew(site: Site) -> None:
    """What is no snapshot of this version costs time, not the start."""
    sites = site.service.sites
    before = sites.knowledge("shop").release
    sites.close()
    root: Path = site.folder / "snapshots" / "shop"
    if root.is_dir():
        for path in root.rglob("*.npz"):
            path.write_bytes(b"PK\x05\x06" + bytes(18))
    assert sites._open("shop")[1].release == before
