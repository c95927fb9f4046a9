"""/livez, /readyz, /metrics: for those who run it. No key: they say nothing about anyone."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec

from api.answers import Live, Ready
from api.problems import RETRY_AFTER_SECONDS
from api.snapshots import SnapshotStore

_NO_STORE = {"Cache-Control": "no-store"}


@get("/livez", tags=["operations"], summary="The process answers", sync_to_thread=False)
def livez() -> Response[Live]:
    """Says nothing about the data."""
    return Response(Live(status="live"), headers=_NO_STORE)


@get(
    "/readyz",
    responses={503: ResponseSpec(Ready, description="Nothing to serve from yet")},
    tags=["operations"],
    summary="There is a snapshot to serve from",
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
        problem=store.problem or (None if snapshot else "nothing has been published yet"),
    )
    waiting = {} if snapshot else {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Response(
        body,
        status_code=200 if snapshot else 503,
        headers={**_NO_STORE, **waiting},
    )


@get(
    "/metrics",
    media_type="text/plain; version=0.0.4",
    tags=["operations"],
    summary="Prometheus text",
    sync_to_thread=False,
)
def metrics(request: Request[Any, Any, Any]) -> Response[str]:
    """Requests and their times by route, and the snapshot served. Each worker process counts its own."""
    state = request.app.state
    return Response(
        state.metrics.render(state.store, state.limits),
        headers=_NO_STORE,
    )
