"""Answers as CSV (RFC 4180): for spreadsheets and mailers, beside the JSON of the same route."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from litestar import Request, Response
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema
from litestar.params import QueryParameter
from litestar.response import Stream

from api.responses import BY_KEY, PERSONAL, encode
from footfall.http.etags import matches

CSV = "text/csv"
VARY = f"Accept, {BY_KEY}"

Form = Annotated[
    Literal["json", "csv"] | None,
    QueryParameter(name="format", description="Instead of the header `Accept: text/csv`"),
]

#: A spreadsheet takes a cell that begins so for a formula, and visitors choose what they search for.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class AlsoCsv(Operation):
    """A JSON answer's second media type, which a handler can't declare."""

    example_columns: ClassVar[Sequence[str]] = ()

    def __post_init__(self) -> None:
        good = (self.responses or {})["200"]
        assert isinstance(good, OpenAPIResponse)
        if good.content is not None:
            good.content[CSV] = OpenAPIMediaType(
                schema=Schema(type=OpenAPIType.STRING), example=",".join(self.example_columns) + "\r\n"
            )


def prefers_csv(request: Request[Any, Any, Any], form: str | None) -> bool:
    """Return whether the caller asks for CSV: by the parameter, else by naming text/csv before any JSON."""
    if form is not None:
        return form == "csv"
    named = [part.split(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return next((kind for kind in named if kind in (CSV, "application/json", "*/*")), None) == CSV


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, head: bool) -> bytes:
    """The rows, below the columns' names where ``head``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if head:
        writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode()


async def streamed(
    request: Request[Any, Any, Any], name: str, made_of: Sequence[Any], pages: AsyncIterator[bytes]
) -> Response[Any] | Stream:
    """A whole table, sent while it is read: a million rows must not stand in memory. ``made_of`` decides what comes out
    and is known before it does, so that is what the ETag says. The first page is read before the answer begins: what
    fails then is a 500, and not a 200 that breaks off.
    """
    digest = hashlib.blake2b(repr(made_of).encode(), digest_size=12).hexdigest()
    headers = {"ETag": f'W/"{digest}"', "Cache-Control": PERSONAL, "Vary": VARY, **saved_as(name)}
    if matches(request.headers.get("if-none-match"), f'"{digest}"'):
        return Response(None, status_code=304, headers=headers)
    return Stream(_chain(await anext(pages), pages), headers=headers, media_type=CSV)


async def _chain(first: bytes, pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for page in pages:
        yield page


def saved_as(name: str) -> dict[str, str]:
    """The header that makes a browser save the answer."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.csv"}


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, list | dict):
        return encode(value).decode()
    if isinstance(value, bytes | timedelta):  # in the JSON's words (base64, P3D), not in Python's
        return encode(value).decode().strip('"')
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
