"""zuoxi suggest: what an agent would be offered for a question."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Misused, given_text, say, table, tell


def suggest(
    text: Annotated[str, typer.Argument(help="客户的话；- 为标准输入")],
    stage: Annotated[str | None, typer.Option("--stage", help="阶段，如 comfort、solve")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=20, help="条数")] = 5,
    min_precision: Annotated[float | None, typer.Option(min=0, max=1, help="低于此把握则弃答")] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="租户")] = site.TENANT,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """为客户的一句话推荐话术与答案。不写入任何记录。"""
    from api import wiring
    from kb.entries import STAGES
    from kb.suggest import SuggestRequest

    if stage is not None and stage not in STAGES:
        raise Misused(f"没有阶段 {stage}：可用 {'|'.join(STAGES)}")
    asked, now = given_text(text), datetime.now(UTC)
    with site.opened(data) as service:
        began = time.perf_counter()
        knowledge, models = service.sites.knowledge(tenant), service.models
        request = SuggestRequest(
            query=asked, stage=stage, limit=limit, min_precision=min_precision, as_of=now
        )
        made = wiring.suggest_body(models, knowledge, request)
        made.pop("pushed")
        mode, policy = wiring.search_mode(models, knowledge), service.policy.version
        head = wiring.decision(wiring.new_id("sg"), mode, knowledge.release, models, policy, began)
    reply = {**head, **made}
    if as_json:
        tell(reply)
    else:
        _show(reply)


def _show(reply: dict[str, Any]) -> None:
    rows = [
        (f"{one['confidence']:.2f}", one.get("stage") or one["kind"], one["title"], one["text"])
        for one in reply["suggestions"]
    ]
    release = reply["versions"]["release"]
    table(("把握", "阶段", "标题", "内容"), rows, f"{release}，{reply['took_ms']:.0f} 毫秒")
    if reply["abstained"]:
        say("没有足够把握的推荐。相近的问题：" + ("；".join(map(str, reply["near_questions"])) or "无"))
