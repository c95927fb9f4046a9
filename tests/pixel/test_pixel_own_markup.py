# ruff: noqa: E501 -- markup reads better in one line
"""A shop of no known theme: what JSON-LD says of a product is enough, where a form posts to the cart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pixel.conftest import Shop, pause

pytestmark = pytest.mark.browser

LD = (
    '<script type="application/ld+json">{"@type": "BreadcrumbList"}</script>'
    '<script type="application/ld+json">{"@graph": [{"@type": "Product", "name": "Mug", "sku": "SKU-1",'
    ' "offers": {"price": "9.50", "priceCurrency": "EUR"}}]}</script>'
)
FORM = '<form method="post" action="{}"><input name="qty" value="2"><button>Take it</button></form>'


def html(body: str, head: str = LD) -> str:
    return f"<!doctype html><html><head><title>Mug</title><!--footfall-->{head}</head><body><main><h1>Mug</h1>{body}</main></body></html>"


def test_a_page_is_a_products_by_its_json_ld(shop: Shop, page: Any) -> None:
    """Whatever its address, and whatever else its JSON-LD speaks of."""
    shop.pages["/mug.html"] = html("")
    shop.visit(page, "/mug.html")
    page.evaluate("footfall('flush')")
    [viewed] = [m["properties"] for m in shop.wait(lambda: shop.named("Product Viewed"))]
    assert (viewed["product_id"], viewed["price"], viewed["currency"]) == ("SKU-1", 9.5, "EUR")


@pytest.mark.parametrize(
    "address",
    ["/cart", "/cart.php?add=7", "/Basket/AddItem", "/bag/", "/warenkorb/hinzufuegen", "/panier/ajouter", "/carrito"],
)  # fmt: skip
def test_a_form_that_posts_to_the_cart_adds_the_pages_product(address: str, shop: Shop, page: Any) -> None:
    shop.pages["/mug.html"] = html(FORM.format(address))
    shop.visit(page, "/mug.html")
    page.click("text=Take it")
    page.wait_for_url("**/after")
    [added] = [m["properties"] for m in shop.wait(lambda: shop.named("Product Added"))]
    assert (added["product_id"], added["quantity"], added["price"]) == ("SKU-1", 2, 9.5)
    assert not shop.named("Form Submitted"), "a cart's form is no form of its own"


def test_a_button_that_is_marked_too_adds_once(shop: Shop, page: Any) -> None:
    shop.pages["/mug.html"] = html(
        FORM.format("/cart").replace("<button", "<button data-ff-zone=add_to_cart")
    )
    shop.visit(page, "/mug.html")
    page.click("text=Take it")
    page.wait_for_url("**/after")
    shop.wait(lambda: shop.named("Product Added"))
    pause(page, 2000)
    page.evaluate("footfall('flush')")
    pause(page, 300)
    assert len(shop.named("Product Added")) == 1


@pytest.mark.parametrize(
    ("path", "body", "head"),
    [
        ("/mug.html", '<form method="post" action="/cart"><input name="updates[]" value="1"><button>Take it</button></form>', LD),
        ("/mug.html", '<form method="post" action="/cart"><button name="checkout">Take it</button></form>', LD),
        ("/mug.html", FORM.format("/cart/remove"), LD),
        ("/mug.html", FORM.format("/bags/tote/review"), LD),
        ("/mug.html", FORM.format("/newsletter"), LD),
        ("/mug.html", FORM.format("/cart").replace("post", "get"), LD),
        ("/about", FORM.format("/cart"), ""),
        ("/cart", FORM.format("/cart"), LD),
    ],
    ids=["the lines of a cart", "to checkout", "out of the cart", "a review", "a newsletter", "a link", "no product", "the cart's page"],
)  # fmt: skip
def test_any_other_form_adds_nothing(path: str, body: str, head: str, shop: Shop, page: Any) -> None:
    shop.pages[path] = html(
        body + "<script>addEventListener('submit', e => e.preventDefault())</script>", head
    )
    shop.visit(page, path)
    page.click("text=Take it")
    pause(page, 1700)
    page.evaluate("footfall('track', 'Last'); footfall('flush')")
    shop.wait(lambda: shop.named("Last"))
    assert not shop.named("Product Added")
