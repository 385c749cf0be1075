"""Numbers as people write them: 1,500, 三十六, 两千五, 三五 (three to five), 半."""

from __future__ import annotations

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
NUMBER = r"(?:\d[\d,]*(?:\.\d+)?(?: ?[万千])?|[零〇一二两三四五六七八九十百千万]+|半)"


def value(text: str) -> tuple[float, float] | None:
    """The number `text` says, as (low, high): 三五 is (3, 5), 5000 is itself; None for what is none."""
    text = text.replace(",", "").replace(" ", "")
    if text == "半":
        return 0.5, 0.5
    if text[0].isdigit():
        scale = POWERS.get(text[-1], 1)
        number = float(text[:-1] if scale > 1 else text) * scale
        return number, number
    if all(c in DIGITS for c in text):
        return _row(text)
    number = _spoken(text)
    return number, number


def _row(text: str) -> tuple[float, float] | None:
    """Digits without powers: one number, two neighbours as a range, or digits read out."""
    found = [DIGITS[c] for c in text]
    if len(found) == 1:
        return float(found[0]), float(found[0])
    if len(found) == 2 and 0 < found[0] < found[1]:
        return float(found[0]), float(found[1])
    if len(found) >= 3:
        number = float("".join(map(str, found)))
        return number, number
    return None


def _spoken(text: str) -> float:
    total, section, digit, last = 0, 0, -1, 1
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
            if digit == 0:
                digit, last = -1, 1
            continue
        power = POWERS[character]
        if power == 10_000:
            total, section = (total + section + max(digit, 0)) * power or power, 0
        else:
            section += (1 if digit < 0 else digit) * power
        digit, last = -1, power
    if digit >= 0:  # 两千五 is 2500, 二十五 is 25
        section += digit * (last // 10 if last >= 100 else 1)
    return float(total + section)
