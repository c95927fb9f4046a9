"""Requests that the collector refused as a whole, for a live view: a small file beside the segments.

What is refused lands nowhere else; the metrics count it, and here the newest say why. Best effort, bounded: two files
of 64 KiB at most. No key, no body and no address of a visitor is in them.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

CURRENT, BEFORE = "refused.jsonl", "refused.before.jsonl"
MAX_BYTES = 64 * 1024
#: Characters of a text in it: an origin is the client's.
MAX_TEXT = 500


class Refusal(Struct, frozen=True, kw_only=True):
    """One refused request. ``reason`` and ``detail`` are what its sender was answered."""

    at: datetime
    status: int
    reason: str
    detail: str
    path: str
    origin: str | None = None


class RefusalsPlace(Struct, frozen=True, array_like=True):
    """How far the file was read: which file (its inode), and the offset in it. ``file`` is 0 before the first look."""

    file: int = 0
    offset: int = 0


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Refusal)


def append_refusal(landing: Path, refusal: Refusal) -> None:
    """Add a line; a full file becomes the one before. Raises OSError."""
    line = _encoder.encode(refusal) + b"\n"
    current = landing / CURRENT
    # One write: lines of several workers don't mix.
    fd = os.open(current, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, line)
        is_full = os.fstat(fd).st_size >= MAX_BYTES
    finally:
        os.close(fd)
    if is_full:
        current.replace(landing / BEFORE)


def read_refusals(landing: Path, place: RefusalsPlace) -> tuple[list[Refusal], RefusalsPlace]:
    """The refusals since then, by time, and the place behind them."""
    lines: list[bytes] = []
    for name in (BEFORE, CURRENT):
        try:
            with (landing / name).open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                if name == BEFORE and inode != place.file:
                    continue
                file.seek(place.offset if inode == place.file else 0)
                data = file.read()
        except FileNotFoundError:
            continue
        whole = data[: data.rfind(b"\n") + 1]
        lines += whole.splitlines()
        place = RefusalsPlace(inode, (place.offset if inode == place.file else 0) + len(whole))
    return [refusal for line in lines if (refusal := _refusal(line)) is not None], place


def _refusal(line: bytes) -> Refusal | None:
    """None for a line of another version, or that a full disk cut short."""
    try:
        return _decoder.decode(line)
    except msgspec.MsgspecError:
        return None
