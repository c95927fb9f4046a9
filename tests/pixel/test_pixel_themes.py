# ruff: noqa: E501 -- tables of clicks read better in one line
"""More markup of Shopify's themes, each with a table of clicks (tests/pixel/clicks.py).

The pages say the script of docs/developer/platforms.md for themes that the pixel does not know by itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.clicks import Row, script, walk
from tests.pixel.conftest import PAGES, Shop

TABLES: dict[str, list[Row]] = {
    # Drawers for menu and cart, pickers outside the form, a window for a quick look.
    "impulse": [
        ("#NavDrawer .drawer__close-button", "Element Clicked", "other", None, "Close menu", "drawer__close-button"),
        (".mobile-nav__link--top-level", "Element Clicked", "nav", None, "Rings", "mobile-nav__link"),
        (".mobile-nav .collapsible-trigger__icon", "Element Clicked", "nav", None, "⌄", "collapsible-trigger"),
        (".mobile-nav__list .mobile-nav__link", "Element Clicked", "nav", None, "Bands", "mobile-nav__link"),
        ("#close-cart", "Element Clicked", "cart", None, "Close cart", "drawer__close-button"),
        (".cart__image img", "Element Clicked", "cart", "gold-ring", "Gold ring", None),
        (".cart__product-name", "Element Clicked", "cart", "gold-ring", "Gold ring", "cart__product-name"),
        (".js-qty__adjust", "Element Clicked", "cart", None, "+", "js-qty__adjust"),
        (".cart__remove a", "Element Clicked", "cart", None, "Remove", "text-link"),
        (".cart__checkout", "Element Clicked", "checkout", None, "Check out", "btn"),
        (".site-header__logo-link", "Element Clicked", "nav", None, "Bench", "site-header__logo-link"),
        (".site-nav summary", "Element Clicked", "nav", None, "Jewellery", "site-nav__link"),
        (".site-nav summary", "Element Clicked", "nav", None, "Jewellery", "site-nav__link"),
        (".site-nav__dropdown-link", "Element Clicked", "nav", None, "Earrings", "site-nav__dropdown-link"),
        ("text=Log in", "Element Clicked", "account", None, "Log in", "site-nav__link"),
        (".js-search-header", "Element Clicked", "search", None, "Search", "site-nav__link"),
        (".js-drawer-open-cart", "Element Clicked", "cart", None, "Cart", "site-nav__link"),
        (".site-header__search-btn", "Element Clicked", "search", None, "Go", "text-link"),
        (".photoswipe__image", "Element Clicked", "pdp_media", None, "Gold ring on a hand", "photoswipe__image"),
        (".product__thumb img", "Element Clicked", "pdp_media", None, "Second picture", "product__thumb"),
        ("label[for=Size-1-7]", "Product Option Selected", "pdp_option", "7001", "7", "variant__button-label"),
        ("select:#Metal=Silver", "Product Option Selected", "pdp_option", "7001", "Metal", "variant__label"),
        ("[data-add-to-cart]", "Element Clicked", "add_to_cart", None, "Add to cart", "btn"),
        ("#shipping", "Element Clicked", "other", None, "Shipping", "label"),
        (".quick-product__btn", "Element Clicked", "collection_card", "7002", "Quick shop", "btn"),
        (".grid-product__image", "Product Clicked", "collection_card", "7002", "Silver ring, front", "grid-product__link"),
        (".grid-product__price", "Product Clicked", "collection_card", "7002", "$80", "grid-product__price"),
        ("text=Tin ring", "Product Clicked", "collection_card", "7003", "Tin ring", "grid-product__link"),
        ("select:#Stone=Jade", "Product Option Selected", "pdp_option", "7002", "Stone", "variant__label"),
        ("#quick button", "Element Clicked", "add_to_cart", None, "Add this one", "btn"),
        (".modal__close", "Element Clicked", "other", None, "Close", "modal__close"),
        (".site-footer a", "Element Clicked", "footer", None, "Refunds", None),
        (".footer__newsletter-btn", "Element Clicked", "form", None, "Subscribe", "footer__newsletter-btn"),
    ],
    # Class names in capitals; the list's ids are Shopify's page data's.
    "prestige": [
        (".SidebarMenu .Drawer__Close", "Element Clicked", "nav", None, "✕", "Drawer__Close"),
        (".Collapsible__Button", "Element Clicked", "nav", None, "Bags", "Collapsible__Button"),
        (".SidebarMenu .Linklist__Item a", "Element Clicked", "nav", None, "Totes", "Text--subdued"),
        (".CartItem__Title a", "Element Clicked", "cart", "5001", "Canvas tote", None),
        (".QuantitySelector__Button", "Element Clicked", "cart", None, "+", "QuantitySelector__Button"),
        (".CartItem__Remove", "Element Clicked", "cart", None, "Remove", "CartItem__Remove"),
        (".Cart__Checkout span", "Element Clicked", "checkout", None, "Checkout", "Cart__Checkout"),
        ("text=Shop", "Element Clicked", "nav", None, "Shop", "Heading"),
        ("text=Account", "Element Clicked", "account", None, "Account", "Heading"),
        ("text=Search", "Element Clicked", "search", None, "Search", "Heading"),
        ("[data-action=open-drawer]", "Element Clicked", "cart", None, "Cart ( 1 )", "Heading"),
        (".CollectionToolbar__Item", "Element Clicked", "other", None, "Sort", "CollectionToolbar__Item"),
        (".ProductItem__Image", "Product Clicked", "collection_card", "5001", "Tote by a door", "ProductItem__ImageWrapper"),
        (".ProductItem__Price", "Product Clicked", "collection_card", "5001", "€90", "ProductItem__Price"),
        ("text=Clutch", "Product Clicked", "collection_card", "5002", "Clutch", None),
        ("label[for=option-ink]", "Product Option Selected", "pdp_option", None, "Ink", "ColorSwatch"),
        (".ProductForm__AddToCart span", "Element Clicked", "add_to_cart", None, "Add to cart", "ProductForm__AddToCart"),
        (".Footer a", "Element Clicked", "footer", None, "FAQ", "Link"),
    ],
    # Shopify's own since 2025: everything a web component of an open root.
    "horizon": [
        (".menu-list__link span", "Element Clicked", "nav", None, "Shirts", "menu-list__link"),
        (".menu-drawer__menu-item", "Element Clicked", "nav", None, "Journal", "menu-drawer__menu-item"),
        (".header-logo", "Element Clicked", "other", None, "Plain", "size-style"),
        (".search-modal__button", "Element Clicked", "search", None, "⌕", "button"),
        ("#account", "Element Clicked", "account", None, "Account", None),
        ("#open-cart", "Element Clicked", "cart", None, "1", "button"),
        (".cart-drawer__close-button", "Element Clicked", "cart", None, "×", "button"),
        (".cart-items__title", "Element Clicked", "cart", "linen-shirt", "Linen shirt", "cart-items__title"),
        ("button.cart-items__remove", "Element Clicked", "cart", None, "⌫", "button"),
        ("#checkout", "Element Clicked", "checkout", None, "Check out", "cart__checkout-button"),
        (".predictive-search__search-button", "Element Clicked", "search", None, "Go", "predictive-search__search-button"),
        (".predictive-search-results__link", "Product Clicked", "search", "wool-shirt", "Wool shirt", "predictive-search-results__link"),
        (".product-media-container__zoom-button", "Element Clicked", "pdp_media", None, "Zoom in", "button-unstyled"),
        ("#m", "Product Option Selected", "pdp_option", "9100", "M", "variant-option__button-label"),
        ("select:#Cut=Loose", "Product Option Selected", "pdp_option", "9100", "Cut", None),
        (".quantity-minus", "Element Clicked", "form", None, "−", "button"),
        (".add-to-cart-button", "Element Clicked", "add_to_cart", None, "Add to cart", "button"),
        (".details__header", "Element Clicked", "other", None, "Care", "details__header"),
        (".card-gallery img", "Product Clicked", "collection_card", "9101", "Wool shirt, folded", None),
        ("product-card .price", "Product Clicked", "collection_card", "9101", "€99", "price"),
        (".quick-add__button", "Element Clicked", "add_to_cart", "9101", "Add", "button"),
        (".footer a", "Element Clicked", "footer", None, "Privacy", "link"),
        (".email-signup__button", "Element Clicked", "form", None, "→", "email-signup__button"),
    ],
    # jQuery's time: links without an address, elements that are buttons by a script.
    "turbo": [
        (".menu_title", "Element Clicked", "nav", None, "Menu", "menu_title"),
        (".icon-search", "Element Clicked", "search", None, "⌕", "icon-search"),
        (".mini_cart", "Element Clicked", "cart", None, "🛒 1", "icon-cart"),
        # the theme's small cart is a form that leads to the checkout
        (".cart_title", "Element Clicked", "checkout", None, "Street board", None),
        (".cart__remove-btn", "Element Clicked", "checkout", None, "Remove", "cart__remove-btn"),
        ("[name=checkout]", "Element Clicked", "checkout", None, "Go to checkout", "action_button"),
        (".cart_total", "Element Clicked", "cart", None, "View cart", "cart_total"),
        (".top_link", "Element Clicked", "nav", None, "Boards", "top_link"),
        (".submenu_list a", "Element Clicked", "nav", None, "Street", None),
        (".icon-user", "Element Clicked", "account", None, "Sign in", "icon-user"),
        (".product_gallery img", "Element Clicked", "pdp_media", None, "Street board, wheels up", None),
        ("#thumb img", "Element Clicked", "pdp_media", None, "Thumb", None),
        ("label[for=swatch-0-blue]", "Product Option Selected", "pdp_option", "3300", "", None),
        ("#wide", "Product Option Selected", "pdp_option", "3300", "8.25", "option-box"),
        ("button.add_to_cart span", "Element Clicked", "add_to_cart", None, "Add to cart", "action_button"),
        (".js-quick-shop-link", "Product Clicked", "collection_card", "3301", "Quick shop", "quick_shop"),
        (".product_image img", "Product Clicked", "collection_card", "3301", "Long board", None),
        (".add-to-cart-link", "Element Clicked", "add_to_cart", "3301", "Add to bag", "action_button"),
        ("text=Mini board", "Product Clicked", "collection_card", "3302", "Mini board", "product-info__caption"),
        (".footer a", "Element Clicked", "footer", None, "Contact", None),
    ],
}  # fmt: skip

#: What was picked, in the order of the tables.
PICKED = {
    "impulse": [("Size", "7"), ("Metal", "Silver"), ("Stone", "Jade")],
    "prestige": [("Colour", "Ink")],
    "horizon": [("Size", "M"), ("Cut", "Loose")],
    "turbo": [("Colour", "Blue"), ("Size", "8.25")],
}


@pytest.mark.browser
@pytest.mark.parametrize("name", TABLES)
def test_every_click_is_known_for_what_it_is(name: str, shop: Shop, page: Any) -> None:
    html = (PAGES / f"{name}.html").read_text(encoding="utf-8")
    if name != "horizon":
        shop.pages[f"/{name}"] = html.replace(
            "<!--footfall-->", script("themes of shopify") + "<!--footfall-->"
        )
    walk(shop, page, f"/{name}", TABLES[name])
    picked = [m["properties"] for m in shop.named("Product Option Selected")]
    assert [(p["option_name"], p["option_value"]) for p in picked] == PICKED[name]
