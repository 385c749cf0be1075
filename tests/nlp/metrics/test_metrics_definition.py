"""Definitions as data: versions by day, mistakes refused by name, formulas that run nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from nlp.metrics.definition import book_on, days_of_change, load_book, to_json
from nlp.metrics.formula import FormulaError, parse
from nlp.metrics.measure import measure
from nlp.metrics.where import holds, read
from nlp.metrics.where import to_json as where_json
from nlp.tables import PolicyError
from tests.nlp.metrics.facts import fact

HEAD = 'version = "1"\npeak = 1.5\n[waiting]\nlimit_s = 180\ndays = 7\n[phases]\nshort = 3\n'
QUICK = """[[metric]]
code = "quick"
name = "快速响应率"
unit = "%"
about = "三十秒内响应"
kind = "conversation"
where = {{ first_response_s = {{ present = true }} }}
measure = "share"
of = {{ first_response_s = {{ most = {seconds} }} }}
"""


def test_R179_a_span_is_told_by_the_definition_in_force(tmp_path: Path) -> None:
    """30 s until the end of November, 15 s from December on: the same facts, two numbers."""
    (tmp_path / "metrics.toml").write_text(HEAD + QUICK.format(seconds=30), encoding="utf-8")
    (tmp_path / "metrics.from-2026-12-01.toml").write_text(HEAD + QUICK.format(seconds=15), encoding="utf-8")
    seen = [fact("conversation", first_response_s=seconds) for seconds in (10, 20, 30, 40)]
    november, december = book_on(tmp_path, date(2026, 11, 30)), book_on(tmp_path, date(2026, 12, 1))
    assert measure(november.metrics["quick"], seen).value == 75
    assert measure(december.metrics["quick"], seen).value == 25
    assert (november.since, december.since) == (None, date(2026, 12, 1))
    assert november.version != december.version
    assert days_of_change(tmp_path) == [date(2026, 12, 1)]


def test_every_shipped_metric_tells_how_it_is_made() -> None:
    """A definition in words, a unit, and all that the number is computed from."""
    book = load_book()
    for metric in book.metrics.values():
        told = to_json(metric, book)
        assert len(told["about"]) >= 5
        assert told["unit"]
        assert "formula" in told or "kind" in told


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (('kind = "conversation"', 'kind = "talk"'), "metric.0.kind"),
        (('measure = "share"', 'measure = "average"'), "metric.0.measure"),
        (("most = 30", 'most = "30"'), "metric.0.of"),
        (("most = 30", "upto = 30"), "metric.0.of"),
        (("where = { first_response_s", "where = { first_reply"), "metric.0.where.first_reply"),
        (('unit = "%"', 'unit = "%"\ncolour = "red"'), "metric.0.colour"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_definition_names_its_place(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    """File, key, and what would be accepted."""
    text = HEAD + QUICK.format(seconds=30).replace(*change)
    (tmp_path / "metrics.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_book(tmp_path)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("formula", "key"),
    [("nothing + 1", "metric"), ("index * 2", "metric"), ("__import__(1)", "metric.1.formula")],
)
def test_a_formula_names_other_metrics_only(tmp_path: Path, formula: str, key: str) -> None:
    """No stranger, no way back to itself, nothing that runs."""
    index = f'[[metric]]\ncode="index"\nname="指数"\nunit="分"\nabout="指数指数"\nmeasure="formula"\nformula="{formula}"\n'
    (tmp_path / "metrics.toml").write_text(HEAD + QUICK.format(seconds=30) + index, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_book(tmp_path)
    assert caught.value.key == key


def test_conditions_read_and_hold() -> None:
    """Values, lists, bounds, membership and presence; a flag is no number; what is missing meets nothing."""
    one = fact("ticket", category="a", resolved=True, path=["x", "y"], resolution_s=10, n=1)
    for given, wanted in (
        ({"category": "a"}, True), ({"category": ["b", "a"]}, True), ({"category": "b"}, False),
        ({"resolved": True}, True), ({"n": True}, False), ({"n": 1.0}, True), ({"path": {"has": "y"}}, True),
        ({"resolution_s": {"least": 10, "below": 11}}, True), ({"resolution_s": {"above": 10}}, False),
        ({"resolution_s": {"most": 9}}, False), ({"team": {"present": False}}, True), ({"team": "a"}, False),
        ({"resolved": {"least": 0}}, False),
    ):  # fmt: skip
        where = read(given)
        assert holds(where, one) is wanted, given
        assert read(where_json(where)) == where


@pytest.mark.parametrize(
    "text", ["a.b", "a ** 2", "f(a)", "a if b else c", "'x'", "a[0]", "", "1 +", "(" * 90 + "a"]
)
def test_a_formula_is_arithmetic_and_nothing_else(text: str) -> None:
    """Anything else is refused before it means anything."""
    with pytest.raises(FormulaError):
        parse(text)


def test_a_formula_counts() -> None:
    """Signs, order of operations, division by zero as unknown."""
    assert parse("-(a - 2 * b) / 4").value({"a": 10, "b": 1}) == -2
    assert parse("a / b").value({"a": 1, "b": 0}) is None
    assert parse("a + b").value({"a": 1, "b": None}) is None
    assert parse("a + b * a").names == ("a", "b")
