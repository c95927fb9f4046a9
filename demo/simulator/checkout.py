"""Basket and checkout: contact, shipping, payment, thank-you; people fall off at each step."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from demo.shop.catalogue import CURRENCY, Product, Variant
from demo.shop.routes.buy import FREE_FROM, SHIPPING
from demo.simulator import elements
from demo.simulator.dice import number, pick, token
from demo.simulator.forms import choose_and_send, fill_form

if TYPE_CHECKING:
    from demo.simulator.journey import Journey

#: Chance to go on from each step.
_GOES_ON = {"contact": 0.72, "shipping": 0.86, "payment": 0.92}


@dataclass(frozen=True)
class Order:
    """An order as the shop's back office knows it; refunds are told from here."""

    order_id: str
    placed_at: float
    guest: str
    user_id: str | None
    value: float
    products: list[dict[str, Any]]


class Checkout:
    """The buying half of a journey."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.browser = journey.browser
        self.device = journey.browser.device
        self.rng = journey.rng

    def add_line(self, product: Product, variant: Variant, quantity: int) -> None:
        self.device.cart_token = self.device.cart_token or token(self.device.name, "cart", self.browser.clock)
        self.device.cart = [line for line in self.device.cart if line[1] != variant.id]
        self.device.cart.append((product.id, variant.id, quantity))

    def lines(self) -> list[dict[str, Any]]:
        """The basket in the property names of the tracking plan."""
        by_variant = self.journey.catalogue.by_variant
        return [
            {
                "product_id": product_id,
                "variant_id": variant_id,
                "name": by_variant[variant_id][0].title,
                "price": float(by_variant[variant_id][1].price),
                "quantity": quantity,
            }
            for product_id, variant_id, quantity in self.device.cart
        ]

    def subtotal(self) -> Decimal:
        by_variant = self.journey.catalogue.by_variant
        return sum((by_variant[v][1].price * q for _, v, q in self.device.cart), Decimal(0))

    def _money(self, value: Decimal) -> dict[str, Any]:
        return {"value": float(value), "currency": CURRENCY, "products": self.lines()}

    def cart_page(self) -> None:
        self.browser.open("/cart", "Your basket", "cart")
        self.browser.track("Cart Viewed", {})
        self.browser.wait(2, 20)

    def remove_something(self) -> None:
        """Second thoughts about one line of the basket."""
        self._go_to_cart()
        product_id, variant_id, _ = self.rng.choice(self.device.cart)
        product, _ = self.journey.catalogue.by_variant[variant_id]
        # the pixel keeps the names of unknown query parameters, not what they say
        href = f"{self.browser.shop}/cart/change?id=&quantity="
        url = self.browser.shop + product.url
        self.browser.click(
            "cart", elements.remove_link(href), product_id=product_id, name=product.title, url=url
        )
        self.browser.track(
            "Product Removed",
            {"product_id": product_id, "name": product.title, "variant_id": variant_id},
        )
        self.device.cart = [line for line in self.device.cart if line[1] != variant_id]
        self.cart_page()

    def _go_to_cart(self) -> None:
        self.browser.click("cart", elements.cart_icon(self.browser.shop + "/cart"))
        self.cart_page()

    def run(self) -> Order | None:
        """From the basket to the thank-you page; None where the person falls off."""
        browser, rng = self.browser, self.rng
        self._go_to_cart()
        browser.click("checkout", elements.checkout_button())
        browser.open("/checkout/contact", "Checkout", "checkout")
        browser.track("Checkout Started", self._money(self.subtotal()))
        browser.wait(2, 15)
        if not fill_form(browser, "checkout-contact", ["email", "name", "street", "postcode", "town"], rng,
                         gives_up=1 - _GOES_ON["contact"], zone="checkout",
                         button=elements.submit("On to delivery")):  # fmt: skip
            return None
        browser.open("/checkout/shipping", "Checkout", "checkout")
        browser.track("Checkout Step Completed", {"step": 1, "step_name": "contact"})
        browser.wait(2, 20)
        if rng.random() > _GOES_ON["shipping"]:
            return None
        method = pick(rng, [(SHIPPING[0], 75.0), (SHIPPING[1], 20.0), (SHIPPING[2], 5.0)])
        choose_and_send(browser, "checkout-shipping", elements.submit("On to payment"), "checkout")
        browser.open("/checkout/payment", "Checkout", "checkout")
        browser.track(
            "Checkout Step Completed", {"step": 2, "step_name": "shipping", "shipping_method": method.code}
        )
        browser.wait(3, 40)
        if rng.random() > _GOES_ON["payment"]:
            return None
        free = method.code == "standard" and self.subtotal() >= FREE_FROM
        total = self.subtotal() + (Decimal(0) if free else method.price)
        place_order = elements.submit(f"Place order, £{total:,.2f}")
        choose_and_send(browser, "checkout-payment", place_order, "checkout")
        return self._complete(total)

    def _complete(self, total: Decimal) -> Order:
        browser, device = self.browser, self.device
        order_id = f"AT{100_000 + number(device.name, 'order', browser.clock) % 900_000}-{number(device.name) % 97:02d}"
        browser.open(f"/orders/{order_id}", "Thank you", "other")
        browser.track(
            "Payment Info Entered", {"payment_method": self.rng.choice(["card", "card", "invoice"])}
        )
        facts = {"order_id": order_id, **self._money(total)}
        browser.track("Order Completed", facts)
        order = Order(
            order_id, browser.clock, device.guest, device.user_id, facts["value"], facts["products"]
        )
        device.cart, device.cart_token = [], None
        browser.wait(2, 20)
        return order
