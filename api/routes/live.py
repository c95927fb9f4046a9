"""GET /live and GET /v1/live: events as the collector accepts them, for whoever sets a shop up.

Read off the collector's own files (``footfall.landing.following``), so it costs the collector nothing. The API keeps no
state for it: how far a reader has read stands in its cursor.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from api.auth import needs_secret
from api.responses import encode
from api.routes.overview import page_file
from api.schemas import LiveView
from api.snapshots import Snapshot
from footfall.landing.following import NotHereError, begin, cursor_of, look, position_of
from footfall.landing.live_events import live_events


@get("/live", include_in_schema=False, sync_to_thread=False)
def live_page() -> Response[bytes]:
    """The page. It asks for the key, or takes it from behind the ``#`` of its address."""
    return page_file("live.html", "text/html")


@get(
    "/v1/live",
    guards=[needs_secret],
    include_in_schema=False,  # for the page: its answers have no snapshot, and change with it
)
async def live(
    request: Request[Any, Any, Any],
    cursor: Annotated[
        str | None,
        QueryParameter(max_length=8192, description="`cursor` of the previous answer; without: the newest"),
    ] = None,
) -> Response[bytes]:
    """What the collector accepted, rejected or refused since the previous answer, at once: ask again in a second, or
    straight away where `more` is true. Only on the collector's data directory; elsewhere `problem` says so. A reader
    that is far behind goes on with the newest. Needs the secret key.
    """
    settings = request.app.state.settings
    try:
        view = await asyncio.to_thread(_view, settings.paths.landing, cursor)
    except ValueError:
        raise ValidationException(
            detail="cursor: not a cursor of this route",
            extra=[{"key": "cursor", "source": "query", "message": "not a cursor of this route"}],
        ) from None
    snapshot: Snapshot | None = request.app.state.store.snapshot
    if snapshot is not None:
        for product in (product for event in view.items for product in event.products):
            card = snapshot.product(product.product_id)
            product.is_known = card is not None
            product.title = card.title if card else None
    return Response(encode(view), media_type="application/json", headers={"Cache-Control": "no-store"})


def _view(landing: Path, cursor: str | None) -> LiveView:
    """Raises ValueError for a cursor that is none."""
    position = position_of(cursor) if cursor else None
    try:
        found = look(landing, position or begin(landing))
    except (NotHereError, PermissionError) as error:
        return LiveView(items=[], cursor="", more=False, skipped=False, problem=str(error))
    return LiveView(
        items=live_events(found), cursor=cursor_of(found.position), more=found.more, skipped=found.skipped
    )
