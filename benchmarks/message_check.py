"""What it costs to check a batch's messages: ``python benchmarks/message_check.py``.

CPU time of this process alone, microseconds a message, the fastest of many runs, so that other work on the machine
changes little. No server and no disk: what is between a body in memory and the frame that would be written.

    plain decode       msgspec.json.decode, nothing checked: what ``durable`` of benchmarks/collector.py does
    at once            footfall.good_batch, the clicks of a page view (10) having one context
    each its own       the same where no two messages have the same context
    one by one         decode_batch and check_message: where one of them is bad, or the body is an odd one
    frame              envelope and checksum, after the check
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.doors.load import body_of  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from collector.intake import Arrival, Judged, Sender, judge, make_envelope, open_at_once, open_each  # noqa: E402
from footfall.good_batch import read_good_batch  # noqa: E402
from footfall.segments import encode_frame  # noqa: E402

MESSAGES = (1, 20, 100)
RUNS = 200


def cpu(work: Callable[[], object], messages: int) -> float:
    """Microseconds of CPU a message: the fastest of many short runs."""
    repeats = max(1, 100 // messages)
    return (
        min(timeit.repeat(work, number=repeats, repeat=RUNS, timer=time.thread_time))
        / repeats
        / messages
        * 1e6
    )


def one_by_one(body: bytes) -> Judged:
    return judge(open_each(body))


def frame(arrival: Arrival) -> bytearray:
    sender = Sender(received_at=datetime.now(UTC), ip="192.0.2.0", user_agent="Mozilla/5.0")
    return encode_frame(make_envelope(arrival, judge(arrival), source="shop", trusted=False, sender=sender))


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


if __name__ == "__main__":
    main()
