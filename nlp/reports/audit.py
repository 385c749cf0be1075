"""月稽核: three rates of each team against their targets, who passes, and the list of those who do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.reports.policy import AuditTargets
from nlp.reports.shares import Share

Json = dict[str, Any]
RATES = {
    "execution": ("执行率", "通过的规则 ÷ 适用的规则"),
    "attainment": ("达标率", "得分达标且无一票否决的会话 ÷ 已评分的会话"),
    "complaints": ("客户投诉率", "客户投诉的会话 ÷ 全部会话"),
}
CEILINGS = frozenset({"complaints"})


def rates(sums: Mapping[str, Any], targets: AuditTargets) -> dict[str, Json]:
    """Each rate with its target and whether it is met; `met` is None where nothing was counted."""
    shares = {
        "execution": (Share(sums["passed"], sums["applicable"]), targets.execution),
        "attainment": (Share(sums["attained"], sums["scored"]), targets.attainment),
        "complaints": (Share(sums["complained"], sums["conversations"]), targets.complaints),
    }
    return {code: _rate(code, share, target) for code, (share, target) in shares.items()}


def _rate(code: str, share: Share, target: float) -> Json:
    met = None
    if share.value is not None:
        met = share.value <= target if code in CEILINGS else share.value >= target
    name, definition = RATES[code]
    return {
        "code": code,
        "name": name,
        "definition": definition,
        **share.json(),
        "target": target,
        "met": met,
    }


def audit(total: Mapping[str, Any], targets: AuditTargets) -> Json:
    """The whole site and each team; a team of too few conversations is told, not judged."""
    teams = [_team(name, sums, targets) for name, sums in total["teams"].items()]
    return {
        "pass_score": targets.pass_score,
        "overall": _team("全部", total, targets),
        "teams": teams,
        "failed": [
            {"team": one["name"], "rates": [rate["code"] for rate in one["rates"] if rate["met"] is False]}
            for one in teams
            if one["passed"] is False
        ],
    }


def _team(name: str, sums: Mapping[str, Any], targets: AuditTargets) -> Json:
    found = list(rates(sums, targets).values())
    small = sums["scored"] < targets.least
    return {
        "name": name,
        "conversations": sums["conversations"],
        "rates": found,
        "small": small,
        "passed": None if small else all(rate["met"] is not False for rate in found),
        "reason": f"只有 {sums['scored']} 段已评分的会话，少于 {targets.least} 段，不判定" if small else "",
    }
