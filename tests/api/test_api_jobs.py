"""Background scoring: upload, progress, results, cancel, and what survives a stop."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import python_calamine

from api.store import Store, jobs
from tests.api.serving import OTHER, SHOP, Site, problem, until

LINES = {"Content-Type": "application/x-ndjson"}


def lines(count: int, name: str) -> bytes:
    rows = [
        {
            "id": f"{name}-{number}",
            "agent": {"id": "A012"},
            "turns": [
                {"role": "customer", "text": f"第{number}单的退款怎么还没到"},
                {
                    "role": "agent",
                    "text": "您好，这个不归我管。" if number % 2 else "您好，已为您加急，24 小时内到账。",
                },
            ],
        }
        for number in range(count)
    ]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def done(client: httpx.Client, identity: str) -> Any:
    """The job once it has ended."""

    def ended() -> Any:
        job = client.get(f"/v1/quality/jobs/{identity}").json()
        return job if job["state"] in ("done", "failed", "cancelled") else None

    return until(ended, 90)


def test_a_file_is_scored_in_the_background(quality: httpx.Client) -> None:
    """An upload is answered at once, then scored; results come in input order in three formats, and as rows."""
    answer = quality.post("/v1/quality/jobs", content=lines(30, "bulk"), headers=LINES)
    assert answer.status_code == 202, answer.text
    identity = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/quality/jobs/{identity}"
    job = done(quality, identity)
    assert (job["state"], job["done"], job["total"]) == ("done", 30, 30), job
    assert job["summary"]["scored"] == 30
    path = f"/v1/quality/jobs/{identity}/results"
    rows = [json.loads(line) for line in quality.get(path).text.splitlines()]
    assert [row["transcript_id"] for row in rows] == [f"bulk-{number}" for number in range(30)]
    assert all("took_ms" not in row for row in rows)
    table = quality.get(path, params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert len(list(csv.reader(io.StringIO(table.text)))) == 31
    book = python_calamine.CalamineWorkbook.from_filelike(
        io.BytesIO(quality.get(path, params={"format": "xlsx"}).content)
    )
    assert len(book.get_sheet_by_index(0).to_python()) == 31
    kept = quality.get("/v1/quality/results", params={"transcript_id": "bulk-3"}).json()["results"]
    assert [(one["id"], one["agent"]) for one in kept] == [(rows[3]["id"], "A012")]
    assert identity in {one["id"] for one in quality.get("/v1/quality/jobs").json()["jobs"]}
    for row in (rows[0], rows[29]):
        spoken = quality.get(f"/v1/quality/results/{row['id']}/transcript").json()["transcript"]
        assert spoken["id"] == row["transcript_id"]
        number = row["transcript_id"].removeprefix("bulk-")
        assert spoken["turns"][0]["text"] == f"第{number}单的退款怎么还没到"


def test_a_table_is_scored_from_a_form_upload(quality: httpx.Client) -> None:
    """CSV with Chinese headings comes in the multipart field `file`, with the form beside it."""
    table = "会话编号,角色,内容\nc1,客户,怎么退货\nc1,客服,您好，签收后 7 天内可以退\nc2,客户,在吗\nc2,客服,您好\n"
    answer = quality.post(
        "/v1/quality/jobs",
        files={"file": ("会话.csv", table.encode("gb18030"), "text/csv")},
        data={"form": "standard"},
    )
    assert answer.status_code == 202, answer.text
    job = done(quality, answer.json()["id"])
    assert (job["state"], job["done"]) == ("done", 2), job


def test_another_systems_export_is_scored(quality: httpx.Client) -> None:
    """R104: an export is read by the name of its system, or by its fields; results come as Parquet too."""
    pytest.importorskip("pyarrow", reason="extra parquet")
    call = {
        "id": "rec-1",
        "AsrResult": [
            {"Role": "客服", "Words": "您好", "Begin": 0},
            {"Role": "客户", "Words": "退款没到", "Begin": 900},
        ],
    }
    file = (
        "calls.json",
        json.dumps([{**call, "Tid": f"sca-{at}"} for at in range(2)], indent=1),
        "application/json",
    )
    answer = quality.post("/v1/quality/jobs", files={"file": file}, data={"source": "aliyun"})
    assert answer.status_code == 202, answer.text
    job = done(quality, answer.json()["id"])
    assert (job["state"], job["done"], job["source"]) == ("done", 2, "aliyun"), job
    path = f"/v1/quality/jobs/{job['id']}/results"
    rows = [json.loads(line) for line in quality.get(path).text.splitlines()]
    assert [row["transcript_id"] for row in rows] == ["sca-0", "sca-1"]
    table = quality.get(path, params={"format": "parquet"})
    assert table.headers["content-type"] == "application/vnd.apache.parquet"
    import pyarrow.parquet as parquet

    assert parquet.read_table(io.BytesIO(table.content)).column("transcript_id").to_pylist() == [
        "sca-0",
        "sca-1",
    ]
    wrong = quality.post("/v1/quality/jobs", files={"file": file}, data={"source": "zendesk"})
    assert "source" in problem(wrong, 422, "invalid")["errors"][0]["field"]


def test_a_job_waits_for_its_time(quality: httpx.Client) -> None:
    """R105: a job with a beginning is queued until then; one too far ahead is refused; it can be cancelled."""
    soon = datetime.now(UTC) + timedelta(seconds=2)
    where = "/v1/quality/jobs"
    asked = {"start_at": soon.isoformat()}
    early = quality.post(where, content=lines(1, "later"), headers=LINES, params=asked).json()["id"]
    at_once = quality.post(where, content=lines(1, "sooner"), headers=LINES).json()["id"]
    assert done(quality, at_once)["state"] == "done"
    job = done(quality, early)
    assert job["state"] == "done"
    assert datetime.fromisoformat(job["started_at"]) >= soon - timedelta(seconds=0.1)
    far = {"start_at": (datetime.now(UTC) + timedelta(days=40)).isoformat()}
    refused = quality.post(where, content=lines(1, "far"), headers=LINES, params=far)
    assert problem(refused, 422, "invalid")["errors"][0]["field"] == "start_at"
    told = quality.get(f"{where}/{at_once}/diff", params={"to": early}).json()
    assert (told["compared"], told["only_old"], told["only_new"]) == (0, 1, 1)
    night = {"start_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    waiting = quality.post(where, content=lines(1, "night"), headers=LINES, params=night).json()["id"]
    assert quality.get(f"{where}/{waiting}").json()["state"] == "queued"
    assert quality.delete(f"{where}/{waiting}").json()["state"] == "cancelled"


def test_the_same_key_makes_one_job(quality: httpx.Client) -> None:
    """An Idempotency-Key that comes again answers with the first job."""
    headers = {**LINES, "Idempotency-Key": "job-once"}
    first = quality.post("/v1/quality/jobs", content=lines(1, "once"), headers=headers).json()
    again = quality.post("/v1/quality/jobs", content=lines(1, "once"), headers=headers).json()
    assert first["id"] == again["id"]
    changed = quality.post("/v1/quality/jobs", content=lines(2, "once"), headers=headers)
    problem(changed, 422, "idempotency_mismatch")


def test_a_job_is_cancelled(quality: httpx.Client) -> None:
    """A cancelled job stops, stays cancelled, and has no results; one that has ended cannot be cancelled."""
    identity = quality.post("/v1/quality/jobs", content=lines(5000, "long"), headers=LINES).json()["id"]
    assert quality.delete(f"/v1/quality/jobs/{identity}").json()["state"] == "cancelled"
    assert quality.get(f"/v1/quality/jobs/{identity}").json()["state"] == "cancelled"
    told = problem(quality.get(f"/v1/quality/jobs/{identity}/results"), 409, "conflict")
    assert "cancelled" in told["detail"]
    short = quality.post("/v1/quality/jobs", content=lines(1, "short"), headers=LINES).json()["id"]
    assert done(quality, short)["state"] == "done"
    problem(quality.delete(f"/v1/quality/jobs/{short}"), 409, "conflict")


def test_a_file_that_cannot_be_read_fails_with_the_reason(quality: httpx.Client) -> None:
    """A table without the needed columns fails, naming them, not the server's folders."""
    answer = quality.post("/v1/quality/jobs", files={"file": ("a.csv", b"x,y\n1,2\n", "text/csv")})
    job = done(quality, answer.json()["id"])
    assert job["state"] == "failed"
    assert "缺少列" in job["error"]
    assert "/jobs/" not in job["error"]


def test_a_bad_line_does_not_stop_the_rest(quality: httpx.Client) -> None:
    """A line that is no transcript is told in the summary, and the others are scored."""
    content = lines(2, "mixed") + b'\n{"id": "bad"}\nnot json\n'
    job = done(quality, quality.post("/v1/quality/jobs", content=content, headers=LINES).json()["id"])
    assert (job["summary"]["scored"], job["summary"]["refused"]) == (2, 2)
    assert {one["line"] for one in job["summary"]["problems"]} == {3, 4}


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"content": b"GIF89a", "headers": {"Content-Type": "image/gif"}}, 415, "unsupported_media_type"),
        ({"files": {"file": ("a.png", b"x", "image/png")}}, 415, "unsupported_media_type"),
        ({"content": b"  ", "headers": LINES}, 422, "invalid"),
        ({"files": {"other": ("a.jsonl", b"{}", "application/json")}}, 422, "invalid"),
        ({"content": b"{}", "headers": LINES, "params": {"form": "missing"}}, 422, "invalid"),
    ],
)
def test_a_bad_upload_is_refused(quality: httpx.Client, more: dict[str, Any], status: int, code: str) -> None:
    """What cannot be a file of transcripts is refused before a job is made."""
    problem(quality.post("/v1/quality/jobs", **more), status, code)


def test_jobs_keep_to_their_tenant(site: Site, quality: httpx.Client) -> None:
    """Another tenant neither sees nor cancels a job."""
    identity = quality.post("/v1/quality/jobs", content=lines(1, "own"), headers=LINES).json()["id"]
    other = site.client("quality", OTHER)
    for answer in (
        other.get(f"/v1/quality/jobs/{identity}"),
        other.get(f"/v1/quality/jobs/{identity}/results"),
        other.delete(f"/v1/quality/jobs/{identity}"),
    ):
        problem(answer, 404, "not_found")
    assert done(quality, identity)["state"] == "done"


def test_a_lost_lease_changes_nothing(tmp_path: Path) -> None:
    """A released job is open at once; a worker whose lease is gone can neither beat nor finish."""
    store = Store(f"sqlite:///{tmp_path / 'jobs.db'}")
    store.write(lambda writer: jobs.add(writer, SHOP, "one", "quality", {}, "x"))
    first = store.write(jobs.take)
    assert first is not None
    assert store.write(jobs.take) is None
    assert store.write(lambda writer: jobs.release(writer, first))
    second = store.write(jobs.take)
    assert second is not None
    assert second.attempts == 1
    assert not store.write(lambda writer: jobs.beat(writer, first, 1, 1))
    assert not store.write(lambda writer: jobs.finish(writer, first, "done"))
    assert store.write(lambda writer: jobs.beat(writer, second, 1, 2))
    assert store.write(lambda writer: jobs.cancel(writer, SHOP, "one")) == "cancelled"
    assert not store.write(lambda writer: jobs.beat(writer, second, 2, 2))
    assert not store.read(jobs.waiting)
    store.close()


def test_a_job_in_which_everything_is_refused_has_failed(quality: httpx.Client) -> None:
    """A job tells how many were scored and how many refused; nothing scored is a failure with the first reason."""
    made = quality.post("/v1/quality/jobs", content=b'{"a":1}\n{"b":2}\n', headers=LINES).json()
    job = done(quality, made["id"])
    assert (job["state"], job["scored"], job["refused"]) == ("failed", 0, 2)
    assert job["error"].startswith("全部 2 行都被拒收；第 1 行：")
    listed = {one["id"]: one for one in quality.get("/v1/quality/jobs").json()["jobs"]}
    assert listed[made["id"]]["refused"] == 2
