"""zuoxi quality report: the report of a day, a week or a month, as the service tells it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts import site
from scripts.console import AsJson, Data, Failed, Misused, say, table, tell

if TYPE_CHECKING:
    from nlp.reports.policy import Period

PERIODS: tuple[Period, ...] = ("daily", "weekly", "monthly")
FORMATS = (".json", ".html", ".xlsx", ".md")


def report(
    period: Annotated[str, typer.Argument(help="daily、weekly 或 monthly")] = "weekly",
    day: Annotated[
        str | None, typer.Option("--date", help="这一期里的任一天，如 2026-11-18；缺省为今天")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写到文件：.json .html .xlsx .md")] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="租户")] = site.TENANT,
    data: Data = Path("data"),
    as_json: AsJson = False,
) -> None:
    """《服务质量分析报告》：与 GET /v1/reports/{period} 相同的数字；服务开着也行。"""
    if period not in PERIODS:
        raise Misused(f"没有 {period!r} 这种报告（应为：{'、'.join(PERIODS)}）")
    if out is not None and out.suffix not in FORMATS:
        raise Misused(f"--out 的扩展名不能是 {out.suffix!r}（应为：{' '.join(FORMATS)}）")
    when = _day(day)
    from zoneinfo import ZoneInfo

    from api.report_base import day_of
    from api.report_content import compiled
    from api.report_pages import to_html, to_markdown, to_xlsx
    from api.report_tables import tables

    with site.opened(data) as opened:
        at = day_of(when, ZoneInfo(opened.settings.timezone))
        told = opened.store.read(lambda reader: compiled(opened, reader, tenant, _named(period), at))
        names = {code: node.name for code, node in opened.policy.taxonomy.codes.items()}
    if out is not None:
        forms = {
            ".json": lambda: json.dumps(told, ensure_ascii=False, indent=1).encode(),
            ".html": lambda: to_html(told, names).encode(),
            ".xlsx": lambda: to_xlsx(told, names),
            ".md": lambda: to_markdown(told, names).encode(),
        }
        try:
            out.write_bytes(forms[out.suffix]())
        except OSError as error:
            raise Failed(f"写不了 {out}：{error.strerror or error}") from None
        say(f"写在 {out}")
    if as_json:
        tell(told)
    elif out is None:
        for one in tables(told, names):
            if one.rows:
                table(one.heads, one.rows, one.title)


def _day(given: str | None) -> str | None:
    if given is not None:
        try:
            date.fromisoformat(given)
        except ValueError:
            raise Misused(f"--date 不能是 {given!r}（应为：YYYY-MM-DD，如 2026-11-18）") from None
    return given


def _named(period: str) -> Period:
    return next(one for one in PERIODS if one == period)
