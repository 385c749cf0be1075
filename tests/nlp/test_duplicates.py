"""Is it a ticket we already have?"""

from __future__ import annotations

from nlp.duplicates import Recent, duplicates
from nlp.routing import Ticket
from nlp.transcript import Customer

TEXT = "云柔洗衣机脱水的时候跳得像打桩机，门封圈还漏水，约了两次师傅都没来"
MINE = Customer("c-1")


def test_a_repeat_of_the_same_customer() -> None:
    """R010 R097: the same words of the same customer are the same ticket."""
    found = duplicates(Ticket(TEXT, customer=MINE), [Recent("T1", TEXT, "c-1")])
    assert [one.ticket_id for one in found] == ["T1"]
    assert found[0].confidence > 0.99


def test_a_reworded_reminder() -> None:
    """R097: a shorter reminder of the same matter is found, another matter is not."""
    recent = [Recent("T1", TEXT, "c-1"), Recent("T2", "想问一下积分什么时候清零", "c-1")]
    found = duplicates(Ticket("洗衣机脱水跳得像打桩机，约了两次师傅都没来", customer=MINE), recent)
    assert [one.ticket_id for one in found] == ["T1"]


def test_another_customer_with_like_words() -> None:
    """R010: like words of somebody else are not this ticket."""
    other = Recent("T1", "云柔洗衣机脱水声音大，门封圈发霉", "c-2")
    assert duplicates(Ticket(TEXT, customer=MINE), [other]) == ()


def test_never_itself_and_never_a_greeting() -> None:
    """R010: a ticket sent again under its own id is itself; two greetings are not one ticket."""
    assert duplicates(Ticket(TEXT, ticket_id="T1", customer=MINE), [Recent("T1", TEXT, "c-1")]) == ()
    assert duplicates(Ticket("你好", customer=MINE), [Recent("T2", "你好", "c-1")]) == ()
