"""Error responses of the collector: RFC 9457 problem details that say what to do."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar import Response

PROBLEM_TYPE = b"application/problem+json"


class RefusedError(Exception):
    """A request that is refused as a whole.

    ``reason`` is short and stable: clients and metrics may rely on it. ``detail`` is for the person who
    reads the log.
    """

    def __init__(self, status: int, reason: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class Problem(msgspec.Struct, kw_only=True):
    """The JSON of a refusal. ``title`` is the status in words, ``reason`` which of its causes.

    ``code`` and ``message`` say the same again for the Python SDKs of Segment and RudderStack: RudderStack's takes an
    answer without them for a broken network, and sends what was refused ten times more.
    """

    type: str = "about:blank"
    status: int
    title: str
    reason: str
    detail: str
    code: str
    message: str


def problem_body(status: int, reason: str, detail: str) -> bytes:
    return msgspec.json.encode(
        Problem(
            status=status,
            title=HTTPStatus(status).phrase,
            reason=reason,
            detail=detail,
            code=reason,
            message=detail,
        )
    )


def problem_response(status: int, reason: str, detail: str) -> Response[bytes]:
    """The same as an answer of Litestar's."""
    return Response(
        problem_body(status, reason, detail), status_code=status, media_type=PROBLEM_TYPE.decode("ascii")
    )
