"""A few lines for whoever takes over, taken from what was said; the turns are masked before they come here."""

from __future__ import annotations

from nlp.handoff.cues import Because
from nlp.handoff.memory import TOLD, State

CAUSE_NAMES = {
    "sensitive": "涉及安全、法律或媒体等敏感情况",
    "asked": "客户要求人工或上级",
    "vip": "贵宾客户遇到服务失败",
    "anger": "客户情绪激烈",
    "repeat": "客户被迫重复已提供的信息",
    "unanswered": "多次答非所问",
    "no_progress": "反复同样答复，没有进展",
}
_MOODS = {
    "angry": "生气",
    "sad": "难过",
    "fear": "担心",
    "surprise": "意外",
    "happy": "高兴",
    "neutral": "平静",
}


def _short(text: str, limit: int = TOLD) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def summary_of(state: State, reasons: tuple[Because, ...], latest: str) -> str:
    """Request, what was tried, mood and cause, one line each."""
    lines = [f"诉求：{_short(state.request or latest)}"]
    if latest and latest != state.request:
        lines.append(f"最近：{_short(latest)}")
    if state.tried:
        lines.append("已尝试：" + "；".join(_short(text, 30) for text in state.tried))
    if state.mood:
        lines.append(f"情绪：{_MOODS.get(state.mood, state.mood)}")
    if reasons:
        lines.append("原因：" + "、".join(dict.fromkeys(CAUSE_NAMES[one.code] for one in reasons)))
    return "\n".join(lines)
