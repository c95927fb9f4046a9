"""The way to the collector: batches, unload, retries, tabs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pixel.conftest import all_answered

pytestmark = pytest.mark.browser

FORM = """<!doctype html><title>exits</title><!--footfall-->
<a id="link" href="/after">Leave by link</a>
<form action="/after"><button id="submit">Leave by form</button></form>
<button id="button" type="button">Stay</button>"""

#: As if a while had passed since other pages wrote: their leases and the patience with the collector are over.
LATER = """for (const key of Object.keys(localStorage)) {
  if (/^ff_q/.test(key)) localStorage[key] = localStorage[key].replace(/^.[0-9]+/, '[1')
  if (key == 'ff_wait') localStorage.removeItem(key)
}"""


def test_what_a_batch_looks_like(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    page.add_init_script("localStorage.ff_timezone = 'Europe/Berlin'")  # as an earlier page has left it there
    page.goto(shop.url + "/?utm_source=mail&utm_campaign=may&email=a@b.de&token=x")
    page.click("#button")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert [r for r in shop.requests if r.startswith("POST /v1/b")] == ["POST /v1/b"], (
        "3 s gather into one request"
    )
    batch = json.loads(shop.bodies[0])
    assert batch["writeKey"] == "wk"
    assert batch["sentAt"].endswith("Z")
    message = shop.named("Element Clicked")[0]
    assert len(message["anonymousId"]) == 32
    assert message["originalTimestamp"][-5] == "."
    context = message["context"]
    assert context["page"]["url"] == f"{shop.url}/?utm_source=mail&utm_campaign=may&email=&token="
    assert context["campaign"] == {"source": "mail", "name": "may"}
    assert context["consent"] == {"analytics": True, "marketing": True, "gpc": False}
    assert context["sessionId"]
    assert context["pageViewId"]
    assert {m["context"]["sessionId"] for m in shop.messages} == {context["sessionId"]}
    assert {"locale", "timezone", "screen", "library"} <= context.keys()


@pytest.mark.parametrize("way", ["link", "form", "close", "back"])
def test_a_click_right_before_the_exit_arrives(way: str, shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    page.goto(shop.url + "/after")
    shop.visit(page, "/")
    if way == "link":
        page.click("#link")
        text = "Leave by link"
    elif way == "form":
        page.click("#submit")
        text = "Leave by form"
    else:
        page.click("#button")
        text = "Stay"
        if way == "close":
            page.close(run_before_unload=True)
        else:
            page.go_back()
    found = shop.wait(
        lambda: [m for m in shop.named("Element Clicked") if m["properties"]["element"]["text"] == text]
    )
    assert len(found) == 1


def test_a_collector_that_is_down_loses_nothing(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    shop.status = 0
    for _ in range(4):
        page.goto(shop.url + "/")
        page.click("#button")
        page.click("#link")
        page.wait_for_url("**/after")
    assert shop.bodies == []
    shop.status = 200
    page.wait_for_timeout(300)  # what the page before wrote last reaches this one's process
    page.evaluate(LATER)
    page.goto(shop.url + "/")
    clicks = shop.wait(
        lambda: (
            (
                found := [
                    m
                    for m in shop.named("Element Clicked")
                    if m["properties"]["element"]["text"] == "Leave by link"
                ]
            )
            and len(found) == 4
            and found
        )
    )
    assert len(clicks) == 4
    # (what the last page said itself may wait until its lease is over)
    shop.wait(lambda: len(shop.named("page")) == 9)
    sent = Counter(m["messageId"] for body in shop.bodies for m in json.loads(body)["batch"])
    # what the last page before it sent while it went away could not be confirmed, so it came once more
    assert max(sent.values()) <= 2
    # the last page's own words wait until their lease is over
    all_answered(page)


def test_a_server_in_trouble_is_asked_again_later(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    shop.status = 503
    shop.headers = {"Retry-After": "2"}
    page.goto(shop.url + "/")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.asked)
    shop.status = 200
    shop.wait(lambda: shop.named("page"))
    first, second = shop.asked
    assert second - first >= 1.99, "patience was asked for"


def test_a_refusal_is_not_repeated_and_is_reported(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    shop.status = 401
    page.goto(shop.url + "/")
    page.evaluate("footfall('flush')")
    all_answered(page)
    assert shop.requests.count("POST /v1/b") == 1
    shop.status = 200
    page.click("#button")
    page.evaluate("footfall('flush')")
    message = shop.wait(lambda: shop.named("Element Clicked"))[0]
    assert message["context"]["library"]["dropped"] >= 1


def test_too_large_a_batch_is_halved(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    shop.status = 413
    page.goto(shop.url + "/")
    page.evaluate("for (let i = 0; i < 3; i++) footfall('track', 'Test', {i})")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.attempts)
    shop.status = 200
    page.evaluate("footfall('track', 'Test', {i: 3}); footfall('flush')")
    shop.wait(lambda: len(shop.named("Test")) >= 1)
    assert len(json.loads(shop.bodies[0])["batch"]) < 4


def test_many_messages_go_in_batches_of_twenty_and_a_flood_is_limited(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    shop.visit(page, "/")
    took = page.evaluate("""() => {
        const began = Date.now()
        for (let i = 0; i < 300; i++) footfall('track', 'Flood', {i, text: 'x'.repeat(1000)})
        footfall('flush')
        return Date.now() - began
    }""")
    all_answered(page)
    # a hundred at once, and ten a second
    assert 90 <= len(shop.named("Flood")) <= 101 + took / 100
    assert all(len(json.loads(body)["batch"]) <= 20 for body in shop.bodies)
    assert all(len(body) <= 50_000 for body in shop.bodies)


def test_tabs_share_guest_and_session(shop: Any, context: Any) -> None:
    shop.pages["/"] = FORM
    first, second = context.new_page(), context.new_page()
    first.goto(shop.url + "/")
    second.goto(shop.url + "/")
    first.evaluate("footfall('flush')")
    second.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 2)
    assert len({m["anonymousId"] for m in shop.messages}) == 1
    assert len({m["context"]["sessionId"] for m in shop.messages}) == 1


def test_a_session_ends_after_thirty_idle_minutes_and_after_a_day(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM
    page.clock.install()
    page.goto(shop.url + "/")

    def session_after(minutes: int) -> str:
        moment = datetime.fromtimestamp(page.evaluate("Date.now()") / 1000, UTC) + timedelta(minutes=minutes)
        page.clock.set_system_time(moment)
        page.evaluate("footfall('track', 'Tick')")
        return str(page.evaluate("localStorage.ff_session.split(' ')[0]"))

    start = session_after(0)
    assert session_after(29) == start
    assert session_after(31) != start
    again = session_after(0)
    for _ in range(48):
        last = session_after(29)
    assert last == again
    for _ in range(3):
        last = session_after(29)
    assert last != again, "24 h at most"


def test_the_collector_sets_the_guest_cookie_once_in_a_session(shop: Any, page: Any, context: Any) -> None:
    shop.pages["/"] = FORM
    shop.visit(page, "/")
    page.wait_for_function("localStorage.ff_asked")
    shop.visit(page, "/after")
    guest = page.evaluate("localStorage.ff_guest")
    assert shop.guests == [guest]
    [cookie] = context.cookies()
    assert (cookie["name"], cookie["value"]) == ("_ff_guest", guest)
    page.evaluate("footfall('reset')")
    shop.visit(page, "/")
    after = page.evaluate("localStorage.ff_guest")
    assert shop.wait(lambda: shop.guests[1:]) == [after], "a logout's token is no older cookie's"
    assert after != guest


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        ('data-collector="http://127.0.0.1:9"', True),  # a port is no other host
        ('data-collector="http://elsewhere.example"', False),
        ('data-collector="http://events.shop.test" data-cookie-domain=".shop.test"', True),
        (
            'data-collector="http://events.shop.test"',
            False,
        ),  # the script's cookie is of the page's host alone
        ('data-collector="http://other.test" data-cookie-domain=".shop.test"', False),
        ("data-cookieless", False),
    ],
)
def test_the_guest_cookie_is_asked_for_where_it_replaces_the_scripts(
    attributes: str, asked: bool, shop: Any, page: Any
) -> None:
    shop.attributes = attributes
    shop.pages["/"] = FORM
    page.add_init_script(
        "window.fetched = []; const post = fetch;"
        " window.fetch = (...all) => { fetched.push(`${all[0]}`); return post(...all) }"
    )
    shop.visit(page, "/")
    asks = [url for url in page.evaluate("fetched") if "/v1/guest?guest=" in url]
    assert bool(asks) is asked


def test_a_second_tag_does_nothing(shop: Any, page: Any) -> None:
    shop.pages["/"] = FORM + "<!--footfall-->"
    shop.visit(page, "/")
    page.click("#button")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert len(shop.named("page")) == 1
    assert len(shop.named("Element Clicked")) == 1


def test_inside_an_iframe(shop: Any, page: Any) -> None:
    shop.pages["/"] = "<!doctype html><title>outer</title><iframe src='/inner' width=400 height=300></iframe>"
    shop.pages["/inner"] = FORM
    page.goto(shop.url + "/")
    frame = page.frame_locator("iframe")
    frame.locator("#button").click()
    page.goto("about:blank")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert shop.named("page")[0]["context"]["page"]["path"] == "/inner"
