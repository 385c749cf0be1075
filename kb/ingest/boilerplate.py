"""Lines that a download site wrapped around a document, and the document's page marks.

Templates first; weak lines (评论, 温馨提示, 查看更多) go only beside a template line, since a handbook may well say
温馨提示 itself. A line of a dozen characters and more that stands three times or more is a running head.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

_TEMPLATE = re.compile(
    r"原创力文档|人人文库|豆丁网?文档|道客巴巴|百度文库|book118|如您付费|您已付费下载|付费下载|下载本文档|二次下载|继续免费阅读|"
    r"全文预览已?结束|^版权说明|版权申诉|侵权必究|VIP文档|成为VIP|VIP精品文档|^文档评论|^相关文档|文档贡献者|本站所有资源|"
    r"本站的?文档|本站所有内容|本站RAR|本站不保证|本站规则|本站不退款|未经权益所有人|仅提供信息存储空间|用户上传分享的文档|"
    r"^下载文件中如有侵权|收益归属内容提供方|^已阅读\d+页|还剩\d+页未读|0/150|^免费阅读|^加入(?:收藏|购物车)$|^立即下载$|"
    r"关注公众号.{0,10}(?:获取|下载)|^本文档(?:由|来自|来源).{0,20}(?:上传|下载|网)"
)
_WEAK = re.compile(
    r"^(?:评论|提交评论|温馨提示|查看更多|文档简介|实名认证|知识盘点|相关文档|[\w.]{1,20} ?\+ ?关注|[.。·]|0/\d+|VIP|登录|注册|分享|收藏|"
    r"举报|打印|返回顶部|上一[页篇]|下一[页篇]|本文档|原创力文档)$"
)
_FILE = re.compile(r"^(?P<title>.{4,80})\.(?:pptx?|docx?|pdf|xlsx?|txt)(?: ?VIP)?$", re.IGNORECASE)
_PAGE = re.compile(r"^(?P<title>.{0,60}?)[_ \-—]*第 ?\d{1,4} ?页(?:[/ ,，]*共 ?\d{1,4} ?页)?$")
_NUMBER = re.compile(r"^(?:[\-—– ]*\d{1,3}[\-—– ]*|\d{1,3} ?/ ?\d{1,3})$")
_SPEAKER = re.compile(r"^(?:演讲人|汇报人|主讲人|授课人)[：:].{0,20}$")
_CONTENTS = re.compile(r"第[一二三四五六七八九十\d]{1,3}[章节篇]")
_FOOT = re.compile(r"(?<=[\u3400-\u9fff。；！!])(\d{1,3})$")
_CHAPTER_NUMBER = re.compile(r"^0\d$")
RUNNING = 60
"""A running head is no longer than this."""
EDGE = 12
"""Lines at either end of a document in which those that other documents have too are left out."""
SHARED = (6, 80)
_BULLET = re.compile(r"^(?:[\-*•·+]\s+|\d{1,2}[.、．)]\s*)+")


@dataclass(frozen=True, slots=True)
class Found:
    """Spans to leave out, each with its step, and the document's title where such a line told it."""

    spans: tuple[tuple[int, int, str], ...]
    title: str = ""


def boilerplate(text: str, *, pages: bool, repeated: frozenset[str] = frozenset()) -> Found:
    """Boilerplate of `text` (simplified characters). `pages`: also page marks and running heads, for plain text.

    `repeated`: keys (`line_key`) of lines that other documents have as well. They go at the two ends only, where a
    site puts its own words: two handbooks may well share a rule in the middle.
    """
    lines = list(_lines(text))
    shown = [_BULLET.sub("", text[start:end].strip()).strip() for start, end in lines]
    gone = {at: "boilerplate" for at, line in enumerate(shown) if _TEMPLATE.search(line)}
    edges = {*range(min(EDGE, len(shown))), *range(max(0, len(shown) - EDGE), len(shown))}
    gone |= {at: "boilerplate" for at in edges if len(repeated) and line_key(shown[at]) in repeated}
    _spread(gone, shown)
    title = ""
    for at, line in enumerate(shown):
        told = _FILE.match(line) or _PAGE.match(line)
        if told is None or at in gone:
            continue
        title = title or told.group("title").strip(" _-—")
        gone[at] = "page_marks"
    feet: list[tuple[int, int, str]] = []
    if pages:
        bare = [text[start:end].strip() for start, end in lines]
        _page_marks(gone, bare)
        feet = _feet(text, [span for at, span in enumerate(lines) if at not in gone])
    spans = [
        (start, min(end + 1, len(text)), gone[at]) for at, (start, end) in enumerate(lines) if at in gone
    ]
    return Found(tuple(sorted(spans + feet)), title)


def line_key(line: str) -> str:
    """What two copies of a line share: numbers and bullets aside; empty for a line too short or long to tell."""
    key = re.sub(r"\d+", "0", _BULLET.sub("", line.strip())).strip()
    return key if SHARED[0] <= len(key) <= SHARED[1] else ""


def _lines(text: str) -> list[tuple[int, int]]:
    """Spans of the lines that say something, without their line end."""
    spans, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((at, at + len(line)))
        at += len(line) + 1
    return spans


def _spread(gone: dict[int, str], shown: list[str]) -> None:
    """Weak lines go when a neighbour goes, in both directions."""
    for order in (range(len(shown)), range(len(shown) - 1, -1, -1)):
        for at in order:
            if at not in gone and _WEAK.match(shown[at]) and (at - 1 in gone or at + 1 in gone):
                gone[at] = "boilerplate"


def _page_marks(gone: dict[int, str], shown: list[str]) -> None:
    keys = Counter(re.sub(r"\d+", "0", line) for line in shown if 12 <= len(line) <= RUNNING)
    for at, line in enumerate(shown):
        if at in gone:
            continue
        mark = (
            (_NUMBER.match(line) and not _CHAPTER_NUMBER.match(line)) or line == "." or _SPEAKER.match(line)
        )
        running = 12 <= len(line) <= RUNNING and keys[re.sub(r"\d+", "0", line)] >= 3
        if mark or running or len(_CONTENTS.findall(line)) >= 3:
            gone[at] = "page_marks"


def _feet(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Slide numbers glued to the ends of lines: five or more of them, rising."""
    found: list[tuple[int, int, int]] = []
    for start, end in lines:
        foot = _FOOT.search(text[start:end].rstrip())
        if foot is not None and end - start > 16:
            found.append((int(foot.group(1)), start + foot.start(), start + foot.end()))
    if len(found) < 5 or any(right[0] <= left[0] for left, right in pairwise(found)):
        return []
    return [(start, end, "page_marks") for _, start, end in found]
