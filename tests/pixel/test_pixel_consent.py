# ruff: noqa: E501 -- markup reads better in one line
"""Consent in every order in which pages, tabs and Shopify can say it: a no is never overheard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.conftest import Shop, pause

pytestmark = pytest.mark.browser

STUB = "window.footfall = window.footfall || function () { (footfall.q = footfall.q || []).push(arguments) };"
PAGE = "<!doctype html><html><head>{early}<title>Shop</title><!--footfall--></head><body><h1>Shop</h1></body></html>"


def said(call: str) -> str:
    return PAGE.format(early=f"<script>{STUB}{call}</script>")


def nothing_of_ours(page: Any, context: Any) -> bool:
    return context.cookies() == [] and page.evaluate("Object.keys(localStorage)") == []


@pytest.mark.parametrize("mode", ["", "data-consent=granted", "data-consent=required"])
def test_a_refusal_from_before_the_script_came_stands(mode: str, shop: Shop, page: Any, context: Any) -> None:
    shop.attributes = mode
    shop.pages["/"] = said("footfall('consent', false)")
    page.goto(shop.url + "/")
    page.wait_for_function("window.footfall?.v")
    pause(page, 300)
    assert nothing_of_ours(page, context)
    assert not [r for r in shop.requests if "POST" in r or "extra" in r]


def test_a_refusal_erases_what_an_earlier_page_was_granted(shop: Shop, page: Any, context: Any) -> None:
    shop.attributes = "data-consent=required"
    shop.pages["/"] = said("footfall('consent', true)")
    shop.pages["/no"] = said("footfall('consent', false)")
    shop.visit(page, "/")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("page"))
    page.goto(shop.url + "/no")
    page.wait_for_function("window.footfall?.v")
    pause(page, 300)
    assert nothing_of_ours(page, context)
    assert len(shop.named("page")) == 1


@pytest.mark.parametrize("answer", ["'denied'", "{analytics: 'denied', marketing: 'denied'}", "'false'"])
def test_only_true_is_a_yes(answer: str, shop: Shop, page: Any, context: Any) -> None:
    shop.attributes = "data-consent=required"
    shop.pages["/"] = said(f"footfall('consent', {answer})")
    page.goto(shop.url + "/")
    page.wait_for_function("window.footfall?.v")
    pause(page, 300)
    assert nothing_of_ours(page, context)


def test_shopify_may_stand_below_the_tag(shop: Shop, page: Any, context: Any) -> None:
    """The tag is the first of the head and comes at once; Shopify's answer stands further down in the page."""
    late = "<script>const until = Date.now() + 300; while (Date.now() < until); window.Shopify = {customerPrivacy: {analyticsProcessingAllowed: () => false, marketingAllowed: () => false}}</script>"
    shop.pages["/"] = PAGE.format(early="").replace(
        "<h1>", "<script src='/slow.js'></script>" + late + "<h1>"
    )

    def slow(route: Any) -> None:
        shop.wait(lambda: [r for r in shop.requests if "GET /footfall.js" in r])
        page.wait_for_timeout(300)
        route.fulfill(body="", content_type="text/javascript")

    page.route("**/slow.js", slow)
    page.goto(shop.url + "/")
    page.wait_for_function("window.footfall?.v")
    pause(page, 300)
    assert nothing_of_ours(page, context)


def test_who_withdraws_and_agrees_again_is_another_guest(shop: Shop, page: Any) -> None:
    shop.pages["/"] = PAGE.format(early="")
    shop.visit(page, "/")
    page.evaluate("footfall('flush')")
    [before] = shop.wait(lambda: shop.named("page"))
    page.evaluate("footfall('consent', false); footfall('track', 'Between'); footfall('flush')")
    page.evaluate("history.pushState(null, '', '/else')")
    pause(page, 400)
    page.evaluate("footfall('consent', true); footfall('track', 'After'); footfall('flush')")
    [after] = shop.wait(lambda: shop.named("After"))
    assert after["anonymousId"] != before["anonymousId"]
    assert after["context"]["sessionId"] != before["context"]["sessionId"]
    assert after["context"]["pageViewId"] != before["context"]["pageViewId"]
    assert len(shop.named("page")) == 2, "what was looked at in between is nobody's"
    page.click("h1")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert len(shop.named("Element Clicked")) == 1


def test_a_withdrawal_holds_in_the_other_tab(shop: Shop, context: Any) -> None:
    shop.pages["/"] = PAGE.format(early="")
    first, second = context.new_page(), context.new_page()
    shop.visit(first, "/")
    shop.visit(second, "/")
    for tab in (first, second):
        tab.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 2)
    first.evaluate("footfall('consent', false)")
    second.wait_for_function("!document.cookie && !Object.keys(localStorage).length")
    pause(second, 100)
    before = len(shop.bodies)
    second.click("h1")
    second.evaluate("footfall('track', 'Late'); footfall('flush'); 0")
    pause(second, 300)
    assert len(shop.bodies) == before
    assert nothing_of_ours(second, context)


def test_a_withdrawal_holds_where_the_storage_is_full(shop: Shop, page: Any, context: Any) -> None:
    shop.attributes = "data-consent=required"
    shop.pages["/"] = PAGE.format(early="")
    page.goto(shop.url + "/")
    page.wait_for_function("window.footfall?.v")
    page.evaluate("footfall('consent', true); footfall('flush')")
    shop.wait(lambda: shop.named("page"))
    page.evaluate(
        "() => { for (let n = 1 << 22; n > 0; n >>= 1) for (;;) try { localStorage['x' + Math.random()] = 'y'.repeat(n) } catch { break } }"
    )
    page.evaluate("footfall('track', 'Full'); footfall('flush')")
    shop.wait(lambda: shop.named("Full"))
    page.evaluate("footfall('consent', false)")
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('ff_'))") == []
    before = len(shop.bodies)
    page.goto(shop.url + "/")
    page.wait_for_function("window.footfall?.v")
    pause(page, 300)
    assert len(shop.bodies) == before
    assert context.cookies() == []


def test_without_cookies_the_shops_cart_is_not_told(shop: Shop, page: Any, context: Any) -> None:
    context.add_cookies([{"name": "cart", "value": "c-123", "url": shop.url}])
    shop.attributes = "data-cookieless"
    shop.pages["/"] = PAGE.format(early="")
    shop.visit(page, "/")
    page.evaluate("footfall('flush')")
    [seen] = shop.wait(lambda: shop.named("page"))
    assert "token" not in seen["context"]["cart"]
