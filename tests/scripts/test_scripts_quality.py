"""zuoxi quality score, as who runs it sees it."""

from __future__ import annotations

import json
from pathlib import Path

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
