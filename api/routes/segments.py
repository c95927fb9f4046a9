"""GET /v1/segments and /v1/segments/{name}/members: who is in which segment, for mailers and ad tools.

Members are read in the order of their visitor ids, and a cursor says after which one: a page costs the same
wherever it stands, and who is in the segment in two snapshots is neither lost nor told twice when a newer
one comes into force between two pages.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import csv
import hashlib
import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException, ValidationException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Schema
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from api import examples
from api.access import needs_secret
from api.analytics_answers import SegmentItem, SegmentMember, SegmentMembers, Segments
from api.http import BY_KEY, PERSONAL, answer, documented, matches, sealed
from api.snapshots import Snapshot

PAGE, MAX_PAGE = 100, 1_000
#: Members read at once for a CSV of a whole segment: about 2 MB of text.
CSV_PAGE = 10_000

CSV = "text/csv"
_VARY = f"Accept, {BY_KEY}"

COLUMNS = SegmentMember.__struct_fields__
_SELECT = f"""
    select {", ".join(COLUMNS)} from segment_members
    where segment = ? and visitor_id > ? order by visitor_id limit ?
"""

#: A spreadsheet takes a cell that begins so for a formula, and visitors choose what they search for.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class _MembersOperation(Operation):
    """The same answer in a second media type, which a handler can't declare."""

    def __post_init__(self) -> None:
        content = (self.responses or {})["200"].content  # type: ignore[union-attr]
        if content is not None:
            content["text/csv"] = OpenAPIMediaType(
                schema=Schema(type=OpenAPIType.STRING), example=",".join(COLUMNS) + "\r\n"
            )


@get(
    "/v1/segments",
    guards=[needs_secret],
    responses=documented(examples.SEGMENTS),
    tags=["segments"],
    summary="The segments there are, with their sizes",
    sync_to_thread=True,
)
def segments(request: Request[Any, Any, Any]) -> Response[Segments]:
    """Needs the secret key."""
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        "select segment as name, description, members, reachable_members from segments order by segment"
    )
    body = Segments(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        items=[SegmentItem(**row) for row in rows],
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/segments/{name:str}/members",
    guards=[needs_secret],
    responses=documented(examples.SEGMENT_MEMBERS, 404),
    tags=["segments"],
    summary="Who is in a segment, with what a message to them may say",
    operation_class=_MembersOperation,
)
async def segment_members(
    request: Request[Any, Any, Any],
    name: Annotated[str, PathParameter(max_length=255, description="The segment's name")],
    limit: Annotated[
        int | None,
        QueryParameter(
            ge=1, le=MAX_PAGE, description="Most members in the answer: 100 of JSON, all of CSV unless said"
        ),
    ] = None,
    cursor: Annotated[
        str | None, QueryParameter(max_length=1024, description="`next_cursor` of the page before")
    ] = None,
    form: Annotated[
        Literal["json", "csv"] | None,
        QueryParameter(name="format", description="Instead of the header `Accept: text/csv`"),
    ] = None,
) -> Response[SegmentMembers] | Stream:
    """Pages by visitor id; `Link: rel="next"` and `next_cursor` lead to the next one. As CSV the whole segment comes
    at once unless `limit` says otherwise; a text that a spreadsheet would take for a formula has an apostrophe
    before it there. Needs the secret key.
    """
    snapshot: Snapshot = request.app.state.store.current()
    after = _after(cursor)
    found = await asyncio.to_thread(snapshot.query, "select members from segments where segment = ?", [name])
    if not found:
        raise NotFoundException(detail=f"no segment {name!r} in this snapshot")
    wants_csv = form == "csv" or (form is None and _prefers_csv(request.headers.get("accept", "")))
    if wants_csv and limit is None:
        return _whole_csv(request, snapshot, name, after)
    size = limit or PAGE
    rows = await asyncio.to_thread(snapshot.query, _SELECT, [name, after, size + 1])
    next_cursor = _cursor(rows[size - 1]["visitor_id"]) if len(rows) > size else None
    headers = {"Vary": _VARY, **_next_link(request, next_cursor)}
    if wants_csv:
        return sealed(request, _csv(rows[:size], head=True), PERSONAL, CSV, {**headers, **_saved_as(name)})
    body = SegmentMembers(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        name=name,
        members=found[0]["members"],
        items=[SegmentMember(**row) for row in rows[:size]],
        next_cursor=next_cursor,
    )
    return answer(request, body, PERSONAL, headers)


def _whole_csv(
    request: Request[Any, Any, Any], snapshot: Snapshot, name: str, after: str
) -> Response[Any] | Stream:
    """The rest of a segment, sent while it is read: a million members must not stand in memory. What it is made of is
    known before it is made, so that is what its ETag says.
    """
    made_of = repr((snapshot.version, name, after, COLUMNS)).encode()
    headers = {
        "ETag": f'W/"{hashlib.blake2b(made_of, digest_size=12).hexdigest()}"',
        "Cache-Control": PERSONAL,
        "Vary": _VARY,
        **_saved_as(name),
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"].removeprefix("W/")):
        return Response(None, status_code=304, headers=headers)

    async def pages() -> AsyncIterator[bytes]:
        last, head = after, True
        while True:
            rows = await asyncio.to_thread(snapshot.query, _SELECT, [name, last, CSV_PAGE])
            yield _csv(rows, head=head)
            if len(rows) < CSV_PAGE:
                return
            last, head = rows[-1]["visitor_id"], False

    return Stream(pages(), headers=headers, media_type=CSV)


def _csv(rows: Iterable[dict[str, Any]], *, head: bool) -> bytes:
    """Lines of RFC 4180."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if head:
        writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _prefers_csv(accept: str) -> bool:
    """Whether a caller names text/csv before any JSON."""
    named = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    found = next((kind for kind in named if kind in ("text/csv", "application/json", "*/*")), None)
    return found == "text/csv"


def _cursor(visitor_id: str) -> str:
    return base64.urlsafe_b64encode(visitor_id.encode()).decode().rstrip("=")


def _after(cursor: str | None) -> str:
    """The visitor id that a page begins after. Raises ValidationException (400) for what is no cursor of ours."""
    if not cursor:
        return ""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationException(
            detail="cursor must be the next_cursor of an earlier page",
            extra=[{"key": "cursor", "source": "query", "message": "not a cursor of this endpoint"}],
        ) from None


def _next_link(request: Request[Any, Any, Any], cursor: str | None) -> dict[str, str]:
    """RFC 8288, relative, so that it holds behind any proxy. The key isn't repeated: links end up in logs."""
    if cursor is None:
        return {}
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "key")]
    return {"Link": f'<{request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.csv"}
