"""A browser with the pixel in it: turns what a person does into wire messages, as the pixel would word them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from demo.shop.catalogue import CURRENCY, Product, Variant
from demo.simulator.dice import token, uuid
from demo.simulator.people import Device, Visitor

Props = dict[str, Any]
LIBRARY = {"name": "footfall.js", "version": "0.2.0", "dropped": 0}


def iso(moment: float) -> str:
    """Epoch seconds as the pixel writes times: UTC, milliseconds, Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Browser:
    """One session of one person on one device. ``clock`` is epoch seconds and only moves forward."""

    def __init__(
        self, visitor: Visitor, device: Device, visit: int, clock: float, shop: str, rng: random.Random
    ) -> None:
        self.visitor, self.device, self.clock, self.shop, self.rng = visitor, device, clock, shop, rng
        self.messages: list[tuple[float, Props]] = []
        self.name = f"{device.name}/{visit}"
        self._session = token(self.name, "session")
        self._count = 0
        self._views = 0
        self.page_type = self.path = ""
        self._address = ""
        self._context: Props = {}
        self._opened_at = clock
        locale, timezone, _ = visitor.place
        width, height = device.hardware.screen
        inner_width, inner_height = device.hardware.viewport
        self._surroundings: Props = {
            "locale": locale,
            "timezone": timezone,
            "screen": {
                "width": width,
                "height": height,
                "innerWidth": inner_width,
                "innerHeight": inner_height,
            },
            "userAgent": device.hardware.user_agent,
            "consent": {"analytics": True, "marketing": True, "gpc": False},
            "library": LIBRARY,
            "cookieless": False,
        }

    def wait(self, low: float, high: float) -> None:
        """Time passes: seconds, with a long tail towards ``high``."""
        self.clock += low + (high - low) * self.rng.betavariate(1.4, 4)

    def open(
        self,
        path: str,
        title: str,
        page_type: str,
        *,
        query: dict[str, str] | None = None,
        referrer: str | None = None,
        **properties: Any,
    ) -> None:
        """A new page; the one before becomes the referrer unless another is given."""
        if self._address:
            self._leave()
            self.clock += self.rng.uniform(0.25, 1.1)
        self._views += 1
        self.page_type, self.path = page_type, path
        search = "?" + urlencode(query) if query else ""
        before = self._address if referrer is None else referrer
        self._address = f"{self.shop}{path}{search}"
        campaign = {
            ("name" if key == "utm_campaign" else key[4:]): value
            for key, value in (query or {}).items()
            if key.startswith("utm_")
        }
        self._context = {
            "sessionId": self._session,
            "pageViewId": uuid(self.name, "view", self._views),
            "page": {
                "url": self._address,
                "path": path,
                "search": search,
                "title": f"{title} – Alder & Tarn" if title else "Alder & Tarn – goods for hill and hearth",
                "referrer": before,
            },
            "campaign": campaign,
            **self._surroundings,
            "cart": {"token": self.device.cart_token} if self.device.cart_token else {},
        }
        self._opened_at = self.clock
        self._send("page", None, {"page_type": page_type, **properties})

    def track(self, event: str, properties: Props) -> None:
        self._send("track", event, properties)

    def click(self, zone: str, element: Props, event: str = "Element Clicked", **properties: Any) -> None:
        """A click, with the pointer somewhere plausible on the screen."""
        width, height = self.device.hardware.viewport
        placed = {**element, "x": self.rng.randint(12, width - 12), "y": self.rng.randint(60, height - 20)}
        self.track(event, {**properties, "zone": zone, "element": placed})

    def sign_in(self, user_id: str) -> None:
        """Send what the pixel sends on the first page that knows the customer."""
        self.device.user_id = user_id
        self._send("identify", None, None, traits={"method": "password"})
        self.track("Signed In", {"method": "password"})

    def sign_out(self) -> None:
        self.track("Signed Out", {})
        self.device.forget()
        self._session = token(self.name, "session", self.device.guests)

    def close(self) -> None:
        """The tab is closed or left alone."""
        if self._address:
            self._leave()
            self._address = ""

    def _leave(self) -> None:
        engaged = (self.clock - self._opened_at) * self.rng.uniform(0.55, 1.0)
        if engaged >= 3:
            depth = min(100, round(25 + 75 * self.rng.betavariate(1.5, 2) * min(1.0, engaged / 20)))
            self.track("Page Left", {"engaged_ms": round(engaged * 1000), "scroll_depth": depth})

    def _send(
        self, kind: str, event: str | None, properties: Props | None, traits: Props | None = None
    ) -> None:
        self._count += 1
        message: Props = {
            "messageId": uuid(self.name, "message", self._count),
            "type": kind,
            "anonymousId": self.device.guest,
            "originalTimestamp": iso(self.clock),
            "context": self._context,
        }
        if event:
            message["event"] = event
        if self.device.user_id:
            message["userId"] = self.device.user_id
        if properties is not None:
            message["properties"] = properties
        if traits is not None:
            message["traits"] = traits
        self.messages.append((self.clock, message))
        self.clock += 0.002


def about(product: Product, variant: Variant, shop: str) -> Props:
    """A product on its own page, in the pixel's property names."""
    facts: Props = {
        "product_id": product.id,
        "variant_id": variant.id,
        "name": product.title,
        "price": float(variant.price),
        "currency": CURRENCY,
        "category": product.category,
        "url": shop + product.url,
        "image_url": shop + product.image,
    }
    if variant.options:
        facts["variant"] = variant.title
    return facts
