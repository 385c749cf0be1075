"""Laws that hold for any rule on any dialogue, tried on drawn ones."""

from __future__ import annotations

import random
from typing import Any

from small_forms import form, judged
from transcripts import Counting, talk

from nlp.quality.kept import keep, restore
from nlp.quality.result import span_json
from nlp.quality.scorer import score
from nlp.transcript import Transcript

SAID = [
    "您好",
    "抱歉让您久等了",
    "气死我了",
    "订单 ZX202611030012",
    "今天 18 点前给您回电",
    "没办法",
    "好的好的好的",
    "",
    "电话 13812345678",
]
ATOMS: list[dict[str, Any]] = [
    {"words": ["您好", "抱歉"]}, {"words": ["订单", "回电"], "match": "all"}, {"pattern": r"\d+"}, {"stage": "comfort"},
    {"entity": ["order_no", "mobile"]}, {"measure": "wait", "over": 60}, {"measure": "letters", "at_least": 4},
    {"repeats": 2}, {"emotion": "angry"}, {"similar": ["非常抱歉让您久等"]}, {"facts": "contradicted"},
    {"kind": "said", "patterns": ["没办法"]}, {"measure": "talk_share", "over": 0.5},
]  # fmt: skip


def dialogue(draw: random.Random) -> Transcript:
    lines = [f"{draw.choice('客客服服机系管')}：{draw.choice(SAID)}" for _ in range(draw.randrange(9))]
    timed = [at * draw.choice((5, 90)) for at in range(len(lines))] if draw.random() < 0.6 else None
    return talk(*lines, seconds=sorted(timed) if timed else None)


def rule(draw: random.Random, depth: int = 3) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if draw.random() < 0.4:
        where["role"] = draw.choice(["customer", "agent", "any", ["agent", "bot"]])
    if draw.random() < 0.3:
        where["range"] = draw.choice(
            [{"first": 2}, {"last": 1}, {"turns": [2, -1]}, {"first": 3, "of": "dialogue"}]
        )
    if depth and draw.random() < 0.3:
        place = draw.choice(["before", "after", "around", "at"])
        where["anchor"] = {place: rule(draw, 0), "hit": draw.choice([1, -1, "every"])}
        if draw.random() < 0.5:
            where["anchor"]["turns"] = draw.randrange(1, 4)
    kind = draw.choice(["atom", "all", "any", "not", "turn", "count"]) if depth else "atom"
    if kind == "atom":
        return {**draw.choice(ATOMS), **where}
    if kind in ("all", "any"):
        return {kind: [rule(draw, depth - 1) for _ in range(draw.randrange(1, 4))], **where}
    if kind == "count":
        return {"count": rule(draw, depth - 1), "at_least": draw.randrange(1, 3), **where}
    return {kind: rule(draw, depth - 1), **where}


OTHER = {"fail": "pass", "pass": "fail", "na": "na"}


def test_laws_of_drawn_rules() -> None:
    """R104: not twice is nothing; with itself, all and any change nothing; forbidding is the other side of requiring;
    evidence lies in its turn; and a kept transcript gives the same answer."""
    draw = random.Random(20261130)
    seen: set[str] = set()
    for _ in range(150):
        talked, one = dialogue(draw), rule(draw)
        found = judged(talked, forbid=one, analyser=Counting())
        seen.add(found.result)
        for same in ({"not": {"not": one}}, {"all": [one, one]}, {"any": [one, one]}, {"any": [one]}):
            assert judged(talked, forbid=same, analyser=Counting()).result == found.result, (one, same)
        assert judged(talked, forbid={"not": one}, analyser=Counting()).result == OTHER[found.result], one
        assert judged(talked, require=one, analyser=Counting()).result == OTHER[found.result], one
        for span in found.evidence:
            assert 0 <= span.start <= span.end <= len(talked.turns[span.turn].text)
            assert span.absent or span.end > span.start
        again = score(
            restore(keep(talked)), form({"code": "it", "check": {"kind": "rule", "forbid": one}}), Counting()
        )
        assert [span_json(span) for span in again.items[0].evidence] == [
            span_json(span) for span in found.evidence
        ]
    assert seen == {"pass", "fail", "na"}
