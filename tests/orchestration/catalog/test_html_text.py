from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.catalog.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One.</p><p>Two &amp; three.</p>", "One.\nTwo & three."),
        ("plain text", "plain text"),
        ("", ""),
        (None, ""),
        ("<ul><li>20,000&nbsp;mm</li><li>480 g</li></ul>", "20,000 mm\n480 g"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<script>alert(1)</script>kept<style>p{}</style>", "kept"),
        ("<script/>kept", "kept"),
        ("<svg><path d='x'/></svg>kept", "kept"),
        ("<p>un<b>closed <i>tags", "unclosed tags"),
        ("<table><tr><td>Size</td><td>M</td></tr></table>", "Size M"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a ![x](data:image/png;base64,iVBORw0KGgo/+A==) b", "a ![x]() b"),
        ("mug<img src='data:image/svg+xml;base64,AAAA", "mug"),
        ("line\none\n\n  two", "line one two"),
    ],
)
def test_examples(html: str | None, text: str) -> None:
    assert html_to_text(html) == text


@given(st.text(alphabet="<>/pbrscit &;\n\"'=a!-", max_size=60))
def test_never_raises_and_leaves_no_empty_line(html: str) -> None:
    lines = html_to_text(html).split("\n")
    assert lines == [""] or all(line.strip() == line and line for line in lines)
