"""The shop as an ASGI application: ``granian --interface asgi demo.shop.app:app``."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, MediaType, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.static_files import create_static_files_router

from demo.shop import pictures
from demo.shop.catalogue import Catalogue
from demo.shop.routes import browse, buy, people
from demo.shop.views import HERE, AnyRequest, Pages, Shop
from footfall.settings import Settings, load_settings


def _pages(state: State) -> Pages:
    found: Pages = state.pages
    return found


@get("/pictures/{name:str}", sync_to_thread=False)
def picture(
    pages: Shop, name: FromPath[str], colour: FromQuery[str] = "", view: FromQuery[str] = "whole"
) -> Response[str]:
    """A product's picture as SVG, in one of its colours."""
    product = pages.catalogue.by_handle.get(name.removesuffix(".svg"))
    if product is None:
        raise NotFoundException("No such picture.")
    svg = pictures.draw(product, colour=colour, view=view)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@get("/livez", media_type=MediaType.TEXT, sync_to_thread=False)
def livez() -> str:
    return "ok"


def _trouble(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """What went wrong, as a page of the shop."""
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
    """The shop for these settings (default: those in force) and this catalogue (default: the committed one)."""
    pages = Pages(catalogue or Catalogue.load(), settings or load_settings())
    return Litestar(
        route_handlers=[
            *browse.HANDLERS,
            *buy.HANDLERS,
            *people.HANDLERS,
            picture,
            livez,
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
