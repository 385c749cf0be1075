"""Forms: read, refused, chosen by date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nlp.quality.examples import failures
from nlp.quality.form import PRESETS, FormError, load_form, parse_form_text

STANDARD = (PRESETS / "standard.toml").read_text(encoding="utf-8")
VIOLATIONS = {
    "forbidden_word", "rude", "blame_customer", "promise_without_time", "wrong_fact_risk", "privacy_leak",
    "no_empathy_after_anger", "template_repeat", "premature_close", "ignored_question",
}  # fmt: skip


def test_the_standard_form_names_every_violation() -> None:
    """Violation codes are the item codes of the default form, its points make 100, and one item vetoes."""
    form = load_form()
    codes = {item.code for item in form.items}
    assert codes >= VIOLATIONS
    assert sum(item.points for item in form.items) == 100
    assert [item.code for item in form.items if item.veto] == ["fatal"]


def test_the_examples_of_the_standard_form_come_out_right() -> None:
    """Every must-hit sentence is hit and every must-miss one is missed (B22)."""
    assert list(failures(load_form())) == []


def test_wrong_examples_are_told() -> None:
    """A form whose example does not come out is not fit to publish (B22)."""
    broken = parse_form_text(
        STANDARD.replace(
            'must_miss = ["您好，客服 A012', 'must_miss = ["说吧"，"您好，客服 A012'.replace("，", ", ", 1)
        )
    )
    assert [failure.item for failure in failures(broken)] == ["greeting"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("points = 15", "points = 16", "dimension.points"),
        ("points = 8\n", "points = 9\n", "dimension[response].points"),
        ('kind = "first_response"', 'kind = "first_answer"', "item[first_response].check.kind"),
        ("limit = 600, limits = { complaint = 300, inquiry", "limt = 600, limits = { complaint = 300, inquiry", "item[first_response].check.limt"),
        ('stage = "greeting"', 'stage = "hello"', "item[greeting].check.stage"),
        ("'没(?:有)?(?:什么|啥)?办法'", "'没(?=办法)'", "item[forbidden_word].check.patterns"),
        ("'没(?:有)?(?:什么|啥)?办法'", "'(没)?'", "item[forbidden_word].check.patterns"),
        ('dimension = "response"', 'dimension = "speed"', "item[first_response].dimension"),
        ('roles = ["agent", "supervisor"]', "roles = 3", "roles"),
        ('items = ["privacy_leak"]', 'items = ["leak"]', "item[fatal].check.items"),
        ("least = 0", "least = 10", "grade"),
        ('code = "closing"', 'code = "greeting"', "item[greeting].code"),
        ('effective_from = "2026-01-01T00:00:00+08:00"', 'effective_from = "soon"', "effective_from"),
    ],
)  # fmt: skip
def test_a_broken_form_names_the_place(old: str, new: str, place: str) -> None:
    """FormError names the item and setting, and says what is accepted."""
    assert old in STANDARD
    with pytest.raises(FormError) as caught:
        parse_form_text(STANDARD.replace(old, new, 1))
    assert caught.value.field == place
    assert caught.value.accepted


def test_a_form_is_chosen_by_date(tmp_path: Path) -> None:
    """A December chat is judged by December's form; before all versions the first one holds."""
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "a.toml").write_text(STANDARD, encoding="utf-8")
    later = STANDARD.replace("2026-01-01", "2026-12-01").replace('version = "2026.11"', 'version = "2026.12"')
    (tmp_path / "quality" / "b.toml").write_text(later, encoding="utf-8")
    assert load_form("standard", tmp_path, datetime(2026, 11, 30, tzinfo=UTC)).version == "2026.11"
    assert load_form("standard", tmp_path, datetime(2026, 12, 2, tzinfo=UTC)).version == "2026.12"
    assert load_form("standard", tmp_path, datetime(2020, 1, 1, tzinfo=UTC)).version == "2026.11"
    with pytest.raises(FormError, match="standard"):
        load_form("nothing", tmp_path)
