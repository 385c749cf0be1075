"""A report as a page and as a workbook: the same tables, drawn without scripts and without formulas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import xlsxwriter

PERIODS = {"daily": "日报", "weekly": "周报", "monthly": "月报"}
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
STYLE = """
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:52rem;color:#1c2430}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea}td.n,th.n{text-align:right}
svg{display:block}.soft{color:#66717f}
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the headings, and rows of a name and numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str | int | float, ...], ...]


def tables(report: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Table]:
    """The tables of a report. `names` gives the Chinese names of category codes."""

    def counted(title: str, head: str, counts: Mapping[str, int]) -> Table:
        rows = tuple((names.get(code) or WORDS.get(code) or code, number) for code, number in counts.items())
        return Table(title, (head, "数量"), rows)

    routes, quality = report["routes"], report["quality"]
    yield counted(f"工单分派（共 {routes['total']} 张）", "类别", routes["by_category"])
    yield counted("优先级", "级别", routes["by_priority"])
    yield counted("自动化程度", "方式", routes["by_automation"])
    yield counted("转接", "动作", report["handoffs"]["by_action"])
    yield counted("转接原因", "原因", report["handoffs"]["by_reason"])
    used = report["suggestions"]
    title = f"话术推荐（{used['made']} 次，弃答 {used['abstained']} 次）"
    yield counted(title, "采用情况", used["by_action"])
    mean = "—" if quality["mean"] is None else quality["mean"]
    title = f"质检（{quality['scored']} 份，平均 {mean} 分，一票否决 {quality['vetoes']} 份）"
    yield counted(title, "等级", quality["grades"])
    failed = tuple((one["code"], one["count"], f"{one['rate']:.1%}") for one in quality["violations"])
    yield Table("质检扣分项", ("评分项", "份数", "占比"), failed)
    agents = tuple((one["agent"], one["scored"], one["mean"]) for one in quality["agents"])
    yield Table("客服", ("客服", "份数", "平均分"), agents)
    kept = tuple(
        (one["agent"], one["passed"], one["applicable"], "—" if one["rate"] is None else f"{one['rate']:.1%}")
        for one in report["adherence"]
    )
    yield Table("手册遵守率", ("客服", "通过", "适用检查", "遵守率"), kept)
    found = report["search"]
    middle = "—" if found["seconds_median"] is None else found["seconds_median"]
    title = f"找到答案的用时（中位 {middle} 秒）"
    yield Table(title, ("会话", "数量"), (("打开推荐", found["sessions"]), ("用上答案", found["useful"])))


def heading(report: Mapping[str, Any]) -> str:
    """The report's name and the days it covers."""
    return f"{PERIODS[report['period']]} {report['from'][:10]} 起，至 {report['to'][:10]} 零时"


def to_html(report: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The report as one page that needs nothing else."""
    title = escape(heading(report))
    body = "".join(_section(table) for table in tables(report, names))
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1>{body}</html>"
    )


def _section(table: Table) -> str:
    if not table.rows:
        return f'<h2>{escape(table.title)}</h2><p class="soft">没有数据</p>'
    most = max((float(row[1]) for row in table.rows), default=0) or 1
    heads = "".join(f"<th{_side(at)}>{escape(head)}</th>" for at, head in enumerate(table.heads))
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_side(at)}>{escape(str(cell))}</td>" for at, cell in enumerate(row))
        + f"<td>{_bar(float(row[1]) / most)}</td></tr>"
        for row in table.rows
    )
    return f"<h2>{escape(table.title)}</h2><table><tr>{heads}<th></th></tr>{rows}</table>"


def _side(column: int) -> str:
    return ' class="n"' if column else ""


def _bar(share: float) -> str:
    width = round(160 * share, 1)
    return (
        '<svg width="160" height="10" role="presentation">'
        f'<rect width="{width}" height="10" rx="2" fill="#3b7dd8"/></svg>'
    )


def to_xlsx(report: Mapping[str, Any], names: Mapping[str, str]) -> bytes:
    """The report as a workbook of one sheet; text cells are written as text, never as formulas."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("报表")
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 40)
    sheet.write_string(0, 0, heading(report), bold)
    at = 2
    for table in tables(report, names):
        sheet.write_string(at, 0, table.title, bold)
        for column, head in enumerate(table.heads):
            sheet.write_string(at + 1, column, head, bold)
        at += 2
        for row in table.rows:
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(at, column, cell)
                else:
                    sheet.write_number(at, column, cell)
            at += 1
        at += 1
    book.close()
    return held.getvalue()
