"""Transcripts as they are kept: covered, of the same length, and scoring as they did."""

from __future__ import annotations

import json
from pathlib import Path

from transcripts import item, talk

from nlp.privacy import mask
from nlp.quality.form import load_form
from nlp.quality.kept import keep, restore
from nlp.quality.result import to_json
from nlp.quality.scorer import score
from nlp.readers import read_transcripts
from nlp.transcript import Transcript

DEMO = Path(__file__).parents[3] / "scripts" / "demo" / "conversations.jsonl"
LEAK = talk(
    "客：我的手机号是13812345678",
    "服：您好，跟您核对一下：13812345678，对吗？",
    "服：另外收货人的电话是13987654321，订单 ZX202611030012",
    record={"request": "电话13812345678的客户要退款", "steps": ["查单"], "outcome": ""},
    customer={"id": "13812345678"},
)


def test_personal_data_is_covered_letter_by_letter() -> None:
    """A kept turn has the length it was sent with; its numbers are gone, and what was covered is remembered."""
    kept = keep(LEAK)
    turns = kept["turns"]
    assert [len(turn["text"]) for turn in turns] == [len(turn.text) for turn in LEAK.turns]
    assert turns[0]["text"] == "我的手机号是00000000000"
    assert turns[0]["masked"] == [{"type": "mobile", "start": 6, "end": 17, "given": False}]
    assert [one["given"] for one in turns[1]["masked"]] == [True]
    assert turns[2]["text"] == "另外收货人的电话是00000000000，订单 ZX000000000000"
    assert [(one["type"], one["given"]) for one in turns[2]["masked"]] == [
        ("mobile", False),
        ("order_no", False),
    ]
    assert kept["record"]["request"] == "电话[手机号]的客户要退款"
    assert not any(number in json.dumps(kept) for number in ("13812345678", "13987654321", "202611030012"))
    assert keep(restore(kept)) == kept


def test_a_kept_transcript_scores_as_when_it_was_whole() -> None:
    """B15: a leak is still one, what the customer had said is still none, and the evidence reads the same."""
    form = load_form()
    whole, kept = score(LEAK, form), score(restore(keep(LEAK)), form)
    assert [span.turn for span in item(whole, "privacy_leak").evidence] == [2]
    assert item(whole, "privacy_leak").evidence[0].text == mask("13987654321")
    assert kept.items == whole.items
    demo = [one for one in read_transcripts(DEMO) if isinstance(one, Transcript)]
    assert len(demo) >= 10
    for one in demo:
        before, after = to_json(score(one, form)), to_json(score(restore(keep(one)), form))
        assert after == before, one.id
