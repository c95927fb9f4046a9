# ruff: noqa: E501 -- markup and tables of clicks read better in one line
"""The blocks that the pixel fills, and what it tells about them; frustration, attention, the overlay."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.pixel import conftest
from tests.pixel.conftest import pause

pytestmark = pytest.mark.browser

OWN = '<p class="own">The picks of the shop</p>'


def html(body: str) -> str:
    return f"<!doctype html><html lang='en'><head><title>Blocks</title><!--footfall--></head><body>{body}</body></html>"


def block(kind: str, inner: str = OWN, more: str = "") -> str:
    return f'<div data-footfall="{kind}" data-limit="3" {more} style="min-height:120px">{inner}</div>'


def product(number: int) -> str:
    return f"<h1>Product {number}</h1><div data-product-id='P{number}' data-product-name='Product {number}' data-price='5' data-currency='EUR'></div>"


CARDS = {
    "div in a list": '<ul><li><div class="card-wrapper" data-product-id="901"><a href="/products/mug-1">Mug</a></div></li></ul>',
    "div in a link": '<a href="/products/mug-1"><div data-product-id="901">Mug</div></a>',
    "article": '<article data-product-id="901"><a href="/products/mug-1">Mug</a></article>',
    "a block's own": '<div data-footfall="similar" data-product-id="P9"><template><div data-ff-bind="title"></div></template></div>',
}


@pytest.mark.parametrize("cards", CARDS.values(), ids=CARDS)
def test_cards_are_not_what_a_page_is_about(shop: Any, page: Any, cards: str) -> None:
    """A home page shows products and is about none: nothing was looked at there."""
    shop.pages["/"] = html(cards + block("recommended"))
    shop.visit(page, "/")
    page.wait_for_selector("[data-footfall=recommended] .ff-list")
    [call] = [call for call in shop.api_calls if call["path"] == "/v1/recommendations"]
    assert "viewed" not in call


def test_no_block_repeats_what_one_above_shows(shop: Any, page: Any) -> None:
    shop.pages["/products/1"] = html(
        product(1) + block("recommended") + block("recommended") + block("recently-viewed")
    )
    shop.pages["/products/2"] = html(product(2) + block("recently-viewed") + block("recommended"))
    shop.visit(page, "/products/1")
    page.wait_for_selector("[data-footfall=recommended] >> nth=1 >> .ff-card")
    blocks = page.query_selector_all("[data-footfall=recommended]")
    titles = [[t.inner_text() for t in one.query_selector_all(".ff-card__title")] for one in blocks]
    assert titles == [
        ["Recommended 0", "Recommended 1", "Recommended 2"],
        ["Recommended 3", "Recommended 4", "Recommended 5"],
    ]
    # asked for at once: the server may note the second one first
    assert sorted(call["limit"] for call in shop.api_calls) == ["3", "6"]
    shop.visit(page, "/products/2")
    page.wait_for_selector("[data-footfall=recommended] .ff-card")
    recent = page.query_selector_all("[data-footfall=recently-viewed] .ff-card__title")
    assert [t.inner_text() for t in recent] == ["Product 1"], (
        "what was looked at stays, whatever stands elsewhere"
    )


def test_recommendations_know_what_was_looked_at(shop: Any, page: Any) -> None:
    for n in (1, 2):
        shop.pages[f"/products/{n}"] = html(product(n))
    shop.pages["/"] = html(block("recommended", more='data-placement="home-top"') + block("recently-viewed"))
    for n in (1, 2):
        shop.visit(page, f"/products/{n}")
    shop.visit(page, "/")
    page.wait_for_selector("[data-footfall=recommended] .ff-card")
    [call] = shop.api_calls
    guest = page.evaluate("localStorage.ff_guest")
    assert call == {
        "path": "/v1/recommendations", "key": "pk", "limit": "3", "lang": "en", "guest": guest, "viewed": "P2,P1", "placement": "home-top",
    }  # fmt: skip
    cards = page.query_selector_all("[data-footfall=recommended] .ff-card")
    assert [c.query_selector(".ff-card__title").inner_text() for c in cards] == [
        f"Recommended {n}" for n in range(3)
    ]
    assert cards[0].get_attribute("href") == "/products/rec-0"
    assert cards[0].query_selector(".ff-card__price").inner_text() == "€10.50"
    recent = page.query_selector_all("[data-footfall=recently-viewed] .ff-card__title")
    assert [t.inner_text() for t in recent] == ["Product 2", "Product 1"]
    shop.wait(lambda: len(shop.named("Recommendation Viewed")) == 2)
    page.click(".ff-card >> nth=1")
    clicked = shop.wait(lambda: shop.named("Recommendation Clicked"))[0]["properties"]
    assert clicked == {
        "placement": "home-top", "kind": "recommended", "product_id": "901", "position": 2, "version": "v7",
        "source": "affinity", "reason": "because", "experiment": "lists", "arm": "personal",
    }  # fmt: skip
    viewed = [
        m["properties"]
        for m in shop.named("Recommendation Viewed")
        if m["properties"]["kind"] == "recommended"
    ]
    assert [v["product_ids"] for v in viewed] == [["900", "901", "902"]]
    assert [(v["experiment"], v["arm"]) for v in viewed] == [("lists", "personal")]
    [own] = [m for m in shop.named("Recommendation Viewed") if m["properties"]["kind"] == "recently-viewed"]
    assert "arm" not in own["properties"]
    card = shop.named("Product Clicked")[0]["properties"]
    assert (card["product_id"], card["list"], card["position"]) == ("901", "home-top", 2)


def test_neighbours_of_a_product_and_the_shops_own_template(shop: Any, page: Any) -> None:
    template = '<template><article class="mine"><b data-ff-bind="title"></b><a data-ff-bind="url"><img data-ff-bind="image_url"></a></article></template>'
    shop.pages["/products/1"] = html(
        product(1) + block("similar", template) + block("bought-together", more='data-product-id="X9"')
    )
    shop.visit(page, "/products/1")
    page.wait_for_selector("[data-footfall=similar] .mine")
    page.wait_for_selector("[data-footfall=bought-together] .ff-card")
    assert sorted(c["path"] for c in shop.api_calls) == [
        "/v1/products/P1/similar",
        "/v1/products/X9/bought-together",
    ]
    mine = page.query_selector("[data-footfall=similar] .mine")
    assert mine.query_selector("b").inner_text() == "Recommended 0"
    assert mine.query_selector("img").get_attribute("alt") == "Recommended 0"


def test_a_card_without_a_picture_stands_level_with_the_others(
    shop: Any, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = conftest.sample_items(3)
    del items[1]["image_url"]
    monkeypatch.setattr(conftest, "sample_items", lambda _: items)
    shop.pages["/"] = html(block("recommended"))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    tops = [t.bounding_box()["y"] for t in page.query_selector_all(".ff-card__title")]
    assert tops[0] > 100
    assert tops == [tops[0]] * 3
    assert page.eval_on_selector_all("img.ff-card__image", "found => found.length") == 2


def test_where_no_card_has_a_picture_there_is_no_place_for_one(
    shop: Any, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where the address of each is none that may be shown."""
    items = conftest.sample_items(3)
    del items[0]["image_url"]
    items[1]["image_url"] = None
    items[2]["image_url"] = "javascript:alert(1)"
    monkeypatch.setattr(conftest, "sample_items", lambda _: items)
    shop.pages["/"] = html(block("recommended"))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    assert not page.query_selector_all(".ff-card__image")
    assert page.query_selector(".ff-card").bounding_box()["height"] < 100


SHIFTS = (
    "window.shifts = [];"
    "new PerformanceObserver(list => shifts.push(...list.getEntries().map(e => e.value)))"
    ".observe({type: 'layout-shift', buffered: true})"
)
RESERVED = "<style>.picks {{ min-height: 420px }}</style><div class='picks' data-footfall='recommended'>{}</div><p>Below</p>"


@pytest.mark.parametrize("inner", ["", OWN], ids=["empty", "with the shop's own picks"])
@pytest.mark.parametrize("failure", ["late", "down", "empty"])
def test_a_block_that_was_not_filled_gives_back_the_height_it_reserved(
    failure: str, inner: str, shop: Any, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.api_delay, shop.api_status = (
        (2, 200) if failure == "late" else (0, 503 if failure == "down" else 200)
    )
    if failure == "empty":
        monkeypatch.setattr(conftest, "sample_items", lambda _: [])
    shop.pages["/"] = html(RESERVED.format(inner))
    page.goto(shop.url + "/")
    if failure == "late":
        assert page.query_selector(".picks").bounding_box()["height"] == 420
    page.wait_for_selector("[data-footfall-state=kept]", state="attached")
    assert page.query_selector(".picks").bounding_box()["height"] < (60 if inner else 1)
    assert page.query_selector(".picks").inner_text() == ("The picks of the shop" if inner else "")


def test_a_block_that_is_filled_within_its_height_shifts_nothing(shop: Any, page: Any) -> None:
    page.add_init_script(SHIFTS)
    shop.pages["/"] = html(RESERVED.format(""))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card >> nth=3")
    pause(page, 300)
    assert page.query_selector(".picks").bounding_box()["height"] == 420
    assert page.evaluate("shifts") == []


EVIL = [
    "javascript:window.evil=1", " javascript:window.evil=1", "data:text/html,x", "//evil.example/a", "/\\evil.example/a",
    "/\t/evil.example/a", "https:\\\\evil.example/a", "https:evil.example", "https://shop.example@evil.example/a",
    "https://shop.example\\@evil.example/a",
]  # fmt: skip


def test_a_card_leads_nowhere_that_it_does_not_seem_to(
    shop: Any, page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = conftest.sample_items(len(EVIL) + 1)
    for item, url in zip(items[1:], EVIL, strict=True):
        item["url"], item["image_url"] = url, url
    monkeypatch.setattr(conftest, "sample_items", lambda _: items)
    shop.pages["/"] = html(block("recommended").replace('data-limit="3"', 'data-limit="50"'))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    hrefs = page.eval_on_selector_all("a.ff-card", "found => found.map(a => a.getAttribute('href'))")
    assert hrefs == ["/products/rec-0", *[""] * len(EVIL)]
    assert page.eval_on_selector_all("img.ff-card__image", "found => found.length") == 1


@pytest.mark.parametrize("trouble", ["slow", "down", "empty"])
def test_the_shops_own_content_stays_when_the_api_does_not_answer(trouble: str, shop: Any, page: Any) -> None:
    shop.pages["/"] = html(block("recommended", more='data-limit="0"' if trouble == "empty" else ""))
    if trouble == "slow":
        shop.api_delay = 20.0
    if trouble == "down":
        shop.api_status = 503
    if trouble == "empty":
        shop.pages["/"] = html(block("similar"))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    shop.visit(page, "/")
    state = page.wait_for_selector("[data-footfall-state=kept]", timeout=15_000)
    assert state.inner_html() == OWN
    assert errors == []


def test_nothing_jumps_when_a_block_is_filled(shop: Any, page: Any) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(l => l.getEntries().forEach(e => shift += e.value)).observe({type: 'layout-shift', buffered: true})"
    )
    shop.pages["/"] = html(
        block("recommended", "", 'data-placement="x"').replace("120px", "400px") + "<p>Below</p>"
    )
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    page.wait_for_timeout(150)
    assert page.evaluate("shift") < 0.01


@pytest.mark.parametrize(("width", "in_a_row"), [(1200, 4), (390, 2)])
def test_few_cards_stand_side_by_side_and_are_as_wide_as_many(
    width: int, in_a_row: int, shop: Any, page: Any
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    two = '<div data-footfall="recommended" data-limit="2"></div>'
    shop.pages["/"] = html(two + '<div data-footfall="recommended" data-limit="4"></div>')
    shop.visit(page, "/")
    page.wait_for_selector("[data-footfall-state=filled] >> nth=1")
    few, many = (
        [card.bounding_box() for card in one.query_selector_all(".ff-card")]
        for one in page.query_selector_all("[data-footfall]")
    )
    assert len({card["y"] for card in many[:in_a_row]}) == 1
    assert len({card["width"] for card in few + many}) == 1
    assert few[1]["x"] - (few[0]["x"] + few[0]["width"]) == pytest.approx(16, abs=1)


def test_a_block_that_is_rendered_later_is_filled_when_the_page_says_so(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(product(1) + '<div id="app"></div>')
    shop.visit(page, "/")
    assert not shop.api_calls
    page.evaluate("html => { app.innerHTML = html; footfall('blocks') }", block("similar"))
    page.wait_for_selector("[data-footfall-state=filled]")
    page.evaluate("footfall('blocks')")
    page.evaluate(
        "app.innerHTML += '<div data-footfall=similar data-product-id=P2></div>'; footfall('blocks')"
    )
    page.wait_for_function("document.querySelectorAll('[data-footfall-state=filled]').length == 2")
    asked = [call["path"] for call in shop.api_calls]
    assert asked == ["/v1/products/P1/similar", "/v1/products/P2/similar"], (
        "a filled block is not asked for again"
    )


def test_what_stands_in_a_block_does_not_keep_itself_in_place(shop: Any, page: Any) -> None:
    """The shop's own picks look like ours in Shopify's block; they, and what a block was filled with, may be shown anew."""
    picks = "".join(f'<a class="ff-card" data-product-id="90{n}">Pick</a>' for n in range(3))
    shop.pages["/"] = html(block("recommended", f'<div class="ff-list">{picks}</div>'))
    shop.visit(page, "/")
    page.wait_for_selector("[data-footfall-state=filled] .ff-card >> nth=2")
    page.evaluate(
        "document.documentElement.lang = 'de';"
        "document.querySelectorAll('[data-footfall]').forEach(b => delete b.dataset.footfallState); footfall('blocks')"
    )
    price = page.wait_for_selector("[data-footfall-state=filled] .ff-card__price >> text=10,50")
    assert price.inner_text() == "10,50\xa0€"
    assert [call["lang"] for call in shop.api_calls] == ["en", "de"]


def test_a_block_asks_for_the_market_of_the_tag(shop: Any, page: Any) -> None:
    shop.attributes = 'data-market="de"'
    shop.pages["/"] = html(block("recommended") + block("similar", more='data-product-id="P1"'))
    shop.visit(page, "/")
    page.wait_for_selector("[data-footfall-state=filled] >> nth=1")
    assert [call["market"] for call in shop.api_calls] == ["de", "de"]


def test_a_right_click_is_no_choice_and_asking_again_adds_no_rules(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(block("recommended"))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    page.evaluate("addEventListener('click', e => e.preventDefault())")
    page.click(".ff-card >> nth=0", button="right")
    page.click(".ff-card >> nth=1")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Recommendation Clicked"))
    assert [m["properties"]["product_id"] for m in shop.named("Recommendation Clicked")] == ["901"]
    for _ in range(3):
        page.evaluate("footfall('blocks')")
    assert page.evaluate("document.adoptedStyleSheets.length") == 1


def test_a_block_taller_than_two_screens_is_seen_too(shop: Any, page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 400})
    shop.pages["/"] = html(block("recommended", more="data-placement='tall'").replace("120px", "1500px"))
    shop.visit(page, "/")
    page.wait_for_selector(".ff-card")
    pause(page, 300)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Recommendation Viewed"), 5)


def test_developers_ask_for_recommendations(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(
        "<script>(window.footfall = function () { (footfall.q = footfall.q || []).push(arguments) })('recommend', {limit: 2}, x => window.got = x)</script>"
    )
    shop.visit(page, "/")
    page.wait_for_function("window.got")
    assert page.evaluate("got.map(x => x.product_id)") == ["900", "901"]
    assert (
        page.evaluate(
            "footfall('recommend', {kind: 'similar', product: 'A/1', limit: 1}).then(x => x.length)"
        )
        == 1
    )
    assert shop.api_calls[-1]["path"] == "/v1/products/A%2F1/similar"
    shop.api_status = 500
    assert page.evaluate("footfall('recommend').then(x => x.length)") == 0


def test_rage_and_dead_clicks(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(
        "<button type=button id=dead>Nothing</button><button type=button id=live onclick='setTimeout(() => this.title = 1, 50)'>Live</button>"
        "<button type=button id=plus>+</button><a href='#x' id=link>Link</a>"
    )
    shop.visit(page, "/")
    for what in ("#link", "#live"):
        page.click(what)
    for _ in range(4):
        page.click("#plus")
    for _ in range(3):
        page.click("#dead")
    pause(page, 2700)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Dead Click"))
    assert [m["properties"]["element"]["id"] for m in shop.named("Dead Click")] == ["dead"]
    assert [m["properties"]["element"]["id"] for m in shop.named("Rage Click")] == ["dead"]


def test_attention_and_scroll_are_told_when_the_page_is_left(shop: Any, page: Any) -> None:
    shop.pages["/"] = html("<div style='height:4000px'>Long</div>")
    began = time.monotonic()
    shop.visit(page, "/")
    page.mouse.wheel(0, 1800)
    pause(page, 3200)
    page.goto(shop.url + "/after")
    passed = time.monotonic() - began
    left = shop.wait(lambda: shop.named("Page Left"))[0]
    assert 3000 <= left["properties"]["engaged_ms"] <= passed * 1000
    assert 60 <= left["properties"]["scroll_depth"] <= 75
    assert left["context"]["pageViewId"] == shop.named("page")[0]["context"]["pageViewId"]
    vitals = shop.named("Web Vitals")[0]["properties"]
    assert vitals["cls"] == 0
    assert vitals["ttfb"] > 0


def test_searches_and_what_the_markup_declares(shop: Any, page: Any) -> None:
    shop.pages["/search"] = html(
        "<main><h1>2 results</h1><ul><li><a href='/products/a'>A</a></li><li><a href='/products/b'>B</a></li></ul></main>"
    )
    shop.pages["/done"] = html(
        """<div data-footfall-event="Order Completed" data-footfall-props='{"order_id": "7", "value": 12.5}'></div>"""
    )
    shop.pages["/checkout"] = html("<h1>Checkout</h1>")
    shop.visit(page, "/search?q=red+mug&page=2")
    for path in ("/checkout", "/checkout", "/done"):
        shop.visit(page, path)
    page.evaluate("footfall('flush')")
    order = shop.wait(lambda: shop.named("Order Completed"))[0]["properties"]
    assert order == {"order_id": "7", "value": 12.5}
    assert shop.named("Products Searched")[0]["properties"] == {"query": "red mug", "results_count": 2}
    assert len(shop.named("Checkout Started")) == 1
    assert [m["properties"]["page_type"] for m in shop.named("page")] == [
        "search",
        "checkout",
        "checkout",
        "other",
    ]


def test_a_search_while_typing_counts_when_results_are_shown(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(
        "<header><nav>Menu</nav><predictive-search><form role=search action=/search><input type=search name=q>"
        "<div id=out></div></form></predictive-search></header>"
    )
    shop.visit(page, "/")
    page.locator("[type=search]").press_sequentially("mug", delay=20)
    pause(page, 1100)
    page.evaluate(
        "out.innerHTML = '<ul><li><a href=/search?q=red>red</a></li><li><a href=/products/mug-1>Red mug</a></li></ul>'"
    )
    page.locator("[type=search]").press_sequentially("s", delay=20)
    pause(page, 1150)
    page.evaluate("addEventListener('click', e => e.preventDefault())")
    page.click("text=Red mug")
    page.click("#out >> text=red >> nth=0")
    page.evaluate("footfall('flush')")
    # A word that the search suggests is not a product. (The last click may be in a batch of its own.)
    shop.wait(
        lambda: [m for m in shop.named("Element Clicked") if m["properties"]["element"]["text"] == "red"]
    )
    [clicked] = [m["properties"] for m in shop.named("Product Clicked")]
    assert (clicked["zone"], clicked["list"], clicked["product_id"]) == ("search", "search", "mug-1")
    [searched] = [m["properties"] for m in shop.named("Products Searched")]
    assert searched == {"query": "mugs", "results_count": 1, "method": "typed"}


def test_the_overlay_shows_each_message_as_it_leaves(shop: Any, page: Any) -> None:
    shop.pages["/"] = html(
        "<button type=button aria-label='Next picture'><svg width=20 height=20></svg></button>"
    )
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector("[data-ff-debug]")
    page.click("svg")
    page.evaluate("footfall('flush')")
    page.wait_for_selector("[data-ff-debug] summary:has-text('Element Clicked · other · Next picture')")
    page.click("[data-ff-debug] summary >> nth=0")
    page.wait_for_timeout(100)
    page.evaluate("footfall('flush')")
    page.wait_for_timeout(200)
    assert len(shop.named("Element Clicked")) == 1, "the overlay is no part of the shop"


@pytest.mark.parametrize(
    "scripts",
    ["'self'", "'nonce-n1'", "'nonce-n1' 'strict-dynamic'", "'self'; require-trusted-types-for 'script'"],
)
def test_a_strict_content_security_policy_is_met(shop: Any, page: Any, scripts: str) -> None:
    """No inline style, no inline script: the blocks look as ever and nothing is held against the page."""
    shop.policy = f"default-src 'none'; script-src {scripts}; connect-src 'self'; img-src 'self'"
    shop.attributes = "nonce='n1'"
    shop.pages["/"] = html(f"<div data-footfall=recommended data-limit=3>{OWN}</div>")
    page.add_init_script(
        "window.against = [];"
        "document.addEventListener('securitypolicyviolation', e => against.push(e.violatedDirective + ' ' + e.blockedURI))"
    )
    shop.visit(page, "/?ff_debug=1")
    page.wait_for_selector("[data-footfall-state=filled] .ff-card >> nth=2")
    assert page.evaluate("getComputedStyle(document.querySelector('.ff-list')).display") == "grid"
    page.wait_for_selector("[data-ff-debug]")
    page.evaluate("footfall('track', 'Shown'); footfall('flush')")
    page.wait_for_selector("[data-ff-debug] summary")
    assert page.evaluate("getComputedStyle(document.querySelector('[data-ff-debug]')).position") == "fixed"
    assert shop.wait(lambda: shop.named("Recommendation Viewed"))
    assert page.evaluate("against") == []
