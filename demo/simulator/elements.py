"""The elements of the shop's pages that people click, as the pixel describes them.

They repeat the templates' markup; a test renders the pages and looks for each of them.
"""

# ruff: noqa: E501 - selectors have no good place to break

from __future__ import annotations

from typing import Any

Element = dict[str, Any]


def _element(tag: str, classes: str, text: str = "", **more: Any) -> Element:
    return {"tag": tag, "classes": classes.split(), "text": text, "data": {}, **more}


def nav_link(label: str, href: str, place: int) -> Element:
    return _element("a", "header__menu-item", label, href=href, position=1,
                    selector=f"ul:nth-of-type(1)>li:nth-of-type({place})>a:nth-of-type(1)")  # fmt: skip


def nav_summary(label: str, place: int) -> Element:
    return _element("summary", "header__menu-item", label, position=1,
                    selector=f"li:nth-of-type({place})>details:nth-of-type(1)>summary:nth-of-type(1)")  # fmt: skip


def drawer_button() -> Element:
    return _element("summary", "header__icon header__icon--menu", "Menu", position=1,
                    selector="details:nth-of-type(1)>summary:nth-of-type(1)")  # fmt: skip


def drawer_summary(label: str, place: int) -> Element:
    return _element("summary", "menu-drawer__menu-item", label, position=1,
                    selector=f"nav:nth-of-type(1)>ul:nth-of-type(1)>li:nth-of-type({place})>details:nth-of-type(1)>summary:nth-of-type(1)")  # fmt: skip


def drawer_link(label: str, href: str) -> Element:
    return _element("a", "menu-drawer__menu-item", label, href=href, position=1,
                    selector="ul:nth-of-type(1)>li:nth-of-type(1)>a:nth-of-type(1)")  # fmt: skip


def card_link(title: str, href: str, place: int) -> Element:
    return _element("a", "full-unstyled-link", title, href=href, position=1,
                    selector=f"li:nth-of-type({place})>div:nth-of-type(1)>div:nth-of-type(1)>h3:nth-of-type(1)>a:nth-of-type(1)")  # fmt: skip


def recommended_link(title: str, href: str, place: int) -> Element:
    """The pixel's own card in a block that it has filled."""
    return _element("a", "ff-card", title, href=href, position=place,
                    selector=f"div:nth-of-type(1)>div:nth-of-type(1)>a:nth-of-type({place})")  # fmt: skip


def tile(title: str, count: int, href: str) -> Element:
    return _element("a", "", f"{title} {count} things", href=href, position=1,
                    selector="li:nth-of-type(1)>a:nth-of-type(1)")  # fmt: skip


def search_field() -> Element:
    return _element("input", "search__input", "Search", id="header-search", name="q", type="search", position=1,
                    selector="#header-search")  # fmt: skip


def search_button() -> Element:
    return _element("button", "search__button", aria_label="Search", type="submit", position=1,
                    selector="form:nth-of-type(1)>button:nth-of-type(1)")  # fmt: skip


def option_label(value: str, place: int) -> Element:
    return _element("label", "", value, position=place,
                    selector=f"fieldset:nth-of-type(1)>label:nth-of-type({place})")  # fmt: skip


def option_select(name: str, place: int) -> Element:
    return _element("select", "select__select", name, id=f"option-{place}", name=name, position=1,
                    selector=f"#option-{place}")  # fmt: skip


def thumb(label: str, place: int) -> Element:
    return _element("button", "product__thumb", aria_label=label, type="button", position=1,
                    selector=f"ul:nth-of-type(1)>li:nth-of-type({place})>button:nth-of-type(1)")  # fmt: skip


def add_button() -> Element:
    return _element("button", "button product-form__submit", "Add to basket",
                    name="add", type="submit", position=1,
                    selector="div:nth-of-type(1)>button:nth-of-type(1)")  # fmt: skip


def checkout_button() -> Element:
    return _element("button", "button button--wide", "Check out", name="checkout", type="submit", position=1,
                    selector="aside:nth-of-type(1)>form:nth-of-type(1)>button:nth-of-type(1)")  # fmt: skip


def remove_link(href: str) -> Element:
    return _element("a", "link cart-item__remove", "Remove", href=href, data={"remove": ""}, position=1,
                    selector="li:nth-of-type(1)>div:nth-of-type(1)>a:nth-of-type(2)")  # fmt: skip


def cart_icon(href: str) -> Element:
    return _element("a", "header__icon header__icon--cart", "Basket", href=href, position=3,
                    selector="div:nth-of-type(1)>a:nth-of-type(3)")  # fmt: skip


def account_icon(text: str, href: str) -> Element:
    return _element("a", "header__icon header__icon--account", text, href=href, position=2,
                    selector="div:nth-of-type(1)>a:nth-of-type(2)")  # fmt: skip


def submit(text: str, classes: str = "button button--wide") -> Element:
    return _element("button", classes, text, type="submit", position=1,
                    selector="form:nth-of-type(1)>button:nth-of-type(1)")  # fmt: skip


def logout_button() -> Element:
    return _element("button", "button button--quiet", "Sign out", type="submit", position=1,
                    selector="section:nth-of-type(1)>form:nth-of-type(1)>button:nth-of-type(1)")  # fmt: skip


def footer_link(label: str, href: str) -> Element:
    return _element("a", "link", label, href=href, position=1,
                    selector="nav:nth-of-type(1)>ul:nth-of-type(1)>li:nth-of-type(1)>a:nth-of-type(1)")  # fmt: skip


def sort_select() -> Element:
    return _element(
        "select", "select__select", "Sort by", id="sort-by", name="sort_by", position=1, selector="#sort-by"
    )


def picture() -> Element:
    return _element("img", "", id="product-image", position=1, selector="#product-image")
