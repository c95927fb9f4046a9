"""First light: a page, a click, an unload."""

from __future__ import annotations

from typing import Any

HTML = """<!doctype html><html><head><title>Shop</title><!--footfall--></head>
<body><header><nav><ul><li><a href="/after">Women</a></li></ul></nav></header>
<main><h1>Hello</h1><div data-footfall="recommended" data-limit="2"><p>own</p></div></main></body></html>"""


def test_a_page_and_a_click_arrive(shop: Any, page: Any) -> None:
    shop.pages["/"] = HTML
    errors: list[str] = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto(shop.url + "/")
    page.wait_for_selector(".ff-card")
    page.click("text=Women")
    click = shop.wait(lambda: shop.named("Element Clicked"))[0]
    assert errors == []
    assert click["properties"]["zone"] == "nav"
    assert click["properties"]["nav_path"] == ["Women"]
    assert click["properties"]["element"]["text"] == "Women"
    assert [m["type"] for m in shop.messages][0] == "page"
