"""Every error leaves through here, as RFC 9457 problem details."""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ExceptionHandlersMap

from api.auth import Caller
from api.middleware import with_slashes
from api.schemas import Problem
from api.snapshot_store import NOTHING_PUBLISHED, NoSnapshotError
from footfall.status.first_day import waiting_for

log = logging.getLogger("footfall.api")

MEDIA_TYPE = "application/problem+json"

#: A run publishes every few seconds to minutes; this is when looking again makes sense.
RETRY_AFTER_SECONDS = 5

#: How Litestar says that a parameter isn't there; it gives no list of errors with it.
_MISSING = re.compile(r"Missing required (\w+) parameter '(\w+)' for path ")

_TITLES = {
    400: "Invalid request",
    401: "A key is needed",
    403: "Not allowed with this key",
    404: "Not found",
    405: "Method not allowed",
    429: "Too many requests",
    500: "Internal server error",
    503: "No snapshot published yet",
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
        instance=with_slashes(request.scope.get("path", "")),
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
    errors = _as_asked(request, error.extra) if isinstance(error.extra, list) else None
    # Litestar's own words repeat the whole address, and a key may stand in that.
    detail = error.detail
    if missing := _MISSING.match(detail):
        source, name = missing.groups()
        errors = [{"message": "is missing", "key": name, "source": source}]
    if errors:
        detail = "; ".join(f"{found.get('key')}: {found.get('message')}" for found in errors)
    return problem(request, error.status_code, detail, headers=error.headers, errors=errors)


def _as_asked(request: Request[Any, Any, Any], errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors with the parameters' names on the wire: ``from``, which no variable of Python can be called."""
    handler = request.scope.get("route_handler")
    known = handler.parsed_fn_signature.parameters if handler else {}
    named = []
    for found in errors:
        parameter = known.get(found.get("key", ""))
        alias = getattr(parameter.kwarg_definition, "name", None) if parameter else None
        named.append({**found, "key": alias} if alias else found)
    return named


def _no_snapshot(request: Request[Any, Any, Any], error: NoSnapshotError) -> Response[Any]:
    detail = str(error)
    # What the shop's owner has to do is nobody else's business.
    if detail == NOTHING_PUBLISHED and getattr(request.state, "caller", None) is Caller.SECRET:
        detail = f"{detail}: {waiting_for(request.app.state.settings)}"
    return problem(request, 503, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The caller learns that it broke, the log learns what."""
    log.error("%s %s failed", request.scope.get("method"), request.scope.get("path"), exc_info=error)
    return problem(request, HTTP_500_INTERNAL_SERVER_ERROR)


HANDLERS: ExceptionHandlersMap = {
    HTTPException: _http,
    NoSnapshotError: _no_snapshot,
    Exception: _broken,
}
