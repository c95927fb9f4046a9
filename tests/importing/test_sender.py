"""The sender against a real HTTP collector that misbehaves in every way a collector can."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.client.sender import (
    Checkpoint,
    SendError,
    SendReport,
    _pack,
    check_collector,
    hour_of,
    retry_after,
    send,
)
from footfall.wire.bots import bot_reason
from footfall.wire.schema import MAX_BODY, MAX_MESSAGES

KEY = "ff_trusted_write_key"


def message(number: int, **more: Any) -> dict[str, Any]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return {
        "messageId": f"m-{number}",
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": "guest-1",
        "originalTimestamp": (start + timedelta(minutes=number)).isoformat(),
        **more,
    }


def send_to(collector: Any, messages: Any, **options: Any) -> SendReport:
    return send(messages, url=collector.url, write_key=KEY, **{"patience": 5.0, **options})


def test_every_message_arrives_once_and_is_counted_by_its_hour(collector: Any) -> None:
    report = send_to(collector, (message(n) for n in range(1234)))
    assert (report.sent, report.accepted, report.rejected) == (1234, 1234, 0)
    assert collector.messages == {f"m-{n}": 1 for n in range(1234)}
    assert report.by_hour[datetime(2026, 3, 1, 5, tzinfo=UTC)].accepted == 60
    assert sum(counts.sent for counts in report.by_hour.values()) == 1234
    assert [count for count, _ in collector.sizes].count(500) == 2


def test_what_it_sends_with_an_untrusted_key_is_no_bots(collector: Any) -> None:
    send_to(collector, [message(1)])
    assert {bot_reason(agent) for agent in collector.agents} == {None}


def test_bodies_stay_within_the_limits(collector: Any) -> None:
    report = send_to(collector, (message(n, properties={"text": "x" * 20_000}) for n in range(120)))
    assert report.accepted == 120
    assert len(collector.sizes) == 3
    assert all(count <= MAX_MESSAGES and size <= MAX_BODY for count, size in collector.sizes)


def test_rejections_are_counted_in_their_hour_and_named(collector: Any) -> None:
    bad = message(70) | {"anonymousId": "undefined"}
    report = send_to(collector, [*(message(n) for n in range(70)), bad, message(71)])
    assert (report.accepted, report.rejected) == (71, 1)
    assert report.by_hour[datetime(2026, 3, 1, 1, tzinfo=UTC)].rejected == 1
    assert [(r.index, r.field) for r in report.rejections] == [(70, "anonymousId")]


@pytest.mark.parametrize("status", [429, 503, 500, 502])
def test_a_door_that_asks_to_come_back_is_obeyed(collector: Any, status: int) -> None:
    collector.troubles = [(status, {"Retry-After": "1"})]
    begin = time.monotonic()
    report = send_to(collector, [message(1)])
    assert report.accepted == 1
    assert report.retries == 1
    assert time.monotonic() - begin >= 1.0


def test_a_lost_answer_is_sent_again(collector: Any) -> None:
    collector.drop_after_taking = 1
    report = send_to(collector, [message(n) for n in range(10)])
    assert (report.accepted, report.retries) == (10, 1)
    assert set(collector.messages.values()) == {2}  # the warehouse keeps one of each message id


def test_a_wrong_key_fails_at_once_and_says_what_to_do(collector: Any) -> None:
    collector.troubles = [(401, {})] * 20
    with pytest.raises(SendError, match=r"write key.*footfall config"):
        send_to(collector, [message(1)])


def test_too_large_for_the_door_is_halved_and_a_single_one_is_rejected(collector: Any) -> None:
    collector.max_body = 3000
    messages = [message(n) for n in range(40)]
    messages[17] = message(17, properties={"text": "x" * 4000})
    report = send_to(collector, messages)
    assert (report.accepted, report.rejected) == (39, 1)
    assert [r.index for r in report.rejections] == [17]


def test_patience_ends_with_a_clear_message_and_the_report(collector: Any) -> None:
    collector.on_batch = lambda n: collector.troubles.extend([(503, {})] * 50)
    with pytest.raises(SendError, match=r"took nothing.*503.*continues where it stopped") as failure:
        send_to(collector, (message(n) for n in range(3000)), patience=0.4, concurrency=1)
    assert failure.value.report is not None
    assert failure.value.report.accepted == 500


def test_no_collector_says_how_to_start_one(free_port: int) -> None:
    with pytest.raises(SendError, match=r"no collector answers.*footfall collect"):
        check_collector(f"http://127.0.0.1:{free_port}")
    for wrong in ("localhost", ""):
        with pytest.raises(SendError, match="not an address of a collector"):
            check_collector(wrong)
    with pytest.raises(SendError, match="no answer"):
        send([message(1)], url=f"http://127.0.0.1:{free_port}", write_key=KEY, patience=0.3)


def test_an_answer_of_something_else_is_no_success(collector: Any) -> None:
    collector.take = lambda body: b"<html>hello</html>"
    with pytest.raises(SendError, match="not a Footfall collector"):
        send_to(collector, [message(1)])
    collector.take = lambda body: b'{"accepted":0,"rejected":[]}'
    with pytest.raises(SendError, match=r"accounts for 0 \+ 0"):
        send_to(collector, [message(1)])


def test_progress_is_told_as_a_growing_prefix(collector: Any) -> None:
    seen: list[int] = []
    send_to(collector, (message(n) for n in range(2000)), on_progress=lambda report: seen.append(report.sent))
    assert seen == [500, 1000, 1500, 2000]


class Killed(BaseException):
    """Stands for a signal in the middle."""


def test_killed_in_the_middle_and_started_again_gives_the_same_numbers(
    collector: Any, tmp_path: Path
) -> None:
    messages = [message(n) if n % 100 else message(n) | {"anonymousId": "null"} for n in range(4000)]
    whole = send_to(collector, messages)
    collector.messages.clear()

    def killed_at(stop: int) -> Iterator[dict[str, Any]]:
        for index, each in enumerate(messages):
            if index == stop:
                raise Killed
            yield each

    checkpoint = Checkpoint(tmp_path / "progress.json", every_seconds=0.0)
    with pytest.raises(Killed):
        send_to(collector, killed_at(3800), checkpoint=checkpoint, concurrency=2)
    assert checkpoint.path.exists()
    report = send_to(collector, messages, checkpoint=checkpoint)
    assert report.skipped > 0
    assert report.by_hour == whole.by_hour
    assert (report.sent, report.accepted, report.rejected) == (4000, 3960, 40)
    assert set(collector.messages) == {f"m-{n}" for n in range(4000) if n % 100}
    assert not checkpoint.path.exists()


def test_a_checkpoint_of_another_door_or_a_torn_one_is_not_believed(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "progress.json")
    checkpoint.save("http://a", 500, {3}, now=True)
    assert checkpoint.load("http://a") == (500, {3})
    assert checkpoint.load("http://b") == (0, set())
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-7])
    assert checkpoint.load("http://a") == (0, set())


def test_a_few_requests_are_under_way_at_once(collector: Any) -> None:
    waiting = threading.Barrier(3, timeout=60)
    collector.on_batch = lambda n: waiting.wait() if n <= 3 else None
    report = send_to(collector, (message(n) for n in range(1500)), concurrency=3)
    assert report.accepted == 1500


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("0", 0.0), ("-1", 0.0), ("soon", None), (None, None)]
)
def test_retry_after_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_date() -> None:
    seconds = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert seconds is not None
    assert 25 < seconds <= 30


@pytest.mark.parametrize(
    ("given_message", "hour"),
    [
        ({"originalTimestamp": "2026-03-01T10:59:59Z", "timestamp": "2026-01-01T00:00:00Z"}, 10),
        ({"timestamp": "2026-03-01T10:30:00+02:00"}, 8),
        ({"timestamp": "2026-03-01T10:30:00"}, 10),
        ({"timestamp": datetime(2026, 3, 1, 10, 30)}, 10),
        (b'{"timestamp":"2026-03-01T10:30:00Z"}', 10),
        ({"timestamp": "yesterday"}, None),
        (b"{}", None),
        (b'{"timestamp":17}', None),
        (b'{"timestamp":"0001-01-01T00:00:00+01:00"}', None),
        ({"timestamp": "9999-12-31T23:59:59-01:00"}, None),
    ],
)
def test_hours(given_message: Any, hour: int | None) -> None:
    found = hour_of(given_message)
    assert (found.hour if found else None) == hour


@given(
    sizes=st.lists(st.integers(1, 300_000), max_size=40), skip=st.integers(0, 45), batch=st.integers(1, 10)
)
def test_packing_loses_nothing_and_keeps_order(sizes: list[int], skip: int, batch: int) -> None:
    messages = [b'{"n":"' + b"x" * size + b'"}' for size in sizes]
    report = SendReport()
    packed = list(_pack(messages, skip, set(), report, batch))
    assert [raw for each in packed for raw in each.raws] == messages[skip:]
    assert report.sent == min(skip, len(sizes))
    for each in packed:
        assert 1 <= len(each.raws) <= batch
        assert len(each.raws) == 1 or sum(map(len, each.raws)) < MAX_BODY
        assert each.first == messages.index(each.raws[0], each.first)


def test_decimals_are_numbers_on_the_wire(collector: Any) -> None:
    from decimal import Decimal

    send_to(collector, [message(1, properties={"price": Decimal("0.10")})])
    assert msgspec.json.encode(collector.raws[0]["properties"]["price"]) == b"0.1"
