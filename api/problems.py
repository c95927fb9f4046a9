"""Every error leaves through here, as RFC 9457 problem details."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ExceptionHandlersMap

from api.answers import Problem
from api.snapshots import NoSnapshotError

log = logging.getLogger("footfall.api")

MEDIA_TYPE = "application/problem+json"

#: A run publishes every few seconds to minutes; this is when looking again makes sense.
RETRY_AFTER_SECONDS = 5

_TITLES = {
    400: "The request is not as it should be",
    401: "A key is needed",
    403: "Not allowed with this key",
    404: "Not found",
    405: "Method not allowed",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "Nothing to serve from yet",
}


def problem(
    request: Request[Any, Any, Any],
    status: int,
    detail: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> Response[Any]:
    """One problem details response. ``type`` stays about:blank: the status says what kind it is."""
    body = Problem(
        type="about:blank",
        title=_TITLES.get(status, "The request failed"),
        status=status,
        detail=detail,
        instance=request.scope.get("path"),
        errors=errors,
    )
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        return _broken(request, error)
    errors = error.extra if isinstance(error.extra, list) else None
    # Litestar's own words repeat the whole address, and a key may stand in that.
    detail = error.detail
    if errors:
        detail = "; ".join(f"{found.get('key')}: {found.get('message')}" for found in errors)
    return problem(request, error.status_code, detail, headers=error.headers, errors=errors)


def _no_snapshot(request: Request[Any, Any, Any], error: NoSnapshotError) -> Response[Any]:
    return problem(request, 503, str(error), headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The caller learns that it broke, the log learns what."""
    log.error("%s %s failed", request.scope.get("method"), request.scope.get("path"), exc_info=error)
    return problem(request, HTTP_500_INTERNAL_SERVER_ERROR)


HANDLERS: ExceptionHandlersMap = {
    HTTPException: _http,
    NoSnapshotError: _no_snapshot,
    Exception: _broken,
}
