"""Agreement equals the values of the books; a rule that people overturn goes to people."""

from __future__ import annotations

import random

import pytest

from nlp.quality.agreement import alpha, kappa
from nlp.quality.fairness import read_fairness
from nlp.quality.health import Word, health

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
# Cohen, A Coefficient of Agreement for Nominal Scales (1960): 200 patients, two judges.
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))


def units() -> list[list[float | None]]:
    rows = [row.split() for row in OBSERVERS]
    return [[None if one == "." else float(one) for one in unit] for unit in zip(*rows, strict=True)]


def pairs() -> list[tuple[int, int]]:
    return [(i, j) for i in range(3) for j in range(3) for _ in range(COHEN[i][j])]


@pytest.mark.parametrize(("metric", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_the_books(metric: str, value: float) -> None:
    """B26: Krippendorff's four observers with gaps: .743 nominal, .815 ordinal, .849 interval, 40 pairable values."""
    found = alpha(units(), metric)  # type: ignore[arg-type]
    assert found.value == pytest.approx(value, abs=5e-4)
    assert (found.units, found.n) == (11, 40)


def test_kappa_is_the_books() -> None:
    """R138: Cohen's two judges: .70 observed, .41 by chance, κ .49, with n."""
    found = kappa(pairs())
    assert (round(found.observed, 2), round(found.expected, 2), found.n) == (0.70, 0.41, 200)
    assert found.value == pytest.approx(0.29 / 0.59)


def test_weighted_kappa_by_hand() -> None:
    """B26: linear and quadratic weights on the same table: (.80 − .62) / .38 and (.85 − .725) / .275."""
    linear, square = kappa(pairs(), "linear", [0, 1, 2]), kappa(pairs(), "quadratic", [0, 1, 2])
    assert linear.value == pytest.approx(0.18 / 0.38)
    assert square.value == pytest.approx(0.125 / 0.275)


def test_where_nothing_varies_nothing_is_said() -> None:
    """One same word from everybody is no evidence of agreement; nothing at all has n 0."""
    assert kappa([("pass", "pass")] * 5).value is None
    assert alpha([["pass", "pass"]] * 5).value is None
    assert kappa([]).n == 0
    assert alpha([["pass", None]]).n == 0
    assert alpha([["a", "a"], ["b", "b"]]).value == 1.0


def simulated(item: str, wrong: float, number: int, source: str = "appeal", seed: int = 7) -> list[Word]:
    """Appeals against a rule whose verdicts are wrong so often."""
    chance = random.Random(seed)
    return [
        Word("standard", "2026.11", item, "fail", "pass" if chance.random() < wrong else "fail", source)
        for _ in range(number)
    ]


def test_a_weak_rule_is_told_from_a_sound_one() -> None:
    """B23: of simulated appeals a rule wrong in 80 % is weak, one wrong in 5 % is not, and few words condemn none."""
    policy = read_fairness()
    words = simulated("rude", 0.8, 40) + simulated("greeting", 0.05, 40) + simulated("closing", 1.0, 7)
    found = health([(word, 1) for word in words], policy)
    assert found["standard@2026.11:rude"].why
    assert not found["standard@2026.11:greeting"].why
    assert not found["standard@2026.11:closing"].why
    told = found["standard@2026.11:closing"].to_json()
    assert (told["judged"], told["agreed"], told["won"], told["agreement"]) == (7, 0, 7, 0.0)


def test_confirmed_verdicts_keep_a_rule_sound() -> None:
    """B23: 4 of 10 agreed has Wilson's upper end .687 below .8; 9 of 10 does not; what it missed is counted apart."""
    policy = read_fairness()
    word = lambda human, machine="fail": Word("f", "1", "x", machine, human, "second")  # noqa: E731
    weak = health([(word("fail"), 4), (word("pass"), 6)], policy)["f@1:x"]
    assert weak.agreement is not None
    assert weak.agreement[1] == pytest.approx(0.687, abs=5e-4)
    assert weak.why
    sound = health([(word("fail"), 9), (word("na"), 1), (word("fail", "pass"), 3)], policy)["f@1:x"]
    assert (sound.why, sound.judged, sound.missed) == ("", 10, 3)


def test_nothing_scored_is_no_agreement() -> None:
    """Of no pairs nothing is observed: null, never zero."""
    assert (kappa([]).value, kappa([]).observed, kappa([]).n) == (None, None, 0)
