"""Segments are followed while they are written, torn, sealed and taken, by several workers at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from footfall.landing import following
from footfall.landing.following import (
    NotHereError,
    Position,
    begin,
    cursor_of,
    look,
    position_of,
)
from footfall.landing.live_events import is_of_guest, live_events
from footfall.landing.refusals import MAX_BYTES, Refusal, append_refusal
from footfall.landing.segments import HEADER, Envelope, encode_frame

NOW = datetime.now(UTC)


def frame(number: int, message: bytes | None = None) -> bytes:
    message = message or b'{"type":"page","anonymousId":"g-%d"}' % number
    return bytes(
        encode_frame(Envelope(received_at=NOW, source="s", accepted=1, rejected=0, batch=[Raw(message)]))
    )


class Shop:
    """Workers that write segments, and a reader whose cursor goes through text between two looks."""

    def __init__(self, landing: Path) -> None:
        self.landing = landing
        for name in ("open", "sealed"):
            (landing / name).mkdir(parents=True)
        self.open: dict[int, Path] = {}
        self.torn: dict[int, bytes] = {}
        self.written: list[str] = []
        self.opened = 0
        self.cursor = cursor_of(begin(landing))
        self.seen: list[str] = []

    def write(self, worker: int, cut: int) -> None:
        """The rest of the frame that stands half-written, else a new one, of which ``cut`` bytes come later."""
        if worker not in self.open:
            self.opened += 1
            stamp = f"{datetime.now(UTC) + timedelta(milliseconds=self.opened):%Y%m%dT%H%M%S}"
            self.open[worker] = (
                self.landing / "open" / f"{stamp}{self.opened:03d}Z_h_{worker}_{self.opened:06d}.seg"
            )
            self.open[worker].write_bytes(HEADER)
        with self.open[worker].open("ab") as file:
            if rest := self.torn.pop(worker, b""):
                file.write(rest)
                return
            self.written.append(f"g-{len(self.written)}")
            data = frame(len(self.written) - 1)
            cut = cut % len(data)
            file.write(data[: len(data) - cut])
            if cut:
                self.torn[worker] = data[len(data) - cut :]

    def seal(self, worker: int) -> None:
        if worker in self.open:
            if worker in self.torn:
                self.write(worker, 0)
            path = self.open.pop(worker)
            path.rename(self.landing / "sealed" / path.name)

    def look(self) -> None:
        more = True
        while more:
            found = look(self.landing, position_of(self.cursor), limit=300)
            self.cursor, more = cursor_of(found.position), found.more
            assert not found.skipped
            self.seen += [str(event.guest) for event in live_events(found)]

    def load(self) -> None:
        """The loader takes what is sealed and was looked at."""
        self.look()
        for path in (self.landing / "sealed").iterdir():
            path.unlink()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "write", "seal", "look", "load"]), st.integers(0, 2), st.integers(0, 99)
        ),
        max_size=30,
    )
)
def test_every_event_is_seen_once(steps: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        for step, worker, cut in steps:
            if step == "write":
                shop.write(worker, cut)
            elif step == "seal":
                shop.seal(worker)
            else:
                getattr(shop, step)()
        for worker in list(shop.torn):
            shop.write(worker, 0)
        shop.look()
        assert sorted(shop.seen) == sorted(shop.written)


def test_damage_does_not_stop_the_reader_and_a_cut_off_write_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    path = tmp_path / "open" / "29990101T000000000Z_h_1_000001.seg"
    broken = bytearray(frame(1))
    broken[20] ^= 1
    path.write_bytes(HEADER + frame(0) + broken + frame(2))
    found = look(tmp_path, begin(tmp_path))
    assert [event.guest for event in live_events(found)] == ["g-0", "g-2"]
    with path.open("r+b") as file:  # a write that failed is taken back
        file.truncate(len(HEADER) + len(frame(0)))
    again = look(tmp_path, found.position)
    with path.open("ab") as file:
        file.write(frame(3))
    assert [event.guest for event in live_events(look(tmp_path, again.position))] == ["g-3"]


def test_a_reader_far_behind_goes_on_with_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BEHIND_BYTES", 2000)
    monkeypatch.setattr(following, "BACK_BYTES", 500)
    (tmp_path / "open").mkdir()
    position = begin(tmp_path)
    name = "29990101T000000000Z_h_1_000001.seg"
    (tmp_path / "open" / name).write_bytes(HEADER + b"".join(map(frame, range(40))))
    found = look(tmp_path, position)
    assert found.skipped
    guests = [event.guest for event in live_events(found)]
    assert guests == [f"g-{number}" for number in range(40 - len(guests), 40)]


def test_where_no_collector_writes_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotHereError, match="FOOTFALL_DATA"):
        begin(tmp_path)


@given(st.text(max_size=80))
def test_a_cursor_is_ours_or_refused(text: str) -> None:
    try:
        assert isinstance(position_of(text), Position)
    except ValueError as error:
        assert "cursor" in str(error)


def test_refusals_are_read_once_and_bounded(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    position = begin(tmp_path)
    seen = 0
    for number in range(700):
        refusal = Refusal(at=NOW, status=401, reason="unknown_key", detail="x" * 300, path=f"/{number}")
        append_refusal(tmp_path, refusal)
        if number % 7 == 0:
            found = look(tmp_path, position)
            position = found.position
            seen += len(found.refusals)
    assert seen == 694
    assert sum(path.stat().st_size for path in tmp_path.glob("refused*")) < 2 * MAX_BYTES + 1000


def test_what_is_personal_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    message = (
        b'{"type":"identify","anonymousId":"6f1c3b52-0f0e-4f7e-9a51-8d1f2b3c4d5e","userId":"6100061432750",'
        b'"traits":{"nick":"ada-nick"},"context":{"page":{"url":"https://s.example/p?q=ada-q#ada-hash"},'
        b'"traits":{"nick":"ada-inner"}},"properties":{"zone":"nav","email":"ada@mail","shipping_address":{"street":"ada-street"}}}'
    )
    path = tmp_path / "open" / "29990101T000000000Z_h_1_000001.seg"
    path.write_bytes(HEADER + frame(0, message))
    (event,) = live_events(look(tmp_path, begin(tmp_path)))
    shown = repr(event)
    assert "ada" not in shown
    assert "4f7e" not in shown
    assert "61432750" not in shown
    assert (event.zone, event.outcome, event.guest) == ("nav", "accepted", "6f1c3b52…")
    assert is_of_guest(event, "6f1c3b52-0f0e-4f7e-9a51-8d1f2b3c4d5e")
    assert is_of_guest(event, "6f1")
    assert not is_of_guest(event, "7f1c3b52-0f0e")
