# ruff: noqa: E501 -- tables of clicks read better in one line
"""What docs/developer/platforms.md says for other shop software works as it stands there.

Each page is of that software's markup, at an address such as it has. The script is taken from the documentation.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.clicks import Row, script, walk
from tests.pixel.conftest import PAGES, Shop

ADDRESS = {
    "woocommerce": "/product/hoodie/",
    "woocommerce_blocks": "/product/jacket/",
    "magento": "/radiant-tee.html",
    "shopware": "/Wanderjacke/SW10001",
    "prestashop": "/herren/1-1-kolibri-shirt.html",
    "hydrogen": "/products/snowboard",
}

TABLES: dict[str, list[Row]] = {
    "woocommerce": [
        (".site-title a", "Element Clicked", "nav", None, "Loom", None),
        (".woocommerce-product-search button", "Element Clicked", "search", None, "Search", None),
        (".menu-toggle span", "Element Clicked", "nav", None, "Menu", "menu-toggle"),
        ("text=Hoodies", "Element Clicked", "nav", None, "Hoodies", None),
        ("text=My account", "Element Clicked", "account", None, "My account", None),
        (".cart-contents .count", "Element Clicked", "cart", None, "£0.00 0 items", "cart-contents"),
        (".mini_cart_item a:not(.remove)", "Element Clicked", "cart", None, "Cap", None),
        (".remove_from_cart_button", "Element Clicked", "cart", None, "×", "remove"),
        ("text=View basket", "Element Clicked", "cart", None, "View basket", "button"),
        (".button.checkout", "Element Clicked", "checkout", None, "Checkout", "button"),
        (".wp-post-image", "Element Clicked", "pdp_media", None, "Hoodie on a hook", None),
        ("select:#pa_color=green", "Product Option Selected", "pdp_option", "hoodie", "Colour", None),
        ("select:#logo=Yes", "Product Option Selected", "pdp_option", "hoodie", "Logo", None),
        (".single_add_to_cart_button", "Element Clicked", "add_to_cart", None, "Add to basket", "single_add_to_cart_button"),
        (".reviews_tab a", "Element Clicked", "other", None, "Reviews (2)", None),
        (".woocommerce-loop-product__link img", "Product Clicked", "collection_card", "cap", "Cap £18", "woocommerce-LoopProduct-link"),
        (".ajax_add_to_cart", "Element Clicked", "add_to_cart", "cap", "Add to basket", "button"),
        ("text=Select options", "Product Clicked", "collection_card", "belt", "Select options", "button"),
        ("text=Orders", "Element Clicked", "account", None, "Orders", None),
        (".site-footer a", "Element Clicked", "footer", None, "Privacy", None),
    ],
    "woocommerce_blocks": [
        (".wp-block-site-title a", "Element Clicked", "nav", None, "Loom", None),
        (".wc-block-mini-cart__badge", "Element Clicked", "cart", None, "1", "wc-block-mini-cart__button"),
        (".wc-block-product-gallery-large-image img", "Element Clicked", "pdp_media", None, "Jacket on a hook", "wc-block-woocommerce-product-gallery-large-image__image"),
        (".wc-block-product-gallery-thumbnails img", "Element Clicked", "pdp_media", None, "Jacket, back", "wc-block-product-gallery-thumbnails__thumbnail__image"),
        (".single_add_to_cart_button", "Element Clicked", "add_to_cart", None, "Add to cart", "single_add_to_cart_button"),
        ("[alt='Wool hat']", "Product Clicked", "collection_card", "wool-hat", "Wool hat", None),
        (".ajax_add_to_cart span", "Element Clicked", "add_to_cart", "wool-hat", "Add to cart", "wp-block-button__link"),
        ("text=Rain jacket", "Element Clicked", "cart", "rain-jacket", "Rain jacket", "wc-block-components-product-name"),
        (".wc-block-cart-item__remove-link", "Element Clicked", "cart", None, "Remove item", "wc-block-cart-item__remove-link"),
        ("text=Sun hat", "Product Clicked", "collection_card", "sun-hat", "Sun hat", None),
        ("text=Add coupons", "Element Clicked", "cart", None, "Add coupons", "wc-block-components-panel__button"),
        (".wc-block-cart__submit-button", "Element Clicked", "checkout", None, "Proceed to Checkout", "wc-block-cart__submit-button"),
        ("text=Place Order", "Element Clicked", "checkout", None, "Place Order", "wc-block-components-checkout-place-order-button"),
        ("text=Privacy", "Element Clicked", "footer", None, "Privacy", None),
    ],
    "magento": [
        ("#create", "Element Clicked", "account", None, "Create an Account", None),
        (".nav-toggle span", "Element Clicked", "nav", None, "Toggle Nav", None),
        (".logo img", "Element Clicked", "nav", None, "Luma", "logo"),
        (".showcart .text", "Element Clicked", "cart", None, "My Cart 1", "action"),
        ("#btn-minicart-close", "Element Clicked", "cart", None, "Close", "action"),
        ("#top-cart-btn-checkout", "Element Clicked", "checkout", None, "Proceed to Checkout", "action"),
        ("text=Hero Hoodie", "Element Clicked", "cart", "hero-hoodie", "Hero Hoodie", None),
        (".action.delete span", "Element Clicked", "cart", "hero-hoodie", "Remove", "action"),
        (".viewcart span", "Element Clicked", "cart", None, "View and Edit Cart", "action"),
        (".action.search", "Element Clicked", "search", None, "Find", "action"),
        (".level1 a", "Element Clicked", "nav", None, "Tops", None),
        ("#size-s", "Product Option Selected", "pdp_option", "1556", "S", "swatch-option"),
        ("#color-blue", "Product Option Selected", "pdp_option", "1556", "", "swatch-option"),
        ("#qty", "Element Clicked", "form", None, "Qty", "input-text"),
        ("#product-addtocart-button span", "Element Clicked", "add_to_cart", None, "Add to Cart", "action"),
        (".towishlist span", "Element Clicked", "other", None, "Add to Wish List", "action"),
        (".fotorama__img", "Element Clicked", "pdp_media", None, "Radiant Tee, back", "fotorama__img"),
        ("[alt='Gwyn Tee photo']", "Product Clicked", "collection_card", "1540", "Gwyn Tee photo", "product"),
        ("text=$24.00", "Product Clicked", "collection_card", "1540", "$24.00", "price"),
        ("#card-green", "Product Option Selected", "pdp_option", "1540", "", "swatch-option"),
        ("text=Add this tee", "Element Clicked", "add_to_cart", "1540", "Add this tee", "action"),
        ("text=Desiree Tank", "Product Clicked", "collection_card", "1572", "Desiree Tank", "product-item-link"),
        ("text=Subscribe", "Element Clicked", "form", None, "Subscribe", "action"),
        ("text=Contact Us", "Element Clicked", "footer", None, "Contact Us", None),
    ],
    "shopware": [
        (".header-logo-main-link", "Element Clicked", "nav", None, "Bergladen", "header-logo-main-link"),
        (".header-search-btn", "Element Clicked", "search", None, "⌕", "btn"),
        ("#accountWidget", "Element Clicked", "account", None, "☺", "btn"),
        (".account-menu-login-button", "Element Clicked", "account", None, "Anmelden", "btn"),
        (".header-cart-btn", "Element Clicked", "cart", None, "🛒 0,00 €", "btn"),
        (".main-navigation-link span", "Element Clicked", "nav", None, "Jacken", "nav-link"),
        (".gallery-slider-image", "Element Clicked", "pdp_media", None, "Wanderjacke am Haken", "img-fluid"),
        ("label[for=opt-m]", "Product Option Selected", "pdp_option", "SW10001", "M", "product-detail-configurator-option-label"),
        (".btn-minus", "Element Clicked", "cart", None, "−", "btn"),
        ("#productDetailPageBuyProductForm .btn-buy", "Element Clicked", "add_to_cart", None, "In den Warenkorb", "btn"),
        ("[alt='Regenhose, blau']", "Product Clicked", "collection_card", "SW10002", "Regenhose, blau", "product-image-link"),
        (".product-price", "Product Clicked", "collection_card", "SW10002", "89,00 €", "product-price"),
        (".product-box .btn-buy", "Element Clicked", "add_to_cart", "SW10002", "Hose in den Warenkorb", "btn"),
        ("text=Mütze", "Product Clicked", "collection_card", "SW10003", "Mütze", "product-name"),
        (".btn-detail", "Product Clicked", "collection_card", "SW10003", "Details", "btn"),
        (".offcanvas-close", "Element Clicked", "cart", None, "Weiter einkaufen", "btn"),
        (".line-item-label", "Element Clicked", "cart", "SW10004", "Zelt", "line-item-label"),
        (".line-item-remove-button", "Element Clicked", "cart", None, "×", "btn"),
        (".begin-checkout-btn", "Element Clicked", "checkout", None, "Zur Kasse", "btn"),
        ("text=Warenkorb anzeigen", "Element Clicked", "cart", None, "Warenkorb anzeigen", "btn"),
        (".footer-link", "Element Clicked", "footer", None, "Impressum", "footer-link"),
    ],
    "prestashop": [
        (".account span", "Element Clicked", "account", None, "Eva Muster", "account"),
        ("#login", "Element Clicked", "account", None, "Anmelden", None),
        (".blockcart span >> nth=0", "Element Clicked", "cart", None, "Warenkorb (1)", None),
        ("text=Kleidung", "Element Clicked", "nav", None, "Kleidung", "dropdown-item"),
        ("text=Herren >> nth=0", "Element Clicked", "nav", None, "Herren", "dropdown-item"),
        ("#find", "Element Clicked", "search", None, "Suchen", None),
        ("text=Alle Herren", "Element Clicked", "nav", None, "Alle Herren", None),
        (".js-qv-product-cover", "Element Clicked", "pdp_media", None, "Kolibri von vorn", "js-qv-product-cover"),
        (".js-thumb", "Element Clicked", "pdp_media", None, "Kolibri klein", "thumb"),
        ("select:#group_1=2", "Product Option Selected", "pdp_option", "1", "", "form-control"),
        ("#black .color", "Product Option Selected", "pdp_option", "1", "Schwarz", None),
        (".add-to-cart", "Element Clicked", "add_to_cart", None, "In den Warenkorb", "btn"),
        (".product-thumbnail img", "Product Clicked", "collection_card", "2", "Pulli vom Bären", "thumbnail"),
        (".price", "Product Clicked", "collection_card", "2", "34,46 €", "price"),
        ("text=Poster", "Product Clicked", "collection_card", "3", "Poster", None),
        ("text=Pulli im Korb", "Element Clicked", "cart", "2", "Pulli im Korb", "label"),
        (".remove-from-cart", "Element Clicked", "cart", "2", "Löschen", "remove-from-cart"),
        ("text=Zur Kasse gehen", "Element Clicked", "checkout", None, "Zur Kasse gehen", "btn"),
        ("[name=submitNewsletter]", "Element Clicked", "form", None, "Abonnieren", "btn"),
        ("text=Impressum", "Element Clicked", "footer", None, "Impressum", "cms-page-link"),
    ],
    "hydrogen": [
        (".cart-line strong", "Element Clicked", "cart", None, "The Snowboard", None),
        ("[name=increase-quantity] span", "Element Clicked", "cart", None, "+", None),
        ("text=Remove", "Element Clicked", "cart", None, "Remove", None),
        (".cart-summary p", "Element Clicked", "checkout", None, "Continue to Checkout →", None),
        (".header > a", "Element Clicked", "nav", None, "Hydrogen", "active"),
        ("text=Collections", "Element Clicked", "nav", None, "Collections", "header-menu-item"),
        (".header-menu-mobile-toggle h3", "Element Clicked", "nav", None, "☰", "header-menu-mobile-toggle"),
        ("text=Sign in", "Element Clicked", "account", None, "Sign in", None),
        (".header [href='/cart']", "Element Clicked", "cart", None, "Cart 1", None),
        (".product-image img", "Element Clicked", "pdp_media", None, "The Snowboard, base", None),
        ("#size-158", "Product Option Selected", "pdp_option", "8001", "158", "product-options-item"),
        ("text=Nested", "Product Option Selected", "pdp_option", "8001", "Nested", "product-options-item"),
        ("text=Add to cart", "Element Clicked", "add_to_cart", None, "Add to cart", None),
        ("text=Helmet", "Product Clicked", "collection_card", "helmet", "Helmet $49", "product-item"),
        ("text=Goggles", "Product Clicked", "collection_card", "goggles", "Goggles $89", "product-item"),
        (".footer-menu a", "Element Clicked", "footer", None, "Privacy Policy", None),
    ],
}  # fmt: skip

#: The product page's facts, what was picked, what was added, what was removed.
KNOWN: dict[str, tuple[dict[str, Any], list[tuple[str, str]], list[str], list[str]]] = {
    "woocommerce": (
        {"product_id": "hoodie", "name": "Hoodie", "price": 42, "currency": "GBP"},
        [("Colour", "Green"), ("Logo", "Yes")],
        ["hoodie", "cap"],
        ["cap"],
    ),
    "woocommerce_blocks": (
        {"product_id": "11", "name": "Jacket", "price": 129, "currency": "GBP"},
        [],
        ["11", "wool-hat"],
        ["rain-jacket"],
    ),
    "magento": (
        {"product_id": "1556", "name": "Radiant Tee", "price": 22, "currency": "USD"},
        [("Size", "S"), ("Color", "Blue"), ("", "Green")],
        ["1556", "1540"],
        ["hero-hoodie"],
    ),
    "shopware": (
        {"product_id": "SW10001", "name": "Wanderjacke", "price": 129.95, "currency": "EUR"},
        [("Größe wählen", "M")],
        ["SW10001", "SW10002"],
        ["SW10004"],
    ),
    "prestashop": (
        {"product_id": "1", "name": "Kolibri-Shirt", "price": 19.12, "currency": "EUR", "category": "Herren"},
        [("Größe", "M"), ("Farbe", "Schwarz")],
        ["1"],
        ["2"],
    ),
    "hydrogen": (
        {"product_id": "8001", "name": "The Snowboard"},
        [("Size", "158"), ("Binding", "Nested")],
        ["8001"],
        ["snowboard"],
    ),
}  # fmt: skip


#: What is a form to the visitor: letters, and nothing of a product's.
FORMS = {"magento": ["newsletter-validate-detail"], "prestashop": ["/#blockEmailSubscription"]}


def put(shop: Shop, name: str, change: tuple[str, str] = ("", "")) -> str:
    """Serves a page with its script, changed in one place; answers its address."""
    html = (PAGES / f"{name}.html").read_text(encoding="utf-8").replace(*change)
    heading = name.partition("_")[0]
    shop.pages[ADDRESS[name]] = html.replace("<!--footfall-->", script(heading) + "<!--footfall-->")
    return ADDRESS[name]


@pytest.mark.browser
@pytest.mark.parametrize("name", TABLES)
def test_a_platform_is_known_by_its_script(name: str, shop: Shop, page: Any) -> None:
    walk(shop, page, put(shop, name), TABLES[name])
    # what is to be added waits some time for a request of Shopify's
    viewed, picked, added, removed = KNOWN[name]
    shop.wait(lambda: page.evaluate("footfall('flush')") or len(shop.named("Product Added")) >= len(added))
    [seen] = [m["properties"] for m in shop.named("Product Viewed")]
    assert seen.items() >= viewed.items()
    told = [m["properties"] for m in shop.named("Product Option Selected")]
    assert [(p["option_name"], p["option_value"]) for p in told] == picked
    assert [m["properties"]["product_id"] for m in shop.named("Product Added")] == added
    assert [m["properties"]["product_id"] for m in shop.named("Product Removed")] == removed
    assert [m["properties"]["page_type"] for m in shop.named("page")] == ["product"]
    assert shop.named("Checkout Started") == []
    assert [m["properties"]["form"] for m in shop.named("Form Started")] == FORMS.get(name, [])


LOGOUT = {
    "woocommerce": "text=Log out",
    "magento": "text=Sign Out",
    "shopware": "text=Abmelden",
    "prestashop": "text=Abmelden",
}


@pytest.mark.browser
@pytest.mark.parametrize("name", LOGOUT)
def test_a_platforms_logout_is_seen(name: str, shop: Shop, page: Any) -> None:
    shop.visit(page, put(shop, name))
    page.evaluate("footfall('identify', '77')")
    page.click(LOGOUT[name], force=True)
    page.evaluate("footfall('flush')")
    [out] = shop.wait(lambda: shop.named("Signed Out"))
    assert out["userId"] == "77"
    assert page.evaluate("localStorage.ff_user") is None


#: What stands in the page, and what kind of page it is then.
PAGE_TYPES = {
    "woocommerce": {
        '<body class="home page woocommerce-no-js">': "home",
        '<body class="archive post-type-archive-product woocommerce">': "collection",
        '<body class="search search-results woocommerce">': "search",
        '<body class="page woocommerce-cart woocommerce-page">': "cart",
        '<body class="page woocommerce-checkout woocommerce-page">': "checkout",
        '<body class="page woocommerce-checkout woocommerce-order-received">': "other",
        '<body class="page woocommerce-account woocommerce-page">': "account",
    },
    "magento": {
        '<body class="catalog-category-view page-products">': "collection",
        '<body class="catalogsearch-result-index page-layout-2columns-left">': "search",
        '<body class="checkout-cart-index">': "cart",
        '<body class="checkout-index-index">': "checkout",
        '<body class="customer-account-login">': "account",
    },
    "shopware": {
        '<body class="is-ctl-navigation is-act-home is-active-route-frontend-home-page">': "home",
        '<body class="is-ctl-navigation is-act-index">': "collection",
        '<body class="is-ctl-search is-act-search">': "search",
        '<body class="is-ctl-checkout is-act-cartpage">': "cart",
        '<body class="is-ctl-checkout is-act-confirmpage">': "checkout",
        '<body class="is-ctl-checkout is-act-finishpage">': "other",
        '<body class="is-ctl-auth is-act-loginpage">': "account",
        '<body class="is-ctl-accountprofile is-act-index">': "account",
    },
    "prestashop": {
        '<body id="index" class="page-index">': "home",
        '<body id="category" class="page-category">': "collection",
        '<body id="search" class="page-search">': "search",
        '<body id="cart" class="page-cart">': "cart",
        '<body id="checkout" class="page-order">': "checkout",
        '<body id="order-confirmation" class="page-order-confirmation">': "other",
        '<body id="authentication" class="page-authentication">': "account",
    },
}


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGE_TYPES)
def test_a_platforms_pages_are_known_by_their_bodies(name: str, shop: Shop, page: Any) -> None:
    for number, body in enumerate(PAGE_TYPES[name]):
        shop.pages[f"/seite-{number}"] = (
            f"<!doctype html><title>Page</title>{script(name)}<!--footfall-->{body}<h1>Page</h1>"
        )
        shop.visit(page, f"/seite-{number}")
        page.evaluate("footfall('flush')")
    shop.wait(lambda: len(shop.named("page")) == len(PAGE_TYPES[name]))
    assert [m["properties"]["page_type"] for m in shop.named("page")] == list(PAGE_TYPES[name].values())


GERMAN = """<!doctype html><html lang="de"><head><title>Becher</title><!--footfall--></head><body data-footfall-page-type="product">
<header><a href="/">Laden</a><form action="/suche"><input name="q"><button>Finden</button></form><a href="/mein/konto">Konto</a>
<a href="/anmelden">Anmelden</a><a href="/warenkorb">Korb</a><a href="/kasse">Kasse</a><form action="/abmelden" method="post"><button>Abmelden</button></form></header>
<main><h1>Becher</h1><ul><li><a href="/artikel/kanne-gross">Kanne</a></li></ul></main>
<script>addEventListener('click', e => e.target.closest('a') && e.preventDefault())</script></body></html>"""


@pytest.mark.browser
def test_addresses_in_another_language_are_known(shop: Shop, page: Any) -> None:
    shop.pages["/artikel/becher"] = GERMAN.replace("<!--footfall-->", script("addresses") + "<!--footfall-->")
    table: list[Row] = [
        ("text=Laden", "Element Clicked", "nav", None, "Laden", None),
        ("text=Finden", "Element Clicked", "search", None, "Finden", None),
        ("text=Konto", "Element Clicked", "account", None, "Konto", None),
        ("text=Anmelden", "Element Clicked", "account", None, "Anmelden", None),
        ("text=Korb", "Element Clicked", "cart", None, "Korb", None),
        ("text=Kasse", "Element Clicked", "checkout", None, "Kasse", None),
        ("text=Kanne", "Product Clicked", "collection_card", "kanne-gross", "Kanne", None),
    ]  # fmt: skip
    walk(shop, page, "/artikel/becher", table)
    [seen] = [m["properties"] for m in shop.named("Product Viewed")]
    assert (seen["product_id"], seen["name"]) == ("becher", "Becher")
    page.evaluate("footfall('identify', '77')")
    page.click("text=Abmelden")
    page.evaluate("footfall('flush')")
    shop.wait(lambda: shop.named("Signed Out"))


@pytest.mark.browser
def test_a_logout_before_the_last_file_came_is_known_from_the_next_page(shop: Shop, page: Any) -> None:
    html = "<!doctype html><title>Page</title><!--footfall--><body data-customer-id='{}'><a href='/logout'>Log out</a>"
    shop.pages["/account"] = html.format("77")
    shop.pages["/logout"] = html.format("")
    shop.visit(page, "/account")
    shop.wait(lambda: page.evaluate("footfall('flush')") or shop.named("Signed In"))
    page.route("**/footfall-watch.js", lambda route: route.abort())
    page.goto(shop.url + "/account")
    page.wait_for_function("window.footfall?.$")
    page.click("text=Log out")
    page.wait_for_url("**/logout")
    page.unroute("**/footfall-watch.js")
    shop.visit(page, "/logout")
    page.evaluate("footfall('flush')")
    [out] = shop.wait(lambda: shop.named("Signed Out"))
    assert (out["userId"], out["context"]["page"]["path"]) == ("77", "/logout")
