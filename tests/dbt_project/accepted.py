"""Messages at the edges of what the wire accepts: numbers at their bounds, wrong types, extreme times, odd text.

Every stream of them is a function of its seed. (Hypothesis would change few of its draws at a time: of 400 messages
four were orders with lines.)
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from footfall.wire.schema import DIGITS, MAX_ID, WireError, check_message

#: What a kind of event mostly says.
EVENTS: dict[str, tuple[str, ...]] = {
    "Product Viewed": ("product_id", "variant_id", "name", "price", "currency", "category"),
    "Product Added": ("product_id", "variant_id", "price", "quantity", "currency"),
    "Product Removed": ("product_id", "variant_id", "quantity"),
    "Order Completed": ("order_id", "products", "products", "value", "total", "currency", "discount"),
    "Order Refunded": ("order_id", "products", "refund_id", "value", "revenue"),
    "Order Updated": ("order_id", "products"),
    "Cart Updated": ("products", "product_id"),
    "Cart Viewed": ("value", "products"),
    "Checkout Started": ("order_id", "value"),
    "Checkout Step Completed": ("order_id",),
    "Product Clicked": ("product_id", "list", "position", "element"),
    "Product List Viewed": ("list", "results_count"),
    "Products Searched": ("query", "results_count"),
    "Product Option Selected": ("product_id", "option_name", "option_value"),
    "Form Started": ("form",),
    "Form Field Completed": ("form", "field", "field_order", "ms_spent"),
    "Form Submitted": ("form", "ms_spent"),
    "Form Abandoned": ("form",),
    "Recommendation Viewed": ("placement", "experiment", "arm", "version"),
    "Recommendation Clicked": ("placement", "experiment", "arm", "product_id", "position"),
    "Page Left": ("engaged_ms", "scroll_depth"),
    "Element Clicked": ("zone", "element", "nav_path"),
    "Rage Click": ("element",),
    "Signed In": ("method",),
    "Consent Given": (),
    "Privacy Redacted": ("scope",),
}
NAMES = (
    "page_type", "order_id", "refund_id", "product_id", "variant_id", "name", "variant", "currency", "category", "list",
    "option_name", "option_value", "query", "nav_path", "form", "field", "placement", "version", "experiment", "arm",
    "zone", "method", "url", "title", "image_url", "coupon", "scope",
)  # fmt: skip
#: Where all that happens, mostly.
NOW = datetime(2026, 3, 1, 12)
#: Few, so that what is drawn meets: one product, order or visitor in several messages.
FEW = ("a", "b", "c", "p1", "p2", "EUR", "irr", "Size", "M", "/", "1")
ODD = (
    "", " ", "\0", "a\0b", "\x7f\x85", "\u202eabc\u202c", "\ufeffa", "\u2028", "e\u0301", "🎿" * 60, "é" * 255, "'",
    '"', "\\", "\\u0000", "$.a[*]", "{{ 1 }}", "%", "%00%ff%C3", "a|b|c", ",", "guest:a", "user:a", "u_a", "g_a",
    "day-a", "nobody-a", "1e5", "NaN", "-inf", "null", "true", "[]", "{}", '[{"a":1}]', "'; drop table x; --",
    "https://[", "http://a:99999999/products/%", "//products//", "/products/a?b#c", "１２", "x" * 2000, "\n\r\t",
    "2026-13-45", "0001-01-01", "a" * MAX_ID, "\U0010ffff", "\ud7ff\ue000",
)  # fmt: skip
MOMENTS = (
    "1990-01-01T00:00:00+14:00", "1990-01-01T00:00:00.000001Z", "2100-12-31T23:59:59.999999-12:00",
    "2100-12-31T23:59:59Z", "1999-12-31T23:59:59.999999Z", "2000-02-29T00:00:00Z", "2038-01-19T03:14:08Z",
    "2026-03-29T02:30:00+01:00",
)  # fmt: skip
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
    "bot",
    "curl/8.0",
)
ADDRESSES = (
    "https://shop.example/products/p1", "https://shop.example/products/%C3%BC?gclid=1", "https://www.google.co.uk/",
    "https://t.co/x", "android-app://x",
)  # fmt: skip


def text(chance: Random) -> str:
    kind = chance.random()
    if kind < 0.75:
        return chance.choice(FEW)
    if kind < 0.93:
        return chance.choice(ODD)
    return "".join(
        chr(chance.choice((chance.randrange(0xD800), chance.randrange(0xE000, 0x110000)))) for _ in range(5)
    )


def strange(chance: Random, depth: int = 2) -> Any:
    """A value of any type, for whatever should have one."""
    match chance.randrange(8 if depth else 6):
        case 0:
            return chance.choice((None, True, False, [], {}, "", 0, -1, 10**17, 1e300, -1.5e-300))
        case 1:
            return chance.randint(-(2**70), 2**70)
        case 2:
            return chance.uniform(-1e6, 1e6)
        case 6:
            return [strange(chance, depth - 1) for _ in range(chance.randrange(4))]
        case 7:
            return {text(chance): strange(chance, depth - 1) for _ in range(chance.randrange(4))}
    return text(chance)


def number(chance: Random, digits: int) -> Any:
    """At its bounds, zero, negative, tiny, as text, and now and then nothing of the kind."""
    most = 10**digits - 1
    kind = chance.random()
    if kind < 0.5:
        return chance.choice(
            (most, most, -most, 0, 1, 1, 2, -1, 10 ** (digits - 1), most - 0.5, -0.0, 5e-324, 0.00005)
        )
    if kind < 0.75:
        forms = ("{}", "{}.9", " {} ", "+{}", "{}.", "{}0e-1", "{}e-400", "0{}", "{}x", "{:_}")
        return chance.choice(forms).format(chance.choice((most, -most, chance.randint(-most, most))))
    return chance.uniform(-most, most) if kind < 0.92 else strange(chance)


def value_of(chance: Random, name: str) -> Any:
    if name in DIGITS:
        return number(chance, DIGITS[name])
    if name == "products":
        return products(chance)
    if name == "element":
        return chance.choice((element, strange))(chance)
    return text(chance) if chance.random() < 0.9 else strange(chance)


def some_of(chance: Random, often: tuple[str, ...]) -> dict[str, Any]:
    """An object with most of the keys ``often``, and a few others."""
    names = [name for name in often if chance.random() < 0.9]
    names += chance.choices((*NAMES, *DIGITS), k=chance.randrange(4))
    return {name: value_of(chance, name) for name in names}


def products(chance: Random) -> Any:
    kind = chance.random()
    if kind < 0.8:
        count = chance.choice((0, 1, 1, 2, 3, 6))
        return [some_of(chance, ("product_id", "price", "quantity")) for _ in range(count)]
    if kind < 0.85:
        return [strange(chance) for _ in range(3)]
    if kind < 0.9:
        return [{name: number(chance, DIGITS[name]) for name in ("price", "quantity")}] * chance.randint(
            100, 900
        )
    if kind < 0.95:
        return [{"product_id": f"x{at}"} for at in range(chance.randint(50, 1000))]
    return strange(chance)


def element(chance: Random) -> dict[str, Any]:
    told: dict[str, Any] = {name: text(chance)[:255] for name in ("tag", "id", "text", "href")}
    return told | {"classes": chance.choices(FEW, k=chance.randrange(21))}


def moment(chance: Random) -> str:
    """Around now, so that sessions are made; within months; at the ends of what is plausible."""
    kind = chance.random()
    if kind < 0.8:
        return f"{(NOW + timedelta(seconds=chance.randint(-7200, 7200))).isoformat()}Z"
    if kind < 0.9:
        return (NOW + timedelta(hours=chance.randint(-3000, 3000))).isoformat()
    return chance.choice(MOMENTS)


def identifier(chance: Random) -> str | int:
    return chance.randint(1, 10**300) if chance.random() < 0.05 else text(chance)[:MAX_ID]


def address(chance: Random) -> str:
    return chance.choice(ADDRESSES) if chance.random() < 0.5 else text(chance)


def context(chance: Random) -> dict[str, Any]:
    whole = {
        "sessionId": identifier(chance),
        "pageViewId": identifier(chance),
        "page": {name: address(chance)[:2000] for name in ("url", "path", "search", "title", "referrer")},
        "campaign": {name: strange(chance) for name in ("source", "medium", "name") if chance.random() < 0.5},
        "userAgent": chance.choice((*AGENTS, text(chance)[:1000])),
        "consent": {name: chance.choice((None, True, False)) for name in ("analytics", "marketing", "gpc")},
        "locale": strange(chance),
        "screen": chance.choice((strange(chance), {"width": strange(chance), "height": 2**40})),
        "cookieless": chance.choice((True, False, "true")),
        "traits": strange(chance),
    }
    return {name: value for name, value in whole.items() if chance.random() < 0.5}


def document(chance: Random) -> str:
    """The JSON of a message that is mostly accepted."""
    event = chance.choice([*EVENTS, *[*EVENTS][:5] * 3, text(chance)[:200]])
    kind = chance.choice(["track"] * 14 + ["page"] * 3 + ["screen", "identify", "alias", "group"])
    message = {
        "type": kind,
        "event": event,
        "anonymousId": identifier(chance),
        "originalTimestamp": moment(chance),
        "properties": some_of(chance, EVENTS.get(event, ("product_id", "page_type"))),
    }
    others = {
        "userId": identifier, "messageId": lambda chance: str(identifier(chance))[:MAX_ID], "sentAt": moment,
        "timestamp": moment, "context": context, "traits": lambda chance: {text(chance): strange(chance)},
    }  # fmt: skip
    message |= {name: made(chance) for name, made in others.items() if chance.random() < 0.5}
    if chance.random() < 0.9:
        return json.dumps(message, ensure_ascii=chance.random() < 0.5)
    name = chance.choice([*DIGITS, "product_id", "order_id"])
    return _twice(message, name, chance.choice([10**17, 1e300, "1e30", {}, "b"]))


def _twice(message: dict[str, Any], name: str, value: Any) -> str:
    """The message's text with a property written twice: parsers differ in which of the two they take."""
    inner = json.dumps(message["properties"])[1:]
    first = f'{{"{name}": {json.dumps(value)}{", " if inner != "}" else ""}{inner}'
    rest = json.dumps({key: one for key, one in message.items() if key != "properties"})
    return f'{rest[:-1]}, "properties": {first}}}'


def accepted_messages(seed: int, count: int) -> list[bytes]:
    """As many as ``count`` of those that the wire takes."""
    chance = Random(seed)
    found: list[bytes] = []
    for _ in range(4 * count):
        raw = document(chance).encode()
        try:
            check_message(raw)
        except WireError:
            continue
        found.append(raw)
        if len(found) == count:
            return found
    raise AssertionError(f"only {len(found)} of {4 * count} messages were accepted")
