"""From the bytes of a request to what lands and what is answered. Pure: no I/O, no clock of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Raw, Struct
from zlib_ng import zlib_ng

from collector.json_recovery import split_batch
from collector.problems import RefusedError
from footfall.landing.segments import Envelope, FailedMessage
from footfall.wire.fast_path import read_good_batch
from footfall.wire.schema import (
    BATCH_PATH,
    MAX_DEPTH,
    MAX_ID,
    MAX_INFLATED,
    MAX_MESSAGES,
    MESSAGE_TYPES,
    PLAUSIBLE_YEARS,
    Batch,
    BatchAnswer,
    Rejection,
    WireError,
    check_message,
    decode_batch,
)

#: Members of a gzip body. One is normal; a body of a million empty ones is an attack on our time.
MAX_GZIP_MEMBERS = 16
#: Bytes from which a batch is tried in one pass. One message takes 4.8 microseconds in it and 3.6 by itself; two take 6
#: either way (``benchmarks/message_check.py``).
WORTHWHILE = 1500


#: A trait that proves the user (``collector/login_proofs.py``). Spelled with escapes it is a trait like others.
SIGNATURE = b'"userSignature"'


class Sender(Struct, frozen=True):
    """Facts about the sender from the request around the messages."""

    received_at: datetime
    ip: str | None = None
    user_agent: str | None = None
    day_id: str | None = None
    gpc: bool = False
    bot_reason: str | None = None


class Validated(Struct):
    """The messages of a body, sorted into good ones and failed ones."""

    good: list[Raw]
    """As sent. One entry may hold several messages, with the commas between them."""
    accepted: int
    failed: list[FailedMessage]
    is_cookieless: bool
    """At least one of the good ones asks for a daily id."""


class ParsedRequest(Struct):
    """A body taken apart."""

    count: int
    write_key: str | None
    sent_at: datetime | None
    messages: list[Raw] = []
    """Not yet validated."""
    validated: Validated | None = None
    is_mended: bool = False
    """The messages were cut by their brackets: not even their UTF-8 was checked."""
    is_signed: bool = False
    """At least one of the messages may carry a user's signature."""


class _Single(Struct, rename="camel"):
    write_key: str | None = None
    sent_at: datetime | None = None
    type: str | None = None


class _Peek(Struct, rename="camel"):
    message_id: str | int | None = None


_single_decoder = msgspec.json.Decoder(_Single)
_peek_decoder = msgspec.json.Decoder(_Peek)
_encoder = msgspec.json.Encoder()
#: The answer when everything was fine, made once for each possible number of messages.
_ALL_ACCEPTED = [b'{"accepted":%d,"rejected":[]}' % count for count in range(MAX_MESSAGES + 1)]


def inflate(body: bytes) -> bytes:
    """Undo gzip, to at most 4 MiB. Raises RefusedError: 413 past that, 400 where it is none or cut short."""
    out = bytearray()
    for _ in range(MAX_GZIP_MEMBERS):
        inflater = zlib_ng.decompressobj(31)
        try:
            # One byte more than allowed is enough to know; the rest of a bomb is never inflated.
            out += inflater.decompress(body, MAX_INFLATED + 1 - len(out))
        except zlib_ng.error as error:  # type: ignore[misc]  # its stub says instance, it is the class
            raise RefusedError(
                400, "gzip", f"the body claims to be gzip but can't be inflated: {error}"
            ) from None
        if len(out) > MAX_INFLATED:
            raise RefusedError(
                413, "too_large", f"inflates to more than {MAX_INFLATED} bytes: send smaller batches"
            )
        if not inflater.eof:
            raise RefusedError(400, "gzip", "the gzip body ends too early")
        body = inflater.unused_data
        if not body:
            return bytes(out)
    raise RefusedError(400, "gzip", f"more than {MAX_GZIP_MEMBERS} gzip members in one body")


def open_batch(body: bytes) -> ParsedRequest:
    """Take a batch apart. Raises RefusedError 400 (no batch) or 413 (too many messages)."""
    is_signed = SIGNATURE in body
    parsed = open_at_once(body) if len(body) > WORTHWHILE and not is_signed else None
    if parsed is None:
        parsed = open_each(body)
        parsed.is_signed = is_signed
    return parsed


def open_at_once(body: bytes) -> ParsedRequest | None:
    """``open_batch`` where all messages are good; they are validated then. None says nothing about the body."""
    good = read_good_batch(body)
    if good is None:
        return None
    validated = Validated([good.messages], good.count, [], good.is_cookieless)
    return ParsedRequest(good.count, good.write_key, good.sent_at, validated=validated)


def open_each(body: bytes) -> ParsedRequest:
    """``open_batch`` for any batch: its messages are validated one by one."""
    try:
        batch = decode_batch(body)
    except WireError as error:
        if error.field == "batch" and "at most" in error.reason:
            raise RefusedError(413, "too_many_messages", f"{error.reason}: send smaller batches") from None
        batch = _mend(body, error)
        return ParsedRequest(len(batch.batch), batch.write_key, batch.sent_at, batch.batch, is_mended=True)
    return ParsedRequest(len(batch.batch), batch.write_key, batch.sent_at, batch.batch)


def _mend(body: bytes, error: WireError) -> Batch:
    """The batch cut by brackets, when what broke the parser sits inside messages: those are validated later."""
    split = split_batch(body) if error.field == "body" else None
    if split is not None:
        head, messages = split
        if len(messages) > MAX_MESSAGES:
            raise RefusedError(
                413, "too_many_messages", f"{len(messages)} messages, at most {MAX_MESSAGES} in a batch"
            )
        try:
            batch = decode_batch(head)
        except WireError:
            pass
        else:
            batch.batch = [Raw(message) for message in messages]
            return batch
    raise RefusedError(
        400, "unreadable", f"the body is not a batch of messages: {error.field}: {error.reason}"
    )


def open_single(body: bytes, kind: str) -> ParsedRequest:
    """Take the body of ``/v1/<kind>`` as one message; the path says its type where the message doesn't.

    Raises RefusedError 400 where the body is not a JSON object of a message.
    """
    try:
        body.decode("utf-8")
        single = _single_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(
            400, "unreadable", f"the body is not a message: {explain(body, str(error))}"
        ) from None
    if single.type is None:
        inner = body.lstrip()[1:].lstrip()
        body = b'{"type":"%s"' % kind.encode() + (b"" if inner.startswith(b"}") else b",") + inner
    sent_at = single.sent_at
    if sent_at is not None and sent_at.year not in PLAUSIBLE_YEARS:
        sent_at = None  # the message itself, which holds it too, is rejected for it
    return ParsedRequest(1, single.write_key, sent_at, [Raw(body)], is_signed=SIGNATURE in body)


def validate(parsed: ParsedRequest) -> Validated:
    """Sort the messages into good ones, which stay as sent, and failed ones with field and reason."""
    if parsed.validated is not None:
        return parsed.validated
    good: list[Raw] = []
    failed: list[FailedMessage] = []
    is_cookieless = False
    for index, raw in enumerate(parsed.messages):
        try:
            if parsed.is_mended:
                _check_utf8(raw)
            message = check_message(raw)
        except WireError as error:
            failed.append(_failed(index, bytes(raw), error))
        else:
            good.append(raw)
            is_cookieless |= message.is_cookieless
    return Validated(good, len(good), failed, is_cookieless)


def _check_utf8(raw: Raw) -> None:
    # The parser skips over keys that the schema doesn't know without looking at their bytes.
    try:
        bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("message", f"not UTF-8 (byte {error.start})") from None


def _failed(index: int, raw: bytes, error: WireError) -> FailedMessage:
    reason = explain(raw, error.reason) if error.field == "message" else error.reason
    message_id: str | None
    try:
        peeked = _peek_decoder.decode(raw).message_id
        message_id = None if peeked is None else str(peeked)[:MAX_ID]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message_id = None
    return FailedMessage(index=index, field=error.field, reason=reason, raw=raw, message_id=message_id)


def explain(raw: bytes, reason: str) -> str:
    """A better reason than the parser's for the usual culprits; slow, and only for what failed already."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start})"
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        return f"nested deeper than {MAX_DEPTH}"
    except UnicodeEncodeError:
        return "half of a surrogate pair in a string (a text cut in the middle of an emoji?)"
    except ValueError as error:
        return str(error) if str(error).startswith("no JSON") else reason
    return reason


def _refuse_constant(name: str) -> None:
    raise ValueError(f"no JSON number: {name}")


def make_envelope(
    parsed: ParsedRequest,
    validated: Validated,
    *,
    source: str,
    trusted: bool,
    proven: bool | list[int],
    sender: Sender,
) -> Envelope:
    """Return the frame to land: the good messages as sent, the failed ones beside them, and their sender."""
    return Envelope(
        received_at=sender.received_at,
        source=source,
        trusted=trusted,
        proven=proven,
        sent_at=parsed.sent_at,
        ip=sender.ip,
        user_agent=sender.user_agent,
        day_id=sender.day_id,
        gpc=sender.gpc,
        is_bot=sender.bot_reason is not None,
        bot_reason=sender.bot_reason,
        accepted=validated.accepted,
        rejected=len(validated.failed),
        batch=validated.good,
        failed=validated.failed,
    )


def answer(accepted: int, failed: list[FailedMessage]) -> bytes:
    """The body of a 200: the messages on disk, and the refused ones with the reason (tracking plan, "Request")."""
    if not failed:
        return _ALL_ACCEPTED[accepted]
    rejected = [
        Rejection(index=one.index, message_id=one.message_id, field=one.field, reason=one.reason)
        for one in failed
    ]
    return _encoder.encode(BatchAnswer(accepted=accepted, rejected=rejected))


#: Routes that take one message, and the type that it has where it names none.
SINGLE_ROUTES: Mapping[str, str] = {
    **{f"/v1/{kind}": kind for kind in MESSAGE_TYPES},
    # Segment's browser SDK posts to the first letter, where it doesn't batch.
    **{f"/v1/{kind[0]}": kind for kind in MESSAGE_TYPES},
}
#: RudderStack's browser SDK sends its beacons to the last one, with the write key in the query.
BATCH_ROUTES = (BATCH_PATH, "/v1/b", "/beacon/v1/batch")
