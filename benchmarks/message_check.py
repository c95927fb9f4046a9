"""What it costs to check a batch's messages: ``python benchmarks/message_check.py``.

CPU time of this process alone, microseconds a message, the fastest of many runs, so that other work on the machine
changes little. No server and no disk: what is between a body in memory and the frame that would be written.

    plain decode       msgspec.json.decode, nothing checked: what ``durable`` of benchmarks/collector.py does
    at once            footfall.wire.fast_path, the clicks of a page view (10) having one context
    each its own       the same where no two messages have the same context
    one by one         decode_batch and check_message: where one of them is bad, or the body is an odd one
    frame              envelope and checksum, after the check

The second table is of 512 requests in flight: as many bodies in memory, which no cache holds. Microseconds of CPU a
request, to the file, without a server:

    durable            decoded, joined, written: what ``durable`` does
    collector          checked, framed, written in commits of the committer's size
    joined             the same with whole frames, joined: what it did before frames were written in parts
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.collectors.load import body_of  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from collector.cli import calm_garbage_collection  # noqa: E402
from collector.committer import MAX_COMMIT_BYTES  # noqa: E402
from collector.files import OsFiles  # noqa: E402
from collector.landing import Landing  # noqa: E402
from collector.parsing import (  # noqa: E402
    ParsedRequest,
    Sender,
    Validated,
    make_envelope,
    open_at_once,
    open_batch,
    open_each,
    validate,
)
from footfall.landing.segments import Buffer, Envelope, encode_frame, frame_parts  # noqa: E402
from footfall.wire.fast_path import read_good_batch  # noqa: E402

MESSAGES = (1, 20, 100)
RUNS = 200
IN_FLIGHT = 512
RUNS_IN_FLIGHT = 15


def cpu(work: Callable[[], object], messages: int) -> float:
    """Microseconds of CPU a message: the fastest of many short runs."""
    repeats = max(1, 100 // messages)
    return (
        min(timeit.repeat(work, number=repeats, repeat=RUNS, timer=time.thread_time))
        / repeats
        / messages
        * 1e6
    )


def one_by_one(body: bytes) -> Validated:
    return validate(open_each(body))


def envelope(parsed: ParsedRequest) -> Envelope:
    sender = Sender(received_at=datetime.now(UTC), ip="192.0.2.0", user_agent="Mozilla/5.0")
    return make_envelope(parsed, validate(parsed), source="shop", trusted=False, proven=False, sender=sender)


def frame(parsed: ParsedRequest) -> tuple[Buffer, ...]:
    return frame_parts(envelope(parsed))


def in_flight(body: bytes, take: Callable[[bytes], Sequence[Buffer]], *, joined: bool) -> float:
    """Microseconds of CPU a request, the least of some runs. ``take`` makes of a body what is written."""
    best = float("inf")
    size = max(1, MAX_COMMIT_BYTES // len(body))
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        landing = Landing(Path(directory), OsFiles())
        fd = os.open(landing.root / "log", os.O_CREAT | os.O_WRONLY)
        for _ in range(RUNS_IN_FLIGHT):
            bodies = [bytes(bytearray(body)) for _ in range(IN_FLIGHT)]  # each stands elsewhere
            os.lseek(fd, 0, os.SEEK_SET)
            began = time.thread_time()
            taken = [take(each) for each in bodies]
            for start in range(0, IN_FLIGHT, size):
                parts = [part for each in taken[start : start + size] for part in each]
                landing.write_all(fd, [b"".join(parts)] if joined else parts)
            del bodies, taken, parts
            best = min(best, time.thread_time() - began)
        os.close(fd)
    return best / IN_FLIGHT * 1e6


def decoded(body: bytes) -> Sequence[Buffer]:
    msgspec.json.decode(body)
    return (body,)


def main() -> None:
    print(describe_machine("msgspec", "zlib-ng"))
    print("\n| messages a request | plain decode | at once | each its own | one by one | frame |")
    print("| ---: |" + " ---: |" * 5)
    for messages in MESSAGES:
        body, apart = body_of(messages), body_of(messages, clicks_of_a_view=1)
        assert read_good_batch(apart) is not None
        assert not one_by_one(body).failed
        checked = open_at_once(body)
        assert checked is not None
        figures = (
            cpu(partial(msgspec.json.decode, body), messages),
            cpu(partial(read_good_batch, body), messages),
            cpu(partial(read_good_batch, apart), messages),
            cpu(partial(one_by_one, body), messages),
            cpu(partial(frame, checked), messages),
        )
        print(f"| {messages} | {' | '.join(f'{each:.2f}' for each in figures)} |", flush=True)
    print(
        f"\n{IN_FLIGHT} in flight:\n\n| messages a request | durable | collector | joined |\n| ---: |"
        + " ---: |" * 3
    )
    calm_garbage_collection()
    for messages in MESSAGES:
        body = body_of(messages)
        costs = (
            in_flight(body, decoded, joined=True),
            in_flight(body, lambda each: frame(open_batch(each)), joined=False),
            in_flight(body, lambda each: (encode_frame(envelope(open_batch(each))),), joined=True),
        )
        print(f"| {messages} | {' | '.join(f'{each:.1f}' for each in costs)} |", flush=True)


if __name__ == "__main__":
    main()
