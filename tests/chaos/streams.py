"""Streams of messages that are hostile and valid: what somebody with the public write key of a shop may send.

Everything is a function of a seed, so that any shop can be made again.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

SHOP = "https://shop.example"
#: What no public answer may contain: an attacker's texts and links, and what identifies a customer.
EVIL = "evilmark"
PRIVATE = "privatemark"
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
EVENTS = (
    "Product Viewed", "Product Clicked", "Product Added", "Product Removed", "Product Option Selected", "Cart Viewed",
    "Checkout Started", "Checkout Step Completed", "Payment Info Entered", "Order Completed", "Order Refunded",
    "Products Searched", "Product List Viewed", "Element Clicked", "Page Left", "Signed In", "Signed Out",
    "Form Started", "Form Field Completed", "Form Submitted", "Form Abandoned", "Rage Click", "Dead Click",
    "Recommendation Viewed", "Recommendation Clicked", "Experiment Viewed", "Messages Dropped", "Consent Changed",
)  # fmt: skip
PROPERTIES = (
    "product_id", "variant", "variant_id", "sku", "name", "title", "category", "brand", "price", "quantity", "value",
    "revenue", "total", "subtotal", "shipping", "tax", "discount", "currency", "coupon", "order_id", "cart_id",
    "checkout_id", "position", "list", "list_id", "query", "results_count", "url", "image_url", "image", "zone",
    "element", "option_name", "option_value", "method", "form_name", "field_name", "engaged_ms", "scroll_depth",
    "page_type", "path", "target", "nav_path", "kind", "source", "experiment", "arm", "reason", "step", "is_test",
    "products", "items", "lines", "refund_id", "dropped", "count", "placement", "version", "seed_product_id",
)  # fmt: skip
TEXTS = (
    "", " ", "\t\n", "null", "NaN", "-1", "0", "1e308", "-1e-308", "1,5", "1.299,00", "99999999999", "0x7f", "١٢٣",
    "'; drop table sessions; --", "{{ 1/0 }}", "{% raw %}", "${jndi:ldap://127.0.0.1}", "../../etc/passwd",
    "<script>alert(1)</script>", f'"><img src=x onerror={EVIL}>', "=cmd|' /C calc'!A0", "\u202egnp.exe", "\u0000a",
    "ﷺ" * 40, "👩‍👩‍👧‍👦", "ﬁ", "İ", "ẞ", "\ud7ff\ue000", "a" * 255, "g:" + "b" * 200, "guest:x", "user:x", "u_x", "g_x",
    "true", "2026-02-30", "9999-12-31T23:59:59Z", "javascript:alert(1)", f"//{EVIL}.example/x", f"https://{EVIL}.example",
    f"https://shop.example@{EVIL}.example/", f"https:\\\\{EVIL}.example", "GBP", "gbp", "XXX", "€",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 3, 10, 99.99, 0.1, 1e-9, 1e6, 1e9, -1e9, 999_999, 1_000_000, 999_999_999, 1_000_000_000, 2**31, 2**53,
    10**11, 1e15, 1e18, 1e30, 1e300, -1e300, 5e-324, True, False,
)  # fmt: skip


class Sent(NamedTuple):
    """One message and the address that it comes from; ``trusted`` ones the shop's server tells."""

    message: dict[str, Any]
    address: str
    trusted: bool = False


class Twins(NamedTuple):
    """Two guests that do the same in the same moment, of whom the forger also says to be a customer."""

    honest: str
    forger: str
    customer: str


class Shop:
    """A shop of ``seed``: its catalogue, its customers, and everything that is sent to it, in order."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._chance = random.Random(seed)
        self._now = now
        self.has_catalogue = seed % 5 != 4
        self.products = [self._product(number) for number in range(self._chance.randint(8, 40))]
        self.ids = [str(product["id"]) for product in self.products]
        self.customers = [f"{PRIVATE}-{number}" for number in range(12)]
        self._owners = {customer: self._token() for customer in self.customers}
        self._tokens = [self._token() for _ in range(40)]
        self.twins = [Twins(self._token(), self._token(), customer) for customer in self.customers[:4]]

    def stream(self, messages: int) -> Iterator[Sent]:
        """The shop's own traffic, the twins, and attacks up to about so many messages in all."""
        count = 0
        for sent in (*self._honest(messages // 8), *self._twins()):
            count += 1
            yield sent
        attacks: list[Callable[[], Iterator[Sent]]] = [
            self._garbage, self._garbage, self._garbage, self._phishing, self._flood, self._forgery, self._giant_order,
            self._renaming, self._clocks, self._sessions,
        ]  # fmt: skip
        while count < messages:
            for sent in self._chance.choice(attacks)():
                count += 1
                yield sent

    def _product(self, number: int) -> dict[str, Any]:
        return {
            "id": 1000 + number,
            "handle": f"piece-{number}",
            "title": f"Piece {number}",
            "body_html": f"<p>A piece of kind {number % 4}, made by hand from {number % 3} parts.</p>",
            "vendor": "Maker",
            "product_type": f"Kind {number % 4}",
            "tags": [],
            "variants": [{"id": 5000 + number, "price": f"{10 + number}.00", "available": number % 9 != 8}],
            "images": [],
        }

    def _token(self) -> str:
        return uuid.UUID(int=self._chance.getrandbits(128), version=4).hex

    def _attacker(self) -> str:
        """An address of the attacker's, who has many networks, but not the five that name a product of a shop without a
        catalogue (the var ``product_witnesses``).
        """
        if self.has_catalogue:
            return self._address()
        return f"203.0.{self._chance.randint(1, 4)}.{self._chance.randint(1, 254)}"

    def _address(self) -> str:
        return f"198.{self._chance.randint(18, 19)}.{self._chance.randint(0, 255)}.{self._chance.randint(1, 254)}"

    def _message(self, guest: str | None, *, ago: float | None = None, **fields: Any) -> dict[str, Any]:
        """A track message of the last three days, or of ``ago`` seconds ago."""
        moment = self._now - timedelta(seconds=self._chance.uniform(0, 3 * 86400) if ago is None else ago)
        page = {"url": fields.pop("url", SHOP + "/"), "title": fields.pop("title", "A shop")}
        message = {
            "type": "track",
            "messageId": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "originalTimestamp": moment.isoformat(),
            "context": {"page": page, **fields.pop("context", {})},
            **fields,
        }
        return message | ({"anonymousId": guest} if guest else {})

    def _view(self, guest: str, product_id: str, **fields: Any) -> dict[str, Any]:
        fields.setdefault("url", f"{SHOP}/products/piece-{int(product_id) - 1000}")
        return self._message(guest, event="Product Viewed", properties={"product_id": product_id}, **fields)

    def _honest(self, messages: int) -> Iterator[Sent]:
        """Customers and guests, each from an address of their own."""
        for customer, guest in self._owners.items():
            address = self._address()
            traits = {"email": f"{customer}@x.example"}
            login = self._message(guest, type="identify", userId=customer, traits=traits)
            yield Sent(login, address, trusted=True)
            for product_id in self._chance.sample(self.ids, 4):
                yield Sent(self._view(guest, product_id, userId=customer), address)
            lines = [{"product_id": self._chance.choice(self.ids), "quantity": 2, "price": 10}]
            order = {
                "order_id": f"{PRIVATE}-order-{customer}",
                "value": 20,
                "currency": "GBP",
                "products": lines,
            }
            yield Sent(
                self._message(guest, event="Order Completed", userId=customer, properties=order), address
            )
        for _ in range(messages // 5):
            guest, address = self._token(), self._address()
            for product_id in self._chance.choices(self.ids, k=4):
                yield Sent(self._view(guest, product_id), address)
            bag = {"product_id": self._chance.choice(self.ids), "quantity": 1, "price": 10, "currency": "GBP"}
            yield Sent(self._message(guest, event="Product Added", properties=bag), address)

    def _twins(self) -> Iterator[Sent]:
        for twins in self.twins:
            chosen = self._chance.sample(self.ids, 3)
            for number, guest in enumerate((twins.honest, twins.forger)):
                address = f"192.0.2.{10 + number}"
                for place, product_id in enumerate(chosen):
                    yield Sent(self._view(guest, product_id, ago=4000.0 - place), address)
            lie = self._message(twins.forger, type="identify", userId=twins.customer, ago=3000.0, traits={})
            yield Sent(lie, "192.0.2.11")
            signed_in = self._message(twins.forger, event="Signed In", userId=twins.customer, ago=2999.0)
            yield Sent(signed_in, "192.0.2.11")

    def _value(self, depth: int = 0) -> Any:
        kind = self._chance.randrange(8 if depth < 2 else 6)
        if kind < 3:
            return self._chance.choice(TEXTS)
        if kind < 5:
            return self._chance.choice(NUMBERS)
        if kind == 5:
            return self._chance.choice(
                (None, self._chance.choice(self.ids), self._chance.choice(self.customers))
            )
        if kind == 6:
            return [self._value(depth + 1) for _ in range(self._chance.randint(0, 4))]
        return self._tree(depth + 1)

    def _tree(self, depth: int = 0) -> dict[str, Any]:
        names = self._chance.sample(PROPERTIES, self._chance.randint(0, 8))
        return {name: self._value(depth) for name in names}

    def _garbage(self) -> Iterator[Sent]:
        """Known events with known properties of the wrong kinds and at the ends of their ranges."""
        for _ in range(100):
            kind = self._chance.choice(("track",) * 8 + ("page", "screen", "identify", "alias", "group"))
            guest = self._chance.choice((*self._tokens, self._token(), self._chance.choice(TEXTS)))
            fields: dict[str, Any] = {"type": kind, "properties": self._tree()}
            if kind == "track":
                fields["event"] = self._chance.choice((*EVENTS, self._chance.choice(TEXTS)))
            if self._chance.random() < 0.2:
                fields["userId"] = self._chance.choice((*self.customers, *TEXTS))
            if self._chance.random() < 0.2:
                fields["traits"] = self._tree()
            context: dict[str, Any] = {}
            if self._chance.random() < 0.3:
                context["sessionId"] = self._chance.choice(TEXTS)
            if self._chance.random() < 0.2:
                context["campaign"] = {
                    "source": self._chance.choice(TEXTS),
                    "name": self._chance.choice(TEXTS),
                }
            if self._chance.random() < 0.1:
                context[self._chance.choice(("cookieless", "consent", "cart", "locale", "timezone"))] = (
                    self._chance.choice((True, {"token": "x"}, {"marketing": False}, "de", None))
                )
            url = self._chance.choice((SHOP + "/", SHOP + "/products/piece-1", *TEXTS))
            yield Sent(self._message(guest, context=context, url=url, title=self._chance.choice(TEXTS), **fields),
                       self._attacker())  # fmt: skip

    def _phishing(self) -> Iterator[Sent]:
        """A product of the attacker's own, with a name, a link and a picture, seen by many."""
        product_id = self._chance.choice(
            (f"{EVIL}-{self._chance.randrange(9)}", self._chance.choice(self.ids))
        )
        url = f"https://{EVIL}.example/products/piece-{self._chance.randrange(9)}"
        address = self._chance.choice((None, "203.0.3.66"))
        for _ in range(150):
            bag = {
                "product_id": product_id, "name": f"You won {EVIL}", "url": url, "image_url": url, "price": 1,
                "category": f"Kind {self._chance.randrange(4)} {EVIL}", "quantity": 1, "currency": "GBP",
            }  # fmt: skip
            event = self._chance.choice(("Product Viewed", "Product Added", "Product Clicked"))
            yield Sent(
                self._message(self._token(), event=event, properties=bag, url=url, title=EVIL),
                address or self._attacker(),
            )

    def _flood(self) -> Iterator[Sent]:
        """Guests from one address who all want one product."""
        product_id, address = self._chance.choice(self.ids), self._attacker()
        for _ in range(100):
            guest = self._token()
            yield Sent(self._view(guest, product_id), address)
            bag = {"order_id": guest, "products": [{"product_id": product_id, "quantity": 1, "price": 10}]}
            yield Sent(self._message(guest, event="Order Completed", properties=bag), address)

    def _forgery(self) -> Iterator[Sent]:
        """Tokens that say to be a customer, by all ways there are."""
        customer, address = self._chance.choice(self.customers), self._attacker()
        for _ in range(20):
            guest = self._token()
            yield Sent(self._message(guest, type="identify", userId=customer, traits={"name": EVIL}), address)
            yield Sent(self._message(guest, event="Signed In", userId=customer), address)
            yield Sent(self._message(customer, type="alias", userId=guest, previousId=customer), address)
            yield Sent(self._message(self._owners[customer], type="identify", userId=guest), address)

    def _giant_order(self) -> Iterator[Sent]:
        """Invented products by the hundred, and all of the shop's in one order."""
        for _ in range(4):
            invented = [
                {"product_id": f"{EVIL}{self._chance.randrange(10**9)}", "price": 1} for _ in range(300)
            ]
            real = [{"product_id": one, "quantity": 10**6, "price": 10**6} for one in self.ids]
            for lines in (invented, real, invented[:5] + real[:5]):
                bag = {"order_id": str(self._chance.randrange(50)), "value": 10**6, "products": lines}
                yield Sent(
                    self._message(self._token(), event="Order Completed", properties=bag), self._attacker()
                )
            bag = {"order_id": f"{PRIVATE}-order-{self._chance.choice(self.customers)}", "value": 10**6}
            yield Sent(self._message(self._token(), event="Order Refunded", properties=bag), self._attacker())

    def _renaming(self) -> Iterator[Sent]:
        """Names and pages of the shop's products, as an attacker would have them."""
        for product_id in self._chance.sample(self.ids, 3):
            other = self._chance.choice(self.ids)
            for _ in range(20):
                bag = {"product_id": product_id, "name": f"{EVIL} sale", "category": EVIL, "price": 0.01}
                yield Sent(
                    self._message(
                        self._token(),
                        event="Product Viewed",
                        properties=bag,
                        url=f"{SHOP}/products/piece-{int(other) - 1000}",
                    ),
                    self._attacker(),
                )
                alias = {"product_id": f"{EVIL}-alias", "name": EVIL}
                yield Sent(
                    self._message(
                        self._token(),
                        event="Product Viewed",
                        properties=alias,
                        url=f"{SHOP}/products/piece-{int(other) - 1000}",
                    ),
                    self._attacker(),
                )

    def _clocks(self) -> Iterator[Sent]:
        """Clocks that are years off, in both directions."""
        for year in (1990, 1999, 2000, 2025, 2027, 2038, 2069, 2100):
            message = self._view(self._chance.choice(self._tokens), self._chance.choice(self.ids))
            message["originalTimestamp"] = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC).isoformat()
            if self._chance.random() < 0.5:
                message["sentAt"] = datetime(self._chance.choice((1990, 2100)), 1, 1, tzinfo=UTC).isoformat()
            yield Sent(message, self._attacker())

    def _sessions(self) -> Iterator[Sent]:
        """One guest without sleep, and session ids that many share."""
        guest = self._chance.choice(self._tokens)
        session = self._chance.choice(("s", "0", PRIVATE, self._token()))
        for hour in range(72):
            view = self._view(guest, self._chance.choice(self.ids), ago=hour * 1200.0)
            view["context"]["sessionId"] = session
            yield Sent(view, self._attacker())
