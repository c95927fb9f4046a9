"""The Litestar application of the collector: one for each worker process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from litestar import HttpMethod, Litestar, Request, Response, route
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import asgi
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from collector.committer import Committer
from collector.daily_ids import FORGET_SECONDS, DailyIds
from collector.docs import describe_routes, openapi_config
from collector.door import ROUTES, Door
from collector.files import FileOps, OsFiles
from collector.intake import SINGLE_ROUTES
from collector.metrics import COUNTED, Metrics
from collector.pixel_files import TYPES, PixelFiles, answer_file
from collector.problems import PROBLEM_TYPE, RefusedError, problem_body
from collector.recovery import recover
from collector.seen import SeenDeliveries
from collector.shipping import read_state
from collector.shopify import PATH as WEBHOOKS
from collector.shopify import ShopifyDoor
from collector.side_doors import side_doors
from collector.writer import CommitError, SegmentWriter
from footfall.landing import oldest_sealed
from footfall.metrics import render
from footfall.quotas import Buckets
from footfall.settings import Settings, SettingsError, load_settings
from footfall.workers import Report, Workers

log = logging.getLogger("footfall.collector")

#: Load balancers and monitors look at an address without its body, too.
LOOK = [HttpMethod.GET, HttpMethod.HEAD]
#: How long a stopping worker waits for requests in flight, and then for the disk. Granian kills it after the
#: sum.
DRAIN_SECONDS = 5.0
FLUSH_SECONDS = 10.0


class CollectorApp(Litestar):
    """Litestar, with a short cut past its routing for the paths that messages come in on.

    They are mounted as an ``@asgi`` handler all the same, which documents them and catches other spellings of the
    path (a slash at the end). The short cut saves 12 of the 24 microseconds that a one-message request takes.
    """

    door: Door
    routes_of_messages: frozenset[str]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:  # type: ignore[override]
        if scope["type"] == ScopeType.HTTP and scope["path"] in self.routes_of_messages:
            return self.door(scope, receive, send)  # type: ignore[arg-type]
        return super().__call__(scope, receive, send)


def check_path(path: str) -> None:
    """Raises SettingsError where the pixel's short path is an address that means something else here."""
    taken = ("/livez", "/readyz", "/metrics", "/docs", "/v1/guest", "/v1/pixel.gif", WEBHOOKS, *SINGLE_ROUTES)
    if path in taken or path.startswith("/docs/") or Path(path).suffix in TYPES:
        raise SettingsError(
            f"collector_path: {path} has a meaning of its own at the collector (see /docs): choose another"
        )


def create_app(
    settings: Settings | None = None, ops: FileOps | None = None, together: Path | None = None
) -> CollectorApp:
    """Build the application; settings and file operations are for tests to choose. ``together`` is the folder that
    the workers of one collector share: their quotas, and how each fares.

    Start-up fails, with what to do, where the landing directory can't be written.
    """
    settings = load_settings() if settings is None else settings
    ops = OsFiles() if ops is None else ops
    metrics = Metrics()
    writer = SegmentWriter(
        settings.paths.landing,
        ops,
        seal_bytes=settings.seal_bytes,
        seal_seconds=settings.seal_seconds,
        min_free_bytes=settings.min_free_bytes,
    )
    committer = Committer(writer, metrics)
    buckets = Buckets(len(settings.write_keys), together / _quotas_of(settings) if together else None)
    door = Door(settings, committer, metrics, buckets)
    pixel = PixelFiles(settings.pixel_dir)
    seen = SeenDeliveries(settings.paths.data / "collector" / "webhooks.sqlite")
    shopify = ShopifyDoor(settings, committer, metrics, seen)

    routes = frozenset((*ROUTES, settings.collector_path))

    @asgi(sorted(routes), copy_scope=False)
    async def take_messages(scope: Scope, receive: Receive, send: Send) -> None:
        await door(scope, receive, send)  # type: ignore[arg-type]

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

    def report() -> Report:
        counted = {"fsync_errors": writer.sync_errors, "segments_sealed": writer.sealed_segments}
        return Report(
            at=time.time(),
            series=metrics.series() | counted,
            gauges={
                "queue_bytes": committer.queued_bytes,
                "requests_in_flight": door.in_flight,
                "ready": float(not committer.problems()),
            },
        )

    workers = Workers(together, report)

    @route(
        "/metrics",
        http_method=LOOK,
        tags=["health"],
        summary="Prometheus metrics of all workers",
        sync_to_thread=False,
    )
    def metrics_page() -> Response[str]:
        """Counters since the collector started, whichever worker answers; the others' are at most a second old."""
        reports = workers.reports()
        live = [one.gauges for one in reports if not one.is_gone]
        gauges = [
            ("queue_bytes", "Bytes that wait for the disk.", sum(one["queue_bytes"] for one in live)),
            (
                "requests_in_flight",
                "Requests being answered.",
                sum(one["requests_in_flight"] for one in live),
            ),
            ("workers", "Worker processes that run.", float(len(live))),
            ("ready", "1 where all of them can make events durable.", min(one["ready"] for one in live)),
        ]
        with contextlib.suppress(OSError):
            gauges.append(
                (
                    "disk_free_bytes",
                    "Free space for the landing.",
                    float(ops.free_bytes(settings.paths.landing)),
                )
            )
        gauges += _sealed_gauges(settings)
        page = render("footfall_collector_", COUNTED, [one.series for one in reports], gauges)
        return Response(page, media_type="text/plain; version=0.0.4")

    @route(
        "/{name:path}",
        http_method=LOOK,
        tags=["pixel"],
        summary="The built pixel",
        sync_to_thread=False,
    )
    def pixel_file(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
        """``/footfall.js`` and the files beside it, cacheable, with ETag."""
        file = pixel.find(str(name).lstrip("/"))
        if file is None:
            detail = f"nothing at {request.url.path}"
            if str(name).endswith("footfall.js"):
                detail += f": the pixel is not built in {settings.pixel_dir} (FOOTFALL_PIXEL_DIR)"
            return _problem(404, "not_found", detail)
        status, body, headers = answer_file(file, request.headers)
        return Response(body, status_code=status, headers=headers, media_type=file.content_type)

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        writer.landing.prepare()
        await asyncio.to_thread(recover, writer.landing)
        committer.start()
        beside = [
            asyncio.create_task(_forget_salts(door.daily_ids)),
            asyncio.create_task(workers.keep_telling()),
        ]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await _drain(door)
            seen.close()
            if not await committer.stop(FLUSH_SECONDS):
                log.error(
                    "the disk did not take the last frames in time; their requests were not answered with 2xx"
                )

    app = CollectorApp(
        route_handlers=[
            take_messages,
            *side_doors(settings, door, shopify),
            livez,
            readyz,
            metrics_page,
            pixel_file,
        ],
        lifespan=[lifespan],
        exception_handlers={
            RefusedError: partial(_on_refusal, metrics),
            CommitError: partial(_on_commit_error, metrics),
            HTTPException: _on_http_error,
            Exception: _on_error,
        },
        openapi_config=openapi_config(),
        # The workers' log is granian's; Litestar's own queue listener would only add threads.
        logging_config=None,
    )
    app.door = door
    app.routes_of_messages = routes
    describe_routes(app, settings.collector_path)
    return app


def _quotas_of(settings: Settings) -> str:
    """The file of the workers' quotas. Buckets go by the keys' number: while a reload changes the keys, workers of the
    old ones and of the new ones must not share them.
    """
    keys = "\n".join(key.key for key in settings.write_keys)
    return f"quotas-{hashlib.sha256(keys.encode()).hexdigest()[:16]}"


def _sealed_gauges(settings: Settings) -> list[tuple[str, str, float]]:
    """What waits on this machine, for the shipper or the loader, and how the shipper fares: (name, help, value)."""
    now = time.time()
    waiting, oldest = oldest_sealed(settings.paths.landing, now)
    gauges = [
        ("sealed_waiting", "Sealed segments on this disk, not shipped or not loaded.", float(waiting)),
        ("oldest_sealed_seconds", "Age of the oldest of them.", oldest),
    ]
    if settings.ship_to and (state := read_state(settings.paths.data)) is not None:
        gauges += [
            ("shipped_segments", "Segments shipped since the shipper started.", float(state.segments)),
            ("shipped_bytes", "Their bytes.", float(state.bytes)),
            ("shipping_failures", "Failed tries since the shipper started.", float(state.failures)),
            (
                "shipping_failures_in_a_row",
                "Failed tries since the last success.",
                float(state.failures_in_a_row),
            ),
        ]
    return gauges


async def _forget_salts(daily_ids: DailyIds) -> None:
    """Yesterday's salt goes within a minute of midnight, whether anybody comes or not."""
    while True:
        try:
            daily_ids.forget(datetime.now(UTC).date())
        except OSError as error:
            log.error("a salt of an earlier day can't be deleted in %s: %s", daily_ids.folder, error)
        await asyncio.sleep(FORGET_SECONDS)


async def _drain(door: Door) -> None:
    deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while door.in_flight and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)


def _problem(status: int, reason: str, detail: str) -> Response[bytes]:
    return Response(
        problem_body(status, reason, detail), status_code=status, media_type=PROBLEM_TYPE.decode("ascii")
    )


def _on_refusal(metrics: Metrics, _: Request[Any, Any, Any], refusal: RefusedError) -> Response[bytes]:
    metrics.refused[refusal.reason] += 1
    response = _problem(refusal.status, refusal.reason, refusal.detail)
    if refusal.retry_after is not None:
        response.headers["retry-after"] = str(refusal.retry_after)
    if refusal.status == 408:
        response.headers["connection"] = "close"  # the rest of the body is not read
    return response


def _on_commit_error(
    metrics: Metrics, request: Request[Any, Any, Any], error: CommitError
) -> Response[bytes]:
    ours = RefusedError(503, error.reason, error.detail, retry_after=error.retry_after)
    return _on_refusal(metrics, request, ours)


def _on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    reasons = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large"}
    return _problem(
        error.status_code, reasons.get(error.status_code, "http"), f"{error.detail}: {request.url.path}"
    )


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.exception("unexpected error at %s", request.url.path, exc_info=error)
    return _problem(500, "internal", "unexpected error; the collector's log has the details")
