"""Counts of requests and their times."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from footfall.http.metrics import Family

#: Upper bounds in seconds: lookups take well under a millisecond, analytical queries tens.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

#: What is counted, of all workers together.
COUNTED: tuple[Family, ...] = (
    ("requests_total", "counter", "Answers by route and status."),
    ("request_seconds", "histogram", "Time from the request to the start of the answer."),
    ("limited_total", "counter", "Requests refused with 429, by key and by the exhausted quota."),
)


class Metrics:
    """One worker process's counters, all on the event loop's thread."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.limited: Counter[tuple[str, str]] = Counter()
        """Answers 429, by (key, whose bucket was empty)."""

    def count(self, route: str, status: int, seconds: float) -> None:
        self._requests[route, status] += 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = [0] * (len(BUCKETS) + 1)
        times[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[route] += seconds

    def series(self) -> dict[str, float]:
        """All of it, as series of families in ``COUNTED``."""
        found: dict[str, float] = {}
        for (route, status), number in sorted(self._requests.items()):
            found[f'requests_total{{route="{route}",status="{status}"}}'] = number
        for route, times in sorted(self._times.items()):
            below = 0
            for bound, number in zip((*BUCKETS, "+Inf"), times, strict=True):
                below += number
                found[f'request_seconds_bucket{{route="{route}",le="{bound}"}}'] = below
            found[f'request_seconds_sum{{route="{route}"}}'] = self._seconds[route]
            found[f'request_seconds_count{{route="{route}"}}'] = below
        for (key, of), number in sorted(self.limited.items()):
            found[f'limited_total{{key="{key}",quota="{of}"}}'] = number
        return found

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Counts each answer of a route; paths without a route are not counted (anyone can invent those)."""

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            started = time.perf_counter()

            async def counted_send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = scope.get("path_template") or "other"
                    self.count(route, message["status"], time.perf_counter() - started)
                await send(message)

            await app(scope, receive, counted_send)

        return counting
