"""The application: routes, errors, CORS, documentation, and the task that follows the published snapshot."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from api import problems
from api.markets import Markets
from api.metrics import Metrics
from api.middleware import common_middleware, ids_with_slashes
from api.rate_limits import Limits
from api.responses import DocsPage, MoneySchema, OriginCors
from api.routes.live import live, live_page
from api.routes.marts import mart_rows, marts
from api.routes.operations import livez, metrics, readyz, report
from api.routes.overview import overview, overview_file
from api.routes.products import bought_together, similar, viewed_together
from api.routes.recommendations import recommendations
from api.routes.segments import segment_members, segments
from api.routes.visitors import affinities, affinity, neighbours, profile, visitor_segments
from api.snapshot_store import SnapshotStore
from footfall import __version__
from footfall.http.workers import TOGETHER, Workers
from footfall.runtime.origins import OriginRule
from footfall.settings import Settings, load_settings
from footfall.snapshot.explanations import Reasons

_ABOUT = (
    "Recommendations, product lists, affinities, segments and marts (sessions, funnels, paths, searches, retention, "
    "orders and what else asks to be served), from Footfall's published snapshot. "
    "Read-only. Every answer carries the snapshot's version and when it was made, and an ETag; errors are "
    "RFC 9457 problem details."
)


@contextlib.asynccontextmanager
async def _follow_snapshots(app: Litestar) -> AsyncIterator[None]:
    store: SnapshotStore = app.state.store
    await store.look()  # before the first request, so that a restart never answers 503 over a good snapshot
    tasks = [asyncio.create_task(store.follow()), asyncio.create_task(app.state.workers.keep_telling())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        store.close()


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the API over ``settings.paths.serving``; ``settings`` defaults to the current ones. The workers of one API
    share the folder in the variable ``TOGETHER``, which `footfall serve` sets.
    """
    settings = settings or load_settings()
    together = Path(os.environ[TOGETHER]) if TOGETHER in os.environ else None
    counters = Metrics()
    pages = OriginRule(settings.api_origins)
    cors = OriginCors(
        allow_origins=["*"] if pages.is_everyone else [],
        rule=pages,
        allow_methods=["GET", "HEAD"],
        allow_headers=["X-Footfall-Key", "Authorization", "If-None-Match"],
        expose_headers=["ETag", "Link", "Retry-After"],
    )
    store = SnapshotStore(settings.paths.serving)
    app = Litestar(
        route_handlers=[
            recommendations,
            similar,
            viewed_together,
            bought_together,
            affinities,
            profile,
            visitor_segments,
            neighbours,
            affinity,
            segments,
            segment_members,
            marts,
            mart_rows,
            livez,
            readyz,
            metrics,
            overview,
            overview_file,
            live,
            live_page,
        ],
        state=State(
            {
                "settings": settings,
                "cors": cors,
                "store": store,
                "markets": Markets(settings.storefront_url, settings.markets),
                "reasons": Reasons(settings.api_reasons, settings.api_language),
                "limits": Limits(settings, counters, together),
                "workers": Workers(together, partial(report, counters, store)),
            }
        ),
        lifespan=[_follow_snapshots],
        middleware=[counters.middleware, ids_with_slashes],
        plugins=[MoneySchema()],
        exception_handlers=problems.HANDLERS,
        cors_config=cors,
        openapi_config=_openapi_config(),
        logging_config=None,
    )
    by_origin = not pages.is_everyone or bool(settings.markets)
    # Outside the CORS middleware, which Litestar puts around all others
    app.asgi_handler = common_middleware(app.asgi_handler, by_origin=by_origin)
    return app


def _openapi_config() -> OpenAPIConfig:
    header = SecurityScheme(type="apiKey", name="X-Footfall-Key", security_scheme_in="header")
    bearer = SecurityScheme(type="http", scheme="bearer")
    query = SecurityScheme(type="apiKey", name="key", security_scheme_in="query")
    return OpenAPIConfig(
        title="Footfall API",
        version=__version__,
        description=_ABOUT,
        path="/docs",
        use_handler_docstrings=True,
        render_plugins=[DocsPage(path="/"), JsonRenderPlugin()],
        components=Components(security_schemes={"header": header, "bearer": bearer, "query": query}),
        security=[{"header": []}, {"bearer": []}, {"query": []}],
    )
