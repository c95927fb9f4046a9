# ruff: noqa: E501 -- markup reads better in one line
"""Pages and browsers that are not as they should be: what of theirs must not silence the pixel, nor the pixel break."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from collector.pixel_files import PixelFiles
from tests.pixel.conftest import DIST, TAG, Shop, pause

pytestmark = pytest.mark.browser

HEAD = "<!doctype html><html><head><title>Odd</title><!--footfall--></head>"
PAGE = HEAD + "<body><main><h1>Odd</h1><button id=button>Press</button></main></body></html>"


@pytest.fixture
def errors(page: Any) -> list[str]:
    """What the page's own error handling would hear of."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.parametrize("early", [True, False])
def test_what_is_no_json_costs_only_itself(early: bool, shop: Shop, page: Any, errors: list[str]) -> None:
    said = "footfall('track', 'Before'); const a = {}; a.a = a; footfall('track', 'Circle', a); footfall('track', 'Big', {n: 10n}); footfall('track', 'After');"
    stub = "window.footfall = window.footfall || function () { (footfall.q = footfall.q || []).push(arguments) };"
    shop.pages["/"] = PAGE.replace("<head>", f"<head><script>{stub}{said}</script>") if early else PAGE
    shop.visit(page, "/")
    if not early:
        page.evaluate(f"() => {{ {said} }}")
    page.click("#button")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert [len(shop.named(name)) for name in ("Before", "Circle", "Big", "After")] == [1, 0, 0, 1]
    assert errors == []


def test_a_clock_that_is_set_back_silences_nobody(shop: Shop, page: Any) -> None:
    shop.pages["/"] = PAGE
    page.clock.install()
    page.goto(shop.url + "/")
    page.evaluate("footfall('track', 'Before'); footfall('flush')")
    shop.wait(lambda: shop.named("Before"))
    page.clock.set_system_time(page.evaluate("Date.now()") / 1000 - 3600)
    page.evaluate("footfall('track', 'One')")
    page.clock.run_for(500)
    page.evaluate("footfall('track', 'Two'); footfall('flush')")
    shop.wait(lambda: shop.named("Two"))


def test_without_send_beacon_what_was_said_last_is_kept_for_the_next_page(
    shop: Shop, page: Any, errors: list[str]
) -> None:
    page.add_init_script("delete Navigator.prototype.sendBeacon")
    shop.pages["/"] = PAGE
    shop.visit(page, "/")
    kept = page.evaluate(
        "() => { footfall('track', 'Last'); dispatchEvent(new PageTransitionEvent('pagehide'));"
        " return Object.keys(localStorage).filter(k => k.startsWith('ff_q.')).map(k => localStorage[k]).join() }"
    )
    assert '"Last"' in kept
    assert errors == []


def test_an_app_without_storage_has_a_visitor(shop: Shop, page: Any, context: Any, errors: list[str]) -> None:
    page.add_init_script("Object.defineProperty(window, 'localStorage', {value: null})")
    shop.pages["/"] = PAGE
    for _ in range(2):
        shop.visit(page, "/")
        page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == 2)
    assert len({m["anonymousId"] for m in shop.messages}) == 1
    assert errors == []


def test_a_frame_without_an_origin_is_seen_and_has_no_errors(
    shop: Shop, page: Any, errors: list[str]
) -> None:
    shop.pages["/"] = (
        "<!doctype html><title>outer</title><iframe sandbox='allow-scripts' src='/inner' width=400 height=300></iframe>"
    )
    shop.pages["/inner"] = PAGE
    page.goto(shop.url + "/")
    page.frame_locator("iframe").locator("#button").click()
    shop.wait(lambda: shop.named("Element Clicked"))
    assert len({m["anonymousId"] for m in shop.messages}) == 1
    assert errors == []


def test_storage_that_the_shop_empties_does_not_lose_the_visitor(shop: Shop, page: Any) -> None:
    shop.pages["/"] = PAGE
    shop.visit(page, "/")
    guest = page.evaluate("localStorage.ff_guest")
    page.evaluate("localStorage.clear(); footfall('track', 'After'); footfall('flush')")
    [after] = shop.wait(lambda: shop.named("After"))
    assert after["anonymousId"] == guest, "by the cookie"
    page.evaluate("footfall('reset'); localStorage.clear(); footfall('track', 'Next'); footfall('flush')")
    [following] = shop.wait(lambda: shop.named("Next"))
    assert following["anonymousId"] not in {guest, ""}, "who logged out stays logged out"


def test_a_picker_that_is_rendered_anew_is_told(shop: Shop, page: Any, errors: list[str]) -> None:
    """A link is its own root once it has been taken out of the page, and the ``host`` of a link is a text."""
    shop.pages["/products/tee"] = (
        HEAD
        + """<body><h1>Tee</h1><div id=picker data-option-name=Size><a href="#s" data-value=S id=small>S</a></div>
<script>small.onclick = e => { e.preventDefault(); picker.replaceChildren('done') }</script></body></html>"""
    )
    shop.visit(page, "/products/tee")
    page.click("#small")
    page.evaluate("footfall('flush')")
    [told] = shop.wait(lambda: (page.evaluate("footfall('flush')"), shop.named("Product Option Selected"))[1])
    assert (told["properties"]["option_value"], told["properties"]["product_id"]) == ("S", "tee")
    assert errors == []


def test_words_inside_other_words_are_no_login_and_no_logout(shop: Shop, page: Any) -> None:
    shop.pages["/"] = (
        HEAD
        + """<body><nav><a id=outlet href="/collections/design-outlet">Design outlet</a><a id=brand href="/collections/logitech">Logitech</a></nav>
<ul><li><a id=mouse href="/products/logitech-mouse">Mouse</a></li></ul>
<p><a id=out href="/users/sign-out">Leave</a></p>
<script>addEventListener('click', e => e.preventDefault())</script></body></html>"""
    )
    shop.visit(page, "/")
    guest = page.evaluate("localStorage.ff_guest")
    for what in ("#outlet", "#brand", "#mouse"):
        page.click(what)
    assert page.evaluate("footfall('guest')") == guest
    page.click("#out")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Element Clicked")) == 3)
    found = [
        (m["event"], m["properties"].get("zone"))
        for m in shop.messages
        if m["type"] == "track" and "element" in m["properties"]
    ]
    assert found[:3] == [
        ("Element Clicked", "nav"),
        ("Element Clicked", "nav"),
        ("Product Clicked", "collection_card"),
    ]
    assert page.evaluate("footfall('guest')") != guest, "a way out is one still"


def test_what_stands_in_no_header_has_its_zone(shop: Shop, page: Any) -> None:
    """A drawer at the end of the page, a small cart, and the way to an account of one's own."""
    shop.pages["/"] = (
        HEAD
        + """<body><div class="site-menu-drawer"><a id=tea href="/collections/tea">Tea</a></div><div class="mini-cart"><button id=more>More</button></div>
<div class="dropdown mini_cart"><b id=small>1</b></div><p><a id=join href="/register">Join</a></p><p><a id=registry href="/pages/registry">Registry</a></p>
<script>addEventListener('click', e => e.preventDefault())</script></body></html>"""
    )
    shop.visit(page, "/")
    for what in ("#tea", "#more", "#small", "#join", "#registry"):
        page.click(what)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Element Clicked")) == 5)
    zones = [m["properties"]["zone"] for m in shop.named("Element Clicked")]
    assert zones == ["nav", "cart", "cart", "account", "other"]


def test_json_ld_with_holes_is_read(shop: Shop, page: Any, errors: list[str]) -> None:
    shop.pages["/products/tee"] = (
        HEAD.replace(
            "</head>",
            """<script type="application/ld+json">[null, {"@graph": [null, {"@type": "Product", "productID": "77"}]}]</script></head>""",
        )
        + "<body><h1>Tee</h1></body></html>"
    )
    shop.visit(page, "/products/tee")
    page.evaluate("footfall('flush')")
    [viewed] = shop.wait(lambda: shop.named("Product Viewed"))
    assert viewed["properties"]["product_id"] == "77"
    assert errors == []


def test_what_a_blocker_keeps_out_costs_no_memory(shop: Shop, page: Any, context: Any) -> None:
    page.route("**/footfall-watch.js", lambda route: route.abort())
    shop.pages["/"] = PAGE
    page.goto(shop.url + "/")
    page.wait_for_function("localStorage.ff_guest")
    page.evaluate(
        """() => { window.seen = []; for (let i = 0; i < 500; i++) {
          const field = document.createElement('input'); document.body.append(field);
          field.dispatchEvent(new Event('input', {bubbles: true})); seen.push(new WeakRef(field)); field.remove(); } }"""
    )
    pause(page, 50)
    context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert page.evaluate("seen.filter(field => field.deref()).length") <= 150


def test_a_product_whose_address_is_its_query_is_another_view(shop: Shop, page: Any) -> None:
    stub = "window.footfall = window.footfall || function () { (footfall.q = footfall.q || []).push(arguments) };"
    said = "footfall('theme', {handle: '[?&]id=(\\\\d+)'}, true)"
    shop.pages["/product"] = (
        HEAD.replace("<head>", f"<head><script>{stub}{said}</script>") + "<body><h1>P</h1></body></html>"
    )
    shop.visit(page, "/product?id=5")
    for address in ("/product?id=5&size=2", "/product?id=6"):
        page.evaluate("to => history.pushState(null, '', to)", address)
        pause(page, 400)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Product Viewed")) == 2)
    assert [m["properties"]["product_id"] for m in shop.named("Product Viewed")] == ["5", "6"]
    assert len(shop.named("page")) == 2


def test_files_of_another_name_find_each_other(shop: Shop, page: Any, errors: list[str]) -> None:
    files = PixelFiles(DIST, "/assets/shop.js")

    def serve(route: Any) -> None:
        file = files.find(urlsplit(route.request.url).path.lstrip("/"))
        route.fulfill(body=file.body, content_type=file.content_type) if file else route.abort()

    page.route("**/assets/**", serve)
    page.route("**/footfall*.js", lambda route: route.abort())
    shop.pages["/"] = (PAGE + "<div data-footfall=recommended></div>").replace(
        "<!--footfall-->", TAG.format(attributes="").replace("/footfall.js", "/assets/shop.js")
    )
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector(".ff-card")
    page.wait_for_selector("[data-ff-debug]")
    assert errors == []
    assert not [name for name in shop.requests if "footfall" in name]
