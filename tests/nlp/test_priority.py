"""Floors: alarming words meant in earnest, told from the same words used idly."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.policy import load_policy
from nlp.priority import LEVELS, floors, prioritise

POLICY = load_policy().priority
DEMO = Path("scripts/demo")

MEANT = [
    ("safety", "critical", "热水袋充电的时候爆了，我妈大腿烫掉一层皮"),
    ("safety", "critical", "打开空调插座就冒蓝光，啪啪响，有股胶皮烧焦的味"),
    ("safety", "critical", "呃那个取暧器啊它着起来了我现在咋办啊"),
    ("safety", "critical", "手机充着电突然冒yan了，烫得拿不住"),
    ("safety", "urgent", "送货三轮撞了我奶奶，腿断了"),
    ("safety", "urgent", "锅柄断了热汤浇我脚上，全是泡"),
    ("self_harm", "critical", "我真的活够了，谁也别找我"),
    ("self_harm", "critical", "我已经吃了一整瓶安定"),
    ("minor", "urgent", "我侄子才八岁，拿他爷爷手机在你们直播间刷了一万多"),
    ("minor", "critical", "宝宝噎住了，脸发青"),
    ("legal", "urgent", "不退钱我就起诉你们"),
    ("legal", "urgent", "周一我就去法院告你们"),
    ("regulator", "urgent", "再不退我就打12315"),
    ("regulator", "urgent", "一二三一五我打过了"),
    ("media", "urgent", "要曝光你们"),
    ("media", "urgent", "我联系了都市频道，他们下午来拍"),
]
IDLE = [
    "12315的电话是多少",
    "电话12315能查物流吗",
    "订单尾号12315那双袜子，灰的换藏青的",
    "我在律所上班，要开发票",
    "一家律师事务所采购，要开专票",
    "推荐一本民法典",
    "律师函警告哈哈哈 开个玩笑 快发货啦",
    "这电池会爆炸吗",
    "取暖器会不会着火，有没有倾倒保护",
    "新闻里别人家手机炸了，我这台电池保不保",
    "去年我妈那台老取暖器起过火，今年买的放心多了，谢谢你们",
    "笑死我了",
    "这杀手锏功能真好用",
    "加班累死了要命，陪我唠两句",
    "手机拍照曝光过度怎么调",
    "看小红书推荐来的",
    "我女儿很喜欢这个娃娃，再买一个",
    "我不告你们，赔我十块就行",
    "我投诉，但不想闹到工商，你们自己解决",
    "烟灰缸裂了，换一个",
    "跳楼价淘到这么好的锅",
]


@pytest.mark.parametrize(("code", "level", "text"), MEANT)
def test_meant_in_earnest(code: str, level: str, text: str) -> None:
    """R004: a floor is found with the words that show it, whatever else the text says."""
    found = prioritise(text, POLICY)
    assert found.level == level
    assert code in {reason.code for reason in floors(text, POLICY)}
    assert all(text[reason.start : reason.end] == reason.text for reason in found.reasons)


@pytest.mark.parametrize("text", IDLE)
def test_used_idly(text: str) -> None:
    """R004: questions, professions, goods, jokes, the past and other people's cases are no floors."""
    assert floors(text, POLICY) == ()


@pytest.mark.parametrize(
    ("code", "level", "text"),
    [
        ("deadline", "urgent", "我明天下午三点的飞机，护照夹还没到"),
        ("stuck", "urgent", "我人到店了说没我的预约"),
        ("leaving", "urgent", "投诉五次了没人理，再这样我销户"),
        ("money", "critical", "有人正在用我的账号下单，快冻结"),
        ("outage", "critical", "你们接口挂了，我们所有门店都没法收银"),
    ],
)
def test_urgent_without_a_floor(code: str, level: str, text: str) -> None:
    """R004: deadlines, people stuck on the spot, money leaving and standstills raise the priority too."""
    found = prioritise(text, POLICY)
    assert (found.level, found.reasons[0].code) == (level, code)
    assert floors(text, POLICY) == ()


def _rows(*names: str) -> list[dict[str, str]]:
    return [json.loads(line) for name in names for line in (DEMO / name).read_text("utf-8").splitlines()]


def _figures(rows: list[dict[str, str]]) -> tuple[float, float, float]:
    """Recall and precision of floors, macro-F1 of the level."""
    floor: Counter[tuple[bool, bool]] = Counter()
    level: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found = prioritise(row["text"], POLICY)
        floor[bool(row["floor"]), any(one.code in POLICY.floors for one in found.reasons)] += 1
        level[row["priority"], found.level] += 1
    scores = []
    for one in LEVELS:
        both = sum(n for (gold, got), n in level.items() if one in (gold, got))
        scores.append(2 * level[one, one] / (both + level[one, one]))
    hits = floor[True, True]
    return hits / (hits + floor[True, False]), hits / (hits + floor[False, True]), sum(scores) / len(scores)


def test_figures_on_the_demo_tickets() -> None:
    """R004: recall and precision of floors and macro-F1 of priority on the tickets the rules were tuned on."""
    recall, precision, macro = _figures(_rows("tickets.train-a.jsonl", "tickets.train-b.jsonl"))
    assert min(recall, precision, macro) >= 0.95


@given(st.text(max_size=200))
def test_any_text_is_decided(text: str) -> None:
    """Whatever is sent, spans are slices of the text as sent."""
    for reason in prioritise(text, POLICY).reasons:
        assert text[reason.start : reason.end] == reason.text


@pytest.mark.parametrize(
    "text", ["呃那个就是说取暖器呃冒烟了", "取 暖 器 冒 烟 了", "取暖器\u200b冒烟了！", "取暖器冒煙了"]
)
def test_fillers_spaces_and_traditional_characters(text: str) -> None:
    """R034: speech fillers, inner spaces, invisible and traditional characters change nothing."""
    assert [reason.code for reason in floors(text, POLICY)] == ["safety"]
