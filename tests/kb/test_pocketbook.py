"""The pocket book: what is in force, in order, and nothing an entry says is markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from kb.entries import Entry
from kb.pocketbook import chosen, html, markdown

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CARD = Entry(id="c", kind="script", stage="comfort", title="安抚", text="抱歉让您久等了。")


def test_only_what_is_in_force_in_a_fixed_order() -> None:
    """R069: kinds and stages in their order, whatever order the entries come in; nothing early or late."""
    later = replace(CARD, id="later", effective_from=NOW + timedelta(days=1))
    over = replace(CARD, id="over", effective_to=NOW)
    faq = replace(CARD, id="f", kind="faq", stage=None)
    hello = replace(CARD, id="g", stage="greeting")
    cards = [later, over, hello, CARD, faq]
    assert [one.id for one in chosen(cards, NOW)] == ["f", "g", "c"]
    assert chosen(cards, NOW) == chosen(cards[::-1], NOW)
    assert [one.id for one in chosen(cards, NOW, kinds=["script"], stages=["comfort"])] == ["c"]
    assert markdown(chosen(cards, NOW), "书", "V1.0") == markdown(chosen(cards[::-1], NOW), "书", "V1.0")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80))
def test_no_text_is_markup(text: str) -> None:
    """R069: whatever an entry says, the page has the same tags and says it."""
    plain, other = _Tags(), _Tags()
    plain.feed(html([CARD], "书", "V1.0"))
    other.feed(html([replace(CARD, text=text, title=text)], "书", "V1.0"))
    assert other.tags == plain.tags
    assert text in other.said


def test_markdown_marks_are_escaped() -> None:
    """R069: headings, lists, links and tags of an entry stay text."""
    page = markdown([replace(CARD, text="# 一\n- 二\n1. 三\n[四](http://x) <b>五</b> *六*")], "书", "V1.0")
    for shown in ("\\# 一", "\\- 二", "1\\. 三", "\\[四\\]", "\\<b\\>", "\\*六\\*"):
        assert shown in page
