"""Whatever arrives is answered or refused, never an exception; and what lands can be read by anyone."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.intake import Arrival, Sender, answer, inflate, judge, make_envelope, open_batch, open_single
from collector.problems import RefusedError
from footfall.segments import FRAME_HEAD, decode_envelope, encode_frame
from footfall.wire import MESSAGE_TYPES

GOOD: dict[str, Any] = {
    "type": "track",
    "event": "Element Clicked",
    "messageId": "0190c0de-0000-7000-8000-000000000001",
    "anonymousId": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60",
    "originalTimestamp": "2026-11-24T10:00:00.000Z",
    "context": {"sessionId": "s1", "page": {"url": "https://shop.example/"}, "own": "Grüße 🎿"},
    "properties": {"zone": "nav", "element": {"tag": "a", "classes": ["x"], "text": "Ski"}, "price": 1.5e3, "n": None},
    "traits": {"a": [1, [2, [3]]]},
}  # fmt: skip

#: What a mutation puts in: structure, escapes, extremes.
MORSELS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xf0\x9f",
        b"\xef\xbb\xbf",
    ),
    *(
        rb"\ud83d",
        rb"\u0000",
        rb"\udc00\ud800",
        rb"\x",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-0",
        b"1" * 400,
        b"null",
    ),
    *(b"true", b'"type":"identify",', b'"batch":[', b'"writeKey":', b'"sentAt":"9999-12-31T23:59:59-12:00",'),
    *(
        b'"timestamp":"0001-01-01T00:00:00+14:00",',
        b'"anonymousId":{},',
        b'"userId":1.5,',
        b"[" * 1200,
        b"{}" * 600,
    ),
    *(
        b'"properties":{"element":7},',
        b'"properties":{"element":{"classes":[1]}},',
        b'"context":[],',
        b" " * 40_000,
    ),
]


def mutate(body: bytes, chance: random.Random) -> bytes:
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


def take(body: bytes, kind: str | None) -> Arrival | None:
    try:
        return open_batch(body) if kind is None else open_single(body, kind)
    except RefusedError as refused:
        assert refused.status in (400, 413)
        json.dumps(refused.detail).encode()
        return None


def check(body: bytes, kind: str | None) -> None:
    arrival = take(body, kind)
    if arrival is None:
        return
    good, failed = judge(arrival)
    assert len(good) + len(failed) == len(arrival.messages)
    sender = Sender(received_at=datetime.now(UTC))
    envelope = make_envelope(arrival, good, failed, source="s", trusted=False, sender=sender)
    payload = encode_frame(envelope)[FRAME_HEAD.size :]
    assert payload.startswith(b'{"v":1,')
    assert decode_envelope(payload).accepted == len(good)
    # Another engine's reader: the standard library, strictly UTF-8.
    landed = json.loads(payload.decode("utf-8"))
    assert [type(message) for message in landed["batch"]] == [dict] * len(good)
    reply = json.loads(answer(len(good), failed))
    assert reply["accepted"] == len(good)
    assert len(reply["rejected"]) == len(failed)


@pytest.mark.parametrize("seed", range(6))
def test_mutated_bodies(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(400):
        messages = [GOOD] * chance.randint(1, 4)
        ascii_only = chance.random() < 0.5
        body = json.dumps(
            {"writeKey": "k", "batch": messages, "sentAt": "2026-11-24T10:00:01Z"}, ensure_ascii=ascii_only
        )
        check(mutate(body.encode(), chance), None)
        check(
            mutate(json.dumps(GOOD, ensure_ascii=ascii_only).encode(), chance), chance.choice(MESSAGE_TYPES)
        )


def test_mutated_gzip() -> None:
    chance = random.Random(7)
    body = gzip.compress(json.dumps({"batch": [GOOD] * 5}).encode())
    for _ in range(500):
        try:
            inflate(mutate(body, chance))
        except RefusedError as refused:
            assert refused.status in (400, 413)
