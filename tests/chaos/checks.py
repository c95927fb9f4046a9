"""What must hold of any input: checks of bodies, deliveries and segments, whoever made them up.

A check returns what became of the input, to be counted, and raises for whatever is not documented: an exception of the
code under test, or a promise that it broke.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from collector.adapters.common import Delivery
from collector.guest_cookie import open_image
from collector.parsing import (
    ParsedRequest,
    Sender,
    answer,
    inflate,
    make_envelope,
    open_at_once,
    open_batch,
    open_each,
    open_single,
    validate,
)
from collector.problems import RefusedError
from collector.shopify_webhooks import translate
from footfall.landing.segments import (
    FRAME_HEAD,
    HEADER,
    Damage,
    Envelope,
    SegmentError,
    decode_envelope,
    encode_frame,
    good_length,
    read_segment,
)

RECEIVED = datetime(2026, 11, 24, 10, 0, 2, tzinfo=UTC)


def check_arrival(parsed: ParsedRequest) -> bytes:
    """Judges the messages, lands them in memory, and reads that with our reader and with somebody else's.

    Returns what would land.
    """
    validated = validate(parsed)
    assert validated.accepted + len(validated.failed) == parsed.count
    sender = Sender(received_at=RECEIVED)
    envelope = make_envelope(parsed, validated, source="s", trusted=False, proven=False, sender=sender)
    landed = check_envelope(envelope)
    reply = json.loads(answer(validated.accepted, validated.failed))
    assert reply["accepted"] == validated.accepted
    assert len(reply["rejected"]) == len(validated.failed)
    return landed


def check_envelope(envelope: Envelope) -> bytes:
    """Its frame can be read by everyone. Returns the envelope with its messages one by one, as bytes."""
    payload = bytes(encode_frame(envelope)[FRAME_HEAD.size :])
    assert payload.startswith(b'{"v":1,')
    read = decode_envelope(payload)
    assert read.accepted == len(read.batch)
    # Another engine's reader: the standard library, strictly UTF-8.
    landed = json.loads(payload.decode("utf-8"))
    assert [type(message) for message in landed["batch"]] == [dict] * read.accepted
    return msgspec.json.encode(read)


def check_body(body: bytes, kind: str | None) -> str:
    """A body at a batch's handler (``kind`` None) or a message's. Returns what became of it, to be counted."""
    try:
        parsed = open_batch(body) if kind is None else open_single(body, kind)
    except RefusedError as refused:
        assert refused.status in (400, 413)
        json.dumps(refused.detail).encode()
        assert kind is not None or open_at_once(body) is None
        return "refused"
    check_arrival(parsed)
    if kind is None and (at_once := open_at_once(body)) is not None:
        assert check_arrival(at_once) == check_arrival(open_each(body)), (
            "at once and message by message agree"
        )
    return "taken"


def check_gzip(body: bytes) -> str:
    """A body at the batch's handler that says it is gzip."""
    try:
        plain = inflate(body)
    except RefusedError as refused:
        assert refused.status in (400, 413)
        return "refused"
    return check_body(plain, None)


def check_image(coded: str, cookie: str | None, referrer: str | None) -> str:
    """A message in the address of an image."""
    try:
        parsed = open_image(coded, cookie, referrer)
    except RefusedError as refused:
        assert refused.status in (400, 413)
        return "refused"
    check_arrival(parsed)
    return "taken"


def check_delivery(topic: str, body: bytes) -> str:
    """A webhook of Shopify's: whatever is signed lands, as messages or whole among the failed events."""
    delivery = Delivery(topic=topic, shop="one.myshopify.com", body=body)
    envelopes = translate(delivery, "shopify", datetime.now(UTC))
    assert envelopes
    for envelope in envelopes:
        check_envelope(envelope)
    assert translate(delivery, "shopify", envelopes[0].received_at) == envelopes, "the same in, the same out"
    return "taken" if any(envelope.batch for envelope in envelopes) else "kept as failed"


def check_segment(data: bytes, file: Path) -> str:
    """``read_segment``: every byte is read or reported, in order."""
    file.write_bytes(data)
    try:
        parts = list(read_segment(file))
    except SegmentError:
        return "refused"
    at = len(HEADER)
    for number, part in enumerate(parts):
        assert (part.number, part.offset) == (number, at)
        if isinstance(part, Damage):
            assert data[at:].startswith(part.raw)
            at += len(part.raw)
        else:
            assert data[at + FRAME_HEAD.size :].startswith(part.payload)
            at += FRAME_HEAD.size + len(part.payload)
    assert at == max(len(data), len(HEADER))
    assert len(HEADER) <= good_length(file) <= at
    return "damaged" if any(isinstance(part, Damage) for part in parts) else "taken"
