"""The client of the collector: what `import`, `replay` and the demo's simulator send with.

``send`` takes messages, packs them into batches within the tracking plan's limits, keeps a few requests
under way and gives back what the collector said, by the hour in which the messages happened. Sending a message
twice is safe: the warehouse keeps one row for each message id. So every failure of the network is answered
by trying again.

    report = send(messages, url="http://127.0.0.1:8710", write_key="ff_trusted_write_key")
    print(report.sent, report.accepted, report.rejected)
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from footfall import __version__
from footfall.runtime.atomic_write import replace_file
from footfall.wire.schema import BATCH_PATH, MAX_BODY, MAX_MESSAGES, BatchAnswer, Rejection

#: Room in the body for the write key, the time and the brackets around the messages.
_ENVELOPE = 1024
#: First pause after a failed attempt in seconds; it doubles up to the cap, with +-50 % so that senders spread out.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
#: Answers after which the same request may succeed: the caller's quota, a restart, a full disk.
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHOWN_REJECTIONS = 20
#: The sender's own name. With an untrusted key the collector judges every visitor by this header, and takes the HTTP
#: library's default for a bot.
_AGENT = {"User-Agent": f"footfall/{__version__}"}

_encoder = msgspec.json.Encoder(decimal_format="number")
_answer_decoder = msgspec.json.Decoder(BatchAnswer)


class SendError(Exception):
    """The messages could not be handed over. The text says what to do; ``report`` what was sent."""

    report: SendReport | None = None


@dataclass
class HourCounts:
    """Messages that happened in one hour: given to the collector, and what the collector made of them."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0


@dataclass
class SendReport:
    """Counts of a send, including messages that an earlier, interrupted run had sent."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    """How many of ``sent`` stood in the checkpoint and were not sent again."""
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    by_hour: dict[datetime | None, HourCounts] = field(default_factory=dict)
    """By the UTC hour of the message's own time; ``None`` for messages without one."""
    rejections: list[Rejection] = field(default_factory=list)
    """The first few rejections; ``index`` counts from the first message of the run."""

    def count(self, hour: datetime | None, *, accepted: bool) -> None:
        """One message more, which happened in that hour."""
        counts = self.by_hour.setdefault(hour, HourCounts())
        counts.sent += 1
        self.sent += 1
        if accepted:
            counts.accepted += 1
            self.accepted += 1
        else:
            counts.rejected += 1
            self.rejected += 1


class _CheckpointState(msgspec.Struct):
    url: str
    acknowledged: int
    rejected: list[int]


class Checkpoint:
    """A file that remembers how many messages were acknowledged, so that a killed run goes on there.

    Valid for the same messages in the same order to the same address; keep one file per input. A lost or
    torn file costs time, not truth: the messages are sent again and the warehouse drops the second copies.
    """

    def __init__(self, path: Path, *, every_seconds: float = 0.5) -> None:
        self.path = path
        self._every = every_seconds
        self._saved_at = 0.0

    def load(self, url: str) -> tuple[int, set[int]]:
        """Return how many messages to skip, and which of those were rejected; (0, empty) where nothing is kept."""
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=_CheckpointState)
        except (FileNotFoundError, msgspec.MsgspecError):
            return 0, set()
        return (state.acknowledged, set(state.rejected)) if state.url == url else (0, set())

    def save(self, url: str, acknowledged: int, rejected: set[int], *, now: bool = False) -> None:
        if not now and time.monotonic() - self._saved_at < self._every:
            return
        self._saved_at = time.monotonic()
        content = msgspec.json.encode(_CheckpointState(url, acknowledged, sorted(rejected)))
        replace_file(self.path, lambda aside: aside.write_bytes(content))

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass
class _Packed:
    first: int
    raws: list[bytes]
    hours: list[datetime | None]


class _MessageTime(msgspec.Struct):
    original_timestamp: datetime | None = msgspec.field(default=None, name="originalTimestamp")
    timestamp: datetime | None = None


_time_decoder = msgspec.json.Decoder(_MessageTime)


def hour_of(message: Mapping[str, Any] | bytes) -> datetime | None:
    """The UTC hour in which a message happened (originalTimestamp, else timestamp), or None."""
    try:
        if isinstance(message, bytes):
            times = _time_decoder.decode(message)
        else:
            moments = {
                k: message[k] for k in ("originalTimestamp", "timestamp") if message.get(k) is not None
            }
            times = msgspec.convert(moments, _MessageTime)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    moment = times.original_timestamp or times.timestamp
    if moment is None:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # no time at all, as .NET's 0001-01-01T00:00:00+01:00: the collector refuses it
        return None
    return moment.replace(minute=0, second=0, microsecond=0)


def batch_body(write_key: str, raws: Sequence[bytes]) -> bytes:
    """The body of a request with these messages, each JSON already, sent now."""
    head = _encoder.encode({"writeKey": write_key, "sentAt": datetime.now(UTC)})
    return head[:-1] + b',"batch":[' + b",".join(raws) + b"]}"


class _Record:
    """Record what was acknowledged so far: in the report, and in the checkpoint where there is one."""

    def __init__(self, url: str, checkpoint: Checkpoint | None) -> None:
        self.report = SendReport()
        self._url, self._checkpoint = url, checkpoint
        self.acknowledged, self.rejected = checkpoint.load(url) if checkpoint else (0, set())

    def add(self, packed: _Packed, answer: BatchAnswer) -> None:
        """The collector's answer to the batch after those that were added."""
        bad = {rejection.index: rejection for rejection in answer.rejected}
        for index, hour in enumerate(packed.hours):
            self.report.count(hour, accepted=index not in bad)
        for index, rejection in sorted(bad.items()):
            place = packed.first + index
            self.rejected.add(place)
            if len(self.report.rejections) < _SHOWN_REJECTIONS:
                self.report.rejections.append(msgspec.structs.replace(rejection, index=place))
        self.acknowledged = packed.first + len(packed.raws)
        self.save()

    def save(self, *, now: bool = False) -> None:
        if self._checkpoint and self.acknowledged:
            self._checkpoint.save(self._url, self.acknowledged, self.rejected, now=now)


def _pack(
    messages: Iterable[Mapping[str, Any] | bytes],
    skip: int,
    rejected: set[int],
    report: SendReport,
    size: int,
) -> Iterator[_Packed]:
    """Batches within the limits. The first ``skip`` messages are only counted."""
    packed = _Packed(skip, [], [])
    room = MAX_BODY - _ENVELOPE
    filled = 0
    for index, message in enumerate(messages):
        hour = hour_of(message)
        if index < skip:
            report.count(hour, accepted=index not in rejected)
            report.skipped += 1
            continue
        raw = message if isinstance(message, bytes) else _encoder.encode(message)
        if packed.raws and (len(packed.raws) >= size or filled + len(raw) + 1 > room):
            yield packed
            packed, filled = _Packed(index, [], []), 0
        packed.raws.append(raw)
        packed.hours.append(hour)
        filled += len(raw) + 1
    if packed.raws:
        yield packed


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date); None where it says nothing usable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


class _Collector:
    """Posts batches with retries; shared by the worker threads of one ``send``."""

    def __init__(self, client: httpx.Client, url: str, write_key: str, patience: float) -> None:
        self.client, self.url, self.write_key, self.patience = client, url, write_key, patience
        self.lock = threading.Lock()
        self.requests = self.retries = 0
        self.stop = threading.Event()
        self.last_success = time.monotonic()

    def post(self, raws: list[bytes]) -> BatchAnswer:
        """The collector's answer, after as many attempts as patience allows. Raises SendError."""
        pause = _FIRST_PAUSE
        started = time.monotonic()
        while True:
            wait: float | None = None
            try:
                response = self._request(raws)
            except httpx.TransportError as error:
                trouble = f"no answer ({type(error).__name__}: {error})"
            else:
                if response.is_success:
                    return self._read(response, len(raws))
                if response.status_code == 413:
                    return self._halve(raws)
                if response.status_code not in _TRY_AGAIN:
                    raise SendError(_refusal(self.url, response))
                trouble = f"answer {response.status_code}: {response.text[:200]}"
                wait = retry_after(response.headers.get("Retry-After"))
            # Patience is measured from the last success of any thread: a slow collector that takes turns is no
            # dead collector.
            idle = time.monotonic() - max(started, self.last_success)
            pause_now = wait if wait is not None else pause * random.uniform(0.5, 1.5)  # spreads senders
            if idle + pause_now > self.patience:
                raise SendError(
                    f"the collector at {self.url} took nothing for {idle:.0f} s; last error: {trouble}. "
                    "Look at its log, then run the same command again: it continues where it stopped."
                )
            if self.stop.wait(pause_now):
                raise SendError("stopped")
            pause = min(pause * 2, _LONGEST_PAUSE)
            with self.lock:
                self.retries += 1

    def _request(self, raws: list[bytes]) -> httpx.Response:
        body = batch_body(self.write_key, raws)
        with self.lock:
            self.requests += 1
        return self.client.post(BATCH_PATH, content=body, headers={"Content-Type": "application/json"})

    def _read(self, response: httpx.Response, given: int) -> BatchAnswer:
        try:
            answer = _answer_decoder.decode(response.content)
        except msgspec.MsgspecError as error:
            raise SendError(
                f"{self.url} is not a Footfall collector: unexpected response ({error})"
            ) from None
        if answer.accepted + len(answer.rejected) != given:
            raise SendError(
                f"the collector at {self.url} accounts for {answer.accepted} + {len(answer.rejected)} "
                f"messages of {given}"
            )
        self.last_success = time.monotonic()
        return answer

    def _halve(self, raws: list[bytes]) -> BatchAnswer:
        """413: the collector's limit is lower than ours. A single message too large is a rejected one."""
        if len(raws) == 1:
            return BatchAnswer(
                accepted=0, rejected=[Rejection(index=0, field="message", reason="too large (413)")]
            )
        middle = len(raws) // 2
        first, second = self.post(raws[:middle]), self.post(raws[middle:])
        for rejection in second.rejected:
            rejection.index += middle
        return BatchAnswer(
            accepted=first.accepted + second.accepted, rejected=first.rejected + second.rejected
        )


def _refusal(url: str, response: httpx.Response) -> str:
    text = response.text[:300]
    if response.status_code in (401, 403):
        return (
            f"the collector at {url} refuses the write key ({response.status_code}): {text}. "
            "`footfall config` shows the current keys (write_keys); give one with --write-key"
        )
    return f"the collector at {url} refuses the request ({response.status_code}): {text}"


def check_collector(url: str) -> None:
    """See whether a collector answers. Raises SendError that says how to start one."""
    try:
        with httpx.Client(base_url=url, timeout=5.0, trust_env=False) as client:
            response = client.get("/livez")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise SendError(f"{url!r} is not an address of a collector, such as http://127.0.0.1:8710") from None
    except httpx.HTTPError as error:
        raise SendError(
            f"no collector answers at {url} ({type(error).__name__}). Start one with `footfall collect`, "
            "or pass its address with --url (setting: FOOTFALL_COLLECTOR_HOST, FOOTFALL_COLLECTOR_PORT)"
        ) from None
    if not response.is_success:
        raise SendError(f"{url}/livez answers {response.status_code}: is this a Footfall collector?")


def send(
    messages: Iterable[Mapping[str, Any] | bytes],
    *,
    url: str,
    write_key: str,
    on_progress: Callable[[SendReport], None] | None = None,
    checkpoint: Checkpoint | None = None,
    concurrency: int = 4,
    batch_size: int = MAX_MESSAGES,
    patience: float = 60.0,
    timeout: float = 30.0,
    transport: httpx.BaseTransport | None = None,
) -> SendReport:
    """Hand messages over to the collector at ``url``.

    messages: wire messages as mappings, or as UTF-8 JSON bytes; consumed lazily, about ``concurrency``
    batches are in memory. on_progress gets the growing report after each batch, in the caller's thread.
    patience: seconds without any success after which it gives up. checkpoint: see ``Checkpoint``; cleared
    when everything was handed over.

    Raises SendError (with the report so far) when the collector refuses the key or patience is over. Exceptions
    of the messages iterator pass through; what was acknowledged until then stands in the checkpoint.
    """
    begin = time.monotonic()
    record = _Record(url, checkpoint)
    report = record.report
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    # trust_env=False: a proxy of the environment must not swallow requests to loopback
    client = httpx.Client(
        base_url=url, timeout=timeout, limits=limits, transport=transport, trust_env=False, headers=_AGENT
    )
    collector = _Collector(client, url, write_key, patience)
    under_way: deque[tuple[_Packed, Future[BatchAnswer]]] = deque()

    def settle_oldest() -> None:
        # The oldest always: what is acknowledged is then a prefix, which one number describes.
        packed, future = under_way[0]
        answer = future.result()
        under_way.popleft()
        record.add(packed, answer)
        report.requests, report.retries = collector.requests, collector.retries
        report.seconds = time.monotonic() - begin
        if on_progress:
            on_progress(report)

    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="sender")
    size = min(batch_size, MAX_MESSAGES)
    try:
        for packed in _pack(messages, record.acknowledged, record.rejected.copy(), report, size):
            under_way.append((packed, pool.submit(collector.post, packed.raws)))
            if len(under_way) >= concurrency * 2:
                settle_oldest()
        while under_way:
            settle_oldest()
    except BaseException as error:
        record.save(now=True)
        if isinstance(error, SendError):
            error.report = report
        raise
    finally:
        collector.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        client.close()
    report.seconds = time.monotonic() - begin
    if checkpoint:
        checkpoint.clear()
    return report
