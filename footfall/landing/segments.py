"""The landing segment: an append-only file of framed requests, the collector's promise on disk.

Layout: a header of 16 bytes (``FFSEG``, NUL, version u16, 8 bytes zero), then frames
``u32 length | u32 crc32 of the payload | payload`` (little endian). A payload is one ``Envelope`` as JSON.

    landing/open/<segment_id>.seg      being written, by one process
    landing/sealed/<segment_id>.seg    complete, never written again; sorts by the time at which it was opened
    landing/quarantine/                bytes that no reader understands, kept for a person to look at
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Raw, Struct
from zlib_ng import zlib_ng

MAGIC = b"FFSEG\x00"
VERSION = 1
HEADER = MAGIC + struct.pack("<H", VERSION) + bytes(8)
FRAME_HEAD = struct.Struct("<II")
#: A payload is a body of at most 4 MiB after inflation, plus its envelope and the base64 of rejected messages.
MAX_PAYLOAD = 16 * 2**20
#: Every payload begins so; a reader finds its way back after damaged bytes by looking for it.
PAYLOAD_START = b'{"v":1,'
#: Messages of fewer bytes are copied into their frame: handling it in parts costs as much.
PARTS_FROM = 8 * 1024
_CRC_STEP = 5 * 1024
_NO_MESSAGES = b'"batch":[]'

Buffer = bytes | bytearray | memoryview


class FailedMessage(Struct, kw_only=True):
    """A message that was refused by the collector, kept with its reason. ``raw`` is base64 in JSON."""

    index: int
    field: str
    reason: str
    raw: bytes
    message_id: str | None = None


#: The ``bot_reason`` of messages from signed webhooks, without a visitor's act. They make no session and no visitor,
#: since the marts leave out what is not a person's. No write key can give a message this reason, so it proves where an
#: erasure request came from.
NO_VISIT = "no visitor's act"


class Envelope(Struct, kw_only=True):
    """One request as it landed. ``accepted`` and ``rejected`` are what the visitor's browser was answered."""

    v: int = 1
    received_at: datetime
    source: str
    trusted: bool = False
    proven: bool | list[int] = False
    """Messages with a proven user id: all (the shop's server says it), or those with these numbers in ``batch``."""
    sent_at: datetime | None = None
    ip: str | None = None
    """Truncated: v4 /24, v6 /48."""
    user_agent: str | None = None
    day_id: str | None = None
    """The visitor's id for this day: the guest token of those messages that say ``context.cookieless``."""
    gpc: bool = False
    is_bot: bool = False
    bot_reason: str | None = None
    accepted: int
    rejected: int
    batch: list[Raw]
    """The accepted messages. A writer may hand over several in one entry, with the commas between them."""
    failed: list[FailedMessage] = []


class Frame(Struct, frozen=True):
    """A good frame: its number in the segment (from 0), its offset and its payload."""

    number: int
    offset: int
    payload: bytes


class Damage(Struct, frozen=True):
    """Bytes that are no frame. ``at_tail``: nothing readable follows, as after a crash in the middle of a write."""

    number: int
    offset: int
    raw: bytes
    reason: str
    at_tail: bool


class SegmentError(Exception):
    """A file that is not a landing segment of a version we read."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)


def encode_frame(envelope: Envelope) -> bytearray:
    """The bytes to append. Raises ValueError for an envelope larger than any reader accepts."""
    frame = bytearray(FRAME_HEAD.size)
    _encoder.encode_into(envelope, frame, FRAME_HEAD.size)
    length = _checked(len(frame) - FRAME_HEAD.size)
    FRAME_HEAD.pack_into(frame, 0, length, _crc(memoryview(frame)[FRAME_HEAD.size :]))
    return frame


def frame_parts(envelope: Envelope) -> tuple[Buffer, ...]:
    """``encode_frame`` in parts, to be written one behind the other: many messages that came in one piece stay where
    they are, the body of the request. Copying 100 of them here, and again for the disk, took 46 of 195 microseconds
    with 512 requests in flight (``benchmarks/message_check.py``).
    """
    if len(envelope.batch) != 1 or len(messages := memoryview(envelope.batch[0])) < PARTS_FROM:
        return (encode_frame(envelope),)
    # In a text the quotes would be escaped.
    around = _encoder.encode(msgspec.structs.replace(envelope, batch=[]))
    middle = around.index(_NO_MESSAGES) + len(_NO_MESSAGES) - 1
    before, after = around[:middle], around[middle:]
    length = _checked(len(around) + len(messages))
    crc = zlib_ng.crc32(after, _crc(messages, zlib_ng.crc32(before)))
    return FRAME_HEAD.pack(length, crc) + before, messages, after


def _checked(length: int) -> int:
    if length > MAX_PAYLOAD:
        raise ValueError(f"envelope of {length} bytes, at most {MAX_PAYLOAD}")
    return length


def _crc(data: memoryview, crc: int = 0) -> int:
    """The checksum of these bytes behind those that gave ``crc``.

    In steps, since zlib lets another thread have the interpreter for more than 5 KB. Waiting to get it back cost 0.5
    of a message's 5.8 microseconds at 20 messages a request.
    """
    if len(data) <= _CRC_STEP:
        return zlib_ng.crc32(data, crc)
    for start in range(0, len(data), _CRC_STEP):
        crc = zlib_ng.crc32(data[start : start + _CRC_STEP], crc)
    return crc


def decode_envelope(payload: bytes) -> Envelope:
    """The envelope of a frame. Raises msgspec.MsgspecError where a newer writer made it."""
    return _decoder.decode(payload)


def read_segment(path: Path) -> Iterator[Frame | Damage]:
    """Everything in a segment, in order: good frames and, between or after them, what could not be read.

    Frames and damages are numbered together, so that a row's place in its segment never changes.
    Raises SegmentError where the header is not ours. Reads the file whole: a segment is 64 MiB by default.
    """
    return segment_parts(path.read_bytes(), path)


def segment_parts(data: bytes, path: Path | str) -> Iterator[Frame | Damage]:
    """``read_segment`` of bytes that are in memory already; ``path`` is what errors call them."""
    if data[: len(MAGIC)] != MAGIC:
        raise SegmentError(f"{path} is not a landing segment")
    if (version := struct.unpack_from("<H", data.ljust(16, b"\0"), len(MAGIC))[0]) != VERSION:
        raise SegmentError(f"{path} has segment version {version}, this Footfall reads {VERSION}")
    offset, number = len(HEADER), 0
    while offset < len(data):
        if (payload := _frame_at(data, offset)) is not None:
            yield Frame(number, offset, payload)
            offset += FRAME_HEAD.size + len(payload)
        else:
            after = _next_frame(data, offset + 1)
            yield Damage(
                number,
                offset,
                data[offset:after],
                "torn write" if after == len(data) else "bytes changed on disk",
                at_tail=after == len(data),
            )
            offset = after
        number += 1


def frames_from(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The whole frames of a piece of a segment that begins anywhere, as (offset, payload), and the offset behind the
    last of them: what stands there may be the beginning of another one.

    No message can look like a frame: the length before it has a byte that JSON knows in no text.
    """
    frames: list[tuple[int, bytes]] = []
    offset = end = 0
    while offset < len(data):
        if (payload := _frame_at(data, offset)) is None:
            offset = _next_frame(data, offset + 1)
            continue
        frames.append((offset, payload))
        offset = end = offset + FRAME_HEAD.size + len(payload)
    return frames, end


def good_length(path: Path) -> int:
    """The length up to which a segment that a crash left open is good: where its damaged tail, if any, begins."""
    end = len(HEADER)
    for part in read_segment(path):
        if isinstance(part, Damage):
            end = part.offset if part.at_tail else part.offset + len(part.raw)
        else:
            end = part.offset + FRAME_HEAD.size + len(part.payload)
    return end


def _frame_at(data: bytes, offset: int) -> bytes | None:
    if offset + FRAME_HEAD.size > len(data):
        return None
    length, crc = FRAME_HEAD.unpack_from(data, offset)
    start = offset + FRAME_HEAD.size
    # A length of 0 has the checksum 0: a zeroed tail must not read as endless empty frames.
    if not 0 < length <= MAX_PAYLOAD or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if zlib_ng.crc32(payload) == crc else None


def _next_frame(data: bytes, offset: int) -> int:
    while (found := data.find(PAYLOAD_START, offset + FRAME_HEAD.size)) != -1:
        candidate = found - FRAME_HEAD.size
        if _frame_at(data, candidate) is not None:
            return candidate
        offset = candidate + 1
    return len(data)
