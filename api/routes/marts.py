"""GET /v1/marts and /v1/marts/{name}: any mart that the dbt project asks to be served, as it is.

What an analyst adds to the warehouse reaches a dashboard, a sheet or a script without a line of Python: the mart's
properties say ``meta: {served: [columns to order by]}``, and the next publish has it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import PathParameter, QueryParameter
from litestar.response import Stream

from api import examples
from api.analytics_schemas import MartBrief, MartColumn, MartRows, Marts
from api.auth import needs_secret
from api.csv_responses import VARY, AlsoCsv, Form, csv_lines, prefers_csv, streamed
from api.responses import PERSONAL, answer, documented, next_link
from api.routes.parameters import LongLimit, cursor_of, no_cursor, read_cursor
from api.snapshots import Snapshot

#: Rows read at once for a CSV of a whole mart.
CSV_ROWS = 5_000
MAX_CONDITIONS = 10
_QUOTED_OR_NOT = re.compile(r"'[^']*'|[^']+")


#: How a parameter's value stands to its column.
_COMPARED = {"where": "=", "at_least": ">=", "at_most": "<="}
_Bounds = Annotated[
    list[str] | None,
    QueryParameter(
        max_items=MAX_CONDITIONS,
        description="`column:value`, only rows at or beyond this value; rows without a value are left out",
    ),
]


@dataclass
class _RowsOperation(AlsoCsv):
    example_columns = tuple(examples.MART_ROWS.items[0])


@get(
    "/v1/marts",
    guards=[needs_secret],
    responses=documented(examples.MARTS),
    tags=["analytics"],
    summary="Marts with their columns",
    sync_to_thread=True,
)
def marts(request: Request[Any, Any, Any]) -> Response[Marts]:
    """With the calendar that they count days by, and what of the catalogue could not be read. Needs the secret key."""
    snapshot: Snapshot = request.app.state.store.current()
    manifest = snapshot.manifest
    rows = manifest.marts
    items = [
        MartBrief(
            name=name,
            description=served.description,
            rows=rows[name],
            columns=_columns(snapshot, name),
        )
        for name, served in sorted(manifest.served.items())
    ]
    body = Marts(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        time_zone=manifest.time_zone,
        today=manifest.today,
        catalogue_problems=manifest.catalogue_problems,
        items=items,
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/marts/{name:str}",
    guards=[needs_secret],
    responses=documented(examples.MART_ROWS, 404),
    tags=["analytics"],
    summary="Rows of a mart, as JSON or CSV",
    operation_class=_RowsOperation,
)
async def mart_rows(
    request: Request[Any, Any, Any],
    name: Annotated[str, PathParameter(max_length=255, description="The mart's name")],
    where: Annotated[
        list[str] | None,
        QueryParameter(
            max_items=MAX_CONDITIONS,
            description="`column:value`, only rows with this value; several must all hold. An empty value is null",
        ),
    ] = None,
    at_least: _Bounds = None,
    at_most: _Bounds = None,
    contains: Annotated[
        list[str] | None,
        QueryParameter(
            max_items=MAX_CONDITIONS,
            description="`column:text`, only rows whose column contains this text, ignoring case",
        ),
    ] = None,
    order: Annotated[
        str | None,
        QueryParameter(
            max_length=255,
            description="Column to order by, `-column` for descending; default: the mart's own order",
        ),
    ] = None,
    limit: LongLimit = 100,
    cursor: Annotated[
        str | None, QueryParameter(max_length=1024, description="`next_cursor` of the previous page")
    ] = None,
    form: Form = None,
) -> Response[MartRows] | Stream:
    """JSON comes in pages: `Link: rel="next"` and `next_cursor` lead to the next one, as long as the same snapshot is
    in force. CSV is the whole mart at once; a text that a spreadsheet would take for a formula has an apostrophe
    before it there. Needs the secret key.
    """
    snapshot: Snapshot = request.app.state.store.current()
    served = snapshot.manifest.served.get(name)
    if served is None:
        raise NotFoundException(detail=f"no mart {name!r} in this snapshot; /v1/marts lists the served marts")
    columns = await asyncio.to_thread(_columns, snapshot, name)
    types = {column.name: column.type for column in columns}
    asked = {
        "where": where or [],
        "at_least": at_least or [],
        "at_most": at_most or [],
        "contains": contains or [],
    }
    condition, values = await asyncio.to_thread(_condition, snapshot, asked, types)
    ordered = _ordering(order, types)
    found = f'from "in_{name}"."{name}" where {condition}'
    if prefers_csv(request, form):
        pages = snapshot.pages(f"select * {found}{ordered}", values, CSV_ROWS)
        made_of = (snapshot.version, name, condition, values, ordered)
        return await streamed(request, name, made_of, _lines(list(types), pages))
    start = _start(cursor, snapshot.version)
    (count,) = await asyncio.to_thread(snapshot.query, f"select count(*) as rows {found}", values)
    rows = await asyncio.to_thread(
        snapshot.query, f"select * {found}{ordered} limit ? offset ?", [*values, limit, start]
    )
    left = count["rows"] > start + limit
    next_cursor = _cursor(snapshot.version, start + limit) if left else None
    body = MartRows(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        name=name,
        description=served.description,
        columns=columns,
        rows=count["rows"],
        items=rows,
        next_cursor=next_cursor,
    )
    return answer(request, body, PERSONAL, {"Vary": VARY, **next_link(request, next_cursor)})


async def _lines(columns: list[str], pages: Iterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    yield csv_lines(columns, await asyncio.to_thread(next, pages, []), head=True)
    while rows := await asyncio.to_thread(next, pages, None):
        yield csv_lines(columns, rows, head=False)


def _columns(snapshot: Snapshot, name: str) -> list[MartColumn]:
    described = snapshot.manifest.served[name].columns
    return [
        MartColumn(
            name=row["column_name"],
            type=_type(row["column_type"]),
            description=described.get(row["column_name"], ""),
        )
        for row in snapshot.query(f'describe "{name}"')
    ]


def _type(said: str) -> str:
    """A type as DuckDB describes it, in small letters but for an enumeration's values: those are the column's own."""
    return _QUOTED_OR_NOT.sub(lambda found: found[0] if found[0].startswith("'") else found[0].lower(), said)


def _condition(
    snapshot: Snapshot, asked: dict[str, list[str]], types: dict[str, str]
) -> tuple[str, list[str]]:
    """SQL over the columns, and its values, of what the parameters ask for.

    Raises ValidationException (400) for what can't be compared.
    """
    conditions, values = ["true"], []
    for parameter, text in ((parameter, text) for parameter, texts in asked.items() for text in texts):
        column, colon, value = text.partition(":")
        if not colon or column not in types:
            raise _refused(parameter, f"{text!r} is not column:value; the columns are {', '.join(types)}")
        if parameter == "contains":
            if types[column] != "varchar":
                raise _refused(parameter, f"{column} is {types[column]}, no text")
            conditions.append(f'contains(lower("{column}"), lower(?))')
            values.append(value)
            continue
        if not value and parameter == "where":
            conditions.append(f'"{column}" is null')
            continue
        cast = f"try_cast(? as {types[column]})"
        if not value or snapshot.query(f"select {cast} is null as is_null", [value])[0]["is_null"]:
            raise _refused(parameter, f"{value!r} is not a valid {types[column]}, as {column} is")
        conditions.append(f'"{column}" {_COMPARED[parameter]} {cast}')
        values.append(value)
    return " and ".join(conditions), values


def _ordering(order: str | None, types: dict[str, str]) -> str:
    """How to sort. The rows lie in the mart's own order and are read in it: nothing to sort there, and a CSV begins at
    once. In another order their place breaks ties.
    """
    if not order:
        return ""
    column = order.removeprefix("-")
    if column not in types:
        raise _refused("order", f"no column {column!r}; the columns are {', '.join(types)}")
    return f' order by "{column}" {"desc" if order.startswith("-") else "asc"} nulls last, rowid'


def _cursor(version: str, start: int) -> str:
    return cursor_of(f"{version} {start}")


def _start(cursor: str | None, version: str) -> int:
    """Rows before the page. Raises ValidationException (400) if it is not a cursor of ours, and for one of another
    snapshot: rows have other places there, so some would be left out or come twice.
    """
    if not cursor:
        return 0
    of_version, _, start = read_cursor(cursor).partition(" ")
    if not start.isdecimal() or len(start) > 18:
        raise no_cursor()
    if of_version != version:
        raise _refused(
            "cursor", f"a page of snapshot {of_version}; {version} is active now: start again, or use CSV"
        )
    return int(start)


def _refused(parameter: str, message: str) -> ValidationException:
    return ValidationException(
        detail=f"{parameter}: {message}",
        extra=[{"key": parameter, "source": "query", "message": message}],
    )
