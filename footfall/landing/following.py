"""Follows what the collector accepts, from another process, by reading the segments while they are written.

The collector does nothing for it and takes no lock: a frame is there once its length and its checksum fit, so the
half-written end of an open segment is simply read again at the next look. What a reader keeps between two looks is a
``Position``, small enough to go back and forth as a cursor: the API keeps no state, and any of its workers may answer.
A frame may be seen some milliseconds before its fsync, and its request be refused after all where that fails.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from footfall.landing.directory import OPEN, SEALED, SUFFIX
from footfall.landing.refusals import Refusal, RefusalsPlace, read_refusals
from footfall.landing.segments import HEADER, frames_from

#: What a reader that begins now is shown of the past.
BACK_BYTES = 128 * 1024
#: A reader that is further behind in a segment goes on near its end: a live view that lags is none.
BEHIND_BYTES = 2 * 2**20
#: Bytes of one look; more where a single frame is larger.
LOOK_BYTES = 512 * 1024
DONE = -1
#: A segment is listed some fsyncs after the moment in its name. A sealed one that is older than this and not in the
#: position was read to its end, or stood there before the reader began.
_SETTLED = timedelta(seconds=10)
#: The offset of a sealed segment that was read to its end.
DONE = -1
#: A segment is listed some fsyncs after the moment in its name. A sealed one that is older than this and not in the
#: position was read to its end, or stood there before the reader began.
_SETTLED = timedelta(seconds=60)


class Position(Struct, frozen=True, array_like=True):
    """How far somebody has read."""

    since: str
    """The moment up to which unknown sealed segments are old, as segment ids begin (``20260131T235959``)."""
    offsets: dict[str, int]
    """By segment id: where its next frame begins, or anywhere behind the last one read; ``DONE`` for a sealed one that
    was read to its end."""
    refusals: RefusalsPlace = RefusalsPlace()


class Look(Struct, frozen=True):
    """What is new: payloads of frames with their segment's id and offset in it, and refused requests."""

    position: Position
    frames: list[tuple[str, int, bytes]]
    refusals: list[Refusal]
    skipped: bool
    """Some of what was accepted is not in this answer nor the next: the reader was too far behind, or the loader took
    a segment before it was read."""
    more: bool
    """The next look has something without waiting."""


class NotHereError(Exception):
    """There is no landing directory to follow here; the message says what to do."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Position)


def cursor_of(position: Position) -> str:
    return base64.urlsafe_b64encode(_encoder.encode(position)).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """Raises ValueError for what ``cursor_of`` did not write."""
    try:
        return _decoder.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError("not a cursor of a live view") from error


def begin(landing: Path, back: int = BACK_BYTES) -> Position:
    """The position from which about the newest ``back`` bytes of what waits for the loader are still to be read.

    Raises NotHereError where no collector writes into this directory.
    """
    offsets = {}
    since = _since()
    for segment_id, path in sorted(_listed(landing).items(), reverse=True):
        size = _size(path)
        if size is None or (back == 0 and path.parent.name == SEALED):
            if segment_id >= since:
                offsets[segment_id] = DONE
            continue
        offsets[segment_id] = max(len(HEADER), size - back)
        back = max(0, back - size)
    return Position(since, offsets)


def look(landing: Path, position: Position, limit: int = LOOK_BYTES) -> Look:
    """Read what was accepted since then, about ``limit`` bytes, of each segment in turn.

    Raises NotHereError where no collector writes into this directory.
    """
    found: list[tuple[str, int, bytes]] = []
    offsets: dict[str, int] = {}
    skipped = more = False
    since = _since()
    listed = _listed(landing)
    for segment_id, path in sorted(listed.items()):
        is_sealed = path.parent.name == SEALED
        start = position.offsets.get(segment_id)
        if start is None and is_sealed and segment_id < position.since:
            continue
        if start == DONE:
            if segment_id >= since:
                offsets[segment_id] = DONE
            continue
        start = max(start or 0, len(HEADER))
        size = _size(path)
        if size is None or limit <= 0:  # sealed since it was listed, or the next look's
            offsets[segment_id], more = start, True
            continue
        if size - start > BEHIND_BYTES:
            start, skipped = size - BACK_BYTES, True
        try:
            frames, end = _read(path, min(start, size), limit)
        except FileNotFoundError:
            offsets[segment_id], more = start, True
            continue
        found += [(segment_id, place, payload) for place, payload in frames]
        limit -= sum(len(payload) for _, payload in frames)
        if is_sealed and (end >= size or not frames):
            if segment_id >= since:
                offsets[segment_id] = DONE
            continue
        offsets[segment_id] = end
        more = more or (bool(frames) and end < size)
    # Sealed and taken by the loader between two looks: nobody can say any more whether this reader had all of it
    gone = position.offsets.keys() - listed.keys()
    skipped = skipped or any(position.offsets[each] != DONE for each in gone)
    refusals, place = read_refusals(landing, position.refusals)
    return Look(Position(since, offsets, place), found, refusals, skipped, more)


def _read(path: Path, start: int, limit: int) -> tuple[list[tuple[int, bytes]], int]:
    """Whole frames from there on, by offset, and where to go on reading. Raises FileNotFoundError."""
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(limit)
        frames, end = frames_from(data)
        if not frames and len(data) == limit:  # a frame that is larger than that
            data += file.read(BEHIND_BYTES)
            frames, end = frames_from(data)
    return [(start + place, payload) for place, payload in frames], start + end


def _listed(landing: Path) -> dict[str, Path]:
    """The segments by id. One that is sealed between the two listings is found by the second."""
    if not (landing / OPEN).is_dir():
        raise NotHereError(
            f"no collector writes into {landing}: a live view reads the collector's own files, so it is to be had "
            "on the collector's machine and in its data directory (FOOTFALL_DATA)"
        )
    return {path.stem: path for name in (OPEN, SEALED) for path in (landing / name).glob(f"*{SUFFIX}")}


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _since() -> str:
    return f"{datetime.now(UTC) - _SETTLED:%Y%m%dT%H%M%S}"
