"""A web page as lines; runs confined. Scripts, styles, menus and feet are left out; nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from kb.ingest.readers import decode
from kb.ingest.refusal import FileRefused

DEPTH = 2_000
"""Elements within each other; a real page has a few dozen."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _words("area base br col embed hr img input link meta param source track wbr")
_DROPPED = _words(
    "script style nav footer aside noscript template svg math iframe object select button canvas audio video"
)
_BLOCKS = _words(
    "p div section article main header li ul ol dl dt dd blockquote pre table tr td th h1 h2 "
    "h3 h4 h5 h6 body html figure figcaption details summary form fieldset address hr br "
    "caption center"
)
_ENDS = {
    "li": {"li", "p"},
    "dt": {"dt", "dd", "p"},
    "dd": {"dt", "dd", "p"},
    "tr": {"tr", "td", "th", "p"},
    "td": {"td", "th", "p"},
    "th": {"td", "th", "p"},
    "option": {"option"},
}
"""Elements that the beginning of another one ends, since authors leave their ends out."""
_SITE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|breadcrumbs?|sidebar|footer|copyright|cookie|share|advert|ads|pagination)(?:$|[\s_-])"
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{2,20})", re.IGNORECASE)


def read(data: bytes) -> dict[str, Any]:
    """`{"title", "lines": [[kind, level, block number, text or rows, problem], …]}`. Raises `FileRefused`."""
    page = _Page()
    page.feed(_decoded(data))
    page.close()
    page.flush()
    first = [line for line in page.lines if line[0] == "heading" and line[1] == 1]
    title = first[0][3] if len(first) == 1 else page.title
    return {
        "title": " ".join(title.split()),
        "lines": [line for line in page.lines if line[3] != title or line[0] != "heading"],
    }


def _decoded(data: bytes) -> str:
    declared = _CHARSET.search(data[:4096])
    name = declared.group(1).decode().lower() if declared else ""
    if name in ("gb2312", "gbk", "gb18030", "big5", "utf-8", "utf8"):
        try:
            return data.decode("gb18030" if name.startswith("gb") else name)
        except UnicodeDecodeError:
            pass  # many a page says one thing and is another
    return decode(data)


class _Page(HTMLParser):
    """Gathers lines while the tags go by; keeps no tree, so that depth costs nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.lines, self._words = "", list[list[Any]](), list[str]()
        self._open: list[str] = []
        self._dropped: list[int] = []  # depths at which something to leave out began
        self._tables: list[tuple[list[list[str]], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ended = _ENDS.get(tag, {"p"} if tag in _BLOCKS and tag != "br" else set())
        while self._open and self._open[-1] in ended:
            self._close()
        if tag in _BLOCKS:
            self.flush()
        if tag in _VOID:
            return
        self._open.append(tag)
        if len(self._open) > DEPTH:
            raise FileRefused(f"标签嵌套超过 {DEPTH} 层", f"嵌套不超过 {DEPTH} 层的网页")
        if tag in _DROPPED or _is_site(tag, dict(attrs)):
            self._dropped.append(len(self._open))
        elif not self._dropped:
            self._begin(tag, dict(attrs))

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "table":
            self._tables.append(([], []))
        elif self._tables and tag == "tr":
            self._tables[-1][0].append([])
        elif self._tables and tag in ("td", "th"):
            rows, problems = self._tables[-1]
            if not rows:
                rows.append([])
            rows[-1].append("")
            if any((attributes.get(span) or "1") not in ("0", "1") for span in ("colspan", "rowspan")):
                problems.append("有合并的单元格")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open[-DEPTH:]:
            while self._open:
                if self._close() == tag:
                    break

    def _close(self) -> str:
        self.flush() if self._open[-1] in _BLOCKS or self._open[-1] == "title" else None
        tag = self._open.pop()
        if self._dropped and len(self._open) < self._dropped[-1]:
            self._dropped.pop()
        elif tag == "table" and self._tables and not self._dropped:
            self._end_table()
        return tag

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self._words.append(data)

    def flush(self) -> None:
        """End the present line."""
        text, self._words = " ".join("".join(self._words).split()), []
        if not text:
            return
        if "title" in self._open[-3:]:
            self.title = self.title or text
        elif self._tables and self._tables[-1][0] and self._tables[-1][0][-1]:
            cells = self._tables[-1][0][-1]
            cells[-1] = f"{cells[-1]} {text}".strip()
        else:
            kind, level = self._kind()
            self.lines.append([kind, level, len(self.lines) + 1, text, ""])

    def _kind(self) -> tuple[str, int]:
        for tag in reversed(self._open[-12:]):
            if re.fullmatch("h[1-6]", tag):
                return "heading", int(tag[1])
            if tag in ("li", "dd"):
                return "item", 0
        return "text", 0

    def _end_table(self) -> None:
        rows, problems = self._tables.pop()
        rows = [row for row in rows if any(row)]
        if self._tables:  # a table in a cell: its words go to that cell
            self._tables[-1][1].append("表中有表")
            self._words.append(" ".join(cell for row in rows for cell in row))
            self.flush()
        elif rows:
            self.lines.append(["table", 0, len(self.lines) + 1, rows, problems[0] if problems else ""])


def _is_site(tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether an element is the site's and not the text's: menus, feet, what is hidden."""
    if attributes.get("role") in ("navigation", "contentinfo", "banner", "search") or "hidden" in attributes:
        return True
    if re.search(r"display\s*:\s*none", attributes.get("style") or ""):
        return True
    named = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
    return tag in ("div", "ul", "ol", "section", "p", "table") and _SITE.search(named) is not None
