"""A batch judges by the form of each transcript's day, with the encoder where a rule asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nlp.batch.plan import Setting, plan
from nlp.batch.run import basis_of, kit_of, score_shard
from nlp.encode import load_encoder
from nlp.quality.form import load_form
from nlp.quality.result import to_json
from nlp.quality.scorer import moment_of, score
from nlp.sentiment import load_analyser
from nlp.transcript import parse_transcript

FORM = """
code = "house"
name = "本店质检表"
version = "{version}"
effective_from = "{day}"
grade = [{{ code = "A", name = "合格", least = 0 }}]
dimension = [{{ code = "all", name = "全部", weight = 1 }}]
[[item]]
code = "closing"
name = "结束语"
dimension = "all"
points = 1
untested = true
check = {{ kind = "rule", require = {{ {rule} }} }}
"""
ENDS = 'similar = ["祝您生活愉快，再见"], at_least = 0.7, range = { last = 1 }'


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "policy" / "quality"
    folder.mkdir(parents=True)
    for version, day, rule in (("1", "2026-01-01", 'words = ["再见"]'), ("2", "2026-12-01", ENDS)):
        text = FORM.format(version=version, day=day, rule=rule)
        (folder / f"{version}.toml").write_text(text, encoding="utf-8")
    return folder.parent


def _talk(name: str, day: str, text: str) -> dict[str, Any]:
    return {"id": name, "turns": [{"role": "agent", "text": text}], "started_at": f"{day}T10:00:00+08:00"}


TALKS = [
    _talk("nov", "2026-11-30", "祝您愉快"),
    _talk("dec", "2026-12-01", "祝您生活愉快，再见啦"),
    _talk("dec-2", "2026-12-02", "订单号报一下"),
]


def test_each_transcript_is_judged_by_the_form_of_its_day(tmp_path: Path) -> None:
    """B01: in one file, November by November's form and December by December's, as they are one by one."""
    folder = _folder(tmp_path)
    source = tmp_path / "a.jsonl"
    source.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in TALKS), encoding="utf-8")
    setting = Setting(form="house", folder=folder)
    (shard,) = plan([source], basis_of(setting))
    rows = list(score_shard(shard, setting))
    assert [row["form"]["version"] for row in rows] == ["1", "2", "2"]
    assert [row["items"][0]["result"] for row in rows] == ["fail", "pass", "fail"]
    analyser, encode = load_analyser(None, folder), load_encoder().encode
    for row, one in zip(rows, TALKS, strict=True):
        talk = parse_transcript(one)
        form = load_form("house", folder, moment_of(talk, None))
        told = to_json(score(talk, form, analyser, encode=encode, folder=folder))
        assert {name: row[name] for name in told} == told


def test_the_encoder_is_loaded_only_where_a_form_asks(tmp_path: Path) -> None:
    """A form that compares no sentences loads no encoder; rules alone never do."""
    assert kit_of(Setting()).encode is None
    assert kit_of(Setting(form="house", folder=_folder(tmp_path), rules_only=True)).encode is None
