"""Shop HTML to plain text: blocks become lines, scripts and styles go, entities become characters."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object"})
_BLANKS = re.compile(r"[^\S\n]+")
#: A tag that the text ends in, which browsers drop. Python before 3.13.4 takes it for text.
_UNCLOSED_TAG = re.compile(r"<[a-zA-Z/!?][^>]*\Z")
#: A picture that stands in the text itself, where a tag is broken or the text is Markdown: up to millions of letters.
_INLINE_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[\w+/=-]*")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:  # <script/> and its like hold nothing and must not open a silence
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            while self.silent.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_to_text(html: str | None) -> str:
    """Readable text of an HTML fragment, one line a block, no empty lines. Text without tags comes out as
    it is.

    Never raises on broken HTML: what browsers forgive, this forgives.
    """
    if not html:
        return ""
    parser = _Text()
    parser.feed(_UNCLOSED_TAG.sub("", _INLINE_DATA.sub("", html)))
    parser.close()
    lines = (_BLANKS.sub(" ", line).strip() for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)
