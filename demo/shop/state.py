"""The shop's state of a browser (cart, customer, checkout), in one signed cookie.

The cookie is JSON with an HMAC in front. A cookie that was tampered with, or that no key in force signed, is an empty
session: nobody can put a price or another customer's name in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from litestar.datastructures import Cookie

from demo.shop.catalogue import Catalogue, Product, Variant
from footfall.wire.keys import is_one_of

COOKIE = "alder_session"
CART_COOKIE = "cart"
_MAX_AGE = 14 * 24 * 3600
#: A cookie holds 4 KB: enough for this many lines and a checkout.
MAX_LINES, MAX_QUANTITY = 30, 20


class Line(msgspec.Struct, array_like=True):
    variant_id: str
    quantity: int


class Customer(msgspec.Struct):
    """A signed-in customer. Demo accounts: any e-mail address signs in, and always gets the same id."""

    id: str
    email: str

    @property
    def first_name(self) -> str:
        return self.email.split("@")[0].split(".")[0].capitalize()


class Checkout(msgspec.Struct):
    """The checkout form so far. Never a card number: the payment step has no field that keeps one."""

    token: str
    email: str = ""
    name: str = ""
    town: str = ""
    shipping: str = ""


class Notice(msgspec.Struct, array_like=True):
    """A call of the pixel that the next page makes once: ``footfall(command, subject, facts)``."""

    command: str
    subject: str
    facts: dict[str, object]


class Session(msgspec.Struct, omit_defaults=True):
    lines: list[Line] = []
    cart_token: str = ""
    customer: Customer | None = None
    checkout: Checkout | None = None
    notices: list[Notice] = []
    flash: str = ""
    orders: list[str] = []

    def add(self, variant_id: str, quantity: int) -> None:
        """Put a variant in the cart; raises ValueError when the cart is full."""
        self.cart_token = self.cart_token or secrets.token_hex(16)
        for line in self.lines:
            if line.variant_id == variant_id:
                line.quantity = min(MAX_QUANTITY, line.quantity + quantity)
                return
        if len(self.lines) >= MAX_LINES:
            raise ValueError(f"a basket holds at most {MAX_LINES} different things")
        self.lines.append(Line(variant_id, min(MAX_QUANTITY, quantity)))

    def change(self, variant_id: str, quantity: int) -> None:
        """Set a line's quantity; 0 takes it out."""
        for line in self.lines:
            if line.variant_id == variant_id:
                line.quantity = min(MAX_QUANTITY, quantity)
        self.lines = [line for line in self.lines if line.quantity > 0]

    def notify(self, event: str, properties: dict[str, object]) -> None:
        """Have the next page track an event."""
        self.notices.append(Notice("track", event, properties))


class CartLine(msgspec.Struct):
    """A cart line with its product, ready to be shown."""

    product: Product
    variant: Variant
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.variant.price * self.quantity


def cart_of(session: Session, catalogue: Catalogue) -> list[CartLine]:
    """The cart's lines; variants that left the catalogue are passed over."""
    found = [(catalogue.by_variant.get(line.variant_id), line.quantity) for line in session.lines]
    return [CartLine(hit[0], hit[1], quantity) for hit, quantity in found if hit]


def customer_of(email: str) -> Customer:
    """The account behind an e-mail address: a stable number, as shops have them."""
    clean = email.strip().lower()
    number = int.from_bytes(hashlib.blake2b(clean.encode(), digest_size=5).digest(), "big")
    return Customer(id=str(6_100_000_000_000 + number % 10**11), email=clean)


class Cookies:
    """Signs sessions into cookies and reads them back."""

    def __init__(self, in_force: Sequence[str]) -> None:
        """The first secret signs, all are good; without one, what was signed ends with the process."""
        self._keys = [
            hashlib.sha256(f"alder-session|{secret}".encode()).digest()
            for secret in in_force or [secrets.token_hex(16)]
        ]

    def read(self, value: str | None) -> Session:
        if not value or "." not in value:
            return Session()
        mac, _, payload = value.partition(".")
        if not is_one_of(mac, (_sign(key, payload) for key in self._keys)):
            return Session()
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(payload), type=Session)
        except (binascii.Error, msgspec.MsgspecError):
            return Session()

    def write(self, session: Session) -> list[Cookie]:
        """The session's cookie, and the cart's token in a cookie that scripts may read, as Shopify sets one."""
        payload = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode()
        value = f"{_sign(self._keys[0], payload)}.{payload}"
        age = _MAX_AGE if session.cart_token else 0
        return [
            Cookie(COOKIE, value=value, path="/", max_age=_MAX_AGE, httponly=True, samesite="lax"),
            Cookie(CART_COOKIE, value=session.cart_token, path="/", max_age=age, samesite="lax"),
        ]


def _sign(key: bytes, payload: str) -> str:
    return hmac.new(key, payload.encode(), hashlib.sha256).hexdigest()[:32]
