"""Sentences of the same meaning: who asks for a vector gets it once, and nobody else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from small_forms import form, judged, spans
from transcripts import Counting, item, talk

from nlp.classify import load_classifier
from nlp.quality.rules.atoms import SUSPICIONS
from nlp.quality.scorer import score, score_many


class Letters:
    """A text's vector counts three letters: whoever shares them is alike. Remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.calls.append(list(texts))
        rows = (
            np.array([[text.count(letter) for letter in "甲乙丙"] for text in texts], dtype=np.float32) + 1e-6
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_turn_is_encoded_only_where_an_item_asks() -> None:
    """A form encodes only the turns an item looks at, each text once a batch, in one call; none asked, none made."""
    rule = {"similar": ["甲乙"], "at_least": 0.99, "range": {"first": 1}}
    one = form({"code": "it", "check": {"kind": "rule", "require": rule}})
    batch = [talk("客：甲", "服：乙甲", "服：丙"), talk("客：丙", "服：乙甲"), talk("客：乙", "服：丙丙")]
    encode = Letters()
    found = score_many(batch, one, encode=encode)
    assert [item(score_, "it").result for score_ in found] == ["pass", "pass", "fail"]
    assert [sorted(call) for call in encode.calls] == [sorted(["甲乙", "乙甲", "丙丙"])]
    wordy = form({"code": "it", "check": {"kind": "rule", "require": {"words": ["甲"]}}})
    silent = Letters()
    score_many(batch, wordy, encode=silent)
    assert silent.calls == []
    hanging = {
        "similar": ["甲乙"],
        "at_least": 0.99,
        "anchor": {"after": {"words": ["丙"], "role": "customer"}},
    }
    later = Letters()
    score_many(batch, form({"code": "it", "check": {"kind": "rule", "require": hanging}}), encode=later)
    assert [sorted(call) for call in later.calls] == [sorted(["甲乙", "乙甲"])]


def test_the_nearest_sentence_is_the_evidence() -> None:
    """A sentence among others is compared by itself, by its meaning with an encoder and by its letters without."""
    spoken = talk("客：在", "服：丙丙丙丙。乙甲。丙丙")
    rule = {"similar": ["甲乙"], "at_least": 0.95, "fuzzy": 0.9}
    assert spans(judged(spoken, forbid=rule, encode=Letters())) == [(1, "乙甲。")]
    assert judged(spoken, forbid=rule).result == "pass"


GREETING = "您好，客服 * 为您服务"


@pytest.mark.parametrize("match", ["exact", "fuzzy", "semantic"])
@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("您好，客服 A012 为您服务。请问有什么可以帮您？", True),
        ("您好！客服小禾为您服务", True),
        ("说吧，什么事", False),
    ],
)
def test_a_greeting_holds_whoever_greets(match: str, said: str, passes: bool) -> None:
    """R046: the slot stands for any name; the result names the standard sentence, and the sentence that was said."""
    check = {
        "kind": "script",
        "texts": [GREETING],
        "match": match,
        "threshold": 0.8,
        "place": "first",
        "within": 1,
    }
    found = item(
        score(talk("客：在吗", f"服：{said}"), form({"code": "it", "check": check}), encode=_Same()), "it"
    )
    assert (found.result == "pass") is passes, found.reason
    assert GREETING[:10] in found.reason
    if passes and match == "semantic":
        assert said.startswith(found.evidence[0].text)
    similar = judged(talk("客：在吗", f"服：{said}"), require={"similar": [GREETING], "fuzzy": 0.8})
    assert (similar.result == "pass") is passes


class _Same:
    """Texts that share the letters 您好客服 are alike, all others are not."""

    def __call__(self, texts: Sequence[str]) -> Any:
        alike = [float("客服" in text and "您好" in text) for text in texts]
        return np.array([[one, 1.0 - one] for one in alike], dtype=np.float32)


def test_a_slot_takes_a_few_letters_only() -> None:
    """R046: letter by letter, what stands in the slot is bounded."""
    check = {"kind": "script", "texts": ["客服{姓名}为您服务"], "match": "exact", "slot": 4}
    one = form({"code": "it", "check": check})
    for said, result in (("客服小禾为您服务", "pass"), ("客服热线正忙，请稍后再拨，届时将为您服务", "fail")):
        assert item(score(talk("客：在", f"服：{said}"), one), "it").result == result


class _Ears(Counting):
    """An analyser whose head finds 滚 rude with 0.9 and 烦 with 0.4."""

    @property
    def conduct(self) -> _Ears:
        return self

    def hear(self, texts: Sequence[str]) -> list[dict[str, tuple[tuple[int, int, float], ...]]]:
        shares = {"滚": 0.9, "烦": 0.4}
        return [
            {"rude": tuple((text.index(w), text.index(w) + 1, p) for w, p in shares.items() if w in text)}
            for text in texts
        ]

    def distressed(self, texts: Sequence[str]) -> list[float]:
        return [0.0 for _ in texts]


def test_what_a_head_suspects_is_an_atom() -> None:
    """R104: a rule may ask what the trained head hears, how sure, beside anything else; without one it cannot be told."""
    spoken = talk("客：滚", "服：真烦", "服：您滚吧")
    rude = {"suspected": "rude"}
    assert spans(judged(spoken, forbid=rude, analyser=_Ears())) == [(2, "滚")]
    assert spans(judged(spoken, forbid={**rude, "at_least": 0.3}, analyser=_Ears())) == [(1, "烦"), (2, "滚")]
    assert (
        judged(spoken, forbid={"all": [rude, {"not": {"words": ["您"]}}]}, analyser=_Ears()).result == "pass"
    )
    assert judged(spoken, forbid=rude).result == "na"
    assert set(SUSPICIONS) == set(load_classifier("wording").labels) - {"none"}
