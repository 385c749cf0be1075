"""R048, B12: how often what the agent sent next is suggested, and what knowing the stages is worth."""

from __future__ import annotations

import json

from nlp.encode import load_encoder
from nlp.stages import stages_of
from nlp.transcript import Turn
from scripts.evaluate_suggest import Dialogue, dialogues, measured, moments, pool_of, reordered, swapped
from scripts.fit_search import DEMO

VERIFY = "麻烦您提供一下订单号，我帮您核实一下。"
SOLVE = "已经为您提交退款加急，24 小时内到账。"


def dialogue(name: str, topic: str) -> Dialogue:
    said = [("customer", f"{topic}怎么还没到"), ("agent", f"{VERIFY}{topic}"), ("customer", f"我的{topic}单号是 7"),
            ("agent", f"{topic}{SOLVE}")]  # fmt: skip
    return name, tuple(Turn(role, text) for role, text in said)  # type: ignore[arg-type]


FOUND = [dialogue("a", "退款"), dialogue("b", "发票"), dialogue("c", "积分")]


def test_r048_the_pool_leaves_out_what_the_conversation_says_elsewhere() -> None:
    """Each moment asks for its reply among the replies of other conversations, with what came before it alone."""
    pool = pool_of(FOUND)
    asked = list(moments(FOUND, pool))
    assert len(pool) == len(asked) == 6
    for one in asked:
        assert one.sent not in one.own
        assert {name.split("/")[0] for name in one.own} == {one.sent.split("/")[0]}
        assert all(turn.text != next(e.text for e in pool if e.id == one.sent) for turn in one.turns)


def test_r048_figures_of_every_way() -> None:
    """Recall at 1, 3 and 5 is printed for the product and for BM25, and grows with the depth."""
    pool = pool_of(FOUND)
    figures = measured(pool, list(moments(FOUND, pool)), None)
    for way in ("hybrid", "stage_blind", "bm25"):
        told = [figures[f"{way}:recall@{first}"] for first in (1, 3, 5)]
        assert told == sorted(told)
        assert told[-1] > 0


def test_b12_two_stages_are_swapped() -> None:
    """What is asked for is the stage that was left out; what took its place has been said already."""
    pool = pool_of(FOUND)
    texts = {entry.id: entry.text for entry in pool}
    moved = swapped(FOUND, pool, 1)
    assert len(moved) == 3
    for one, said in moved:
        assert texts[said] in [turn.text for turn in one.turns]
        assert texts[one.sent] not in [turn.text for turn in one.turns]
        assert not stages_of(texts[said]) & stages_of(texts[one.sent])


def test_b12_knowing_the_stages_beats_not_knowing_them() -> None:
    """On the demo's conversations with two stages swapped, the ranking that knows what was done is the better one."""
    lines = (DEMO / "conversations.jsonl").read_text("utf-8").splitlines()
    figures = reordered(dialogues([json.loads(line) for line in lines]), load_encoder(), seeds=3)
    assert figures["stage_aware:before"] > figures["stage_blind:before"]
    assert figures["stage_aware:recall@1"] >= figures["stage_blind:recall@1"]
