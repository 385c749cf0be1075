"""zuoxi kb."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scripts.running import Run, write_entries


def test_search_finds_what_was_imported(zuoxi: Run, site: Path) -> None:
    """An imported question is found, with release, confidence and reasons."""
    found = zuoxi("kb", "search", "退款多久能到账", "--data", site, "--json")
    assert found.code == 0
    first = found.json["hits"][0]
    assert first["entry_id"] == "f1"
    assert first["release"] == found.json["versions"]["release"] == "V1.0"
    assert 0 <= first["confidence"] <= 1
    assert first["why"]["matched"]


def test_search_reads_standard_input_and_filters_kinds(zuoxi: Run, site: Path) -> None:
    """`-` asks what comes on standard input; `--kind` keeps to a kind."""
    found = zuoxi("kb", "search", "-", "--kind", "policy", "--data", site, "--json", stdin="能不能退货")
    assert {hit["kind"] for hit in found.json["hits"]} == {"policy"}
    assert zuoxi("kb", "search", "-", "--data", site, stdin="  ").code == 2
    assert zuoxi("kb", "search", "退货", "--kind", "novel", "--data", site).code == 2


def test_import_from_standard_input_and_report(zuoxi: Run, tmp_path: Path) -> None:
    """A file on standard input makes a site; refused rows are told and the good ones published."""
    lines = [
        {"kind": "faq", "title": "包邮吗", "text": "满五十九元包邮。"},
        {"kind": "faq", "title": "没有正文"},
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    done = zuoxi("kb", "import", "-", "--data", tmp_path, "--json", stdin=text)
    assert done.code == 0
    assert done.json["imported"] == 1
    assert done.json["state"] == "published"
    assert done.json["release"] == "V1.0"
    report = done.json["reports"]["-"]
    assert report["kept"] == 1
    assert len(report["refused"]) == 1


def test_import_of_nothing_fails(zuoxi: Run, tmp_path: Path) -> None:
    """A file that cannot be read, or of which nothing can be used, fails and makes no release."""
    assert zuoxi("kb", "import", tmp_path / "absent.csv", "--data", tmp_path / "d").code == 1
    assert zuoxi("kb", "import", "-", "--data", tmp_path / "d", stdin='{"kind":"faq","title":"空"}').code == 1
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    done = zuoxi("kb", "import", picture, "--data", tmp_path / "d")
    assert done.code == 1
    assert "csv" in done.err


def test_a_reviewed_site_drafts_then_publishes(zuoxi: Run, tmp_path: Path) -> None:
    """With `publishing = "reviewed"` an import goes to the draft and is found only after `kb publish`."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "zuoxi.toml").write_text('publishing = "reviewed"\n', encoding="utf-8")
    done = zuoxi("kb", "import", write_entries(tmp_path / "e.jsonl"), "--data", data, "--json")
    assert done.json["state"] == "draft"
    assert zuoxi("kb", "search", "退款多久到账", "--data", data, "--json").json["hits"] == []
    assert zuoxi("kb", "search", "退款多久到账", "--draft", "--data", data, "--json").json["hits"]
    assert zuoxi("kb", "publish", "--note", "首发", "--data", data, "--json").json["release"]
    assert zuoxi("kb", "search", "退款多久到账", "--data", data, "--json").json["hits"]
    assert zuoxi("kb", "publish", "--data", data).code == 1


def test_list_pages_by_id(zuoxi: Run, site: Path) -> None:
    """Entries come by id, a page after another, with the release they stand in."""
    first = zuoxi("kb", "list", "--limit", "3", "--data", site, "--json").json
    rest = zuoxi("kb", "list", "--after", first["entries"][-1]["id"], "--data", site, "--json").json
    assert [one["id"] for one in first["entries"] + rest["entries"]] == ["f1", "f2", "p1", "s1"]
    assert first["release"] == "V1.0"


def test_no_site_says_what_to_do(zuoxi: Run, tmp_path: Path) -> None:
    """A folder without a site fails with the next step and stays as it was."""
    done = zuoxi("kb", "search", "退款", "--data", tmp_path / "none")
    assert done.code == 1
    assert "zuoxi demo" in done.err
    assert not (tmp_path / "none").exists()


def test_lint_tells_broken_entries(zuoxi: Run, site: Path, tmp_path: Path) -> None:
    """A sound handbook passes; an undeclared slot, a copy and an expired entry are told, errors leave with 1."""
    assert zuoxi("kb", "lint", "--data", site, "--json").json["issues"] == []
    rows = [
        {
            "id": "a",
            "kind": "script",
            "stage": "verify",
            "title": "核实",
            "text": "请提供{订单号}。",
            "slots": ["手机"],
        },
        {"id": "b", "kind": "faq", "title": "包邮", "text": "满五十九元包邮。"},
        {"id": "c", "kind": "faq", "title": "包邮！", "text": "满五十九元，包邮。"},
        {
            "id": "d",
            "kind": "faq",
            "title": "旧活动",
            "text": "全场八折优惠。",
            "effective_to": "2020-01-01T00:00:00+08:00",
        },
    ]
    file = tmp_path / "bad.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    zuoxi("kb", "import", file, "--data", tmp_path / "data")
    done = zuoxi("kb", "lint", "--data", tmp_path / "data", "--json")
    assert done.code == 1
    codes = {(one["entries"][0]["entry_id"], one["code"]) for one in done.json["issues"]}
    assert {("a", "slot_not_declared"), ("a", "slot_not_used"), ("d", "expired")} <= codes
    assert "槽位声明了没用" in zuoxi("kb", "lint", "--data", tmp_path / "data").out


def test_an_import_says_when_it_made_the_site(zuoxi: Run, tmp_path: Path) -> None:
    """The first import into a folder says that there was no site; the next one does not."""
    file, data = write_entries(tmp_path / "e.jsonl"), tmp_path / "data"
    assert f"已在 {data} 新建站点" in zuoxi("kb", "import", file, "--data", data).out
    assert "新建站点" not in zuoxi("kb", "import", file, "--data", data).out


def test_an_import_again_is_an_update(zuoxi: Run, tmp_path: Path) -> None:
    """Two versions of a file: what is new, changed, unchanged and gone is told; --withdraw takes back what is gone."""
    file, data = tmp_path / "问答.csv", tmp_path / "data"
    file.write_text("问题,答案\n包邮吗,满五十九元包邮。\n能退吗,七天内可退。\n坏行,\n", encoding="utf-8")
    first = zuoxi("kb", "import", file, "--data", data)
    assert "新增 2，更新 0，未变 0" in first.out
    assert "待修复 1 处" in first.out
    assert "没有变化" in zuoxi("kb", "import", file, "--data", data).out
    file.write_text("问题,答案\n包邮吗,满九十九元包邮。\n", encoding="utf-8")
    done = zuoxi("kb", "import", file, "--data", data, "--withdraw", "--json").json
    told = done["changes"][str(file)]
    assert (told["changed"], told["vanished"], told["withdrawn"]) == (1, 1, 1)
    assert done["repairs"][str(file)]["closed"] == 1
    listed = zuoxi("kb", "list", "--data", data, "--json").json["entries"]
    assert [one["text"] for one in listed] == ["满九十九元包邮。"]


def test_documents_imported_together_lose_what_they_share(zuoxi: Run, tmp_path: Path) -> None:
    """A line that stands in three documents of one import is left out of each; a file too large is refused unread."""
    foot = "本资料由某某知识库整理发布仅供内部学习"
    for name in ("退货", "换货", "发票"):
        page = f"<h1>{name}手册</h1><h2>办理</h2><p>{name}须在签收后七天内提出申请。</p><p>{foot}</p>"
        (tmp_path / f"{name}.html").write_text(page, encoding="utf-8")
    done = zuoxi("kb", "import", *sorted(tmp_path.glob("*.html")), "--data", tmp_path / "data", "--json").json
    assert done["imported"] == 3
    listed = zuoxi("kb", "list", "--data", tmp_path / "data", "--json").json["entries"]
    assert all(foot not in one["text"] and one["source"].endswith("手册") for one in listed)
    with (tmp_path / "大.csv").open("wb") as large:
        large.truncate(200 << 20)
    assert "过大" in zuoxi("kb", "import", tmp_path / "大.csv", "--data", tmp_path / "data").err
