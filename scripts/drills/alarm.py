"""alarm: days without news ring no more often than stated, and a complaint nobody made before is heard on its day."""

from __future__ import annotations

import random
from dataclasses import replace

from nlp.reports.alarm import Day, Voice, alarms, day_of
from nlp.reports.policy import read_reports
from scripts.drills import Result, Say

THINGS = ("快递", "退款", "发票", "客服", "优惠券", "包装", "赠品", "物流", "换货", "订单", "安装", "会员")
FAULTS = (
    "太慢了",
    "一直没到",
    "写错了",
    "不理人",
    "用不了",
    "破了",
    "少发了",
    "没人管",
    "说话难听",
    "多收钱",
)
CODES = ("complaint_courier", "complaint_attitude", "refund", "invoice", "exchange")
NEWS = ("充电宝鼓包", "水壶烫伤", "门锁打不开", "猫粮发霉", "滤芯漏黑水")
LOUD, EVERY = 8, 20
"""Voices of a planted complaint; every so many days one is planted."""


def said(source: random.Random, at: int) -> Voice:
    """An ordinary complaint: words and category by chance, the same chances every day."""
    text = f"{source.choice(THINGS)}{source.choice(FAULTS)}"
    if source.random() < 0.4:
        text += f"，{source.choice(THINGS)}也{source.choice(FAULTS)}"
    return Voice(f"v{at}", text, source.choice(CODES))


def days_alike(seed: int, number: int, mean: int = 14) -> list[Day]:
    """Days with as many ordinary complaints as chance makes of a mean."""
    source = random.Random(seed)  # noqa: S311 (a repeatable world, not a secret)
    made, at = [], 0
    for _ in range(number):
        size = sum(source.random() < 0.5 for _ in range(2 * mean))
        made.append(day_of([said(source, at + n) for n in range(size)]))
        at += size
    return made


def run(n: int, seed: int, say: Say) -> Result:
    """Look at `n` days in a row, each against the days before it; every `EVERY`th once more with news planted."""
    rules = read_reports().alarm
    bare = replace(rules, least=1, ratio=1.0)
    days = days_alike(seed, rules.days + n)
    rang = rang_bare = planted = heard = 0
    for at in range(n):
        before, today = days[at : at + rules.days], days[at + rules.days]
        if alarms(before, today, bare, {}):  # the site's least count and ratio only make alarms fewer
            rang_bare += 1
            rang += bool(alarms(before, today, rules, {}))
        if at % EVERY == 0:
            news = NEWS[planted % len(NEWS)]
            loud = day_of([*today.voices, *(Voice(f"n{n}", news, "quality") for n in range(LOUD))])
            planted += 1
            heard += any(news == one.name for one in alarms(before, loud, rules, {}))
    say(f"{n} 天，误报 {rang}，埋下 {planted} 件，听到 {heard} 件")
    failures = []
    if rang_bare > rules.false_alarms * n:
        failures.append(f"误报 {rang}（不设下限时 {rang_bare}）天，多于声明的 {rules.false_alarms:.1%}")
    if heard < planted:
        failures.append(f"埋下的 {planted} 件里有 {planted - heard} 件当天没有听到")
    return Result(
        {
            "false_alarms": rang,
            "false_alarms_bare": rang_bare,
            "stated": rules.false_alarms,
            "planted": planted,
            "heard": heard,
        },
        tuple(failures),
    )
