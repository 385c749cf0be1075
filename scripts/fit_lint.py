"""Fit what makes two statements contradict each other: `python -m scripts.fit_lint [--write]`.

Shops with labelled conflicts (tests/kb/planted, the open ones, and tests/kb/lint) and the demo handbook, which has
none. Prints figures where each shop was judged by weights fitted on the others; `--write` replaces
kb/lint/weights.toml. No blind file is read.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.entries import Entry, from_json
from kb.lint.base import Base, Encode, build
from kb.lint.conflict import Nearest, together, weighed
from kb.lint.evidence import NAMES, Meeting
from kb.lint.run import near_entries
from scripts.evaluate_planted import AS_OF, PLANTED, encode, handbook

ROOT = Path(__file__).parents[1]
SETS = ("open", "open2")
OTHERS = ROOT / "tests/kb/lint"
PRECISION = 0.87
STRENGTH = 1.0
"""Of the pull towards nought, on values of unit spread."""
DENSE = 2.0
"""How much the likeness by encoder counts beside that by words."""
SOUND = 0.2
"""Weight of a pair of the demo handbook, which has many and no conflict."""
ONE_KIND = 0.05
"""Weight of a labelled conflict as it would be if both entries were of one kind: the shops here planted theirs between
kinds, but a site may import all it has as one."""
SURE = 0.97
"""Precision from which a conflict is an error."""
Floats = npt.NDArray[np.float64]
Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Shop:
    """Differing statements of one handbook: their values, the pair of entries of each, and the pairs that conflict.

    `right` marks the statements that a label names; where it names none, the nearest of a conflicting pair.
    """

    name: str
    values: Floats
    pairs: tuple[Pair, ...]
    right: npt.NDArray[np.bool_]
    weight: Floats
    wanted: frozenset[Pair]


def main() -> None:
    """Print the figures; write the weights where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    told = [
        _fitted("encoded", [shop(*one, encode()) for one in sources()], DENSE),
        _fitted("words", [shop(*one, None) for one in sources()], 0.0),
    ]
    if write:
        note = "# Written by scripts/fit_lint.py: how much each number of kb/lint/evidence.py counts, and from which odds on.\n"
        (ROOT / "kb/lint/weights.toml").write_text(note + "\n".join(told), encoding="utf-8")


def sources() -> Iterator[tuple[str, list[Entry], Sequence[Mapping[str, Any]]]]:
    """Name, entries and conflicts of each shop."""
    for half in SETS:
        rows = _rows(PLANTED / f"conflicts.{half}.jsonl")
        labels = json.loads((PLANTED / f"conflicts.{half}.labels.json").read_text(encoding="utf-8"))[
            "conflicts"
        ]
        for name in dict.fromkeys(row["part"] for row in rows):
            entries = [from_json(row) for row in rows if row["part"] == name]
            ids = {entry.id for entry in entries}
            mine = [one for one in labels if one["a"] in ids]
            yield name, entries, mine
            yield name, list(lengthened(entries, mine)), mine
    for name in ("homes", "rules"):
        labels = json.loads((OTHERS / f"{name}.labels.json").read_text(encoding="utf-8"))["conflicts"]
        yield name, [from_json(row) for row in _rows(OTHERS / f"{name}.jsonl")], labels
    yield "demo", handbook(), []


def lengthened(entries: Sequence[Entry], labels: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """The same entries, most with a sentence of another that conflicts with nothing: real ones say more than one thing."""
    chance = random.Random(7)  # noqa: S311 - the same sentences every time
    taken = {one[side] for one in labels for side in "ab"}
    free = [entry.text for entry in entries if entry.id not in taken and entry.kind in ("faq", "policy")]
    for entry in entries:
        more = chance.choice(free)
        if entry.kind in ("manual", "case") or more == entry.text or chance.random() < 0.3:
            yield entry
        else:
            yield replace(entry, text=f"{entry.text}{more}")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def shop(
    name: str, entries: Sequence[Entry], labels: Sequence[Mapping[str, Any]], seen_by: Encode | None
) -> Shop:
    """All differing statements of a handbook; a removed step is no matter of weights."""
    base = build(entries, seen_by)
    met = [(one, tuple(found[name] for name in NAMES)) for one, found in _all(base)]
    wanted = {frozenset((one["a"], one["b"])): one for one in labels if one.get("type") != "step"}
    pairs = tuple(frozenset((one.left.entry.id, one.right.entry.id)) for one, _ in met)
    right = np.array(
        [pair in wanted and _named(one, wanted[pair]) for pair, (one, _) in zip(pairs, met, strict=True)],
        np.bool_,
    )
    for pair in wanted:
        rows = [at for at, other in enumerate(pairs) if other == pair]
        if rows and not right[rows].any():
            right[max(rows, key=lambda at: met[at][0].near)] = True
    used = right | np.array([pair not in wanted for pair in pairs], np.bool_)
    weight = used.astype(np.float64) * (SOUND if not wanted else 1.0)
    return Shop(name, np.array([values for _, values in met]), pairs, right, weight, frozenset(wanted))


def _all(base: Base) -> Iterator[tuple[Meeting, dict[str, float]]]:
    live = {
        read.entry.id: read
        for read in base.reads.values()
        if read.entry.effective_to is None or read.entry.effective_to > AS_OF
    }
    nearest = Nearest(base, lambda entry: entry.id in live)
    few = len(live) <= 100
    beside = {one: near_entries(read, base) for one, read in live.items() if not few}
    for one, other in combinations(sorted(live), 2):
        if (few or other in beside[one] or one in beside[other]) and together(live[one], live[other]):
            yield from weighed(live[one], live[other], base, nearest, every=True)


def _named(met: Meeting, label: Mapping[str, Any]) -> bool:
    spans = {label[side]: label.get(f"span_{side}") for side in "ab"}
    sides = ((met.left.entry.id, met.one), (met.right.entry.id, met.other))
    return all(
        (span := spans[entry_id]) is not None and fact.start < span["end"] and span["start"] < fact.end
        for entry_id, fact in sides
    )


def _fitted(name: str, shops: Sequence[Shop], dense: float) -> str:
    """Figures of the held-out shops, and the table of the weights fitted on all."""
    held: list[tuple[float, bool]] = []
    sound: list[tuple[float, bool]] = []
    for out in shops:
        vector, bias = fit([one for one in shops if one.name != out.name])
        (held if out.wanted else sound).extend(_best(out, out.values @ vector + bias))
    least, precision, recall = choose(held)
    print(f"{name}: held out by shop, precision {precision:.3f}  recall {recall:.3f}  at odds {least:.2f}")
    print(f"   in the demo handbook {sum(odds >= least for odds, _ in sound)} of {len(sound)} pairs")
    for target in (0.8, 0.85, 0.95, SURE):
        odds, _, recall = choose(held, target)
        print(f"   at precision {target}: recall {recall:.3f}, odds {odds:.2f}")
    vector, bias = fit(shops)
    top = max(odds for odds, _ in _best(shops[-1], shops[-1].values @ vector + bias))
    sure = max(choose(held, SURE)[0], top + 0.1)
    values = "\n".join(f"{name} = {value:.4f}" for name, value in zip(NAMES, vector, strict=True))
    return f"[{name}]\nbias = {bias:.4f}\ndense = {dense}\nleast = {least:.3f}\nsure = {sure:.3f}\n\n[{name}.values]\n{values}\n"


def _best(one: Shop, odds: Floats) -> list[tuple[float, bool]]:
    """The highest odds of each pair of entries, and whether it is labelled."""
    found = dict.fromkeys(one.wanted, -np.inf)
    for pair, value in zip(one.pairs, odds, strict=True):
        found[pair] = max(found.get(pair, -np.inf), float(value))
    return [(value, pair in one.wanted) for pair, value in found.items()]


def choose(held: Sequence[tuple[float, bool]], least: float = PRECISION) -> tuple[float, float, float]:
    """Odds, precision and recall where the precision is still `least` and the recall highest."""
    wanted, right, best = sum(label for _, label in held), 0, (np.inf, 1.0, 0.0)
    ordered = sorted(held, key=lambda row: -row[0])
    for at, (odds, label) in enumerate(ordered, start=1):
        right += label
        if np.isfinite(odds) and right / at >= least and right / wanted > best[2]:
            after = ordered[at][0] if at < len(ordered) else odds - 1.0
            best = ((odds + max(after, odds - 1.0)) / 2, right / at, right / wanted)
    return best


def fit(shops: Sequence[Shop]) -> tuple[Floats, float]:
    """Weights and bias of a logistic, by Newton's method."""
    values = np.concatenate([one.values for one in shops])
    right = np.concatenate([one.right for one in shops]).astype(float)
    weight = np.concatenate([one.weight for one in shops])
    alike = values[right > 0].copy()
    alike[:, NAMES.index("kind")], alike[:, NAMES.index("script")] = 1.0, 0.0
    values, right = np.concatenate([values, alike]), np.concatenate([right, np.ones(len(alike))])
    weight = np.concatenate([weight, np.full(len(alike), ONE_KIND)])
    middle, spread = values.mean(0), values.std(0) + 1e-6
    rows = np.hstack([(values - middle) / spread, np.ones((len(values), 1))])
    found = np.zeros(rows.shape[1])
    pull = np.append(np.full(len(NAMES), STRENGTH), 1e-6)
    for _ in range(40):
        sure = 1.0 / (1.0 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (weight * (sure - right)) + pull * found
        bend = (rows * (weight * sure * (1 - sure))[:, None]).T @ rows + np.diag(pull)
        found = found - np.linalg.solve(bend, slope)
    vector = found[:-1] / spread
    return vector, float(found[-1] - vector @ middle)


if __name__ == "__main__":
    main()
