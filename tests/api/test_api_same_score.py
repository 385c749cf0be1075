"""Behind the door, in a job and on the command line, one transcript gets one score."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from nlp.batch.plan import Setting, plan
from nlp.batch.run import score_shard
from tests.api.serving import SHOP, Site
from tests.api.test_api_jobs import LINES, done

DEMO = Path(__file__).parents[2] / "scripts" / "demo" / "conversations.jsonl"
WRONG = {
    "id": "fact-1",
    "agent": {"id": "A012"},
    "turns": [
        {"role": "customer", "text": "空调安装要钱吗"},
        {"role": "agent", "text": "空调免费安装，含 3 米铜管，超出部分每米 500 元。"},
        {"role": "customer", "text": "延迟发货怎么赔"},
        {"role": "agent", "text": "超过承诺发货时间，每单赔付订单金额的 30%，最低 9 元，最高 80 元。"},
    ],
}
ONLY_ONLINE = {"id", "took_ms"}
ONLY_BATCH = {"id", "agent", "channel", "category", "started_at"}


def transcripts() -> list[dict[str, Any]]:
    now = datetime.now(UTC).isoformat()  # the handbook of the site was published a moment ago
    shown = [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]
    return [{**one, "started_at": now} for one in (*shown, WRONG)]


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def test_online_is_batch_field_by_field(quality: httpx.Client) -> None:
    """R104, R105: every demo conversation scores the same online and in a job: facts, mode and versions too."""
    given = transcripts()
    content = "\n".join(json.dumps(one, ensure_ascii=False) for one in given).encode()
    identity = quality.post("/v1/quality/jobs", content=content, headers=LINES).json()["id"]
    job = done(quality, identity)
    assert job["state"] == "done", job
    rows = [
        json.loads(line) for line in quality.get(f"/v1/quality/jobs/{identity}/results").text.splitlines()
    ]
    assert len(rows) == len(given)
    for one, row in zip(given, rows, strict=True):
        online = quality.post("/v1/quality/score", json={"transcript": one}).json()
        assert without(row, ONLY_BATCH) == without(online, ONLY_ONLINE), one["id"]
    assert rows[-1]["versions"]["release"].startswith("V1.0")
    assert set(rows[-1]["versions"]["models"]) >= {"encoder", "sentiment"}
    found = next(item for item in rows[-1]["items"] if item["code"] == "wrong_fact_risk")
    assert (found["result"], {span["turn"] for span in found["evidence"]}) == ("fail", {1, 3})


def test_the_command_line_scores_as_the_service(
    site: Site, quality: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R104: `zuoxi quality score --data` judges on the site's handbook as the door does; without facts it says so."""
    from scripts import quality as command
    from scripts import site as folders

    monkeypatch.setattr(folders, "TENANT", SHOP)
    source, out = tmp_path / "a.jsonl", tmp_path / "out"
    out.mkdir()
    one = transcripts()[-1]
    source.write_text(json.dumps(one, ensure_ascii=False), encoding="utf-8")
    setting = command._judged_on(Setting(), site.folder, out, facts=True)
    (shard,) = plan([source], "x")
    (row,) = score_shard(shard, setting)
    online = quality.post("/v1/quality/score", json={"transcript": one}).json()
    assert without(row, ONLY_BATCH) == without(online, ONLY_ONLINE)
    (bare,) = score_shard(shard, command._judged_on(Setting(), site.folder, out, facts=False))
    assert bare["versions"]["release"] is None
    assert next(i for i in bare["items"] if i["code"] == "wrong_fact_risk")["result"] == "pass"


def test_a_day_is_judged_by_its_own_handbook(site: Site, tmp_path: Path) -> None:
    """R105: what was published later does not judge what was said before; the first release judges all before it."""
    from api.grounds import Grounds
    from api.published import history_file

    history = history_file(site.service.store, SHOP, tmp_path)
    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    first = next(line["release"] for line in lines if "release" in line)
    last = [line["release"] for line in lines if "release" in line][-1]
    opened = Grounds(str(history), str(tmp_path)).open()
    assert opened.versions(datetime(2001, 1, 1, tzinfo=UTC))["release"] == first["name"]
    assert opened.versions(datetime.now(UTC))["release"] == last["name"]
    assert history_file(site.service.store, SHOP, tmp_path) == history


def test_a_snapshot_spares_the_encoding(site: Site, tmp_path: Path) -> None:
    """R105: beside the history lies the snapshot served last; what came after it is laid over it, as at a start."""
    from api.grounds import Grounds
    from api.published import frozen
    from kb import snapshot

    store, sites = site.service.store, site.service.sites
    knowledge = sites.knowledge(SHOP)
    root = tmp_path / "snapshots" / SHOP
    snapshot.point(root, snapshot.write(knowledge, root))
    history = frozen(store, SHOP, tmp_path, tmp_path / "run")
    now = datetime.now(UTC)
    with_it = Grounds(str(history), str(tmp_path))
    assert with_it.snapshot is not None
    assert with_it.digest.endswith(with_it.snapshot.name)
    opened = with_it.open()
    seq, base = opened._base
    assert (seq > 0, base is not None and base.release) == (True, knowledge.release)
    assert opened._at(now).knowledge.entries.keys() == knowledge.entries.keys()
    bare = Grounds(str(history_of(tmp_path, history)), str(tmp_path)).open()
    assert bare._base == (0, None)
    assert bare._at(now).knowledge.entries.keys() == knowledge.entries.keys()
    for path in with_it.snapshot.iterdir():
        if path.name == "entries.jsonl":
            path.unlink()  # the link alone: the served one stays
            path.write_bytes(b"damaged")
    assert Grounds(str(history), str(tmp_path)).open()._base == (0, None)


def history_of(folder: Path, history: Path) -> Path:
    """The same history where no snapshot lies beside it."""
    (folder / "bare").mkdir()
    return Path(shutil.copy(history, folder / "bare"))
