"""zuoxi models shadow: the same report as GET /v1/models/shadow, read from the site's database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts import site
from scripts.console import Failed, say, table, tell

ENDS = {"both": "都对", "served": "只有在用的对", "shadow": "只有影子对", "neither": "都不对"}


def report(data: Path, tenant: str, version: str | None, days: int, as_json: bool) -> None:
    """Print the report. Raises Failed where no shadow is set and none is named."""
    from api import shadow_report
    from nlp import versions
    from nlp.artefacts import models_root
    from nlp.policy import load_policy

    with site.stored(data) as (settings, store):
        name = version or settings.shadow
        if name is None:
            raise Failed(
                '没有设影子模型：在 zuoxi.toml 里写 shadow = "版本名"（或设 ZUOXI_SHADOW），然后重启服务'
            )
        served = versions.in_use(models_root(settings.models), "intent")
        pair = shadow_report.Pair(f"intent/{name}", "" if served is None else f"intent/{served}")
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
        tree = load_policy(settings.data / "policy").taxonomy
        told = store.read(lambda reader: shadow_report.report(reader, tenant, pair, since, tree))
    if as_json:
        tell(told)
    else:
        _show(told)


def _show(told: dict[str, Any]) -> None:
    if not told["seen"]:
        say(f"{told['shadow']} 还没有与 {told['against'] or '规则'} 并行判断过工单")
        return
    low, high = told["interval"]
    say(
        f"{told['shadow']} 与在用的 {told['against'] or '规则'}：{told['seen']} 张工单，"
        f"一致 {told['agreement']:.1%}（95% 区间 {low:.1%} 到 {high:.1%}）"
    )
    unlike = [(one["served"]["name"], one["shadow"]["name"], one["count"]) for one in told["confusions"]]
    if unlike:
        table(("在用的说", "影子说", "张数"), unlike)
    judged = told["corrections"]
    if judged["judged"]:
        shown = "，".join(f"{word} {judged[end]}" for end, word in ENDS.items())
        say(f"人工改正过的 {judged['judged']} 张：{shown}")
