"""The elements of the shop's pages that people click, as the pixel describes them.

They repeat the templates' markup; a test renders the pages and looks for each of them.
"""

from __future__ import annotations

from typing import Any

Element = dict[str, Any]


def _element(tag: str, classes: str, text: str = "", **more: Any) -> Element:
    found: Element = {"tag": tag, "classes": classes.split(), **{k: v for k, v in more.items() if v is not None}}
    if text:
        found["text"] = text
    return found


def nav_link(label: str, href: str, place: int) -> Element:
    return _element("a", "header__menu-item", label, href=href, position=1,
                    selector=f"ul.list-menu:nth-of-type(1)>li:nth-of-type({place})>a.header__menu-item:nth-of-type(1)")  # fmt: skip


def nav_summary(label: str, place: int) -> Element:
    return _element("summary", "header__menu-item", label, position=1,
                    selector=f"li:nth-of-type({place})>details.header__dropdown:nth-of-type(1)>summary.header__menu-item:nth-of-type(1)")  # fmt: skip


def drawer_button() -> Element:
    return _element("summary", "header__icon header__icon--menu", aria_label="Menu", position=1,
                    selector="details.menu-drawer:nth-of-type(1)>summary.header__icon:nth-of-type(1)")  # fmt: skip


def drawer_link(label: str, href: str) -> Element:
    return _element("a", "menu-drawer__menu-item", label, href=href, position=1,
                    selector="ul:nth-of-type(1)>li:nth-of-type(1)>a.menu-drawer__menu-item:nth-of-type(1)")  # fmt: skip


def card_link(title: str, href: str, place: int) -> Element:
    return _element("a", "full-unstyled-link", title, href=href, position=1,
                    selector=f"li.grid__item:nth-of-type({place})>div.card-wrapper:nth-of-type(1)>div.card:nth-of-type(1)>h3.card__heading:nth-of-type(1)>a.full-unstyled-link:nth-of-type(1)")  # fmt: skip


def tile(title: str, count: int, href: str) -> Element:
    return _element("a", "", f"{title} {count} things", href=href, position=1,
                    selector="li.collection-tile:nth-of-type(1)>a:nth-of-type(1)")  # fmt: skip


def hero_button(label: str, href: str) -> Element:
    return _element("a", "button", label, href=href, position=1,
                    selector="section.hero:nth-of-type(1)>p.hero__actions:nth-of-type(3)>a.button:nth-of-type(1)")  # fmt: skip


def search_field() -> Element:
    return _element("input", "search__input", id="header-search", name="q", type="search", position=1,
                    selector="#header-search")  # fmt: skip


def search_button() -> Element:
    return _element("button", "search__button", aria_label="Search", type="submit", position=1,
                    selector="form.header__search:nth-of-type(1)>button.search__button:nth-of-type(1)")  # fmt: skip


def option_label(value: str, place: int) -> Element:
    return _element("label", "", value, position=place,
                    selector=f"fieldset.product-form__input:nth-of-type(1)>label:nth-of-type({place})")  # fmt: skip


def option_select(name: str, place: int) -> Element:
    return _element("select", "select__select", id=f"option-{place}", name=name, position=1,
                    selector=f"#option-{place}")  # fmt: skip


def thumb(label: str, place: int) -> Element:
    return _element("button", "product__thumb", aria_label=label, type="button", position=1,
                    selector=f"ul.product__thumbs:nth-of-type(1)>li:nth-of-type({place})>button.product__thumb:nth-of-type(1)")  # fmt: skip


def add_button(available: bool = True) -> Element:
    return _element("button", "button product-form__submit", "Add to basket" if available else "Sold out",
                    name="add", type="submit", position=1,
                    selector="div.product-form__buy:nth-of-type(1)>button.button:nth-of-type(1)")  # fmt: skip


def checkout_button() -> Element:
    return _element("button", "button button--wide", "Check out", name="checkout", type="submit", position=1,
                    selector="aside.cart__summary:nth-of-type(1)>form:nth-of-type(1)>button.button:nth-of-type(1)")  # fmt: skip


def remove_link(href: str) -> Element:
    return _element("a", "link cart-item__remove", "Remove", href=href, data={"remove": ""}, position=1,
                    selector="li.cart-item:nth-of-type(1)>div.cart-item__details:nth-of-type(1)>a.link:nth-of-type(2)")  # fmt: skip


def cart_icon(href: str) -> Element:
    return _element("a", "header__icon header__icon--cart", "Basket", href=href, position=3,
                    selector="div.header__icons:nth-of-type(1)>a.header__icon:nth-of-type(3)")  # fmt: skip


def account_icon(text: str, href: str) -> Element:
    return _element("a", "header__icon header__icon--account", text, href=href, position=2,
                    selector="div.header__icons:nth-of-type(1)>a.header__icon:nth-of-type(2)")  # fmt: skip


def submit(text: str, *, wide: bool = True) -> Element:
    return _element("button", "button button--wide" if wide else "button", text, type="submit", position=1,
                    selector="form.form:nth-of-type(1)>button.button:nth-of-type(1)")  # fmt: skip


def logout_button() -> Element:
    return _element("button", "button button--quiet", "Sign out", type="submit", position=1,
                    selector="section.section:nth-of-type(1)>form:nth-of-type(1)>button.button:nth-of-type(1)")  # fmt: skip


def footer_link(label: str, href: str) -> Element:
    return _element("a", "link", label, href=href, position=1,
                    selector="nav.footer__menu:nth-of-type(1)>ul:nth-of-type(1)>li:nth-of-type(1)>a.link:nth-of-type(1)")  # fmt: skip


def picture() -> Element:
    return _element("img", "", id="product-image", position=1, selector="#product-image")
