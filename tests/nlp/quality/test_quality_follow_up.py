"""What a conversation leaves to be done: promised times, and complaints that come again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nlp.handoff import start
from nlp.handoff import step as hear
from nlp.handoff.cues import Facts
from nlp.policy import load_policy
from nlp.quality.follow_up import Earlier, commitment, escalations, first_of, read_follow_up
from nlp.quality.form import load_form
from nlp.quality.scorer import score
from nlp.transcript import Transcript, Turn

POLICY = read_follow_up()
BEIJING = timezone(timedelta(hours=8))
AT = datetime(2026, 11, 3, 10, 0, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("said", "due", "owner"),
    [
        ("这个我无法当场解决，已升级给技术部，2小时内由张工联系您", AT + timedelta(hours=2), "张工"),
        ("工单已升级，最晚 1-3 个工作日内由售后专员给您答复", AT + timedelta(days=3), "售后专员"),
        ("已转交主管，一个半小时内给您回电", AT + timedelta(minutes=90), None),
        ("已上报经理，今天下午3点前由李经理回电", AT.replace(hour=15), "李经理"),
        ("已转给仓库，明天10:30前给您消息", AT.replace(hour=10, minute=30) + timedelta(days=1), None),
        ("已转给仓库，三十五分钟内答复", AT + timedelta(minutes=35), None),
    ],
)
def test_a_promise_names_its_time_and_owner(said: str, due: datetime, owner: str | None) -> None:
    """R047: the time and the person promised are read; the promise stands at its span."""
    found = commitment([Turn("agent", said, AT)], 0, AT)
    assert found is not None
    assert (found.due, found.owner) == (due, owner)
    assert said[found.start : found.end] == found.text


@pytest.mark.parametrize(
    "said", ["已升级给技术部，请您耐心等待", "已转交主管，会尽快处理", "价格 30 元，共 5 件"]
)
def test_no_time_is_no_promise(said: str) -> None:
    """R047: an escalation without a time holds no commitment."""
    assert commitment([Turn("agent", said, AT)], 0, AT) is None


def test_an_escalation_may_name_its_time_in_the_next_words() -> None:
    """R047: the time may come in the agent's next turn; without one the escalation says so; others' words do not count."""
    turns = [
        Turn("customer", "我要升级到你们主管", AT),
        Turn("agent", "我帮您升级到技术组", AT),
        Turn("customer", "多久", AT),
        Turn("agent", "2小时内由张工回电", AT),
    ]
    (found, second) = escalations(turns, AT, POLICY)
    assert (found.turn, second.turn) == (1, 3)
    assert found.commitment is not None
    assert found.commitment.turn == 3
    (bare,) = escalations(turns[:2], AT, POLICY)
    assert bare.commitment is None
    assert escalations([Turn("agent", "您好，请问有什么可以帮您")], AT, POLICY) == []


def earlier(name: str, day: int, category: str, text: str) -> Earlier:
    return Earlier(name, datetime(2026, 11, day, tzinfo=UTC), category, text)


def test_a_complaint_again_is_tied_to_the_first() -> None:
    """R097: the same category, or the same words, of one customer: the earliest of them is the first."""
    before = [
        earlier("b", 3, "refund", "退款五天没到账"),
        earlier("a", 1, "refund", "退款一直没到账"),
        earlier("c", 2, "attitude", "客服态度差"),
    ]
    first = first_of("怎么还没退款", "refund", before, POLICY)
    assert first is not None
    assert first.id == "a"
    alike = first_of("客服态度太差了", "other", before, POLICY)
    assert alike is not None
    assert alike.id == "c"
    assert first_of("发票抬头写错了", "invoice", before, POLICY) is None
    assert first_of("x", None, [], POLICY) is None


def test_blame_before_solving_warns() -> None:
    """R096: blaming words before anything is solved warn at once; after the solving step they do not."""
    policy = load_policy().handoff
    blame = Facts(blame=("谁让您不看清楚",))
    state, decision = hear(start("agent"), Turn("agent", "谁让您不看清楚"), None, None, blame, policy)
    assert [one.code for one in decision.alerts] == ["blame_before_solving"]
    assert "先解决再追责" in decision.alerts[0].text
    solved = Facts(stages=frozenset({"solve"}))
    state, _ = hear(state, Turn("agent", "已经给您换新"), None, None, solved, policy)
    _, decision = hear(state, Turn("agent", "谁让您不看清楚"), None, None, blame, policy)
    assert decision.alerts == ()


@pytest.mark.parametrize(
    ("said", "results", "points"),
    [
        ("这个没法当场解决，已升级给技术部，请您等通知", ("fail", "fail"), 0.0),
        ("这个没法当场解决，已升级给技术部，2小时内由张工联系您", ("pass", "pass"), 100.0),
        ("已转交主管，明天 10 点前有答复", ("pass", "fail"), 60.0),
        ("您的软件升级好了，重启即可", ("na", "na"), 100.0),
    ],
)
def test_an_escalation_owes_a_time_and_a_person(said: str, results: tuple[str, str], points: float) -> None:
    """R047: handed on without a time is a violation; with “2小时内由张工” it passes; nothing handed on owes nothing."""
    sheet = score(
        Transcript("t", (Turn("customer", "空调坏了"), Turn("agent", said))), load_form("escalation")
    )
    assert tuple(item.result for item in sheet.items) == results
    assert sheet.score == points
