"""The rules that the README teaches with are read and tried as they stand there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from nlp.quality.check_toml import KINDS
from nlp.quality.examples import failures
from nlp.quality.form import parse_form
from nlp.quality.imports import imported
from nlp.quality.imports.connect_questions import _LABELS
from nlp.quality.imports.sca_operators import _READERS
from nlp.quality.rules.atoms import DIALOGUE_MEASURES, TURN_MEASURES
from nlp.quality.rules.leaves import LEAVES
from nlp.quality.rules.read import OPERATORS

README = (Path(__file__).parents[3] / "nlp" / "README.md").read_text(encoding="utf-8")
FOREIGN = README[README.index("### 别家的质检表") : README.index("### 别家的导出")]
TAUGHT = README[README.index("### 怎样写一条规则") : README.index("### 别家的质检表")]


def test_the_examples_come_out_as_they_say() -> None:
    """B22: the three rules of the README hit and miss the sentences they carry."""
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", TAUGHT, re.DOTALL)]
    assert len(blocks) == 3
    dims = [
        {"code": "wording", "name": "话术", "weight": 0.5},
        {"code": "response", "name": "响应", "weight": 0.5},
    ]
    form = parse_form(
        {
            "code": "taught",
            "name": "示例",
            "version": "1",
            "dimension": dims,
            "grade": [{"code": "A", "name": "合格", "least": 0}],
            "let": {name: rule for block in blocks for name, rule in block.get("let", {}).items()},
            "item": [item for block in blocks for item in block["item"]],
        }
    )
    assert [item.code for item in form.items] == ["timed_promise", "comfort_soon", "quick_reply"]
    assert [one.told() for one in failures(form)] == []


def test_every_word_is_taught() -> None:
    """Each atom, operator and measure of the language stands in the README's tables."""
    for word in (*LEAVES, *OPERATORS, *TURN_MEASURES, *DIALOGUE_MEASURES):
        assert re.search(rf"`[^`]*\b{word}\b[^`]*`", TAUGHT), word
    assert {"rule", "choice"} <= set(KINDS)


def test_the_forms_of_others_come_in_as_they_stand_there() -> None:
    """B27: the two examples import whole, wait for examples of their own, and every known operator is named."""
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", FOREIGN, re.DOTALL)]
    for source, document, name in zip(
        ("sca", "connect"), blocks, ("不满之后没有致歉", "问候了吗"), strict=True
    ):
        found = imported(source, document, "shop")
        assert [one for one in found.left if not one.kept] == []
        form = parse_form(found.form)
        assert [(item.name, item.untested) for item in form.items] == [(name, True)]
    for word in (*_READERS, *_LABELS):
        assert word in FOREIGN, word
