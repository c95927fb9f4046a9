"""Page exits right after a click, by every way out, with the collector well, slow and down.

``FOOTFALL_EXITS`` says how many (default 8). 200, before a release, take about four minutes: the collector is slow
in the first third, and down for a third and at least 60 s.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

pytestmark = pytest.mark.browser

EXITS = int(os.environ.get("FOOTFALL_EXITS", "8"))
DOWN_SECONDS = 60.0 if EXITS >= 200 else 0.0
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
    third = EXITS // 3
    down_since = 0.0
    for number in range(EXITS):
        shop.collector_delay = 0.4 if number < third else 0.0
        shop.status = 0 if third <= number < 2 * third else 200
        if number == third:
            down_since = time.monotonic()
        if number == 2 * third:
            shop.status = 0
            time.sleep(max(0.0, down_since + DOWN_SECONDS - time.monotonic()))
            shop.status = 200
        leave(shop, context, WAYS[number % 4], number)
    page = context.new_page()
    shop.visit(page, "/after")
    page.evaluate("footfall('flush')")

    def arrived() -> set[str]:
        return {m["properties"]["element"]["text"] for m in shop.named("Element Clicked")}

    wanted = {f"exit {number}" for number in range(EXITS)}
    shop.wait(lambda: arrived() >= wanted, 12)
    clicks = [m["properties"]["element"]["text"] for m in shop.named("Element Clicked")]
    assert sorted(clicks) == sorted(wanted), "by message id none is there twice"
    shop.wait(
        lambda: len([m for m in shop.named("page") if m["context"]["page"]["path"] == "/exit"]) == EXITS, 12
    )
    # no page lives until a slow answer: what came by beacon in that third is kept too, and is the first to make room
    given_up = max(m["context"]["library"]["dropped"] for m in shop.messages)
    sent = sum(len(json.loads(body)["batch"]) for body in shop.bodies)
    print(f"{EXITS} exits: {len(shop.messages)} messages, sent {sent} times, {given_up} copies given up")
