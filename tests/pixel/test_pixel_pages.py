# ruff: noqa: E501 -- markup and tables of clicks read better in one line
"""Pages of different markup, each with a table of clicks (tests/pixel/clicks.py) and what has to be known about each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.clicks import Row, walk
from tests.pixel.conftest import pause

TABLES: dict[str, list[Row]] = {
    "dawn-collection": [
        (".header__heading-link", "Element Clicked", "nav", None, "Woolly", "header__heading-link"),
        ("#deep", "Element Clicked", "nav", None, "Jumpers", "mega-menu__link"),
        ("#HeaderMenu-women", "Element Clicked", "nav", None, "Women", "header__menu-item"),
        ("#HeaderMenu-about span", "Element Clicked", "nav", None, "About us", "header__menu-item"),
        (".header__icon--search svg", "Element Clicked", "search", None, "", "header__icon"),
        (".header__icon--account", "Element Clicked", "account", None, "Log in", "header__icon"),
        ("#cart-icon-bubble", "Element Clicked", "cart", None, "Cart 🛒", "header__icon"),
        (".facets__sort", "Element Clicked", "form", None, "Sort by", "facets__sort"),
        ("text=Fair Isle vest", "Product Clicked", "collection_card", "6655002", "Fair Isle vest", "full-unstyled-link"),
        (".card__media img", "Product Clicked", "collection_card", "6655001", "Front of the jumper", "motion-reduce"),
        ("li:nth-child(2) .price-item", "Product Clicked", "collection_card", "6655002", "€65,00", "price-item"),
        (".quick-add__submit", "Element Clicked", "add_to_cart", "6655001", "Add to cart", "quick-add__submit"),
        ("footer a", "Element Clicked", "footer", None, "Privacy", "link"),
        (".newsletter-form__button", "Element Clicked", "form", None, "→", "newsletter-form__button"),
    ],
    "dawn-product": [
        (".product__media-toggle", "Element Clicked", "pdp_media", None, "Open media 1 in modal", "product__media-toggle"),
        ("label[for=size-1]", "Product Option Selected", "pdp_option", "6655001", "M Variant sold out or unavailable", None),
        ("select:#Option-colour=Moss", "Product Option Selected", "pdp_option", "6655001", "Colour", "form__label"),
        ("[name=plus]", "Element Clicked", "other", None, "+", "quantity__button"),
        ("#ProductSubmitButton span", "Element Clicked", "add_to_cart", None, "Add to cart", "product-form__submit"),
        (".shopify-payment-button__button", "Element Clicked", "checkout", None, "Buy it now", "shopify-payment-button__button"),
        ("text=Moss scarf", "Product Clicked", "collection_card", "6655010", "Moss scarf", "full-unstyled-link"),
        (".cart-item__name", "Element Clicked", "cart", "aran-jumper", "Aran jumper", "cart-item__name"),
        (".cart__checkout-button", "Element Clicked", "checkout", None, "Check out", "cart__checkout-button"),
    ],
    "debut": [
        (".site-nav > li > a", "Element Clicked", "nav", None, "Home", "site-nav__link"),
        (".site-nav__child-link", "Element Clicked", "nav", None, "Lamps", "site-nav__link"),
        (".site-header__search-toggle", "Element Clicked", "search", None, "Search", "btn--link"),
        (".site-header__account", "Element Clicked", "account", None, "Log in", "site-header__icon"),
        (".site-header__cart", "Element Clicked", "cart", None, "Cart", "site-header__icon"),
        (".product-featured-media", "Element Clicked", "pdp_media", None, "Brass lamp", "product-featured-media"),
        (".product-single__thumbnail", "Element Clicked", "pdp_media", None, "Load image", "text-link"),
        ("select:#SingleOptionSelector-0=Large", "Product Option Selected", "pdp_option", "88001", "Size", None),
        (".product-form__cart-submit", "Element Clicked", "add_to_cart", None, "Add to cart", "btn"),
        ("text=Ash lamp >> nth=1", "Product Clicked", "collection_card", "88003", "Ash lamp", "h4"),
        (".grid-view-item__image-container", "Product Clicked", "collection_card", "oak-lamp", "Oak lamp", "grid-view-item__link"),
        ("footer a", "Element Clicked", "footer", None, "Contact", None),
    ],
    "semantic": [
        ("header > a", "Element Clicked", "nav", None, "Pottery", None),
        ("nav a", "Element Clicked", "nav", None, "Mugs", None),
        ("text=Find", "Element Clicked", "search", None, "Find", None),
        ("text=Basket >> nth=0", "Element Clicked", "cart", None, "Basket", None),
        ("#photo", "Element Clicked", "pdp_media", None, "A mug", None),
        ("text=White", "Product Option Selected", "pdp_option", "MUG-1", "White", None),
        ("text=Right", "Product Option Selected", "pdp_option", "MUG-1", "Right", None),
        ("#cork", "Product Option Selected", "pdp_option", "MUG-1", "Cork", None),
        ("text=Put into basket", "Element Clicked", "add_to_cart", None, "Put into basket", None),
        ("#word", "Element Clicked", "other", None, "stoneware", None),
        ("text=Small mug", "Product Clicked", "collection_card", "mug-2", "Small mug", None),
        (".price", "Product Clicked", "collection_card", "mug-2", "9 USD", "price"),
        ("text=Big mug", "Product Clicked", "collection_card", "MUG-3", "Big mug", None),
        (".wish", "Element Clicked", "collection_card", "MUG-3", "Remember", "wish"),
        (".guide", "Element Clicked", "sizes", None, "Size guide", "guide"),
        ("text=Terms", "Element Clicked", "footer", None, "Terms", None),
    ],
    # Components with roots of their own stand in the page's zones, lists and masks.
    "components": [
        ("header .entry", "Element Clicked", "nav", None, "Boots", "entry"),
        ("#two .tile img", "Product Clicked", "collection_card", "B2", "Boot two", "tile"),
        ("#promo .tile span", "Element Clicked", "promo", "boot-3", "Boot three", "tile"),
        ("#masked .balance", "Element Clicked", "other", None, "", "balance"),
        ("#ignored .balance", "", "", None, "", None),
        ("footer .entry", "Element Clicked", "footer", None, "Boots", "entry"),
    ],
}  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("name", TABLES)
def test_every_click_is_known_for_what_it_is(name: str, shop: Any, page: Any) -> None:
    walk(shop, page, f"/{name}", TABLES[name])
    assert not any(b"canary7731" in body for body in shop.bodies)


@pytest.mark.browser
@pytest.mark.smoke
def test_dawn_knows_the_menu_the_list_and_the_place(shop: Any, page: Any) -> None:
    shop.visit(page, "/dawn-collection")
    page.click("#deep")
    page.click("text=Fair Isle vest")
    page.evaluate("footfall('flush')")
    nav = shop.wait(lambda: shop.named("Element Clicked"))[0]["properties"]
    card = shop.wait(lambda: shop.named("Product Clicked"))[0]["properties"]
    assert nav["nav_path"] == ["Women", "Clothing", "Jumpers"]
    assert (card["position"], card["list"], card["name"]) == (2, "collection", "Fair Isle vest")
    assert shop.named("Product List Viewed")[0]["properties"]["results_count"] == 2


@pytest.mark.browser
def test_a_component_stands_in_the_list_around_it(shop: Any, page: Any) -> None:
    shop.visit(page, "/components")
    page.click("#two .tile")
    page.evaluate("footfall('flush')")
    [card] = [m["properties"] for m in shop.wait(lambda: shop.named("Product Clicked"))]
    assert (card["product_id"], card["name"], card["list"]) == ("B2", "Boot two", "spring")
    assert card["position"] == 2, "the component's place among its like"


GRID = """<!doctype html><html><head><title>Hats</title><!--footfall--></head><body><main><h1>Hats</h1><div>
<div><a href="/products/a"><img src="/pic.svg" alt="" width="30" height="30"></a><p><a href="/products/a">A</a></p></div>
<div><a href="/products/b"><img src="/pic.svg" alt="" width="30" height="30"></a><p><a href="/products/b?variant=7">B</a></p></div>
<div><a href="/products/c" id="c"><img src="/pic.svg" alt="" width="30" height="30"></a><p><a href="/products/c#reviews" id="stars">C</a></p></div>
</div></main><script>addEventListener('click', e => e.preventDefault())</script></body></html>"""


@pytest.mark.browser
def test_two_links_to_one_product_are_one_place(shop: Any, page: Any) -> None:
    shop.pages["/collections/hats"] = GRID
    shop.visit(page, "/collections/hats")
    page.click("#c")
    page.click("#stars")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Product Clicked")) == 2)
    assert [m["properties"]["position"] for m in shop.named("Product Clicked")] == [3, 3]


@pytest.mark.browser
def test_addresses_of_another_kind_are_one_place_too(shop: Any, page: Any) -> None:
    shop.pages["/hats"] = GRID.replace("/products/", "/p/")
    shop.visit(page, "/hats")
    page.evaluate("footfall('theme', {link: '[href*=\"/p/\"]'})")
    page.click("#c")
    page.click("#stars")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Product Clicked")) == 2)
    assert [m["properties"]["position"] for m in shop.named("Product Clicked")] == [3, 3]


SET_OF_TWO = """<!doctype html><html><head><title>Abaya</title><!--footfall-->
<script type="application/ld+json">{"@type": "Product", "name": "Abaya", "productID": "AB-1"}</script></head>
<body data-footfall-page-type="product"><main><h1>Abaya</h1>
<form action="/cart/add"><input type="hidden" name="id" value="11">
<fieldset><legend>Colour</legend><button type="button" aria-pressed="false" aria-label="Navy" id="navy"></button></fieldset>
<button id="one">Add</button></form>
<section data-product-id="SH-2" data-product-name="Shawl"><form action="/cart/add"><input type="hidden" name="id" value="22">
<select name="size" id="size"><option>S</option><option>M</option></select><button id="two">Add the shawl too</button></form></section>
</main><script>addEventListener('submit', e => { e.preventDefault(); fetch('/cart/add.js', {method: 'POST'}) })</script></body></html>"""


@pytest.mark.browser
def test_a_second_product_of_a_page_is_known_by_its_mark(shop: Any, page: Any) -> None:
    shop.pages["/abaya"] = SET_OF_TWO
    shop.visit(page, "/abaya")
    page.click("#navy")
    page.select_option("#size", "M")
    page.click("#one")
    shop.wait(lambda: page.evaluate("footfall('flush')") or len(shop.named("Product Added")) == 1)
    page.click("#two")
    shop.wait(lambda: page.evaluate("footfall('flush')") or len(shop.named("Product Added")) == 2)
    picked = [m["properties"] for m in shop.named("Product Option Selected")]
    assert [(p["product_id"], p["option_name"], p["option_value"]) for p in picked] == [
        ("AB-1", "Colour", "Navy"),
        ("SH-2", "size", "M"),
    ]
    added = [m["properties"] for m in shop.named("Product Added")]
    assert [(p["product_id"], p["name"], p["variant_id"]) for p in added] == [
        ("AB-1", "Abaya", "11"),
        ("SH-2", "Shawl", "22"),
    ]


@pytest.mark.browser
def test_a_prerendered_page_is_seen_when_it_is_shown(shop: Any, page: Any) -> None:
    # no automated browser prerenders: the page is told what such a page is told
    page.add_init_script(
        "window.hidden = true; Object.defineProperty(document, 'prerendering', {get: () => hidden})"
    )
    page.goto(shop.url + "/semantic")
    page.wait_for_load_state("load")
    pause(page, 300)
    fetched = page.evaluate("performance.getEntriesByType('resource').map(e => e.name.split('/').pop())")
    assert [name for name in fetched if name.endswith(".js")] == ["footfall.js"], (
        "the other files wait, and with them what the page says"
    )
    page.evaluate("hidden = false; document.dispatchEvent(new Event('prerenderingchange'))")
    shop.wait(lambda: page.evaluate("footfall('flush')") or shop.named("Product Viewed"))
    assert len(shop.named("page")) == 1


@pytest.mark.browser
def test_a_product_page_says_what_it_sells(shop: Any, page: Any) -> None:
    shop.visit(page, "/dawn-product")
    page.evaluate("footfall('flush')")
    seen = shop.wait(lambda: shop.named("Product Viewed"))[0]["properties"]
    assert seen.items() >= {
        "product_id": "6655001", "variant_id": "4411", "variant": "S / Cream", "name": "Aran jumper", "price": 89,
        "currency": "EUR", "category": "Jumpers", "image_url": "/pic.svg",
    }.items()  # fmt: skip
    signed_in = shop.wait(lambda: shop.named("Signed In"))[0]
    identify = shop.named("identify")[0]
    assert signed_in["userId"] == identify["userId"] == "777"
    assert identify["anonymousId"] == shop.named("page")[0]["anonymousId"]


PRICED = """<!doctype html><html><head><title>Coat</title><!--footfall-->
<script type="application/ld+json">{"@type": "Product", "name": "Coat", "productID": "C-1", "offers": {"price": "PRICE"}}</script>
</head><body data-footfall-page-type="product"><h1>Coat</h1></body></html>"""


@pytest.mark.browser
def test_a_price_is_read_where_it_can_mean_one_thing_only(shop: Any, page: Any) -> None:
    written = {
        "1299.50": 1299.5, "1,299.50": 1299.5, "1.299,50": 1299.5, "12,5": 12.5, "1.234.567,00": 1234567,
        "1,299": None, "1.299.000": None, "12,50 - 15,00": None, "on request": None,
    }  # fmt: skip
    for i, price in enumerate(written):
        shop.pages[f"/coat-{i}"] = PRICED.replace("PRICE", price)
        shop.visit(page, f"/coat-{i}")
        page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("Product Viewed")) == len(written))
    found = [m["properties"].get("price") for m in shop.named("Product Viewed")]
    assert found == list(written.values())


@pytest.mark.browser
def test_an_option_carries_the_variant_that_the_theme_chose(shop: Any, page: Any) -> None:
    shop.visit(page, "/dawn-product")
    page.click("label[for=size-1]")
    pause(page, 500)
    page.evaluate("footfall('flush')")
    picked = shop.wait(lambda: shop.named("Product Option Selected"))[0]["properties"]
    assert picked.items() >= {
        "option_name": "Size", "option_value": "M", "variant_id": "4412", "variant": "M / Cream", "price": 91,
    }.items()  # fmt: skip
    assert len(shop.named("page")) == 1, "a picked variant in the address is no new page"
    assert len(shop.named("Product Option Selected")) == 1


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "product", "variant"),
    [("dawn-product", "6655001", "4411"), ("debut", "88001", "501"), ("semantic", "MUG-1", "MUG-1-B")],
)
def test_an_add_counts_once_by_fetch_xhr_or_post(
    name: str, product: str, variant: str, shop: Any, page: Any
) -> None:
    shop.visit(page, f"/{name}")
    if name == "dawn-product":
        page.fill("#Quantity", "3")
    page.click("[action='/cart/add'] button:not([type=button])")
    # longer than the intent waits for a request, where one comes
    pause(page, 1600 if name == "debut" else 300)
    page.goto(shop.url + "/after")
    shop.wait(lambda: shop.named("Product Added"))
    [added] = [m["properties"] for m in shop.named("Product Added")]
    assert (added["product_id"], added["variant_id"]) == (product, variant)


@pytest.mark.browser
def test_views_without_a_load(shop: Any, page: Any) -> None:
    shop.visit(page, "/spa")
    page.click("text=Tea")
    pause(page, 400)
    page.click("text=Sencha")
    pause(page, 400)
    page.click("#variant")
    page.click("#anchor")
    pause(page, 400)
    page.go_back()
    page.go_back()
    page.go_back()
    pause(page, 400)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) >= 4)
    views = [(m["context"]["page"]["path"], m["properties"]["page_type"]) for m in shop.named("page")]
    assert views == [
        ("/spa", "other"),
        ("/spa/collections/tea", "other"),
        ("/spa/products/sencha", "product"),
        ("/spa/collections/tea", "other"),
    ]
    assert shop.named("page")[1]["context"]["page"]["referrer"] == shop.url + "/spa"
    assert len({m["context"]["pageViewId"] for m in shop.named("page")}) == 4
    viewed = shop.named("Product Viewed")[0]["properties"]
    assert (viewed["product_id"], viewed["price"]) == ("T2", 7.5)
    clicked = shop.named("Product Clicked")[0]["properties"]
    assert (clicked["product_id"], clicked["position"], clicked["list"]) == ("T2", 2, "tea")


@pytest.mark.browser
def test_a_hash_router_has_pages_too(shop: Any, page: Any) -> None:
    shop.visit(page, "/hash")
    page.click("text=Tea")
    pause(page, 400)
    page.click("text=Sencha")
    pause(page, 400)
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Product Viewed"))
    views = [(m["context"]["page"]["path"], m["properties"]["page_type"]) for m in shop.named("page")]
    assert views == [
        ("/hash", "other"),
        ("/hash#/collections/tea", "collection"),
        ("/hash#/products/sencha", "product"),
    ]
    assert shop.named("Product Viewed")[0]["properties"]["product_id"] == "T2"


@pytest.mark.browser
def test_a_click_on_a_card_is_whole_without_the_other_files(shop: Any, page: Any) -> None:
    page.route("**/footfall-*.js", lambda route: route.abort())
    warnings: list[str] = []
    page.on("console", lambda m: warnings.append(m.text) if m.type == "warning" else None)
    page.goto(shop.url + "/semantic")
    page.wait_for_function("localStorage.ff_guest")
    page.click("text=Big mug")
    page.click("text=Small mug")
    page.goto(shop.url + "/after")
    shop.wait(lambda: len(shop.named("Product Clicked")) == 2)
    found = [m["properties"] for m in shop.named("Product Clicked")]
    assert [(p["product_id"], p["list"], p["position"]) for p in found] == [
        ("MUG-3", "more-mugs", 2),
        ("mug-2", "more-mugs", 1),
    ]
    assert any("footfall-watch.js" in text for text in warnings), "whoever looks is told why"


@pytest.mark.browser
def test_enter_in_a_field_is_no_click(shop: Any, page: Any) -> None:
    page.add_init_script("addEventListener('submit', e => e.preventDefault())")
    shop.visit(page, "/semantic")
    page.fill("[type=search]", "mug")
    page.press("[type=search]", "Enter")
    page.focus("text=Find")
    page.keyboard.press("Enter")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Element Clicked"))
    assert [m["properties"]["element"]["text"] for m in shop.named("Element Clicked")] == ["Find"]
