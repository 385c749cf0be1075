"""A report as tables: one list of them, drawn as a page, as a workbook, as Markdown, so that the numbers are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Cell = str | int | float
PERIODS = {"daily": "日报", "weekly": "周报", "monthly": "月报"}
TITLES = {"daily": "服务质量日报", "weekly": "服务质量分析报告（周）", "monthly": "服务质量分析报告（月）"}
WORDS = {
    "normal": "普通",
    "urgent": "紧急",
    "critical": "重大",
    "auto": "自动",
    "suggest": "建议",
    "manual": "人工",
    "offer": "建议转接",
    "transfer": "直接转接",
    "alert_supervisor": "提醒主管",
    "shown": "已展示",
    "inserted": "已插入",
    "edited": "已修改",
    "sent": "已发送",
    "dismissed": "不采用",
    "helpful": "有用",
    "not_helpful": "没用",
    "sensitive": "敏感问题",
    "asked": "客户要求",
    "vip": "贵宾",
    "anger": "情绪激动",
    "repeat": "被迫重复",
    "unanswered": "未能回答",
    "no_progress": "没有进展",
}
NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the headings, and rows of cells; `bar` is the column of numbers drawn beside the rows, if any.

    `links` gives the way behind a row's first cell, "" where there is none.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bar: int | None = None
    links: tuple[str, ...] = ()


def percent(share: float | None) -> str:
    """5.0%; — of nothing."""
    return NOTHING if share is None else f"{100 * share:.1f}%"


def interval(told: Mapping[str, Any]) -> str:
    """A share with its interval, as 5.0% [2.2, 11.2]."""
    if told["interval"] is None:
        return NOTHING
    low, high = told["interval"]
    return f"{percent(told['share'])} [{100 * low:.1f}, {100 * high:.1f}]"


def known(value: Any) -> Cell:
    """A number or its absence."""
    return NOTHING if value is None else value


def heading(report: Mapping[str, Any]) -> str:
    """The report's name and the days it covers."""
    return f"{TITLES[report['period']]} {report['from'][:10]} 起，至 {report['to'][:10]} 零时"


def tables(report: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Table]:
    """The tables of a report. `names` gives the Chinese names of category codes."""
    yield from _service(report, names)
    yield from _work(report, names)


def _service(report: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Table]:
    scores, quality = report["scores"], report["quality"]
    title = (
        f"质检（{quality['scored']} 份，平均 {known(quality['mean'])} 分，一票否决 {quality['vetoes']} 份）"
    )
    yield Table(title, ("等级", "数量"), tuple(quality["grades"].items()), 1)
    rows: list[tuple[Cell, ...]] = [
        ("本期平均分", known(scores["mean"]), scores["n"]),
        ("上期平均分", known(scores["before"]), scores["n_before"]),
        ("变动", known(scores["delta"]), NOTHING),
    ]
    yield Table("与上期相比", ("项目", "数值", "份数"), tuple(rows))
    moved = {one["code"]: one["points"] for one in report["trend"]}
    yield Table(
        "违规占比",
        ("问题", "份数", "占比与 95% 区间", "比上期（百分点）"),
        tuple(
            (one["text"], one["count"], interval(one), known(moved.get(one["code"])))
            for one in report["violations"]
        ),
        1,
        tuple(
            f"/supervisor#/quality/violation/{one['code']}?period={report['period']}&date={report['from'][:10]}"
            for one in report["violations"]
        ),
    )
    yield Table(
        "每日",
        ("日期", "会话", "评分份数", "平均分", "扣分项次", "一票否决"),
        tuple(
            (one["date"], one["conversations"], one["scored"], known(one["mean"]), one["violations"], one["vetoes"])
            for one in report["days"]
        ),
    )  # fmt: skip
    for group, title in (("agents", "客服"), ("teams", "团队")):
        yield _people(title, report["people"][group])
    yield Table(
        "团队排名",
        ("团队", "名次", "平均分", "份数", "说明"),
        (
            *((one["name"], one["place"], one["points"], one["n"], one["why"]) for one in report["ranking"]["places"]),
            *((one["name"], NOTHING, NOTHING, NOTHING, one["reason"]) for one in report["ranking"]["left_out"]),
        ),
    )  # fmt: skip
    yield from _voices(report["voices"])
    yield from _examples(report["examples"])
    yield from _daily(report)
    yield Table(
        "手册遵守率",
        ("客服", "通过", "适用检查", "遵守率"),
        tuple(
            (one["agent"], one["passed"], one["applicable"], percent(one["rate"]))
            for one in report["adherence"]
        ),
        1,
    )


def _people(title: str, told: list[dict[str, Any]]) -> Table:
    rows = tuple(
        (
            one["name"], one["scored"], known(one["mean"]), interval(one["adherence"]), percent(one["praised"]["share"]),
            percent(one["complained"]["share"]), one["vetoes"], "样本太小" if one["small"] else "",
        )
        for one in told
    )  # fmt: skip
    heads = (title, "份数", "平均分", "规则符合率与 95% 区间", "表扬率", "投诉率", "一票否决", "备注")
    return Table(title, heads, rows, 1)


def _voices(told: Mapping[str, Any]) -> Iterator[Table]:
    sampled = "" if told["read"] == told["voices"] else f"，均匀抽读 {told['read']} 条"
    yield Table(
        f"客户在抱怨什么（{told['voices']} 条{sampled}）",
        ("主题", "条数", "占比", "说法", "原话（已脱敏）"),
        tuple(
            (
                one["name"], one["negative"], percent(one["share"]),
                "、".join(opinion["text"] for opinion in one["opinions"]),
                " / ".join(f"“{quote['text']}”" for quote in one["quotes"]),
            )
            for one in told["themes"]
        ),
        1,
    )  # fmt: skip


def _examples(told: list[dict[str, Any]]) -> Iterator[Table]:
    rows, links = [], []
    for one in told:
        for case in one["conversations"]:
            words = [f"“{spot['text']}”" if spot["text"] else "（缺少）" for spot in case["evidence"]]
            rows.append((str(case["conversation"]), one["problem"], known(case["score"]), " ".join(words)))
            links.append(str(case["link"]))
    yield Table("典型会话", ("会话", "问题", "得分", "证据"), tuple(rows), None, tuple(links))


def _daily(report: Mapping[str, Any]) -> Iterator[Table]:
    if "exceptions" in report:
        yield Table(
            "异常",
            ("会话", "客服", "得分", "一票否决", "问题"),
            tuple(
                (
                    str(one["conversation"]), str(known(one["agent"])), known(one["score"]),
                    "是" if one["veto"] else "", "、".join(one["problems"]),
                )
                for one in report["exceptions"]
            ),
            None,
            tuple(str(one["link"]) for one in report["exceptions"]),
        )  # fmt: skip
        yield Table(
            "红牌",
            ("客服", "红牌", "事由"),
            tuple(
                (str(one["agent"]), str(one["title"]), str(one["reason"]))
                for one in report.get("red_cards", ())
            ),
        )
    if "emerging" in report:
        yield Table(
            f"新增投诉（{report['emerging']['definition']}）",
            ("话题", "今日条数", "平常", "原话（已脱敏）"),
            tuple(
                (
                    one["name"],
                    one["count"],
                    one["expected"],
                    " / ".join(f"“{v['text']}”" for v in one["voices"]),
                )
                for one in report["emerging"]["alarms"]
            ),
            1,
        )


def _work(report: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Table]:
    def counted(title: str, head: str, counts: Mapping[str, int]) -> Table:
        rows = tuple((names.get(code) or WORDS.get(code) or code, number) for code, number in counts.items())
        return Table(title, (head, "数量"), rows, 1)

    routes = report["routes"]
    yield counted(f"工单分派（共 {routes['total']} 张）", "类别", routes["by_category"])
    yield counted("优先级", "级别", routes["by_priority"])
    yield counted("自动化程度", "方式", routes["by_automation"])
    yield counted("转接", "动作", report["handoffs"]["by_action"])
    yield counted("转接原因", "原因", report["handoffs"]["by_reason"])
    used = report["suggestions"]
    yield counted(
        f"话术推荐（{used['made']} 次，弃答 {used['abstained']} 次）", "采用情况", used["by_action"]
    )
    found = report["search"]
    title = f"找到答案的用时（中位 {known(found['seconds_median'])} 秒）"
    yield Table(title, ("会话", "数量"), (("打开推荐", found["sessions"]), ("用上答案", found["useful"])), 1)
