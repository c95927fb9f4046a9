"""Counts of requests and their times, as Prometheus text. No client library: two counters and a histogram."""

from __future__ import annotations

import time
from bisect import bisect_left
from datetime import UTC, datetime

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.limits import Limits
from api.snapshots import SnapshotStore

#: Upper bounds in seconds: lookups take well under a millisecond, analytical queries tens.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """One worker process's counters, all on the event loop's thread."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._times: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        self._requests[route, status] = self._requests.get((route, status), 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = [0] * (len(BUCKETS) + 1)
        times[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def render(self, store: SnapshotStore, limits: Limits) -> str:
        lines = [
            "# HELP footfall_api_requests_total Answers by route and status.",
            "# TYPE footfall_api_requests_total counter",
        ]
        for (route, status), number in sorted(self._requests.items()):
            lines.append(f'footfall_api_requests_total{{route="{route}",status="{status}"}} {number}')
        lines += [
            "# HELP footfall_api_request_seconds Time from the request to the start of the answer.",
            "# TYPE footfall_api_request_seconds histogram",
        ]
        for route, times in sorted(self._times.items()):
            below = 0
            for bound, number in zip((*map(str, BUCKETS), "+Inf"), times, strict=True):
                below += number
                lines.append(f'footfall_api_request_seconds_bucket{{route="{route}",le="{bound}"}} {below}')
            lines.append(f'footfall_api_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}')
            lines.append(f'footfall_api_request_seconds_count{{route="{route}"}} {below}')
        lines += [
            "# HELP footfall_api_limited_total Requests refused with 429, by key and by whose quota was spent.",
            "# TYPE footfall_api_limited_total counter",
        ]
        for (key, of), number in sorted(limits.refused.items()):
            lines.append(f'footfall_api_limited_total{{key="{key}",quota="{of}"}} {number}')
        lines += [
            "# HELP footfall_api_snapshot_problem 1 while the published snapshot can't be followed.",
            "# TYPE footfall_api_snapshot_problem gauge",
            f"footfall_api_snapshot_problem {int(store.problem is not None)}",
        ]
        if (snapshot := store.snapshot) is not None:
            age = (datetime.now(UTC) - snapshot.generated_at).total_seconds()
            lines += [
                "# HELP footfall_api_snapshot_info The version being served.",
                "# TYPE footfall_api_snapshot_info gauge",
                f'footfall_api_snapshot_info{{version="{snapshot.version}"}} 1',
                "# HELP footfall_api_snapshot_age_seconds Age of the data being served.",
                "# TYPE footfall_api_snapshot_age_seconds gauge",
                f"footfall_api_snapshot_age_seconds {age:.3f}",
            ]
        return "\n".join(lines) + "\n"

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
