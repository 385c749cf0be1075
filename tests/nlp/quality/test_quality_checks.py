"""Each check of the standard form on transcripts made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from transcripts import Counting, item, talk

from nlp.quality.form import load_form
from nlp.quality.kinds import Said
from nlp.quality.ports import Fact
from nlp.quality.scorer import score
from nlp.quality.shipped import own_lists
from nlp.sentiment import load_analyser

FORM = load_form()
COMPLAINT = {"category": "complaint_courier"}


@pytest.mark.parametrize(
    ("category", "seconds", "result"),
    [
        ("complaint", 300, "pass"), ("complaint", 301, "fail"), ("complaint_courier", 301, "fail"),
        ("inquiry", 600, "pass"), ("inquiry", 601, "fail"), (None, 600, "pass"), (None, 601, "fail"),
    ],
)  # fmt: skip
def test_first_response_at_its_limit(category: str | None, seconds: int, result: str) -> None:
    """The first reply may take 300 s for a complaint and 600 s else, the limit itself included (R107)."""
    found = score(talk("客：在吗", "服：您好", seconds=[0, seconds], category=category), FORM)
    assert item(found, "first_response").result == result
    assert item(found, "longest_gap").result == result
    assert item(found, "first_response").evidence[0].turn == 1


def test_waiting_counts_from_the_transfer() -> None:
    """The wait for a person begins when the bot hands over, not at the first word to the bot."""
    lines = ("客：你好", "机：您好", "客：转人工", "系：已转接人工客服", "服：您好，客服 A012")
    found = score(talk(*lines, seconds=[0, 1, 900, 910, 950]), FORM)
    assert "40 秒" in item(found, "first_response").reason


def test_no_times_means_not_applicable() -> None:
    """Items whose input is absent are na, say why, and pass their points on to the others."""
    found = score(talk("客：在吗", "服：您好，客服 A012 为您服务。", "服：再见"), FORM)
    for code in ("first_response", "longest_gap"):
        assert item(found, code).result == "na"
        assert "时间" in item(found, code).reason
    assert item(found, "record_complete").result == "na"
    assert sum(one.max for one in found.items) == pytest.approx(100)
    assert next(one for one in found.dimensions if one.code == "response").max == 0


FULL = (
    "服：您好，客服 A012 为您服务。",
    "客：推车被扔驿站了，我抱着孩子怎么搬",
    "服：让您抱着孩子受累了，实在抱歉。",
    "服：跟您核对一下，是昨天发出的那票，对吗？",
    "客：对",
    "服：已经要求快递员今晚 20:30 前送到门口。",
    "服：20:40 我给您打电话确认。",
    "服：祝您生活愉快，再见。",
)
STEPS = {"step_comfort": 2, "step_verify": 3, "step_solve": 5, "step_follow_up": 6}


def test_four_steps_with_evidence() -> None:
    """安抚-核实-解决-回访 are each found at their turn, in order (R108, B25)."""
    found = score(talk(*FULL, **COMPLAINT), FORM)
    for code, turn in STEPS.items():
        assert item(found, code).result == "pass", code
        assert item(found, code).evidence[0].turn == turn
    assert item(found, "step_order").result == "pass"


@pytest.mark.parametrize(("code", "turn"), STEPS.items())
def test_a_missing_step_is_told(code: str, turn: int) -> None:
    """Leaving out a step fails its item with an absence as evidence (R108)."""
    lines = [line for at, line in enumerate(FULL) if at != turn]
    found = item(score(talk(*lines, **COMPLAINT), FORM), code)
    assert found.result == "fail"
    assert found.evidence[0].absent
    assert found.evidence[0].text == ""


def test_steps_out_of_order_are_told() -> None:
    """Solving before verifying fails the order (R108)."""
    lines = (*FULL[:3], FULL[5], FULL[3], FULL[4], *FULL[6:])
    assert item(score(talk(*lines, **COMPLAINT), FORM), "step_order").result == "fail"


def test_steps_are_for_complaints_and_after_sales() -> None:
    """An inquiry owes no four steps, and a transcript without category says why it is not judged."""
    assert item(score(talk(*FULL, category="ask_product"), FORM), "step_comfort").result == "na"
    assert "类别" in item(score(talk(*FULL), FORM), "step_comfort").reason


@pytest.mark.parametrize(
    "line", ["客：你是不是没办法？", "服：他说的“没办法”不对，我来处理", "系：没办法接通"]
)
def test_customer_and_quoted_words_do_not_count(line: str) -> None:
    """Forbidden words count only when an agent says them, not when quoted or said by others."""
    found = score(talk("客：退款", "服：您好", line), FORM)
    assert item(found, "forbidden_word").result == "pass"


def test_a_forbidden_word_has_its_span_in_the_text_as_sent() -> None:
    """Evidence points into the text as sent, whatever cleaning did to it (R109)."""
    sent = "这个，我真的沒 辦 法\u200b啊"
    found = item(score(talk("客：退款", f"服：{sent}", "服：這個沒辦法"), FORM), "forbidden_word")
    assert [span.turn for span in found.evidence] == [2]
    span = found.evidence[0]
    assert "這個沒辦法"[span.start : span.end] == span.text == "沒辦法"


def test_bot_turns_are_judged_only_where_no_agent_spoke() -> None:
    """With an agent in the conversation the bot's words are not held against the agent."""
    bot = "机：没办法"
    assert item(score(talk("客：退款", bot, "服：您好"), FORM), "forbidden_word").result == "pass"
    assert item(score(talk("客：退款", bot), FORM), "forbidden_word").result == "fail"


def test_personal_data_in_evidence_is_masked() -> None:
    """A leak zeroes the score, and its evidence does not repeat the number."""
    found = score(talk("客：帮我查下快递", "服：收货电话是 13800138666，对吧"), FORM)
    span = item(found, "privacy_leak").evidence[0]
    assert span.text == "[手机号]"
    assert "收货电话是 13800138666，对吧"[span.start : span.end] == "13800138666"
    assert found.veto
    assert found.score == 0
    assert found.grade == FORM.grades[-1].code


def test_data_the_customer_gave_is_no_leak() -> None:
    """Reading back the number the customer gave is verification."""
    found = score(talk("客：我手机 138 0013 8666", "服：13800138666，对吧？"), FORM)
    assert item(found, "privacy_leak").result == "pass"


def test_anger_needs_empathy_right_after() -> None:
    """Nothing right after clear anger fails at the reply; comfort passes; a calm customer is na."""
    angry = "客：等了这么久还不给我处理，真的要被你们气死了"
    cold = item(score(talk(angry, "服：订单号报一下"), FORM, Counting()), "no_empathy_after_anger")
    assert (cold.result, cold.evidence[0].turn, cold.evidence[0].absent) == ("fail", 1, True)
    warm = score(talk(angry, "服：让您等这么久，实在抱歉，我马上查"), FORM, Counting())
    assert item(warm, "no_empathy_after_anger").result == "pass"
    calm = score(talk("客：请问几点送到", "服：三点前"), FORM, Counting())
    assert item(calm, "no_empathy_after_anger").result == "na"


def test_a_claim_taken_back_is_held_against_its_turn() -> None:
    """Saying later that it was wrong shows which earlier claim was not verified."""
    lines = (
        "客：直播间买的能价保吗",
        "服：可以的，直播间买的也能价保",
        "客：可是被驳回了，说直播间不参加价保",
        "服：不好意思，直播间确实不参加价保，是我前面说错了",
    )
    found = item(score(talk(*lines), FORM), "wrong_fact_risk")
    assert [span.turn for span in found.evidence] == [1]


def test_other_numbers_than_the_facts_are_a_risk() -> None:
    """A sentence with other numbers than the knowledge base of that day fails; the same numbers pass."""

    def facts(as_of: datetime) -> list[Fact]:
        return [Fact("银行卡退款 5 个工作日内到账", "faq-1")]

    def result(days: int) -> str:
        said = talk("客：多久到账", f"服：银行卡退款 {days} 个工作日内到账。")
        return item(score(said, FORM, facts=facts), "wrong_fact_risk").result

    assert (result(5), result(2)) == ("pass", "fail")


def test_the_record_is_complete_or_not_applicable() -> None:
    """诉求、步骤、结果 must all be filled where there is a record (R116)."""
    lines = ("客：退款", "服：您好")
    whole = {"request": "退款", "steps": ["核实"], "outcome": "已退"}
    assert item(score(talk(*lines, record=whole), FORM), "record_complete").result == "pass"
    lacking = item(score(talk(*lines, record={**whole, "steps": []}), FORM), "record_complete")
    assert lacking.result == "fail"
    assert "处理步骤" in lacking.reason
    assert item(score(talk(*lines), FORM), "record_complete").result == "na"


def test_leaving_someone_in_danger_is_fatal() -> None:
    """Hanging up on smoke is a veto; telling what to do is not."""
    smoke = "客：取暖器冒烟了，老人一个人在家，怎么办"
    left = score(talk(smoke, "服：先报订单号", "客：我哪记得", "服：那我先挂了"), FORM)
    assert left.veto
    helped = score(talk(smoke, "服：请马上拔掉插头，离远一点", "客：好", "服：没事了我先挂了"), FORM)
    assert not helped.veto


def test_every_reply_that_passes_over_anger_is_marked() -> None:
    """R108: not only the first reply; anger that stands unacknowledged counts on, a comfort ends it (B25)."""
    lines = (
        "客：你们这群骗子！！退钱！！", "服：订单号报一下", "客：我都说三遍了！！你们耍我玩呢！！", "服：报一下尾号",
        "客：气死我了！！！", "服：让您这么生气，真的对不起，退款已经提交了", "客：好的谢谢",  "服：不客气",
    )  # fmt: skip
    found = item(score(talk(*lines), FORM, load_analyser()), "no_empathy_after_anger")
    assert [span.turn for span in found.evidence] == [1, 3]
    assert "模型概率" in found.reason
    assert "阈值" in found.reason


def test_a_finding_of_the_head_says_how_sure_it_is() -> None:
    """R109: a reproach no pattern lists is found with its clause, the probability and the threshold."""
    found = item(
        score(talk("客：水管漏了", "服：您好，是您家洗的方法不对吧"), FORM, load_analyser()), "blame_customer"
    )
    assert [span.text for span in found.evidence] == ["是您家洗的方法不对吧"]
    assert "模型概率" in found.reason


@pytest.mark.parametrize("line", ["服：麻烦您亲亲稍候", "服：非常抱歉，麻烦您亲亲稍候，已经为您登记退款"])
def test_a_pattern_of_the_sites_own_counts_though_the_head_doubts_it(line: str) -> None:
    """A word that a site adds to an item with a head takes points; the shipped patterns are doubted as before."""
    (plain,) = (one for one in FORM.items if one.code == "forbidden_word")
    assert isinstance(plain.check, Said)
    check = replace(plain.check, patterns=(*plain.check.patterns, "亲亲"))
    own = replace(
        FORM,
        digest="own",
        items=tuple(replace(one, check=check) if one is plain else one for one in FORM.items),
    )
    talked = talk("客：在吗", line)
    assert item(score(talked, FORM, load_analyser()), "forbidden_word").result == "pass"
    found = item(score(talked, own, load_analyser()), "forbidden_word")
    assert [span.text for span in found.evidence] == ["亲亲"]
    assert own_lists(check)["own"].patterns == ("亲亲",)
    assert not any(own_lists(one.check) for one in FORM.items)


def test_nobody_served_means_nobody_is_scored() -> None:
    """One unanswered line of a customer is no agent's nought: not applicable, ungraded."""
    found = score(talk("客：在吗", seconds=[0]), FORM)
    assert item(found, "first_response").result == "na"
    assert (found.grade, found.veto) == ("na", False)


def test_an_address_of_another_person_is_a_leak() -> None:
    """R109: the address is marked; the one to send goods back to is not anybody's own."""
    leak = score(talk("客：她现在住哪", "服：这单是寄到桐花路 88 号丽景苑 5 栋 1902 的"), FORM)
    assert item(leak, "privacy_leak").result == "fail"
    back = score(talk("客：寄到哪里", "服：请您寄到桐花路 88 号退货组"), FORM)
    assert item(back, "privacy_leak").result == "pass"


def test_what_is_sent_in_pieces_is_one_word_and_one_reply() -> None:
    """R108: anger sent in pieces is heard together, and a comfort in the second piece of a reply counts."""
    angry = ("客：你们这群骗子", "客：退钱！！", "客：快点！！")
    curt = item(
        score(talk(*angry, "服：订单号报一下", "服：稍等"), FORM, load_analyser()), "no_empathy_after_anger"
    )
    assert [span.turn for span in curt.evidence] == [3]
    kind = score(talk(*angry, "服：在的", "服：让您这么生气，真的对不起"), FORM, load_analyser())
    assert item(kind, "no_empathy_after_anger").result == "pass"
