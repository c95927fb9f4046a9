"""``/livez``, ``/readyz`` and ``/metrics``: how this process fares, and all workers of the collector together."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from litestar import HttpMethod, Response, route
from litestar.handlers import BaseRouteHandler

from collector.committer import Committer
from collector.files import FileOps
from collector.ingest import IngestHandler
from collector.metrics import COUNTED, Metrics
from collector.shipping import read_state
from collector.writer import SegmentWriter
from footfall.http.metrics import PAGE_TYPE, render
from footfall.http.workers import Report, Workers
from footfall.landing.directory import oldest_sealed
from footfall.settings import Settings

#: Load balancers and monitors look at an address without its body, too.
LOOK = [HttpMethod.GET, HttpMethod.HEAD]

#: Name without the prefix, help, value.
Gauge = tuple[str, str, float]


def report_of(
    metrics: Metrics, writer: SegmentWriter, committer: Committer, handler: IngestHandler
) -> Report:
    """Return how this worker fares, for whichever of them is asked."""
    counted = {"fsync_errors": writer.sync_errors, "segments_sealed": writer.sealed_segments}
    return Report(
        at=time.time(),
        series=metrics.series() | counted,
        gauges={
            "queue_bytes": committer.queued_bytes,
            "requests_in_flight": handler.in_flight,
            "ready": float(not committer.problems()),
        },
    )


def health_routes(
    settings: Settings, ops: FileOps, committer: Committer, workers: Workers
) -> list[BaseRouteHandler]:
    """The handlers, bound to this process's committer and to the reports of all workers."""

    @route("/livez", http_method=LOOK, tags=["health"], summary="The process runs", sync_to_thread=False)
    def livez() -> dict[str, str]:
        """Says nothing about the disk: restarting doesn't free space."""
        return {"status": "ok"}

    @route(
        "/readyz",
        http_method=LOOK,
        tags=["health"],
        summary="The collector can make events durable",
        sync_to_thread=False,
    )
    def readyz() -> Response[dict[str, Any]]:
        """200, or 503 with the reasons. A load balancer should ask this one."""
        problems = committer.problems()
        return Response({"ready": not problems, "reasons": problems}, status_code=503 if problems else 200)

    @route(
        "/metrics",
        http_method=LOOK,
        tags=["health"],
        summary="Prometheus metrics of all workers",
        sync_to_thread=False,
    )
    def metrics() -> Response[str]:
        """Counters since the collector started, whichever worker answers; the others' are at most a second old."""
        reports = workers.reports()
        gauges = [
            *_gauges_of_workers(reports),
            *_gauges_of_disk(settings, ops),
            *_gauges_of_segments(settings),
        ]
        page = render("footfall_collector_", COUNTED, [one.series for one in reports], gauges)
        return Response(page, media_type=PAGE_TYPE)

    return [livez, readyz, metrics]


def _gauges_of_workers(reports: list[Report]) -> list[Gauge]:
    live = [one.gauges for one in reports if not one.is_gone]
    in_flight = sum(one["requests_in_flight"] for one in live)
    return [
        ("queue_bytes", "Bytes waiting for the disk.", sum(one["queue_bytes"] for one in live)),
        ("requests_in_flight", "Requests being answered.", in_flight),
        ("workers", "Running worker processes.", float(len(live))),
        ("ready", "1 if all of them can make events durable.", min(one["ready"] for one in live)),
    ]


def _gauges_of_disk(settings: Settings, ops: FileOps) -> list[Gauge]:
    """None where the disk doesn't say: `/readyz` has the reason then."""
    with contextlib.suppress(OSError):
        free = float(ops.free_bytes(settings.paths.landing))
        return [("disk_free_bytes", "Free space for the landing.", free)]
    return []


def _gauges_of_segments(settings: Settings) -> list[Gauge]:
    """Return what waits on this machine for the shipper or the loader, and how the shipper fares."""
    waiting, oldest = oldest_sealed(settings.paths.landing, time.time())
    gauges = [
        (
            "sealed_waiting",
            "Sealed segments on this disk that are not yet shipped or loaded.",
            float(waiting),
        ),
        ("oldest_sealed_seconds", "Age of the oldest of them.", oldest),
    ]
    if settings.ship_to and (state := read_state(settings.paths.data)) is not None:
        in_a_row = float(state.failures_in_a_row)
        gauges += [
            ("shipped_segments", "Segments shipped since the shipper started.", float(state.segments)),
            ("shipped_bytes", "Their bytes.", float(state.bytes)),
            ("shipping_failures", "Failed attempts since the shipper started.", float(state.failures)),
            ("shipping_failures_in_a_row", "Failed attempts since the last success.", in_a_row),
        ]
    return gauges
