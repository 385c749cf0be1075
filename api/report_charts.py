"""Charts as inline SVG, drawn on the server: they need no script, print as they look, and read aloud by their title."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640.0, 180.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 12.0, 14.0, 26.0
LINE, SOFT, INK = "#2f6fc4", "#d5dde6", "#566170"
_TICKS = 4
_LABELS = 8


def line(title: str, points: Sequence[tuple[str, float | None]], low: float, high: float) -> str:
    """A course over labelled places; a gap where there is no value. The axis runs from `low` to `high`."""
    if not any(value is not None for _, value in points):
        return ""
    span = high - low or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)

    def place(at: int, value: float) -> tuple[float, float]:
        share = min(1.0, max(0.0, (value - low) / span))
        return round(LEFT + at * step, 1), round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for at, (_, value) in enumerate(points):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(place(at, value))
    parts = [_axis(low, high), *_names(points, step)]
    for run in filter(None, runs):
        way = " ".join(f"{x},{y}" for x, y in run)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{LINE}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{LINE}"/>' for x, y in run]
    told = "；".join(f"{name} {value:g}" for name, value in points if value is not None)
    return _frame(title, told, "".join(parts), HEIGHT)


def bars(title: str, rows: Sequence[tuple[str, float, tuple[float, float] | None]]) -> str:
    """Horizontal bars of shares 0…1 in percent, each with its interval as a whisker where it has one."""
    if not rows:
        return ""
    most = max(max(value, *(spread or (0.0,))) for _, value, spread in rows) or 1.0
    height, left = 24.0 * len(rows) + 8, 190.0
    scale = (WIDTH - left - 90) / most
    parts = []
    for at, (name, value, spread) in enumerate(rows):
        y = 6 + 24.0 * at
        parts.append(_text(left - 8, y + 13, name, "end"))
        parts.append(
            f'<rect x="{left}" y="{y + 2}" width="{round(value * scale, 1)}" height="14" rx="2" fill="{LINE}"/>'
        )
        end = value
        if spread is not None:
            low, high = (round(left + edge * scale, 1) for edge in spread)
            parts.append(f'<path d="M{low} {y + 9}H{high}" stroke="{INK}" stroke-width="1.5"/>')
            end = max(value, spread[1])
        parts.append(_text(left + end * scale + 8, y + 13, f"{100 * value:.1f}%", "start"))
    told = "；".join(f"{name} {100 * value:.1f}%" for name, value, _ in rows)
    return _frame(title, told, "".join(parts), height)


def _frame(title: str, told: str, inside: str, height: float) -> str:
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'width="{WIDTH:g}" height="{height:g}"><title>{escape(title)}：{escape(told)}</title>{inside}</svg></figure>'
    )


def _axis(low: float, high: float) -> str:
    parts = []
    for at in range(_TICKS + 1):
        value = low + (high - low) * at / _TICKS
        y = round(TOP + (1 - at / _TICKS) * (HEIGHT - TOP - BOTTOM), 1)
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{SOFT}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    return "".join(parts)


def _names(points: Sequence[tuple[str, float | None]], step: float) -> list[str]:
    every = -(-len(points) // _LABELS)
    return [
        _text(LEFT + at * step, HEIGHT - 8, name, "middle")
        for at, (name, _) in enumerate(points)
        if at % every == 0
    ]


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{round(x, 1)}" y="{round(y, 1)}" font-size="12" fill="{INK}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )
