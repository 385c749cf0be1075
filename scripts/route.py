"""zuoxi route: what the service would decide about one ticket."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, given_text, say, table, tell

LEVELS = {"normal": "普通", "urgent": "紧急", "critical": "重大"}
POLARITIES = {"negative": "负面", "neutral": "中性", "positive": "正面"}
EMOTIONS = {
    "angry": "愤怒",
    "sad": "失望",
    "fear": "担忧",
    "surprise": "惊讶",
    "happy": "满意",
    "neutral": "平静",
}
AUTOMATION = {"auto": "自动分派", "suggest": "建议，由人确认", "manual": "人工分派"}


def route(
    text: Annotated[str, typer.Argument(help="工单内容；- 为标准输入")],
    subject: Annotated[str | None, typer.Option("--subject", help="主题")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="渠道")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help="客户等级，如 gold")] = None,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """为一段文字分单：类别、优先级、技能组、时限与升级路径。不写入任何记录。"""
    from api import wiring
    from nlp.routing import Ticket
    from nlp.routing import to_json as route_json
    from nlp.transcript import Customer

    settings = site.settings_of(data)
    models = wiring.load_models(settings.models, settings.encoder)
    policy = wiring.policies(settings.data / "policy")
    ticket = Ticket(text=given_text(text), subject=subject, channel=channel, customer=Customer(tier=tier))
    began = time.perf_counter()
    decided = wiring.route_tickets(models, policy, [ticket], datetime.now(UTC))[0]
    mode = "rules_only" if models.intent is None else "full"
    head = wiring.decision(wiring.new_id("rt"), mode, None, models, policy.version, began)
    reply = {**head, **route_json(decided), "duplicates": []}
    if as_json:
        tell(reply)
    else:
        _show(reply)


def _at(moment: str | None) -> str:
    """A moment of the reply, in the zone it was given in."""
    return f"{datetime.fromisoformat(moment):%m-%d %H:%M}" if moment else "无"


def _show(reply: dict[str, Any]) -> None:
    category, priority, mood = reply["category"], reply["priority"], reply["sentiment"]
    others = "，".join(f"{one['name']} {one['confidence']:.2f}" for one in reply["alternatives"][:3])
    reasons = "；".join(f"{one['code']}“{one['text']}”" for one in priority["reasons"])
    rows = [
        ("类别", f"{category['name']}（{'/'.join(category['path'])}），把握 {category['confidence']:.2f}"),
        ("其他可能", others or "无"),
        ("优先级", f"{LEVELS[priority['level']]}{'：' + reasons if reasons else ''}"),
        ("情绪", f"{POLARITIES[mood['polarity']]}，{EMOTIONS[mood['emotion']]}"),
        ("技能组", reply["queue"]["name"]),
        ("处理方式", AUTOMATION[reply["automation"]]),
        ("首次响应", _at(reply["sla"]["first_response_due"])),
        ("解决期限", _at(reply["sla"]["resolution_due"])),
        ("升级路径", " → ".join(f"{step['name']} {_at(step['at'])}" for step in reply["ladder"]) or "无"),
    ]
    table(("项", "结果"), rows)
    say(f"模式 {reply['mode']}，{reply['took_ms']:.1f} 毫秒")
