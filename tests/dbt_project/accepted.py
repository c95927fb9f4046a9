"""Messages at the edges of what the wire accepts: numbers at their bounds, wrong types, extreme times, odd text.

``accepted_messages`` draws by Hypothesis and hands out what ``footfall.wire.check_message`` accepts, as bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.wire import DIGITS, MAX_ID, WireError, check_message

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
few = st.sampled_from(["a", "b", "c", "p1", "p2", "EUR", "irr", "Size", "M", "/", "1"])
odd_texts = st.sampled_from(
    [
        "", " ", "\0", "a\0b", "\x7f\x85", "\u202eabc\u202c", "\ufeffa", "\u2028", "e\u0301", "🎿" * 60, "é" * 255, "'",
        '"', "\\", "\\u0000", "$.a[*]", "{{ 1 }}", "%", "%00%ff%C3", "a|b|c", ",", "guest:a", "user:a", "u_a", "g_a",
        "day-a", "nobody-a", "1e5", "NaN", "-inf", "null", "true", "[]", "{}", '[{"a":1}]', "'; drop table x; --",
        "https://[", "http://a:99999999/products/%", "//products//", "/products/a?b#c", "１２", "x" * 2000, "\n\r\t",
        "2026-13-45", "0001-01-01", "a" * MAX_ID, "\U0010ffff", "\ud7ff\ue000",
    ]
)  # fmt: skip
texts = st.one_of(*[few] * 8, odd_texts, odd_texts, st.text(max_size=20))
#: Of the wrong type, for whatever has one.
strange = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def numbers(digits: int) -> st.SearchStrategy[Any]:
    """Of one property: at its bounds, zero, negative, tiny, as text, and now and then nothing of the kind."""
    most = 10**digits - 1
    edges = st.sampled_from(
        [most, most, most, -most, 0, 1, 1, 2, -1, 10 ** (digits - 1), most - 0.5, -0.0, 5e-324, 0.00005, 0.1]
    )
    written = st.builds(
        lambda value, form: form.format(value),
        st.integers(-most, most) | st.sampled_from([most, -most]),
        st.sampled_from(["{}", "{}.9", " {} ", "+{}", "{}.", "{}0e-1", "{}e-400", "0{}", "{}x", "{:_}"]),
    )
    return st.one_of(edges, edges, written, st.floats(-most, most), strange)


figures = {name: numbers(digits) for name, digits in DIGITS.items()}
words = {name: st.one_of(texts, texts, texts, strange) for name in NAMES}
element = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("tag", "id", "text", "href"), texts) | {"classes": st.lists(few, max_size=20)}
)  # fmt: skip


@st.composite
def some_of(
    draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]], often: tuple[str, ...]
) -> dict[str, Any]:
    """An object with most of the keys ``often``, and a few others."""
    names = [name for name in often if draw(st.integers(0, 7))]
    names += draw(st.lists(st.sampled_from([*fields]), max_size=3))
    return {name: draw(fields[name]) for name in names}


lines = some_of(figures | words, ("product_id", "price", "quantity"))
products = st.one_of(
    st.lists(lines, max_size=4),
    st.lists(lines | strange, max_size=4),
    st.builds(lambda line, count: [line] * count, st.builds(dict, price=figures["price"], quantity=figures["quantity"]),
              st.integers(100, 900)),
    st.builds(lambda count: [{"product_id": f"x{number}"} for number in range(count)], st.integers(50, 1000)),
    strange,
)  # fmt: skip
FIELDS = figures | words | {"products": products, "element": element | strange}
#: Around now, so that sessions are made; at the ends of what is plausible; of another zone, or of none.
moments = st.one_of(
    *[st.integers(-7200, 7200).map(lambda seconds: (NOW + timedelta(seconds=seconds)).isoformat() + "Z")] * 6,
    st.integers(-3000, 3000).map(lambda hours: (NOW + timedelta(hours=hours)).isoformat()),
    st.sampled_from(
        [
            "1990-01-01T00:00:00+14:00", "1990-01-01T00:00:00.000001Z", "2100-12-31T23:59:59.999999-12:00",
            "2100-12-31T23:59:59Z", "1999-12-31T23:59:59.999999Z", "2000-02-29T00:00:00Z", "2038-01-19T03:14:08Z",
            "2026-03-29T02:30:00+01:00",
        ]
    ),
)  # fmt: skip
ids = st.one_of(few, few, few, odd_texts, st.integers(1, 10**300)).map(
    lambda value: value if isinstance(value, int) else value[:MAX_ID]
)
pages = st.fixed_dictionaries(
    {},
    optional={
        "url": texts | st.sampled_from(["https://shop.example/products/p1", "https://shop.example/products/%C3%BC?gclid=1"]),
        "path": texts,
        "search": texts,
        "title": texts.map(lambda text: text[:2000]),
        "referrer": texts | st.sampled_from(["https://www.google.co.uk/", "https://t.co/x", "android-app://x"]),
    },
)  # fmt: skip
contexts = st.fixed_dictionaries(
    {},
    optional={
        "sessionId": ids,
        "pageViewId": ids,
        "page": pages,
        "campaign": st.dictionaries(
            st.sampled_from(["source", "medium", "name", "campaign", "term"]), texts | strange
        ),
        "userAgent": texts.map(lambda text: text[:1000])
        | st.sampled_from(
            ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "bot"]
        ),
        "consent": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("analytics", "marketing", "gpc"), st.none() | st.booleans())
        ),
        "locale": texts | strange,
        "screen": st.fixed_dictionaries({}, optional=dict.fromkeys(("width", "height"), strange)) | strange,
        "cookieless": st.booleans() | strange,
        "traits": strange,
    },
)
events = st.sampled_from([*EVENTS, *[*EVENTS][:5] * 3]) | texts.map(lambda text: text[:200] or "x")
about = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track"] * 14 + ["page"] * 3 + ["screen", "identify", "alias", "group"]),
        "anonymousId": ids,
        "originalTimestamp": moments,
    },
    optional={
        "userId": ids,
        "messageId": ids.map(str).map(lambda text: text[:MAX_ID] or "m"),
        "sentAt": moments,
        "timestamp": moments,
        "context": contexts,
        "traits": st.dictionaries(texts, strange, max_size=3),
    },
)


def _twice(message: dict[str, Any], name: str, value: Any) -> str:
    """The message's text with a property written twice: parsers differ in which of the two they take."""
    inner = json.dumps(message["properties"])[1:]
    first = f'{{"{name}": {json.dumps(value)}{", " if inner != "}" else ""}{inner}'
    rest = json.dumps({key: one for key, one in message.items() if key != "properties"})
    return f'{rest[:-1]}, "properties": {first}}}'


@st.composite
def documents(draw: st.DrawFn) -> str:
    """The JSON of a message that is mostly accepted."""
    event = draw(events)
    message = draw(about) | {
        "event": event,
        "properties": draw(some_of(FIELDS, EVENTS.get(event, ("product_id",)))),
    }
    if draw(st.integers(0, 9)):
        return json.dumps(message, ensure_ascii=draw(st.booleans()))
    name = draw(st.sampled_from([*DIGITS, "product_id", "order_id"]))
    return _twice(message, name, draw(st.sampled_from([10**17, 1e300, "1e30", {}, "b"])))


def accepted_messages(count: int) -> list[bytes]:
    """As many as ``count``, by the profile's way of drawing (``--hypothesis-profile=explore`` draws anew)."""
    found: list[bytes] = []

    def keep(document: str) -> None:
        try:
            raw = document.encode()
            check_message(raw)
        except (WireError, UnicodeEncodeError):
            return
        found.append(raw)

    draw: Callable[[], None] = settings(max_examples=4 * count, database=None)(given(documents())(keep))
    draw()
    assert len(found) >= count, f"only {len(found)} of {4 * count} were accepted"
    return found[:count]
