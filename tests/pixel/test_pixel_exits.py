"""Page exits right after a click, by every way out, with the collector well, slow and down.

``FOOTFALL_EXITS`` says how many (default 8; 200 before a release, about two minutes).
"""

from __future__ import annotations

import os
from typing import Any

import pytest

pytestmark = pytest.mark.browser

EXITS = int(os.environ.get("FOOTFALL_EXITS", "8"))
#: While it is down: what the browser keeps is at most 256 KB, some 190 messages of about 1.3 KB.
DOWN = min(EXITS // 3, 32)
WAYS = ("link", "form", "close", "back")
HTML = """<!doctype html><title>exits</title><!--footfall-->
<a id="link" href="/after">{n}</a><form action="/after"><button id="form">{n}</button></form>
<button id="close" type="button">{n}</button><button id="back" type="button">{n}</button>"""


def leave(shop: Any, context: Any, way: str, number: int) -> None:
    """Opens a page of its own, clicks the button that bears the number, and is gone."""
    shop.pages["/exit"] = HTML.replace("{n}", f"exit {number}")
    page = context.new_page()
    if way == "back":
        page.goto(shop.url + "/after")
    page.goto(shop.url + "/exit")
    page.wait_for_function("window.footfall?.v && localStorage.ff_guest")
    page.click(f"#{way}", no_wait_after=True)
    if way == "close":
        page.close(run_before_unload=True)
    elif way == "back":
        page.go_back()
        page.close()
    else:
        page.wait_for_url("**/after*")
        page.close()


def test_no_click_is_lost_at_an_exit(shop: Any, context: Any) -> None:
    for number in range(EXITS):
        shop.collector_delay = 0.4 if number % 3 == 1 else 0.0
        shop.status = 0 if number >= EXITS - DOWN else 200
        leave(shop, context, WAYS[number % 4], number)
    shop.status, shop.collector_delay = 200, 0.0
    page = context.new_page()
    page.goto(shop.url + "/after")
    page.wait_for_timeout(200)
    page.evaluate("footfall('flush')")

    def arrived() -> set[str]:
        return {m["properties"]["element"]["text"] for m in shop.named("Element Clicked")}

    wanted = {f"exit {number}" for number in range(EXITS)}
    shop.wait(lambda: arrived() >= wanted, 10)
    clicks = [m["properties"]["element"]["text"] for m in shop.named("Element Clicked")]
    assert sorted(clicks) == sorted(wanted), "by message id none is there twice"
