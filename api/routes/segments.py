"""GET /v1/segments and /v1/segments/{name}/members: who is in which segment, for mailers and ad tools.

Members are read in the order of their visitor ids, and a cursor says after which one a page begins. So every page costs
the same. When a newer snapshot comes into force between two pages, nobody who is in both is left out or comes twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from api import examples
from api.analytics_schemas import SegmentItem, SegmentMember, SegmentMembers, Segments
from api.auth import needs_secret
from api.csv_responses import CSV, VARY, AlsoCsv, Form, csv_lines, prefers_csv, saved_as, streamed
from api.responses import PERSONAL, answer, documented, next_link, sealed
from api.routes.parameters import cursor_of, read_cursor
from api.snapshots import Snapshot

PAGE, MAX_PAGE = 100, 1_000
#: Members read at once for a CSV of a whole segment: about 2 MB of text.
CSV_PAGE = 10_000

COLUMNS = SegmentMember.__struct_fields__
_SELECT = f"""
    select {", ".join(COLUMNS)} from segment_members
    where segment = ? and (user_id is not null or not ?) and visitor_id > ? order by visitor_id limit ?
"""


@dataclass
class _MembersOperation(AlsoCsv):
    example_columns = COLUMNS


@get(
    "/v1/segments",
    guards=[needs_secret],
    responses=documented(examples.SEGMENTS),
    tags=["segments"],
    summary="Segments with their sizes",
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
    summary="Members of a segment, with data for a message to them",
    operation_class=_MembersOperation,
)
async def segment_members(
    request: Request[Any, Any, Any],
    name: Annotated[str, PathParameter(max_length=255, description="The segment's name")],
    limit: Annotated[
        int | None,
        QueryParameter(
            ge=1, le=MAX_PAGE, description="Maximum number of members; default: 100 in JSON, all in CSV"
        ),
    ] = None,
    cursor: Annotated[
        str | None, QueryParameter(max_length=1024, description="`next_cursor` of the previous page")
    ] = None,
    reachable: Annotated[
        bool, QueryParameter(description="Only members who have logged in, whom a mailer can address")
    ] = False,
    form: Form = None,
) -> Response[SegmentMembers] | Stream:
    """Pages by visitor id; `Link: rel="next"` and `next_cursor` lead to the next one. As CSV the whole segment comes
    at once unless `limit` says otherwise; a text that a spreadsheet would take for a formula has an apostrophe
    before it there. Needs the secret key.
    """
    snapshot: Snapshot = request.app.state.store.current()
    after = read_cursor(cursor) if cursor else ""
    found = await asyncio.to_thread(snapshot.query, "select members from segments where segment = ?", [name])
    if not found:
        raise NotFoundException(detail=f"no segment {name!r} in this snapshot")
    wants_csv = prefers_csv(request, form)
    if wants_csv and limit is None:
        return await streamed(
            request,
            name,
            (snapshot.version, name, reachable, after, COLUMNS),
            _lines(snapshot, name, reachable, after),
        )
    size = limit or PAGE
    rows = await asyncio.to_thread(snapshot.query, _SELECT, [name, reachable, after, size + 1])
    next_cursor = cursor_of(rows[size - 1]["visitor_id"]) if len(rows) > size else None
    headers = {"Vary": VARY, **next_link(request, next_cursor)}
    if wants_csv:
        return sealed(
            request, csv_lines(COLUMNS, rows[:size], head=True), PERSONAL, CSV, {**headers, **saved_as(name)}
        )
    body = SegmentMembers(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        name=name,
        members=found[0]["members"],
        items=[SegmentMember(**row) for row in rows[:size]],
        next_cursor=next_cursor,
    )
    return answer(request, body, PERSONAL, headers)


async def _lines(snapshot: Snapshot, name: str, reachable: bool, last: str) -> AsyncIterator[bytes]:
    """The rest of a segment as CSV, a page after the other."""
    head = True
    while True:
        rows = await asyncio.to_thread(snapshot.query, _SELECT, [name, reachable, last, CSV_PAGE])
        yield csv_lines(COLUMNS, rows, head=head)
        if len(rows) < CSV_PAGE:
            return
        last, head = rows[-1]["visitor_id"], False
