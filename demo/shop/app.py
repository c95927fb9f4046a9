"""The shop as an ASGI application: ``granian --interface asgi demo.shop.app:app``."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, MediaType, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router

from demo.shop.catalogue import Catalogue
from demo.shop.routes import browse, buy, people
from demo.shop.views import HERE, AnyRequest, Pages
from footfall.settings import Settings, load_settings


def _pages(state: State) -> Pages:
    found: Pages = state.pages
    return found


@get("/livez", media_type=MediaType.TEXT, sync_to_thread=False)
def livez() -> str:
    return "ok"


def _trouble(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Return what went wrong, as a page of the shop."""
    missing = error.status_code == 404
    pages: Pages = request.app.state.pages
    return pages.render(
        request,
        "error.html",
        page_type="other",
        title="Not on these shelves" if missing else "That went wrong",
        message=str(error.detail) if missing else "Something in what you sent could not be read.",
        status=error.status_code,
    )


def create_app(settings: Settings | None = None, catalogue: Catalogue | None = None) -> Litestar:
    """The shop for these settings (default: the current ones) and this catalogue (default: the committed one)."""
    pages = Pages(catalogue or Catalogue.load(), settings or load_settings())
    return Litestar(
        route_handlers=[
            *browse.HANDLERS,
            *buy.HANDLERS,
            *people.HANDLERS,
            livez,
            create_static_files_router(
                path="/pictures",
                directories=[HERE / "static" / "pictures"],
                cache_control=CacheControlHeader(public=True, max_age=86400),
            ),
            create_static_files_router(path="/static", directories=[HERE / "static"]),
        ],
        dependencies={"pages": Provide(_pages, sync_to_thread=False)},
        exception_handlers={HTTPException: _trouble},
        compression_config=CompressionConfig(backend="gzip", minimum_size=1000),
        state=State({"pages": pages}),
        openapi_config=None,
        # The process's log is granian's. Litestar's own would log every request of the process's HTTP clients.
        logging_config=None,
    )


app = create_app()
