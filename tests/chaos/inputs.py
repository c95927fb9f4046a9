"""Bad input by the million: ``tests.chaos.checks`` says what must hold of it, ``tests.chaos.fuzz`` counts.

Every input is a function of its number and a seed, so that any of them can be made again.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.adapters import SHOPIFY
from collector.ingest import ROUTES, IngestHandler
from collector.metrics import Metrics
from footfall.http.rate_limit import Buckets
from footfall.landing.segments import FRAME_HEAD, HEADER, MAX_PAYLOAD, Envelope, encode_frame
from footfall.settings import Settings
from footfall.wire.schema import MESSAGE_TYPES
from tests.chaos.checks import check_body, check_delivery, check_gzip, check_image, check_segment

KEY = b"ff_demo_write_key"
GOOD: dict[str, Any] = {
    "type": "track",
    "event": "Element Clicked",
    "messageId": "0190c0de-0000-7000-8000-000000000001",
    "anonymousId": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60",
    "userId": "u-1",
    "originalTimestamp": "2026-11-24T10:00:00.000Z",
    "context": {"sessionId": "s1", "page": {"url": "https://shop.example/"}, "own": "Grüße 🎿"},
    "properties": {"zone": "nav", "element": {"tag": "a", "classes": ["x"], "text": "Ski"}, "price": 1.5e3, "n": None},
    "traits": {"a": [1, [2, [3]]]},
}  # fmt: skip
LINE = {"id": 1, "product_id": 788032119674292922, "variant_id": 80, "title": "T-Shirt", "sku": "TS-M", "quantity": 2,
        "price": "199.00", "discount_allocations": [{"amount": "20.00"}]}  # fmt: skip
#: Enough of every kind of delivery for its adapter to find something.
DELIVERY: dict[str, Any] = {
    "id": 820982911946154508,
    "order_id": 450789469,
    "token": "c1-68778783ad298f1c80c3bafcddeea02f",
    "created_at": "2026-11-24T05:00:00-05:00",
    "processed_at": "2026-11-24T05:00:01-05:00",
    "updated_at": "2026-11-24T05:00:02-05:00",
    "currency": "EUR",
    "total_price": "398.00",
    "total_tax": "19.90",
    "discount_codes": [{"code": "AUTUMN"}],
    "note_attributes": [{"name": "_ff_guest", "value": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60"}],
    "customer": {"id": 115310627314723954},
    "line_items": [LINE, LINE],
    "refund_line_items": [{"quantity": 1, "subtotal": "179.00", "line_item": LINE}],
    "transactions": [{"amount": "179.00", "currency": "EUR", "kind": "refund", "status": "success"}],
    "title": "T-Shirt",
    "body_html": "<p>Soft</p>",
    "tags": "cotton, summer",
    "variants": [{"id": 80, "title": "M", "price": "199.00", "inventory_quantity": 3}],
    "shop_id": 954889,
    "orders_to_redact": [299938, 280263],
    "orders_requested": [299938],
    "data_request": {"id": 9999},
}
#: What a mutation puts in: structure, escapes, extremes.
MORSELS = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\0", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f", b"\xef\xbb\xbf"),
    *(rb"\ud83d", rb"\u0000", rb"\udc00\ud800", rb"\x", b"NaN", b"-Infinity", b"1e999", b"-0", b"1" * 400, b"1" * 4400),
    *(b"true", b"null", b'"type":"identify",', b'"batch":[', b'"writeKey":', b'"sentAt":"9999-12-31T23:59:59-12:00",'),
    *(b'"timestamp":"0001-01-01T00:00:00+14:00",', b'"anonymousId":{},', b'"userId":1.5,', b"[" * 1200, b"{}" * 600),
    *(b'"properties":{"element":7},', b'"properties":{"element":{"classes":[1]}},', b'"context":[],', b" " * 40_000),
    *(b'{"v":1,', bytes(64), b"\xff\xff\xff\x00", FRAME_HEAD.pack(7, 0), HEADER),
]  # fmt: skip
#: What a value is replaced by.
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 2**53 + 1, 2**63, -(2**64), 10**400, 1.5, -0.0, 5e-324, 1.7e308),
    *(
        "",
        " ",
        "0",
        "null",
        "\0",
        "\x7f",
        "é",
        "🎿",
        "\ud83d",
        "a" * 255,
        "a" * 256,
        "a" * 40_000,
        "[object Object]",
    ),
    *("1e999999999", "-1e-999999999", "1e400", "NaN", "Infinity", "sNaN", "9" * 500, "0.1" + "0" * 300),
    *(
        "2026-11-24T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-02-30",
        "12:00",
    ),
    *(
        [],
        [[]],
        {},
        [None],
        {"": ""},
        [0] * 300,
        {"id": {}},
        {"id": "gid://shopify/Product/"},
        [{"name": {}}],
    ),
]


def mutate(body: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four changes: something put in, cut out, written over, doubled, a bit flipped."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(MORSELS)
            case 1:
                data[at : at + chance.randint(1, 30)] = b""
            case 2:
                data[at : at + len(morsel)] = (morsel := chance.choice(MORSELS))
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 200)]
            case _:
                if data:
                    data[at % len(data)] ^= 1 << chance.randrange(8)
    return bytes(data)


def altered(value: Any, chance: random.Random, odds: float) -> Any:
    """The document with some of its values replaced, keys dropped and keys added."""
    if chance.random() < odds:
        return chance.choice(VALUES)
    if isinstance(value, dict):
        made = {key: altered(one, chance, odds) for key, one in value.items() if chance.random() > odds / 3}
        if chance.random() < odds:
            made[chance.choice([*GOOD, *DELIVERY, "element", "", "\0"])] = chance.choice(VALUES)
        return made
    if isinstance(value, list):
        return [altered(one, chance, odds) for one in value] * chance.choice((1, 1, 1, 1, 0, 3))
    return value


def spoiled(document: Any, chance: random.Random) -> bytes:
    """The document as JSON bytes, changed in its values or in its bytes, seldom huge, seldom nothing but noise."""
    kind = chance.random()
    if kind < 0.5:
        text = json.dumps(
            altered(document, chance, chance.choice((0.01, 0.1))), ensure_ascii=chance.random() < 0.7
        )
        body = text.encode("utf-8", "surrogatepass")
        return body if kind < 0.4 else mutate(body, chance)
    if kind < 0.98:
        return mutate(json.dumps(document, ensure_ascii=chance.random() < 0.5).encode(), chance)
    if kind < 0.9995:
        return chance.randbytes(chance.randrange(2000))
    return huge(chance)


def huge(chance: random.Random) -> bytes:
    """What only an attacker sends."""
    size = chance.choice((100_000, 1_000_000))
    return chance.choice(
        (
            lambda: b'{"batch":' + b"[" * size,
            lambda: b'{"a":' + b"[" * size + b"]" * size + b"}",
            lambda: b'{"batch":[' + b'{"a":' * size,
            lambda: b'{"batch":["' + b"x" * 10_000_000 + b'"]}',
            lambda: b'{"type":"' + b"\\u0000" * size + b'"}',
            lambda: b'{"batch":[' + b"{}," * size + b"{}]}",
            lambda: b'{"batch":[NaN' + b',"\\"' * size + b"]}",
            lambda: b'{"id":' + b"9" * size + b"}",
            lambda: b'"' + b"\\" * size,
        )
    )()


def batch_bodies(chance: random.Random) -> str:
    """``open_batch`` and all behind it."""
    count = chance.choice((1, 2, 3, 4, 30))
    document = {"writeKey": "k", "batch": [GOOD] * count, "sentAt": "2026-11-24T10:00:01Z"}
    return check_body(spoiled(document, chance), None)


def single_bodies(chance: random.Random) -> str:
    """``open_single`` and all behind it."""
    return check_body(spoiled(GOOD, chance), chance.choice(MESSAGE_TYPES))


def gzip_bodies(chance: random.Random) -> str:
    """``inflate``: mutated streams, several members, bombs."""
    if chance.random() < 0.001:
        body = gzip.compress(bytes(30_000_000), 1)
    else:
        plain = json.dumps({"batch": [GOOD] * 2}).encode()
        body = gzip.compress(mutate(plain, chance), 1) * chance.choice((1, 1, 2, 20))
        if chance.random() < 0.5:
            body = mutate(body, chance)
    return check_gzip(body)


def image_addresses(chance: random.Random) -> str:
    """``open_image``: base64 in an address, the guest in a cookie."""
    coded = base64.b64encode(spoiled(GOOD, chance)).decode("ascii")
    if chance.random() < 0.3:
        coded = mutate(coded.encode(), chance).decode("latin-1")
    cookie = mutate(b"a=b; _ff_guest=9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60", chance).decode("latin-1")
    return check_image(coded, cookie, mutate(b"https://shop.example/", chance).decode("latin-1"))


def deliveries(chance: random.Random) -> str:
    """Shopify's adapters: whatever is signed lands, as messages or whole among the failed events."""
    topic = chance.choice(sorted(SHOPIFY))
    return check_delivery(topic, spoiled(DELIVERY, chance))


class Memory:
    """A committer that keeps nothing: the disk is not under test here."""

    async def submit(self, frame: bytes) -> None:
        assert FRAME_HEAD.unpack_from(frame)[0] == len(frame) - FRAME_HEAD.size <= MAX_PAYLOAD


_handler: list[tuple[IngestHandler, asyncio.AbstractEventLoop]] = []
_DOCUMENTED = {200, 400, 401, 403, 405, 408, 413, 415, 429, 503}


def requests(chance: random.Random) -> str:
    """The whole handler: path, headers, query and a body in pieces, as the server hands them over."""
    if not _handler:
        settings = Settings()
        made = IngestHandler(settings, Memory(), Metrics(), Buckets(len(settings.write_keys)))  # type: ignore[arg-type]
        _handler.append((made, asyncio.new_event_loop()))
    handler, loop = _handler[0]
    body = spoiled({"writeKey": KEY.decode(), "batch": [GOOD] * chance.randint(0, 3)}, chance)
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"authorization", b"Basic " + base64.b64encode(KEY + b":")),
        (b"origin", b"https://shop.example"),
        (b"user-agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/132.0 ö".encode()),
        (b"content-encoding", b"identity"),
        (b"sec-gpc", b"1"),
    ]
    headers = [(name, mutate(value, chance) if chance.random() < 0.1 else value)
               for name, value in headers if chance.random() < 0.8]  # fmt: skip
    scope = {
        "type": "http",
        "method": "POST",
        "path": chance.choice(ROUTES),
        "query_string": mutate(b"writeKey=ff_demo_write_key", chance) if chance.random() < 0.3 else b"",
        "headers": headers,
        "client": chance.choice((("192.0.2.7", 1), ("2001:db8::1%eth0", 1), ("", 0), ("unix:\0", 0), None)),
    }
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.choice((0, 0, 1, 3))))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": one, "more_body": True} for one in pieces
    ]
    events[-1]["more_body"] = False
    if chance.random() < 0.05:
        events[-1] = {"type": "http.disconnect"}
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(event: dict[str, Any]) -> None:
        answered.append(event)

    loop.run_until_complete(handler(scope, receive, send))
    if not answered:
        return "gone"
    start, end = answered
    assert start["status"] in _DOCUMENTED, f"{start['status']}: {end['body']!r}"
    json.loads(end["body"])
    return "taken" if start["status"] == 200 else "refused"


FRAMES = [
    encode_frame(Envelope(received_at=datetime(2026, 1, 1, tzinfo=UTC), source="s", accepted=1, rejected=0,
                          batch=[], ip=f"192.0.2.{number}"))
    for number in range(8)
]  # fmt: skip


def segments(chance: random.Random, file: Path) -> str:
    """``read_segment``: every byte is read or reported, in order, and nothing that was not written is a frame."""
    whole = HEADER + b"".join(chance.choices(FRAMES, k=chance.randint(0, 5)))
    return check_segment(mutate(whole, chance) if chance.random() < 0.95 else chance.randbytes(2000), file)


def targets(directory: Path) -> list[tuple[str, int, Callable[[random.Random], str]]]:
    """(name, share of 20 inputs, make one and check it); files are written below ``directory``."""
    file = directory / "fuzzed.seg"
    return [
        ("batch bodies", 5, batch_bodies),
        ("single messages", 3, single_bodies),
        ("gzip bodies", 1, gzip_bodies),
        ("image addresses", 1, image_addresses),
        ("whole requests", 3, requests),
        ("Shopify deliveries", 4, deliveries),
        ("landing segments", 3, lambda chance: segments(chance, file)),
    ]
