"""The Litestar application of the collector: one for each worker process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send

from collector.catalog_push import CatalogPush
from collector.committer import Committer
from collector.daily_ids import FORGET_SECONDS, DailyIds
from collector.files import FileOps, OsFiles
from collector.health import health_routes, report_of
from collector.ingest import ROUTES, IngestHandler
from collector.landing import Landing
from collector.metrics import Metrics
from collector.openapi import describe_routes, openapi_config
from collector.parsing import SINGLE_ROUTES
from collector.pixel_files import TYPES, pixel_route
from collector.problems import RefusedError, problem_response
from collector.recovery import recover
from collector.routes import other_routes
from collector.shopify_webhooks import ShopifyWebhookHandler
from collector.webhook_dedup import SeenDeliveries
from collector.writer import CommitError, SegmentWriter
from footfall.http.rate_limit import Buckets
from footfall.http.workers import Workers
from footfall.settings import Settings, SettingsError, load_settings
from footfall.wire.schema import CATALOG_PATH, WEBHOOKS_PATH

log = logging.getLogger("footfall.collector")

#: How long a stopping worker waits for requests in flight, and then for the disk. Granian kills it after the sum.
DRAIN_SECONDS = 5.0
FLUSH_SECONDS = 10.0
#: By a name of ours: Python 3.11 looks up each member of an Enum by a call.
_HTTP = ScopeType.HTTP


class CollectorApp(Litestar):
    """Litestar, with a short cut past its routing for the paths that messages come in on.

    They are mounted as an ``@asgi`` handler all the same, which documents them and catches other spellings of the
    path (a slash at the end). The short cut saves 12 of the 24 microseconds that a one-message request takes.
    """

    handler: IngestHandler
    routes_of_messages: frozenset[str]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:  # type: ignore[override]
        if scope["type"] == _HTTP and scope["path"] in self.routes_of_messages:
            return self.handler(scope, receive, send)  # type: ignore[arg-type]
        return super().__call__(scope, receive, send)


def check_path(path: str) -> None:
    """Raises SettingsError where the pixel's short path is an address that means something else here."""
    taken = (
        "/livez",
        "/readyz",
        "/metrics",
        "/docs",
        "/v1/guest",
        "/v1/pixel.gif",
        CATALOG_PATH,
        WEBHOOKS_PATH,
    )
    if path in (*taken, *SINGLE_ROUTES) or path.startswith("/docs/") or Path(path).suffix in TYPES:
        raise SettingsError(
            f"collector_path: {path} is another route of the collector (see /docs): choose another path"
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
    handler = IngestHandler(settings, committer, metrics, buckets)
    seen = SeenDeliveries(settings.paths.data / "collector" / "webhooks.sqlite")
    shopify = ShopifyWebhookHandler(settings, committer, metrics, seen)
    workers = Workers(together, partial(report_of, metrics, writer, committer, handler))
    routes = frozenset((*ROUTES, settings.collector_path))

    @asgi(sorted(routes), copy_scope=False)
    async def take_messages(scope: Scope, receive: Receive, send: Send) -> None:
        await handler(scope, receive, send)  # type: ignore[arg-type]

    app = CollectorApp(
        route_handlers=[
            take_messages,
            *other_routes(settings, handler, shopify, CatalogPush(settings, ops)),
            *health_routes(settings, ops, committer, workers),
            pixel_route(settings.pixel_dir, settings.pixel_path),
        ],
        lifespan=[partial(_running, writer.landing, committer, handler, seen, workers)],
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
    app.handler = handler
    app.routes_of_messages = routes
    describe_routes(app, settings.collector_path)
    return app


def _quotas_of(settings: Settings) -> str:
    """The file of the workers' quotas. Buckets go by the keys' number: while a reload changes the keys, workers of the
    old ones and of the new ones must not share them.
    """
    keys = "\n".join(key.key for key in settings.write_keys)
    return f"quotas-{hashlib.sha256(keys.encode()).hexdigest()[:16]}"


@contextlib.asynccontextmanager
async def _running(
    landing: Landing,
    committer: Committer,
    handler: IngestHandler,
    seen: SeenDeliveries,
    workers: Workers,
    _: Litestar,
) -> AsyncIterator[None]:
    """The worker's life: what a crash left is brought in first; at the end what is in flight is answered."""
    landing.prepare()
    await asyncio.to_thread(recover, landing)
    committer.start()
    beside = [
        asyncio.create_task(_forget_salts(handler.daily_ids)),
        asyncio.create_task(workers.keep_telling()),
    ]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await _drain(handler)
        seen.close()
        if not await committer.stop(FLUSH_SECONDS):
            log.error(
                "the disk did not take the last frames in time; their requests were not answered with 2xx"
            )


async def _forget_salts(daily_ids: DailyIds) -> None:
    """Yesterday's salt goes within a minute of midnight, whether anybody comes or not."""
    while True:
        try:
            daily_ids.forget(datetime.now(UTC).date())
        except OSError as error:
            log.error("can't delete the salt of an earlier day in %s: %s", daily_ids.folder, error)
        await asyncio.sleep(FORGET_SECONDS)


async def _drain(handler: IngestHandler) -> None:
    deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
    while handler.in_flight and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.01)


def _on_refusal(metrics: Metrics, _: Request[Any, Any, Any], refusal: RefusedError) -> Response[bytes]:
    metrics.refused[refusal.reason] += 1
    response = problem_response(refusal.status, refusal.reason, refusal.detail)
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
    return problem_response(
        error.status_code, reasons.get(error.status_code, "http"), f"{error.detail}: {request.url.path}"
    )


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.exception("unexpected error at %s", request.url.path, exc_info=error)
    return problem_response(500, "internal", "unexpected error; the collector's log has the details")
