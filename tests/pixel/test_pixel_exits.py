"""Page exits right after a click, by every way out, with the collector well, slow and down.

``FOOTFALL_EXITS`` says how many (default 8). 200, before a release, take about five minutes: the collector is slow
in the first quarter, then well, then down for a quarter and at least 60 s, and well again.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
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


def copies(shop: Any, numbers: range) -> list[int]:
    """How often the clicks with these numbers, and what else their pages said, came to the collector."""
    texts = {f"exit {number}" for number in numbers}
    clicks = [m for m in shop.named("Element Clicked") if m["properties"]["element"]["text"] in texts]
    views = {m["context"]["pageViewId"] for m in clicks}
    # each body once: the browser itself repeats a request whose connection was closed without an answer
    sent = Counter(m["messageId"] for body in set(shop.attempts) for m in json.loads(body)["batch"])
    return [sent[m["messageId"]] for m in shop.messages if m["context"]["pageViewId"] in views]


def test_no_click_is_lost_at_an_exit(shop: Any, context: Any) -> None:
    quarter = EXITS // 4
    for number in range(EXITS):
        shop.collector_delay = 0.4 if number < quarter else 0.0
        if number == 2 * quarter:
            shop.status, down_since = 0, time.monotonic()
        if number == 3 * quarter:
            time.sleep(max(0.0, down_since + DOWN_SECONDS - time.monotonic()))
            shop.status = 200
        leave(shop, context, WAYS[number % 4], number)
    page = context.new_page()
    shop.visit(page, "/after")

    def arrived() -> set[str]:
        return {m["properties"]["element"]["text"] for m in shop.named("Element Clicked")}

    wanted = {f"exit {number}" for number in range(EXITS)}
    # the lease of what the last page sent, and what is left of the patience with a collector that was down
    seconds = 20 + DOWN_SECONDS
    shop.wait(lambda: arrived() >= wanted, seconds)
    clicks = [m["properties"]["element"]["text"] for m in shop.named("Element Clicked")]
    assert sorted(clicks) == sorted(wanted), "by message id none is there twice"
    shop.wait(
        lambda: len([m for m in shop.named("page") if m["context"]["page"]["path"] == "/exit"]) == EXITS,
        seconds,
    )
    shop.wait(
        lambda: not page.evaluate("Object.keys(localStorage).some(k => k.startsWith('ff_q.'))"), seconds
    )
    assert max(m["context"]["library"]["dropped"] for m in shop.messages) == 0
    means = {}
    for part, name in enumerate(("slow", "well", "down", "well again")):
        found = copies(shop, range(part * quarter, (part + 1) * quarter))
        means[name] = sum(found) / len(found)
        print(f"collector {name}: {len(found)} messages, {means[name]:.2f} copies each, {max(found)} at most")
    # where no page ever sees an answer, the end of each lease of 10 s may bring one more
    assert means["slow"] <= 8
    assert means["down"] <= 5
    assert max(means["well"], means["well again"]) <= 3
