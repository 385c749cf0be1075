"""How long the next customer will wait, and whether to point them elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """`eta_s` is None where nobody is there to serve; `deflect`: a bot or self-service is the better offer."""

    waiting: int
    online: int
    handle_s: float | None
    eta_s: float | None
    limit_s: float
    deflect: bool


def outlook(waiting: int, online: int, handle_s: float | None, limit_s: float) -> Outlook:
    """People waiting times the mean handling time over the people serving.

    Without anybody serving, whoever asks is pointed elsewhere; without a handling time nothing can be said.
    """
    if online <= 0:
        return Outlook(waiting, online, handle_s, None, limit_s, True)
    if handle_s is None:
        return Outlook(waiting, online, None, 0.0 if not waiting else None, limit_s, False)
    eta = waiting * handle_s / online
    return Outlook(waiting, online, handle_s, eta, limit_s, eta > limit_s)
