"""R042, B07: a character of the same sound in a longer question does not lose the entry."""

from __future__ import annotations

from kb.knowledge import build
from kb.misspelt import heard
from kb.query import Query, analysed
from kb.search import search
from kb.segment import Lexicon
from tests.kb.fakes import entry

KNOWLEDGE = build(
    [
        entry("invoice", "怎么修改发票抬头", "在订单页修改。"),
        entry("float", "怎么修改漂流瓶的名字", "在设置里修改。"),
        entry("return", "怎么申请退货", "在订单页申请。"),
    ],
    "",
    None,
    "V1.0",
)


def test_r042_a_pair_nobody_wrote_is_read_by_its_sound() -> None:
    """「发漂」 is read as 「发票」, which the handbook has; the entry comes first."""
    assert search(KNOWLEDGE, "请问发漂台头怎么改")[0].entry_id == "invoice"
    assert search(KNOWLEDGE, "我想申请推获")[0].entry_id == "return"


def test_r042_what_is_known_is_left_alone() -> None:
    """A question whose pairs the handbook knows keeps its tokens; else the pair that is read anew counts more, and concepts stay."""
    known = analysed(Query("修改发票抬头"), Lexicon())
    assert heard(known, KNOWLEDGE.segments) is known
    asked = analysed(Query("发漂"), Lexicon())
    read = heard(asked, KNOWLEDGE.segments)
    assert len(read.tokens) == len(read.factors) > len(asked.tokens)
    assert (read.names, len(read.concepts)) == (asked.names, len(asked.concepts))
    raised = [at for at, name in enumerate(read.names) if read.weights[at] > asked.weights[at]]
    assert [read.names[at] for at in raised] == ["发漂"]
    for at, start in enumerate(asked.concepts.tolist()):
        assert read.tokens[read.concepts[at]] == asked.tokens[start]
