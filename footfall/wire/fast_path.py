"""A batch whose messages are all good, read in one pass: what nearly every request of a pixel or an SDK is.

``footfall.wire.schema`` says what is good, message by message. Here the same rules are applied to many messages at
once, and the bytes between the batch's brackets land as they came, without finding where one message ends and the next
begins.
What doesn't fit is no error: the caller goes message by message then, and that way's answers are the definition
(``tests/footfall/wire/test_fast_path.py`` holds the two against each other).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from footfall.wire.schema import (
    MAX_MESSAGE,
    MAX_MESSAGES,
    Known,
    Undecoded,
    WireError,
    check_rules,
    check_surroundings,
    decode_batch,
    says_cookieless,
)

#: Messages that are decoded together, bytes. No message in them can be larger than one may be; decoded, 32 KB of clicks
#: still fit into a processor's cache.
PIECE = MAX_MESSAGE
#: Stands for the messages while the rest of the body is read.
_MARK = b"170141183460469231731687303715884105727"
_ONLY_THE_MARK = [Raw(_MARK)]


class GoodBatch(Struct):
    """The body of a batch in which every message is good."""

    messages: Raw
    """Everything between the batch's brackets: one message or more, commas and blanks as they came."""
    count: int
    write_key: str | None
    sent_at: datetime | None
    is_cookieless: bool
    """At least one of the messages says ``context.cookieless``."""


class _Properties(Struct, gc=False):
    # A struct, since the converter would make itself a plan for a bare list type again at each call (1.7 microseconds).
    properties: list[Known | None]


_messages_decoder = msgspec.json.Decoder(list[Undecoded])


def read_good_batch(body: bytes) -> GoodBatch | None:
    """The batch, if each of its messages is good; None where one is not, or where this way can't tell.

    Where the batch's value lies in the body is guessed (between the first bracket behind "batch" and the last one), and
    then proved: the body with ``_MARK`` in its place is a frame whose batch is that mark, and what stands there is a
    list of messages. JSON has only one way to read the two put together.
    """
    start, end = body.find(b"[", body.find(b'"batch"')) + 1, body.rfind(b"]")
    if not 0 < start < end:
        return None
    before, after = body[:start], body[end:]
    if _MARK in before or _MARK in after:
        return None
    try:
        if not body.isascii():
            # The parser skips over keys that the schema doesn't know without looking at their bytes
            body.decode("utf-8")
        frame = decode_batch(before + _MARK + after)
        if frame.batch != _ONLY_THE_MARK:
            return None
        count, is_cookieless = 0, False
        pieces = _cut(body, start, end) if end - start > PIECE else (body[start - 1 : end + 1],)
        for piece in pieces:
            messages = _messages_decoder.decode(piece)
            is_cookieless |= _check_together(messages)
            count += len(messages)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, WireError):
        return None
    if not 0 < count <= MAX_MESSAGES:
        return None
    messages_as_sent = Raw(memoryview(body)[start:end])
    return GoodBatch(messages_as_sent, count, frame.write_key, frame.sent_at, is_cookieless)


def _cut(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """``body[start:end]`` as lists of messages, each at most PIECE bytes between its brackets.

    A message begins as the first one does, mostly: with the same key. Where that is not so a piece is not a list of
    messages, and where every piece is one, all of them together are the list that was cut. Raises WireError where no
    place to cut is found.
    """
    view = memoryview(body)
    beginning = body[start : body.find(b":", start) + 1].lstrip()
    while end - start > PIECE:
        cut = body.rfind(beginning, start + 1, start + PIECE)
        comma = body.rfind(b",", start, max(cut, start))
        if comma == -1 or body[comma + 1 : cut].strip():
            raise WireError("batch", "can't be cut into pieces")
        yield b"".join((b"[", view[start:comma], b"]"))
        start = cut
    yield b"".join((b"[", view[start:end], b"]"))


def _check_together(messages: list[Undecoded]) -> bool:
    """``wire.check_message`` but for the decoding, for many. Returns whether one of them is cookieless.

    Raises WireError or MsgspecError where one is bad.
    """
    check_rules(messages)
    is_cookieless = False
    last: Raw | None = None
    for message in messages:
        # Messages of one page view have the same surroundings: decoded once where they follow one another.
        if message.surroundings != last:
            last = message.surroundings
            is_cookieless |= says_cookieless(check_surroundings(last))
    msgspec.convert({"properties": [message.properties for message in messages]}, _Properties)
    return is_cookieless
