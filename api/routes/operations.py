"""/livez, /readyz, /metrics: for those who run it. No key: they say nothing about anyone."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from api.metrics import COUNTED, Metrics
from api.problems import RETRY_AFTER_SECONDS
from api.schemas import Live, Ready
from api.snapshot_store import NOTHING_PUBLISHED, SnapshotStore
from footfall.http.metrics import PAGE_TYPE, render
from footfall.http.workers import Report
from footfall.settings import Settings
from footfall.status.runs import COUNTED as RUNS_COUNTED
from footfall.status.runs import RunsError, read_runs, series

_NO_STORE = {"Cache-Control": "no-store"}

#: How a worker stands with its snapshot: name and help.
GAUGES = {
    "snapshot_problem": "1 while the published snapshot can't be followed.",
    "snapshot_age_seconds": "Age of the data being served.",
}
VERSION = "snapshot_info"


def report(metrics: Metrics, store: SnapshotStore) -> Report:
    """How this worker fares, for whichever is asked."""
    gauges = {"snapshot_problem": float(store.problem is not None)}
    if (snapshot := store.snapshot) is not None:
        gauges["snapshot_age_seconds"] = (datetime.now(UTC) - snapshot.generated_at).total_seconds()
        gauges[f'{VERSION}{{version="{snapshot.version}"}}'] = 1.0
    return Report(at=time.time(), series=metrics.series(), gauges=gauges)


@get("/livez", tags=["operations"], summary="The process answers", sync_to_thread=False)
def livez() -> Response[Live]:
    """Says nothing about the data."""
    return Response(Live(status="live"), headers=_NO_STORE)


@get(
    "/readyz",
    responses={503: ResponseSpec(Ready, description="No snapshot published yet")},
    tags=["operations"],
    summary="A snapshot is being served",
    sync_to_thread=False,
)
def readyz(request: Request[Any, Any, Any]) -> Response[Ready]:
    """503 until a snapshot is open. A newer one that can't be opened shows as `problem`."""
    store: SnapshotStore = request.app.state.store
    snapshot = store.snapshot
    body = Ready(
        ready=snapshot is not None,
        version=snapshot.version if snapshot else None,
        generated_at=snapshot.generated_at if snapshot else None,
        problem=store.problem or (None if snapshot else NOTHING_PUBLISHED),
    )
    waiting = {} if snapshot else {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Response(
        body,
        status_code=200 if snapshot else 503,
        headers={**_NO_STORE, **waiting},
    )


@get(
    "/metrics",
    media_type=PAGE_TYPE,
    tags=["operations"],
    summary="Prometheus text",
    sync_to_thread=False,
)
def metrics(request: Request[Any, Any, Any]) -> Response[str]:
    """Requests and their times by route, and the snapshot served, of all workers together, whichever answers; the
    others' are at most a second old. Of the snapshot the worst that one of them says.
    """
    reports: list[Report] = request.app.state.workers.reports()
    live = [report.gauges for report in reports if not report.is_gone]
    gauges = [
        (name, text, max(values))
        for name, text in GAUGES.items()
        if (values := [worker[name] for worker in live if name in worker])
    ]
    gauges += [
        (name, "The version being served.", 1.0)
        for name in sorted({name for worker in live for name in worker if name.startswith(VERSION)})
    ]
    gauges.append(("workers", "Running worker processes.", float(len(live))))
    page = render("footfall_api_", COUNTED, [report.series for report in reports], gauges)
    return Response(page + _of_runs(request.app.state.settings), headers=_NO_STORE)


def _of_runs(settings: Settings) -> str:
    """How the pipeline's runs ended, where it writes to the same data directory: it listens nowhere itself."""
    problem, found = 0.0, {}
    try:
        found = series(read_runs(settings.paths.data))
    except RunsError:
        problem = 1.0
    unreadable = ("runs_unreadable", "1 while the file with the outcome of runs can't be read.", problem)
    return render("footfall_", RUNS_COUNTED, [found], [unreadable])
