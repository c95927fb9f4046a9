"""GET /overview: what visitors do, on one page, for whoever has the secret key.

The page itself holds no data: its script asks the routes under /v1 as any dashboard may (``api/pages``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter

_PAGES = Path(__file__).parent.parent / "pages"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FILES = {path.name: _TYPES[path.suffix] for path in _PAGES.iterdir() if path.suffix in _TYPES}
#: The page handles the secret key: nothing from elsewhere runs in it, nothing is sent elsewhere, nobody frames it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@get("/overview", include_in_schema=False, sync_to_thread=False)
def overview() -> Response[bytes]:
    """The page. It asks for the key, or takes it from behind the ``#`` of its address."""
    return page_file("overview.html", "text/html")


@get("/overview/{name:str}", include_in_schema=False, sync_to_thread=False)
def overview_file(name: Annotated[str, PathParameter(max_length=255)]) -> Response[bytes]:
    """Serve the page's style and scripts."""
    if name not in _FILES:
        raise NotFoundException(detail=f"no file {name!r}")
    return page_file(name, _FILES[name])


def page_file(name: str, media_type: str) -> Response[bytes]:
    """A file of ``api/pages``."""
    return Response((_PAGES / name).read_bytes(), media_type=media_type, headers=_HEADERS)
