"""Texts normalised together are the texts normalised one by one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from nlp.codes import decoded, laid
from nlp.text import normalise

CHARACTERS = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]


def together(texts: list[str]) -> list[str]:
    return decoded(laid(texts))[1:-1].split("\n") if texts else []


@given(st.lists(st.text(st.characters(codec=None), max_size=12), max_size=6))
def test_texts_side_by_side_do_not_touch(texts: list[str]) -> None:
    """Any code points: marks that combine, half characters, spaces at the ends."""
    assert together(texts) == [normalise(text) for text in texts]


def test_every_character_has_its_normal_form() -> None:
    """Alone, between letters, between spaces, before a mark that combines, in another's company."""
    for before, after in (("", ""), ("a", "b"), (" ", "  "), ("か", "゙"), ("Α", "")):
        texts = [before + character + after for character in CHARACTERS[::3]]
        assert together(texts) == [normalise(text) for text in texts]


def test_any_company_gives_the_same_text() -> None:
    """Random strings of all characters known to the table."""
    chooser = random.Random(5)
    texts = ["".join(chooser.choices(CHARACTERS, k=chooser.randrange(9))) for _ in range(3000)]
    assert together(texts) == [normalise(text) for text in texts]


def test_plain_chat_needs_no_help() -> None:
    """Full-width marks, dots, emoji with their selectors, traditional words, line breaks."""
    texts = [
        "怎麼還不發貨？！",
        "太好了❤️👍🏻…",
        "ＡＢＣ\u3000１２３",
        "第一行\n第二行",
        "  回覆  收到 ",
        "",
        "ΑΣ ﬁ",
    ]
    assert together(texts) == [normalise(text) for text in texts]
