from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from footfall.landing.segments import (
    FRAME_HEAD,
    HEADER,
    PARTS_FROM,
    Damage,
    Envelope,
    FailedMessage,
    Frame,
    SegmentError,
    decode_envelope,
    encode_frame,
    frame_parts,
    good_length,
    read_segment,
)


def frame(number: int) -> bytes:
    message = f'{{"type":"track","event":"e","anonymousId":"g-{number}"}}'.encode()
    return encode_frame(
        Envelope(
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
            source="s",
            accepted=1,
            rejected=0,
            batch=[Raw(message)],
        )
    )


FRAMES = [frame(number) for number in range(5)]


def numbers_read(path: Path) -> list[int]:
    return [
        int(bytes(decode_envelope(part.payload).batch[0]).rsplit(b"g-", 1)[1][:-2])
        for part in read_segment(path)
        if isinstance(part, Frame)
    ]


def write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join((HEADER, *parts)))
    return path


@given(st.text(max_size=30), st.integers(1, PARTS_FROM + 2), st.integers(1, 3))
def test_parts_are_the_frame(agent: str, size: int, pieces: int) -> None:
    """Also where the visitor's agent says what the frame is cut at; only one large piece is not copied."""
    message = b'{"text":"%s"}' % (b"x" * size)
    envelope = Envelope(
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="s",
        user_agent=agent + '"batch":[]',
        accepted=pieces,
        rejected=1,
        batch=[Raw(memoryview(message))] * pieces,
        failed=[FailedMessage(index=1, field="batch", reason='"batch":[]', raw=b'"batch":[]')],
    )
    parts = frame_parts(envelope)
    assert b"".join(parts) == encode_frame(envelope)
    assert len(parts) == (3 if pieces == 1 and len(message) >= PARTS_FROM else 1)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    segment = write(tmp_path / "a.seg", *FRAMES)
    assert numbers_read(segment) == [0, 1, 2, 3, 4]
    assert good_length(segment) == segment.stat().st_size


@pytest.mark.parametrize("cut", [1, 4, FRAME_HEAD.size, FRAME_HEAD.size + 1, len(FRAMES[3]) - 1])
def test_a_torn_tail_costs_only_itself(tmp_path: Path, cut: int) -> None:
    segment = write(tmp_path / "a.seg", *FRAMES[:3], FRAMES[3][:cut])
    *_, last = read_segment(segment)
    assert numbers_read(segment) == [0, 1, 2]
    assert isinstance(last, Damage)
    assert last.at_tail
    assert good_length(segment) == len(HEADER) + sum(map(len, FRAMES[:3]))


def test_a_zeroed_tail_is_damage_not_endless_empty_frames(tmp_path: Path) -> None:
    segment = write(tmp_path / "a.seg", FRAMES[0], bytes(4096))
    parts = list(read_segment(segment))
    assert [type(part) for part in parts] == [Frame, Damage]


@pytest.mark.parametrize("where", ["length", "checksum", "payload"])
def test_a_flipped_bit_in_the_middle_costs_one_frame(tmp_path: Path, where: str) -> None:
    bad = bytearray(FRAMES[1])
    bad[{"length": 2, "checksum": 5, "payload": 30}[where]] ^= 0x10
    segment = write(tmp_path / "a.seg", FRAMES[0], bytes(bad), *FRAMES[2:])
    damages = [part for part in read_segment(segment) if isinstance(part, Damage)]
    assert numbers_read(segment) == [0, 2, 3, 4]
    assert [damage.raw for damage in damages] == [bytes(bad)]
    assert not damages[0].at_tail


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.seg").write_bytes(b"PAR1 and more than sixteen bytes")
    with pytest.raises(SegmentError, match="not a landing segment"):
        list(read_segment(tmp_path / "a.seg"))
    (tmp_path / "b.seg").write_bytes(HEADER[:6] + struct.pack("<H", 9) + bytes(8))
    with pytest.raises(SegmentError, match="version 9"):
        list(read_segment(tmp_path / "b.seg"))


@given(damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=6))
def test_every_byte_is_read_or_reported(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    """Frames and damages together are the file, whatever was changed in it; a frame that is read is a frame written."""
    body = bytearray(b"".join(FRAMES))
    for offset, mask in damage:
        body[offset % len(body)] ^= mask
    segment = write(tmp_path_factory.mktemp("seg") / "a.seg", bytes(body))
    parts = list(read_segment(segment))
    rebuilt = b"".join(
        part.raw
        if isinstance(part, Damage)
        else bytes(body[part.offset - len(HEADER) :][: FRAME_HEAD.size + len(part.payload)])
        for part in parts
    )
    assert rebuilt == bytes(body)
    assert all(
        any(part.payload == f[FRAME_HEAD.size :] for f in FRAMES) for part in parts if isinstance(part, Frame)
    )
