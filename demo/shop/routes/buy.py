"""Basket and checkout. The checkout is steps with a form each, and takes neither money nor a card number."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from decimal import Decimal

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from demo.shop.catalogue import CURRENCY
from demo.shop.state import CartLine, Checkout, Session, cart_of
from demo.shop.views import AnyRequest, Pages, Shop

FREE_FROM = Decimal(75)
STEPS = ("contact", "shipping", "payment")


@dataclass(frozen=True)
class ShippingMethod:
    code: str
    label: str
    note: str
    price: Decimal


SHIPPING = [
    ShippingMethod("standard", "Standard", "Two to three working days, free over £75", Decimal("4.50")),
    ShippingMethod("express", "Express", "Tomorrow, if you order before two", Decimal("9.00")),
    ShippingMethod("collect", "Collect from the barn", "Bring a bag; there may be cake", Decimal(0)),
]


@get("/cart", sync_to_thread=False)
def cart(request: AnyRequest, pages: Shop) -> Response[str]:
    lines = cart_of(pages.session(request), pages.catalogue)
    return pages.render(
        request, "cart.html", page_type="cart", title="Your basket", lines=lines, subtotal=_subtotal(lines)
    )


@post("/cart/add")
async def add(request: AnyRequest, pages: Shop) -> Redirect:
    """Put a variant in the basket: by ``id``, or without a script in the browser by the options' names."""
    form = await request.form()
    session = pages.session(request)
    hit = pages.catalogue.by_variant.get(str(form.get("id", "")))
    if hit is None:
        raise NotFoundException("That product has left the shelf.")
    product, variant = hit
    wanted = {option.name: str(form[option.name]) for option in product.options if option.name in form}
    variant = product.pick(wanted) or variant
    if not variant.available:
        session.flash = f"{product.title} ({variant.title}) is sold out."
        return pages.redirect(product.url, session)
    try:
        session.add(variant.id, _quantity(form.get("quantity"), at_least=1))
        session.flash = f"In your basket: {product.title}."
    except ValueError as error:
        session.flash = f"Sorry, {error}."
    return pages.redirect("/cart", session)


@post("/cart/change")
async def change(request: AnyRequest, pages: Shop) -> Redirect:
    form = await request.form()
    session = pages.session(request)
    session.change(str(form.get("id", "")), _quantity(form.get("quantity"), at_least=0))
    return pages.redirect("/cart", session)


@get("/cart/change", sync_to_thread=False)
def change_by_link(
    request: AnyRequest, pages: Shop, id: FromQuery[str], quantity: FromQuery[int] = 0
) -> Redirect:
    """Return what a "Remove" link does in Shopify's themes."""
    session = pages.session(request)
    session.change(id, _quantity(quantity, at_least=0))
    return pages.redirect("/cart", session)


@post("/checkout", sync_to_thread=False)
def begin(request: AnyRequest, pages: Shop) -> Redirect:
    session = pages.session(request)
    lines = cart_of(session, pages.catalogue)
    if not lines:
        return pages.redirect("/cart", session)
    session.checkout = Checkout(token=secrets.token_hex(12))
    if session.customer:
        session.checkout.email = session.customer.email
    session.notify("Checkout Started", _money_facts(lines, _subtotal(lines)))
    return pages.redirect("/checkout/contact", session)


@get(["/checkout", *(f"/checkout/{step}" for step in STEPS)], sync_to_thread=False)
def checkout(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    """A step of the checkout; which one is the last part of the address."""
    session = pages.session(request)
    if session.checkout is None or not session.lines:
        return pages.redirect("/cart", session)
    step = request.url.path.rstrip("/").rpartition("/")[2]
    return _step(request, pages, session, step if step in STEPS else STEPS[0])


@post("/checkout/contact")
async def contact(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    form = await request.form()
    session = pages.session(request)
    if session.checkout is None:
        return pages.redirect("/cart", session)
    session.checkout.email = str(form.get("email", "")).strip()[:120]
    session.checkout.name = str(form.get("name", "")).strip()[:80]
    session.checkout.town = str(form.get("town", "")).strip()[:80]
    if "@" not in session.checkout.email or not session.checkout.name:
        return _step(request, pages, session, "contact", error="We need a name and an e-mail address.")
    session.notify("Checkout Step Completed", {"step": 1, "step_name": "contact"})
    return pages.redirect("/checkout/shipping", session)


@post("/checkout/shipping")
async def shipping(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    form = await request.form()
    session = pages.session(request)
    if session.checkout is None:
        return pages.redirect("/cart", session)
    code = str(form.get("shipping", ""))
    if code not in {method.code for method in SHIPPING}:
        return _step(request, pages, session, "shipping", error="Pick a way for it to travel.")
    session.checkout.shipping = code
    session.notify("Checkout Step Completed", {"step": 2, "step_name": "shipping", "shipping_method": code})
    return pages.redirect("/checkout/payment", session)


@post("/checkout/payment")
async def payment(request: AnyRequest, pages: Shop) -> Response[str] | Redirect:
    form = await request.form()
    session = pages.session(request)
    lines = cart_of(session, pages.catalogue)
    if session.checkout is None or not lines:
        return pages.redirect("/cart", session)
    if not session.checkout.shipping:
        return pages.redirect("/checkout/shipping", session)
    method = "invoice" if form.get("method") == "invoice" else "card"
    total = _subtotal(lines) + _delivery(session.checkout, _subtotal(lines))
    order_id = f"AT{100_000 + secrets.randbelow(900_000)}"
    session.notify("Payment Info Entered", {"payment_method": method})
    session.notify("Order Completed", {"order_id": order_id, **_money_facts(lines, total)})
    session.orders = [order_id, *session.orders][:10]
    session.lines, session.cart_token, session.checkout = [], "", None
    return pages.redirect(f"/orders/{order_id}", session)


@get("/orders/{order_id:str}", sync_to_thread=False)
def thanks(request: AnyRequest, pages: Shop, order_id: FromPath[str]) -> Response[str]:
    session = pages.session(request)
    if order_id not in session.orders:
        raise NotFoundException("That order is someone else's, or a typing error.")
    name = session.customer.first_name if session.customer else ""
    return pages.render(
        request, "thanks.html", page_type="other", title="Thank you", order_id=order_id, name=name
    )


def _step(request: AnyRequest, pages: Pages, session: Session, step: str, error: str = "") -> Response[str]:
    assert session.checkout is not None
    lines = cart_of(session, pages.catalogue)
    subtotal = _subtotal(lines)
    delivery = _delivery(session.checkout, subtotal) if session.checkout.shipping else None
    return pages.render(
        request,
        "checkout.html",
        page_type="checkout",
        title="Checkout",
        session=session if error else None,
        status=422 if error else 200,
        step=step,
        error=error,
        checkout=session.checkout,
        lines=lines,
        subtotal=subtotal,
        delivery=delivery,
        total=subtotal + (delivery or 0),
        shipping_methods=SHIPPING,
    )


def _subtotal(lines: list[CartLine]) -> Decimal:
    return sum((line.total for line in lines), Decimal(0))


def _delivery(checkout: Checkout, subtotal: Decimal) -> Decimal:
    if checkout.shipping == "standard" and subtotal >= FREE_FROM:
        return Decimal(0)
    return next((method.price for method in SHIPPING if method.code == checkout.shipping), Decimal(0))


def _money_facts(lines: list[CartLine], value: Decimal) -> dict[str, object]:
    return {
        "value": float(value),
        "currency": CURRENCY,
        "products": [
            {
                "product_id": line.product.id,
                "variant_id": line.variant.id,
                "name": line.product.title,
                "price": float(line.variant.price),
                "quantity": line.quantity,
            }
            for line in lines
        ],
    }


def _quantity(given: object, *, at_least: int) -> int:
    text = str(given)
    return min(20, max(at_least, int(text))) if text.isdecimal() and len(text) < 6 else max(1, at_least)


HANDLERS = [cart, add, change, change_by_link, begin, checkout, contact, shipping, payment, thanks]
