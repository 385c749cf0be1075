"""Abilities out of items, plans out of the weakest of them, customers out of scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.quality.coaching import Judged, radar, read_coaching, weaknesses
from nlp.quality.form import load_form
from nlp.quality.training import held, read_training, script_of
from nlp.tables import PolicyError

POLICY = read_coaching()
TRAINING = read_training()


def item(code: str, points: float, most: float, result: str = "pass", *said: str) -> dict[str, object]:
    evidence = [{"turn": at, "start": 0, "end": len(text), "text": text} for at, text in enumerate(said)]
    return {"code": code, "points": points, "max": most, "result": result, "evidence": evidence}


def test_there_are_five_abilities_and_every_item_has_one() -> None:
    """R143: the five abilities of the model, and each item of the shipped form under exactly one."""
    assert [one.name for one in POLICY.abilities] == ["沟通", "问题解决", "行业知识", "情绪管理", "技术操作"]
    mapped = [code for one in POLICY.abilities for code in one.items]
    assert sorted(mapped) == sorted(
        code for code in {one.code for one in load_form().items} if code in mapped
    )
    assert {one.code for one in load_form().items} - set(mapped) == set()


def test_a_radar_is_the_sum_of_its_items() -> None:
    """R143: points over maxima: (4 + 0 + 6) of (4 + 6 + 6) is 62.5; items that do not apply weigh nothing."""
    rows = [
        Judged("r1", "t1", [item("greeting", 4, 4), item("forbidden_word", 0, 6, "fail", "不归我管")]),
        Judged(
            "r2",
            "t2",
            [item("forbidden_word", 6, 6), item("closing", 0, 0, "na"), item("rude", 3, 6, "fail", "x")],
        ),
    ]
    skills = {one.ability.code: one for one in radar(rows, POLICY)}
    assert (skills["communication"].value, skills["communication"].n) == (62.5, 2)
    assert (skills["emotion"].value, skills["emotion"].n) == (50.0, 1)
    assert skills["knowledge"].value is None
    assert radar(rows[::-1], POLICY) == radar(rows, POLICY)


def test_a_plan_comes_from_the_weakest() -> None:
    """R127: the two weakest abilities with their worst item first, three turns that show them, and a target."""
    rows = [
        Judged(
            f"r{n}",
            f"t{n}",
            [
                item("rude", 0, 6, "fail", f"粗鲁 {n}"),
                item("blame_customer", 2, 4, "fail", f"指责 {n}"),
                item("wrong_fact_risk", 2, 4, "fail", f"绝对 {n}"),
                item("greeting", 4, 4),
            ],
        )
        for n in range(5)
    ]
    first, second = weaknesses(rows, POLICY)
    assert (first.skill.ability.code, first.skill.value, first.target) == ("emotion", 20.0, 30.0)
    assert first.items == ("rude", "blame_customer")
    assert [one["text"] for one in first.examples] == ["粗鲁 0", "粗鲁 1", "粗鲁 2"]
    assert [one["result_id"] for one in first.examples] == ["r0", "r1", "r2"]
    assert second.skill.ability.code == "knowledge"
    assert weaknesses(rows[:4], POLICY) == ()  # four conversations are too few to call anybody weak


def test_an_item_of_two_abilities_is_refused(tmp_path: Path) -> None:
    """The item is named."""
    text = "".join(f'[[ability]]\ncode = "{c}"\nname = "{c}"\nitems = ["rude"]\n' for c in "ab")
    (tmp_path / "coaching.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="rude"):
        read_coaching(tmp_path)


def test_a_scripted_customer_says_the_same_each_time() -> None:
    """R074, R075: the persona colours the lines, always alike; the dialogue follows the replies one by one."""
    assert {"angry", "vip"} <= set(TRAINING.personas)
    script, angry = TRAINING.scripts["refund_late"], TRAINING.personas["angry"]
    told = held(script, angry, ["您好", "抱歉"], "A1", "x")
    assert told == held(script, angry, ["您好", "抱歉"], "A1", "x")
    assert [turn.role for turn in told.turns] == ["customer", "agent", "customer", "agent", "customer"]
    assert told.turns[0].text == "你们到底怎么回事！我退的货你们上周就收到了，钱怎么还没退！！"
    calm = held(script, TRAINING.personas["calm"], [], "A1", "x")
    assert calm.turns[0].text == script.turns[0]
    assert held(script, TRAINING.personas["vip"], [], "A1", "x").customer.tier == "vip"


def test_a_kept_conversation_is_a_script() -> None:
    """R074: the customer's stored turns, blanks left out; one who said nothing is no script."""
    kept = {"id": "c9", "category": "refund", "turns": [
        {"role": "customer", "text": "退款呢"}, {"role": "agent", "text": "您好"},
        {"role": "customer", "text": " "}, {"role": "customer", "text": "好的"},
    ]}  # fmt: skip
    script = script_of(kept, 40)
    assert script is not None
    assert (script.turns, script.category) == (("退款呢", "好的"), "refund")
    assert script_of({"id": "x", "turns": []}, 40) is None
