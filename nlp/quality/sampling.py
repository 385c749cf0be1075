"""Which conversations of a day people look at: red flags, and a stratified random sample that anyone can draw again."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from random import Random
from typing import Any

from nlp.tables import read_preset

NAME = "sampling"


@dataclass(frozen=True, slots=True)
class SamplingPolicy:
    """Shares 0…1 of a day, what must be looked at, what is a high risk, and when a rate is too thin."""

    rate: float
    least: float
    most: float
    seed: str
    must_veto: bool
    must_items: tuple[str, ...]
    must_below: float
    risk_below: float
    risk_failures: int
    risk_complained: bool
    risk_escalated: bool
    estimate_least: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation of the day. `flags` are the reasons it must be looked at; `risk` is high or normal."""

    id: str
    agent: str
    category: str
    risk: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen conversation, its stratum, and the probability with which chance chose it (1 for a red flag)."""

    id: str
    agent: str
    stratum: str
    probability: float
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """`strata`: name → (conversations, chosen). `notes` say what this day does not allow."""

    total: int
    picks: tuple[Pick, ...]
    strata: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]

    @property
    def share(self) -> float:
        return len(self.picks) / self.total if self.total else 0.0


def read_sampling(folder: Path | None = None) -> SamplingPolicy:
    """The site's `sampling.toml` where there is one, else the preset. Raises PolicyError."""
    table = read_preset(NAME, folder).table
    table.only("version", "rate", "least", "most", "seed", "must", "high_risk", "estimate")
    must, risk, estimate = (table.table(name, required=False) for name in ("must", "high_risk", "estimate"))
    must.only("veto", "items", "score_below")
    risk.only("score_below", "failures_from", "complained", "escalated")
    estimate.only("least", "confidence")
    least = table.number("least", 0.10, high=1.0)
    most = table.number("most", 0.20, low=least, high=1.0)
    return SamplingPolicy(
        rate=table.number("rate", 0.15, low=least, high=most),
        least=least,
        most=most,
        seed=table.text("seed", "1"),
        must_veto=must.flag("veto", True),
        must_items=must.texts("items", ()),
        must_below=must.number("score_below", 0, high=100),
        risk_below=risk.number("score_below", 0, high=100),
        risk_failures=int(risk.number("failures_from", 1000, low=1)),
        risk_complained=risk.flag("complained", False),
        risk_escalated=risk.flag("escalated", False),
        estimate_least=int(estimate.number("least", 30, low=1)),
        confidence=estimate.number("confidence", 0.95, low=0.5, high=0.999),
    )


def chat_of(seen: Mapping[str, Any], policy: SamplingPolicy) -> Chat:
    """A conversation's observation as the plan sees it."""
    values = seen["values"]
    failed, score = values.get("failed") or [], values.get("score")
    flags = ["一票否决"] if policy.must_veto and values.get("veto") else []
    flags += [code for code in policy.must_items if code in failed]
    if score is not None and score < policy.must_below:
        flags.append(f"得分低于 {policy.must_below:g}")
    risky = (
        (score is not None and score < policy.risk_below)
        or len(failed) >= policy.risk_failures
        or (policy.risk_complained and bool(values.get("complained")))
        or (policy.risk_escalated and bool(values.get("escalated")))
    )
    return Chat(
        str(values["result"]),
        seen["agent"] or "",
        seen["category"] or "",
        "high" if risky else "normal",
        tuple(flags),
    )


def draw(chats: Iterable[Chat], policy: SamplingPolicy, day: str) -> Sample:
    """The sample of a day: the same conversations in any order give the same sample.

    Red flags are taken. The rest is drawn by agent, within an agent by risk and category; where an agent's number
    is smaller than their strata, the smallest are drawn from together, so that every conversation has a chance that
    is known: chosen / conversations of its stratum.
    """
    every = sorted(chats, key=lambda chat: chat.id)
    flagged = [chat for chat in every if chat.flags]
    open_ones: dict[str, list[Chat]] = defaultdict(list)
    for chat in every:
        if not chat.flags:
            open_ones[chat.agent].append(chat)
    low, high = ceil(policy.least * len(every) - 1e-9), floor(policy.most * len(every) + 1e-9)
    aim = min(max(round(policy.rate * len(every)), low), max(high, low)) - len(flagged)
    covered = {chat.agent for chat in flagged}
    numbers = _numbers(
        {agent: len(own) for agent, own in open_ones.items()}, aim, covered, high - len(flagged)
    )
    picks = [Pick(chat.id, chat.agent, "必查", 1.0, chat.flags) for chat in flagged]
    strata: dict[str, tuple[int, int]] = {"必查": (len(flagged), len(flagged))} if flagged else {}
    for agent, own in sorted(open_ones.items()):
        for name, members in _strata(own, numbers[agent]):
            chosen = _chosen(members, _share_of(members, own, numbers[agent], name), policy.seed, day)
            strata[name] = (len(members), len(chosen))
            picks += [Pick(c.id, c.agent, name, len(chosen) / len(members), ()) for c in chosen]
    return Sample(len(every), tuple(picks), strata, tuple(_notes(every, picks, low, high, len(flagged))))


def _numbers(sizes: Mapping[str, int], aim: int, covered: set[str], most: int) -> dict[str, int]:
    """How many of each agent: one at least, the rest of `aim` in proportion (largest remainders)."""
    numbers = dict.fromkeys(sizes, 1)
    spare = sum(numbers.values()) - max(most, 0)
    for agent in sorted(covered & set(sizes), key=lambda one: (sizes[one], one)):
        if spare > 0:  # looked at already: on a tight day the random one is given up
            numbers[agent], spare = 0, spare - 1
    left = max(0, aim - sum(numbers.values()))
    total = sum(sizes.values())
    wanted = {agent: left * size / total for agent, size in sizes.items()}
    for agent, value in wanted.items():
        numbers[agent] = min(sizes[agent], numbers[agent] + floor(value))
    for agent in sorted(sizes, key=lambda one: (floor(wanted[one]) - wanted[one], one)):
        if sum(numbers.values()) < aim and numbers[agent] < sizes[agent]:
            numbers[agent] += 1
    return numbers


def _strata(own: Sequence[Chat], number: int) -> list[tuple[str, list[Chat]]]:
    """An agent's conversations by risk and category, the smallest together where there are more than `number`."""
    cells: dict[tuple[str, str], list[Chat]] = defaultdict(list)
    for chat in own:
        cells[(chat.risk, chat.category)].append(chat)
    if number == 0:
        return [(f"{own[0].agent}|未抽", list(own))]
    order = sorted(cells, key=lambda cell: (cell[0] != "high", -len(cells[cell]), cell[1]))
    alone, together = (order, []) if len(order) <= number else (order[: number - 1], order[number - 1 :])
    told = [(f"{own[0].agent}|{risk}|{category}", cells[(risk, category)]) for risk, category in alone]
    if together:
        told.append((f"{own[0].agent}|其余", [chat for cell in together for chat in cells[cell]]))
    return [(name, sorted(members, key=lambda chat: chat.id)) for name, members in told]


def _share_of(members: Sequence[Chat], own: Sequence[Chat], number: int, name: str) -> int:
    """How many of a stratum: one each, the rest in proportion by largest remainders over the agent's strata."""
    if number == 0:
        return 0
    sizes = {one: len(group) for one, group in _strata(own, number)}
    left = number - len(sizes)
    wanted = {one: left * size / len(own) for one, size in sizes.items()}
    shares = {one: min(sizes[one], 1 + floor(value)) for one, value in wanted.items()}
    while sum(shares.values()) < min(number, len(own)):
        room = [one for one in sizes if shares[one] < sizes[one]]
        best = max(room, key=lambda one: (1 + wanted[one] - shares[one], one))
        shares[best] += 1
    return shares[name]


def _chosen(members: Sequence[Chat], number: int, seed: str, day: str) -> list[Chat]:
    """The `number` members whose digests come first: chance that does not depend on who else is there."""
    ranked = sorted(members, key=lambda chat: hashlib.sha256(f"{seed}|{day}|{chat.id}".encode()).digest())
    return ranked[:number]


def _notes(every: Sequence[Chat], picks: Sequence[Pick], low: int, high: int, flagged: int) -> list[str]:
    agents = {chat.agent for chat in every}
    notes = []
    if len(picks) > high:
        why = f"必查 {flagged} 段" if flagged > high else f"{len(agents)} 名客服每人至少 1 段"
        notes.append(f"当天 {len(every)} 段，{why}，抽查 {len(picks)} 段超过上限 {high} 段")
    if len(picks) < low:
        notes.append(f"当天 {len(every)} 段，只抽到 {len(picks)} 段，不足下限 {low} 段")
    missing = agents - {pick.agent for pick in picks}
    if missing:
        notes.append(f"{'、'.join(sorted(missing))} 没有抽到")
    return notes


def per_agent(sample: Sample) -> dict[str, int]:
    """How many conversations of each agent were chosen."""
    return dict(sorted(Counter(pick.agent for pick in sample.picks).items()))


def pick_one(identities: Sequence[str], chance: Random) -> str | None:
    """One of them, each as likely as any other; None of nothing."""
    return chance.choice(sorted(identities)) if identities else None
