"""Clauses of service talk, what the trained heads suspect in them, and how far they are trusted."""

from __future__ import annotations

import numpy as np

from nlp.clauses import clauses
from nlp.conduct import load_conduct
from nlp.quality.hearing import hear
from nlp.suspects import Trust, weigh
from nlp.train.conduct import assign
from nlp.train.vary import varied


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in clauses(text)]


def test_a_turn_is_cut_where_people_pause() -> None:
    """Marks cut, a space between Chinese characters cuts, one beside a digit does not."""
    assert cut("您好，查到了。是 11 月 3 日的单 对吗？") == ["您好", "查到了", "是 11 月 3 日的单", "对吗"]
    assert cut("，。！") == []


def test_heads_hear_what_no_pattern_lists() -> None:
    """R108: a reproach, a refusal and a comfort in words of their own, each at its own clause."""
    conduct = load_conduct()
    assert conduct is not None
    reproach = "您好,谁让您不提前试一下呢"
    kind = "搁谁遇到都窝火,我马上给您换"
    told = conduct.hear([reproach, kind, "您的包裹明天到"])
    (hit,) = told[0]["blame_customer"]
    assert reproach[hit[0] : hit[1]] == "谁让您不提前试一下呢"
    assert hit[2] > 0.5
    assert told[1]["comfort"][0][2] > 0.5
    assert not {"rude", "blame_customer"} & {label for label, hits in told[2].items() if hits[0][2] > 0.3}


def test_distress_is_told_from_displeasure() -> None:
    """R108: fear for a child is distress; a late parcel is not."""
    conduct = load_conduct()
    assert conduct is not None
    afraid, displeased = conduct.distressed(["孩子被困在里面！！你们快来人啊", "包裹有点慢啊"])
    assert afraid > 0.5 > displeased


def test_a_head_and_patterns_are_weighed() -> None:
    """The head decides alone from `sure` on, doubts a pattern below `doubt`, and says nothing where it is excused."""
    suspects = {"rude": ((0, 4, 0.9), (5, 9, 0.3), (10, 14, 0.01))}
    trust = Trust("rude", sure=0.5, doubt=0.05)
    assert weigh(((10, 12),), suspects, trust) == {(0, 4): 0.9}
    assert weigh(((5, 7),), suspects, trust, excused=((1, 2),)) == {(5, 7): 0.3}
    assert weigh(((10, 12),), None, trust) == {(10, 12): 1.0}
    assert weigh(((10, 12),), suspects, Trust()) == {(10, 12): 1.0}


def test_each_stage_of_a_turn_gets_a_clause() -> None:
    """In training every stage a turn is marked with is taken by one clause, the likeliest."""
    shares = np.array([[0.9, 0.05, 0.05], [0.5, 0.3, 0.2]])
    assert assign(shares, ("solve", "comfort", "none"), frozenset({"solve", "comfort"})) == [
        "solve",
        "comfort",
    ]
    assert assign(shares, ("solve", "comfort", "none"), frozenset()) == ["none", "none"]


def test_variants_keep_their_label_and_their_seed() -> None:
    """Variants differ from the text, carry its label, and come out the same for the same seed."""
    once = list(varied(["谁让您不看说明"], ["blame_customer"], 4, 7))
    assert once == list(varied(["谁让您不看说明"], ["blame_customer"], 4, 7))
    assert once
    assert all(label == "blame_customer" and text != "谁让您不看说明" for text, label in once)


def test_a_telephone_number_calms_nobody() -> None:
    """Distress is heard with the number as without it, and so when the number is covered."""
    said = "快递又丢了,气死我了,我电话"
    told = hear(load_conduct(), [], [said, f"{said}13812345678", f"{said}[手机号]"]).customers
    assert len(set(told.values())) == 1
    assert told[said] > 0.4
