"""zuoxi quality score, as who runs it sees it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from api.store import results, transcripts
from scripts import site
from tests.scripts.running import Run

GOOD = {
    "id": "a",
    "turns": [{"role": "客户", "text": "退款多久到账"}, {"role": "客服", "text": "您好，三天内"}],
}


def test_refused_lines_are_explained_and_a_second_run_says_so(zuoxi: Run, tmp_path: Path) -> None:
    """Three reasons and the file with all of them are shown; a rerun without news says it took what was there."""
    file, out = tmp_path / "c.jsonl", tmp_path / "out"
    lines = [json.dumps(GOOD, ensure_ascii=False), "{", '{"id":"x"}', "[1]", "{"]
    file.write_text("\n".join(lines), encoding="utf-8")
    command = (
        "quality",
        "score",
        file,
        "--out",
        out,
        "--rules-only",
        "--workers",
        1,
        "--data",
        tmp_path / "d",
    )
    first = zuoxi(*command)
    assert first.code == 0, first.err
    assert "已评 1 个会话，拒收 4 行" in first.out
    assert "c.jsonl 第 2 行：line：不是 JSON" in first.out
    assert first.out.count("应为") == 3
    assert str(out / "problems.jsonl") in first.out
    assert "没有新内容" not in first.err
    assert "没有新内容，沿用已有结果" in zuoxi(*command).err


def test_help_names_what_files_hold(zuoxi: Run) -> None:
    """The help names the fields of a line and the columns of a table."""
    told = zuoxi("quality", "score", "--help").out
    for word in ("turns", "started_at", "会话编号", "客服编号"):
        assert word in told


def test_other_systems_rules_become_a_form(zuoxi: Run, tmp_path: Path) -> None:
    """B27: the rules are written as a form that can be checked and scored with; what was left out is told with its reason."""
    source = Path(__file__).parents[1] / "nlp" / "quality" / "imports" / "sca.json"
    out = tmp_path / "data" / "policy" / "quality" / "shop.toml"
    out.parent.mkdir(parents=True)
    done = zuoxi("quality", "import", source, "--from", "sca", "--code", "shop", "--out", out)
    assert done.code == 0, done.err
    assert "未导入：rules[8]：" in done.err
    assert zuoxi("quality", "check", out).code == 0
    calls = tmp_path / "c.jsonl"
    calls.write_text(json.dumps(GOOD, ensure_ascii=False), encoding="utf-8")
    scored = zuoxi(
        *("quality", "score", calls, "--out", tmp_path / "out", "--form", "shop", "--rules-only"),
        *("--workers", 1, "--data", tmp_path / "data", "--json"),
    )
    assert scored.code == 0, scored.err
    told = json.loads(scored.out)
    assert (told["scored"], len(told["violations"])) == (1, 9)
    assert zuoxi("quality", "import", source, "--from", "sca", "--out", out).code == 1
    assert zuoxi("quality", "import", source, "--from", "genesys").code == 2
    assert zuoxi("quality", "import", calls, "--from", "connect").code == 1


def test_bad_commands_say_what_is_accepted(zuoxi: Run, tmp_path: Path) -> None:
    """A source, an engine, a moment, a form and a file that are none end with 2 or 1 and a reason, never a trace."""
    good = tmp_path / "c.jsonl"
    good.write_text(json.dumps(GOOD, ensure_ascii=False), encoding="utf-8")
    bomb = tmp_path / "b.jsonl.gz"
    bomb.write_bytes(gzip.compress(b" " * (40 << 20)))
    head = ("quality", "score")
    tail = ("--out", tmp_path / "out", "--data", tmp_path / "d", "--rules-only", "--workers", 1)
    for given, code, word in (
        ((good, "--from", "zendesk"), 2, "aliyun、contact-lens、genesys、asr"),
        ((good, "--engine", "dask"), 2, "processes"),
        ((good, "--as-of", "yesterday"), 2, "ISO 8601"),
        ((good, "--form", "../x"), 2, "质检表"),
        ((tmp_path / "none.jsonl",), 1, "不存在"),
        ((tmp_path,), 1, "不存在"),
        ((bomb,), 1, "过大"),
    ):
        found = zuoxi(*head, *given, *tail)
        assert found.code == code, (given, found.err)
        assert word in found.err, (given, found.err)
        assert "Traceback" not in found.err


def test_two_runs_are_set_against_each_other(zuoxi: Run, tmp_path: Path) -> None:
    """R104: the difference of two results is told as lines and as JSON, and written as a workbook."""
    item = {"code": "rude", "name": "粗鲁", "result": "pass"}
    row = {
        "transcript_id": "a",
        "form": {"code": "s", "version": "1"},
        "grade": "A",
        "score": 100,
        "items": [item],
    }
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text(json.dumps(row), encoding="utf-8")
    new.write_text(
        json.dumps({**row, "grade": "B", "score": 80, "items": [{**item, "result": "fail"}]}),
        encoding="utf-8",
    )
    told = zuoxi("quality", "diff", old, new, "--out", tmp_path / "out")
    assert told.code == 0, told.err
    assert "平均分 100.0 → 80.0，等级变了 1 个" in told.out
    assert (tmp_path / "out" / "diff.xlsx").is_file()
    assert json.loads(zuoxi("quality", "diff", old, new, "--json").out)["items"][0]["to"] == "fail"
    assert zuoxi("quality", "diff", old, tmp_path / "none").code == 1


def test_results_are_stored_once(zuoxi: Run, tmp_path: Path) -> None:
    """R104: what was scored from files is kept in the site as what came through the door is; again it adds nothing."""
    file, out, data = tmp_path / "c.jsonl", tmp_path / "out", tmp_path / "site"
    rows = [{**GOOD, "id": f"s-{at}", "agent": {"id": "A012"}} for at in range(3)]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    (tmp_path / "kb.csv").write_text("问题,答案,类型\n几点开门,每天 9:00,常见问题\n", encoding="utf-8")
    assert zuoxi("kb", "import", tmp_path / "kb.csv", "--data", data).code == 0
    command = ("quality", "score", file, "--out", out, "--data", data, "--workers", 1, "--store")
    assert "新增 3 条" in zuoxi(*command).err
    assert "新增 0 条" in zuoxi(*command).err
    with site.opened(data) as service:
        found = service.store.read(lambda reader: results.since(reader, site.TENANT, "2000-01-01"))
        assert sorted(one["transcript_id"] for one in found) == ["s-0", "s-1", "s-2"]
        assert all(one["versions"]["release"] for one in found)
        text = service.store.read(lambda reader: transcripts.latest(reader, site.TENANT, "s-1"))
        assert text is not None


def test_a_run_that_scored_nothing_has_failed(zuoxi: Run, tmp_path: Path) -> None:
    """Every row refused ends with 1; some refused with 0 and a closing line that says so; unread columns are told."""
    tail = ("--rules-only", "--workers", 1, "--data", tmp_path / "d")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"a":1}\n{"b":2}\n', encoding="utf-8")
    failed = zuoxi("quality", "score", bad, "--out", tmp_path / "bad", *tail)
    assert failed.code == 1
    assert "全部 2 行都被拒收" in failed.err
    table = tmp_path / "t.csv"
    table.write_text(
        "会话编号,角色,内容,坐席工号,天气\na,客服,您好,A1,晴\nb,路人,在,A1,晴\n", encoding="utf-8"
    )
    done = zuoxi("quality", "score", table, "--out", tmp_path / "some", *tail)
    assert done.code == 0, done.err
    assert "t.csv：这些列没有读：天气" in done.err
    assert "有 1 行被拒收" in done.err
    kept = json.loads((tmp_path / "some" / "summary.json").read_text(encoding="utf-8"))
    assert kept["unread"] == {"t.csv": ["天气"]}


FORM = """
code = "mine"
name = "自家"
version = "1"
[[grade]]
code = "A"
name = "合格"
least = 0
[[dimension]]
code = "a"
name = "甲"
weight = 1
[[item]]
code = "leak"
name = "泄露"
dimension = "a"
points = 5
untested = true
check = { kind = "leaks", types = ["mobile"] }
"""


def test_a_form_is_taken_as_a_file(zuoxi: Run, tmp_path: Path) -> None:
    """The file that `check` takes scores too; a form without examples is not called proven; codes that differ are told."""
    form, calls = tmp_path / "mine.toml", tmp_path / "c.jsonl"
    form.write_text(FORM, encoding="utf-8")
    calls.write_text(json.dumps(GOOD, ensure_ascii=False), encoding="utf-8")
    checked = zuoxi("quality", "check", form)
    assert checked.code == 0, checked.err
    assert "没有任何例句，什么也没有试；1 项没有例句，没有试：leak" in checked.out
    tail = ("--rules-only", "--workers", 1, "--data", tmp_path / "d")
    for name, code in (("mine", form), ("house", "standard")):
        done = zuoxi("quality", "score", calls, "--out", tmp_path / name, "--form", code, *tail)
        assert done.code == 0, done.err
    row = json.loads((tmp_path / "mine" / "results.jsonl").read_text(encoding="utf-8"))
    assert (row["form"], [item["code"] for item in row["items"]]) == (
        {"code": "mine", "version": "1"}, ["leak"]
    )  # fmt: skip
    paths = (tmp_path / name / "results.jsonl" for name in ("house", "mine"))
    told = zuoxi("quality", "diff", *paths)
    assert "质检表不同：原来是 standard，现在是 mine" in told.err
    assert "平均分 无 → 无" in told.out


def test_what_cannot_be_imported_is_told_with_what_can(zuoxi: Run, tmp_path: Path) -> None:
    """JSON lines are named as such, with the file; rules of unknown operators are listed beside the known ones."""
    lines = tmp_path / "r.jsonl"
    lines.write_text('{"a":1}\n{"b":2}\n', encoding="utf-8")
    told = zuoxi("quality", "import", lines, "--from", "sca").err
    assert "r.jsonl：不是一个 JSON 文档" in told
    assert "JSONL" in told
    rule = {
        "conditions": [
            {"cid": "1", "lambda": "1", "operators": [{"oid": "1", "type": "MAGIC", "param": {}}]}
        ],
        "rules": [{"rid": "1", "name": "x", "lambda": "1", "triggers": ["1"]}],
    }
    one = tmp_path / "r.json"
    one.write_text(json.dumps(rule), encoding="utf-8")
    told = zuoxi("quality", "import", one, "--from", "sca").err
    assert "rules[0]" in told
    assert "HIT_ANY_KEYWORDS" in told
