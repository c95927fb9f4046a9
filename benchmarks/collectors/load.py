"""The load: keep-alive connections that each have one request in flight, in a process of their own."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from typing import Any

KEY = "ff_demo_write_key"


class Connection(asyncio.Protocol):
    """Sends its next request when the last one was answered; with an interval, not before that has passed either.

    A request that had to wait for its turn counts from when it should have been sent.
    """

    def __init__(self, request: bytes, times: list[float], bad: list[bytes], interval: float) -> None:
        self._request = request
        self._times = times
        self._bad = bad
        self._interval = interval
        self._buffer = b""
        self._due = 0.0
        self._transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._due = time.perf_counter()
        self._send()

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._times.append(now - self._due)
        if not head.startswith(b"HTTP/1.1 200"):
            self._bad.append(self._buffer[:200])
        self._buffer = b""
        self._due = self._due + self._interval if self._interval else now
        if self._due <= now:
            self._send()
        else:
            asyncio.get_running_loop().call_later(self._due - now, self._send)


def run(port: int, body: bytes, connections: int, seconds: float, rate: float, out: Any) -> None:
    """Load a server for so long; puts (latencies in seconds, refusals, seconds taken) into ``out``.

    ``rate`` is requests a second over all connections; 0 is as many as they get answered.
    """
    import uvloop

    request = (
        b"POST /v1/batch HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nOrigin: https://shop.example\r\n"
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    times: list[float] = []
    bad: list[bytes] = []
    interval = connections / rate if rate else 0.0

    async def load() -> float:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        made = []
        for _ in range(connections):
            made.append(
                await loop.create_connection(
                    lambda: Connection(request, times, bad, interval), "127.0.0.1", port
                )
            )
            if interval:
                await asyncio.sleep(interval / connections)
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        for transport, _ in made:
            transport.abort()
        return took

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = runner.run(load())
    out.put((times, bad[:3], took))


def load(
    port: int, body: bytes, connections: int, seconds: float, rate: float = 0.0
) -> tuple[list[float], list[bytes], float]:
    """``run`` in a process of its own."""
    results: multiprocessing.Queue[Any] = multiprocessing.Queue()
    client = multiprocessing.Process(target=run, args=(port, body, connections, seconds, rate, results))
    client.start()
    answer: tuple[list[float], list[bytes], float] = results.get(timeout=seconds + 120)
    client.join()
    return answer


def body_of(messages: int, clicks_of_a_view: int = 10) -> bytes:
    """A batch as the pixel sends it: clicks of some 750 bytes, each with an id, a time and a text of its own.

    The clicks of one page view have the same ``context``.
    """
    batch = []
    for number in range(messages):
        view = number // clicks_of_a_view
        click = {
            "type": "track",
            "event": "Element Clicked",
            "messageId": f"0190c0de-0000-7000-8000-{number:012}",
            "anonymousId": "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60",
            "originalTimestamp": f"2026-11-24T10:{number // 60:02}:{number % 60:02}.000Z",
            "context": {
                "sessionId": "0190c0de-1111-7000-8000-000000000001",
                "pageViewId": f"0190c0de-2222-7000-8000-{view:012}",
                "page": {"url": "https://shop.example/collections/jackets", "path": "/collections/jackets"},
                "consent": {"analytics": True, "marketing": False},
                "library": {"name": "footfall", "version": "0.2.0"},
            },
            "properties": {
                "zone": "collection_card",
                "element": {"tag": "a", "classes": ["card", "card--large"], "text": f"Rain jacket, no. {number:03}",
                            "href": f"/products/rain-jacket-{number:03}", "x": 400 + number,
                            "selector": f"main > ul > li:nth-of-type({number}) > a"},
            },
        }  # fmt: skip
        batch.append(click)
    return json.dumps({"writeKey": KEY, "sentAt": "2026-11-24T10:02:01Z", "batch": batch}).encode()
