"""The policies of supervision are refused when they cannot be used, by file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.quality.dialogue import PRESETS
from nlp.quality.supervision import NAMES, check_supervision
from nlp.tables import PolicyError


def test_the_shipped_ones_can_be_used() -> None:
    """Every preset of supervision stands among the shipped ones and reads."""
    check_supervision()
    presets = {path.stem for path in PRESETS.glob("*.toml")}
    assert set(NAMES) <= presets


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("fairness", "[appeal]\ndays = -1\n", "appeal.days"),
        ("sampling", "least = 0.3\nmost = 0.2\n", "most"),
        ("red_cards", '[[rule]]\ncode = "x"\nname = "x"\nkind = "odd"\n', "rule.0.kind"),
        ("records", '[[form]]\ncode = "service"\nname = "x"\nline = []\n', "form"),
        ("coaching", '[[ability]]\ncode = "x"\nname = "x"\nitem = ["rude"]\n', "ability.0.item"),
        (
            "training",
            '[[persona]]\ncode = "x"\nname = "x"\n[[script]]\ncode = "s"\nname = "s"\nturns = []\n',
            "turns",
        ),
        ("follow_up", 'escalation = ["(?<=x)y"]\n', "escalation"),
    ],
)
def test_one_that_cannot_be_used_is_named(name: str, text: str, key: str, tmp_path: Path) -> None:
    """The file, the key and the accepted form stand in the message."""
    assert name in NAMES
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as told:
        check_supervision(tmp_path)
    assert f"{name}.toml" in str(told.value)
    assert key in told.value.key
    assert "应为" in str(told.value)
