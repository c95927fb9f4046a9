"""The cookie that the collector sets may come when its visitor is another one, or nobody: it brings nobody back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pixel.conftest import Shop, all_answered, pause

pytestmark = pytest.mark.browser

PAGE = "<!doctype html><html><head><title>Shop</title><!--footfall--></head><body><h1>Shop</h1></body></html>"


@pytest.fixture
def asked(shop: Shop, page: Any) -> str:
    """A page whose visitor's cookie was asked for; the answer waits for ``shop.guest_gate``. The visitor's token."""
    shop.pages["/"] = shop.pages["/next"] = PAGE
    shop.guest_gate.clear()
    shop.visit(page, "/")
    shop.wait(lambda: [r for r in shop.requests if "/v1/guest" in r])
    return str(page.evaluate("localStorage.ff_guest"))


def answer(shop: Shop, context: Any) -> None:
    """Lets the answer go, and waits until the browser has it."""
    with context.expect_event("requestfinished", lambda request: "/v1/guest" in request.url):
        shop.guest_gate.set()


def cookies(context: Any) -> list[str]:
    return [cookie["value"] for cookie in context.cookies() if cookie["name"] == "_ff_guest"]


def guest_of_next_page(shop: Shop, page: Any) -> str:
    shop.visit(page, "/next")
    return str(page.evaluate("localStorage.ff_guest"))


def test_a_late_answer_brings_back_nobody_who_has_withdrawn(
    asked: str, shop: Shop, page: Any, context: Any
) -> None:
    page.evaluate("footfall('consent', false)")
    assert cookies(context) == []
    answer(shop, context)
    shop.wait(lambda: cookies(context) == [])
    assert page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.parametrize("at_once", [True, False])
def test_who_agrees_again_is_another_guest_whenever_the_answer_comes(
    at_once: bool, asked: str, shop: Shop, page: Any, context: Any
) -> None:
    page.evaluate("footfall('consent', false)")
    if at_once:
        page.evaluate("footfall('consent', true)")
    answer(shop, context)
    if not at_once:
        shop.wait(lambda: cookies(context) == [])
        page.evaluate("footfall('consent', true)")
    guest = page.evaluate("footfall('guest')")
    assert guest != asked
    shop.wait(lambda: cookies(context) == [guest])
    assert guest_of_next_page(shop, page) == guest


def test_who_has_logged_out_stays_another_guest(asked: str, shop: Shop, page: Any, context: Any) -> None:
    page.evaluate("footfall('reset')")
    guest = page.evaluate("footfall('guest')")
    assert guest != asked
    answer(shop, context)
    shop.wait(lambda: cookies(context) == [guest])
    assert guest_of_next_page(shop, page) == guest


def test_it_is_asked_for_again_when_the_page_went_before_the_answer(
    asked: str, shop: Shop, page: Any
) -> None:
    page.goto("about:blank")
    shop.guest_gate.set()
    shop.visit(page, "/next")
    page.wait_for_function("localStorage.ff_asked")
    asks = len([r for r in shop.requests if "/v1/guest" in r])
    assert asks == 2
    shop.visit(page, "/")
    page.evaluate("footfall('flush')")
    all_answered(page)
    assert len([r for r in shop.requests if "/v1/guest" in r]) == asks, "once in a session"
    assert set(shop.guests) == {asked}


def withdraw_elsewhere(shop: Shop, page: Any, context: Any) -> None:
    """Another page, which is answered at once, hears the no; then the answer to the first one leaves the collector."""
    first, shop.guest_gate = shop.guest_gate, threading.Event()
    shop.guest_gate.set()
    shop.visit(page, "/next")
    page.wait_for_function("localStorage.ff_asked")
    page.evaluate("footfall('consent', false)")
    before = len(shop.guests)
    first.set()
    shop.wait(lambda: len(shop.guests) > before)
    pause(page, 300)
    shop.wait(lambda: cookies(context) == [])


def test_a_page_that_is_gone_brings_back_nobody(asked: str, shop: Shop, page: Any, context: Any) -> None:
    withdraw_elsewhere(shop, page, context)


def test_another_tab_brings_back_nobody(asked: str, shop: Shop, context: Any) -> None:
    withdraw_elsewhere(shop, context.new_page(), context)


@pytest.fixture
def kept_pages(browser: Any, chromium: str) -> Iterator[Any]:
    """A visitor whose browser keeps the pages that were left, as all do, and as a driven one doesn't."""
    own = browser.browser_type.launch(
        executable_path=chromium,
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield own.new_context()
    own.close()


def test_a_page_that_the_browser_keeps_brings_back_nobody(shop: Shop, kept_pages: Any) -> None:
    page = kept_pages.new_page()
    shop.pages["/"] = shop.pages["/next"] = PAGE
    shop.guest_gate.clear()
    shop.visit(page, "/")
    shop.wait(lambda: [r for r in shop.requests if "/v1/guest" in r])
    withdraw_elsewhere(shop, page, kept_pages)


def test_the_domains_cookie_takes_the_place_of_the_hosts_own(shop: Shop, page: Any, context: Any) -> None:
    """A shop that names a domain later: each host has a cookie from before, which browsers name first."""
    www, mobile = (shop.url.replace("127.0.0.1", f"{name}.shop.localhost") for name in ("www", "m"))
    shop.pages["/"] = shop.pages["/next"] = PAGE
    page.route("**/v1/guest?**", lambda route: route.abort())  # this shop's collector knows of no domain
    guests = []
    for host in (www, mobile):
        page.goto(host + "/")
        guests.append(page.wait_for_function("localStorage.ff_guest").json_value())
    assert guests[0] != guests[1]
    shop.attributes = "data-cookie-domain=.shop.localhost"
    for host in (www, mobile):  # another session has begun there
        page.goto(host + "/missing")
        page.evaluate("localStorage.removeItem('ff_session')")
        page.goto(host + "/")
        page.wait_for_function("localStorage.ff_session")
    assert page.evaluate("localStorage.ff_guest") == guests[0], "one guest over subdomains"
    assert cookies(context) == [guests[0]]
    page.goto(www + "/next")
    page.wait_for_function("window.footfall?.v")
    page.evaluate("footfall('consent', false)")
    assert [c["domain"] for c in context.cookies(www)] == []
