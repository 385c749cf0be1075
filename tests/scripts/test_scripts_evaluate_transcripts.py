"""The figures of labelled transcripts: what counts as found, and what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlp.stages import STAGES
from scripts.evaluate_transcripts import lines, main, measure


def written(folder: Path, name: str) -> Path:
    """One transcript: a refusal that is marked, a farewell, and anger that is passed over."""
    said = ("你们这群骗子！！退钱！！", "这个不归我管。", "哦", "再见。")
    mark = {"code": "forbidden_word", "turn": 1, "start": 2, "end": 6, "text": "不归我管"}
    row = {
        "id": "t-1",
        "turns": [{"role": "agent" if at % 2 else "customer", "text": text} for at, text in enumerate(said)],
        "labels": {
            "stages": {stage: [3] if stage == "closing" else [] for stage in STAGES},
            "violations": [mark],
            "veto": False,
        },
    }
    path = folder / name
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_a_finding_is_right_where_it_overlaps_a_mark(tmp_path: Path) -> None:
    """The refusal is found, the farewell too; the unmarked missing comfort is a false finding (R108)."""
    figures = measure(written(tmp_path, "t.jsonl"))
    refusal, empathy = figures.codes["forbidden_word"], figures.codes["no_empathy_after_anger"]
    assert (refusal.right, refusal.said, refusal.found, refusal.true) == (1, 1, 1, 1)
    assert (empathy.right, empathy.said, empathy.true) == (0, 1, 0)
    assert figures.stages["closing"].f1 == 1
    assert figures.agreed == 1
    assert any(line.split()[0] == "violations" for line in lines(figures))


def test_single_errors_of_a_blind_file_are_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--errors` lists what was wrong in an open file and nothing of a blind one."""
    main([str(written(tmp_path, "open.jsonl")), "--errors"])
    assert "FALSE no_empathy_after_anger" in capsys.readouterr().out
    main([str(written(tmp_path, "blind.jsonl")), "--errors"])
    told = capsys.readouterr().out
    assert "violations" in told
    assert "FALSE" not in told
