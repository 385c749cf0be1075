"""Praise is a judgement of who served; thanks, products and conditions are not."""

from __future__ import annotations

import pytest

from nlp.praise import load_praise
from nlp.transcript import Transcript, Turn

PRAISE = load_praise()


@pytest.mark.parametrize(
    "text",
    [
        "你服务真好，谢谢", "这位客服很有耐心", "太专业了", "给你点个赞", "必须五星好评", "我要表扬工号 A012",
        "回复得真快", "态度特别好", "你们处理得很及时", "多亏了你，不然我都不知道怎么办", "非常满意", "服務態度很好",
    ],
)  # fmt: skip
def test_R117_praise_is_heard(text: str) -> None:
    """A customer who judges the service well praises it."""
    assert PRAISE.hits(text)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢", "好的，麻烦你了", "辛苦了", "不怎么专业", "态度好有什么用", "好评个鬼", "你服务好吗？", "处理好了再给好评",
        "要是今天能到我就给好评", "一点都不耐心", "你们可真专业，呵呵", "衣服质量非常满意", "我不太满意", "别人说“服务真好”",
    ],
)  # fmt: skip
def test_R117_courtesy_is_no_praise(text: str) -> None:
    """Thanks, doubts, conditions, sarcasm and praise of a product do not count."""
    assert not PRAISE.hits(text)


def test_R117_only_the_customer_praises() -> None:
    """What the agent says of themselves counts for nothing."""
    agent = Transcript("a", (Turn("customer", "谢谢"), Turn("agent", "我们服务真好")))
    customer = Transcript("b", (Turn("agent", "请给个评价"), Turn("customer", "服务真好")))
    assert (PRAISE.praised(agent), PRAISE.praised(customer)) == (False, True)
