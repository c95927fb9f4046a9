"""GET /v1/funnels, /v1/funnels/{name}, /v1/sessions/summary: the marts, for analysts and dashboards.

These run in worker threads: DuckDB takes milliseconds, and a point lookup must not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter, QueryParameter

from api import examples
from api.analytics_schemas import (
    Funnel,
    FunnelBrief,
    Funnels,
    FunnelStep,
    HistogramBucket,
    SessionDay,
    SessionFigures,
    SessionSummary,
    TimeToConvert,
)
from api.auth import needs_secret
from api.responses import PERSONAL, answer, documented
from api.routes.parameters import between
from api.snapshots import Snapshot


@get(
    "/v1/funnels",
    guards=[needs_secret],
    responses=documented(examples.FUNNELS),
    tags=["analytics"],
    summary="The funnels there are",
    sync_to_thread=True,
)
def funnels(request: Request[Any, Any, Any]) -> Response[Funnels]:
    """Needs the secret key."""
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        """
        select funnel as name, any_value(scope) as scope, list(step_name order by step) as steps,
            arg_min(reached, step) as entered, arg_max(reached, step) as completed,
            arg_max(conversion_from_first, step) as conversion
        from funnel_steps group by funnel order by funnel
        """
    )
    items = [FunnelBrief(**row) for row in rows]
    body = Funnels(version=snapshot.version, generated_at=snapshot.generated_at, items=items)
    return answer(request, body, PERSONAL)


@get(
    "/v1/funnels/{name:str}",
    guards=[needs_secret],
    responses=documented(examples.FUNNEL, 404),
    tags=["analytics"],
    summary="One funnel, step by step",
    sync_to_thread=True,
)
def funnel(
    request: Request[Any, Any, Any],
    name: Annotated[str, PathParameter(max_length=255, description="The funnel's name")],
) -> Response[Funnel]:
    """Reached, drop-off, conversion, time to convert and its histogram, by step. Needs the secret key."""
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        """
        select scope, step, step_name as name, reached, drop_off, conversion_from_first, conversion_from_previous
        from funnel_steps where funnel = ? order by step
        """,
        [name],
    )
    if not rows:
        raise NotFoundException(detail=f"no funnel {name!r} in this snapshot")
    scopes = [row.pop("scope") for row in rows]
    times, histograms = _times(snapshot, name), _histograms(snapshot, name)
    steps = [
        FunnelStep(**row, time_to_convert=times.get(row["step"]), histogram=histograms.get(row["step"], []))
        for row in rows
    ]
    body = Funnel(
        version=snapshot.version, generated_at=snapshot.generated_at, name=name, scope=scopes[0], steps=steps
    )
    return answer(request, body, PERSONAL)


def _times(snapshot: Snapshot, funnel: str) -> dict[int, TimeToConvert]:
    """By step how long it took from the one before."""
    rows = snapshot.query(
        "select step, p25, p50, p75, p90, mean from funnel_time_to_convert where funnel = ?", [funnel]
    )
    return {row.pop("step"): TimeToConvert(**row) for row in rows}


def _histograms(snapshot: Snapshot, funnel: str) -> dict[int, list[HistogramBucket]]:
    """By step the same as counts, the shortest times first."""
    rows = snapshot.query(
        """
        select step, bucket_from_s as from_seconds, bucket_to_s as to_seconds, n as count
        from funnel_time_histogram where funnel = ? order by all
        """,
        [funnel],
    )
    found: dict[int, list[HistogramBucket]] = {}
    for row in rows:
        found.setdefault(row.pop("step"), []).append(HistogramBucket(**row))
    return found


@get(
    "/v1/sessions/summary",
    guards=[needs_secret],
    responses=documented(examples.SESSIONS_SUMMARY),
    tags=["analytics"],
    summary="Sessions by day, guests and logged-in visitors apart",
    sync_to_thread=True,
)
def sessions_summary(
    request: Request[Any, Any, Any],
    from_day: Annotated[
        date | None, QueryParameter(name="from", description="First day, of the shop's calendar")
    ] = None,
    to_day: Annotated[date | None, QueryParameter(name="to", description="Last day, included")] = None,
) -> Response[SessionSummary]:
    """All days there are, unless `from` and `to` say which. Needs the secret key."""
    first, last = between(from_day, to_day)
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        """
        select day, is_guest, sessions, visitors, bounces, page_views, orders,
            coalesce(revenue, 0) as revenue, median_duration_seconds
        from sessions_daily
        where day between ? and ?
        order by day, is_guest
        """,
        [first, last],
    )
    days = [SessionDay(**row) for row in rows]
    body = SessionSummary(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        first_day=days[0].day if days else None,
        last_day=days[-1].day if days else None,
        today=snapshot.today,
        time_zone=snapshot.manifest.time_zone,
        catalogue_problems=snapshot.manifest.catalogue_problems,
        total=_figures(days),
        guests=_figures(day for day in days if day.is_guest),
        logged_in=_figures(day for day in days if not day.is_guest),
        days=days,
    )
    return answer(request, body, PERSONAL)


def _figures(days: Iterable[SessionDay]) -> SessionFigures:
    figures = SessionFigures()
    for day in days:
        figures.sessions += day.sessions
        figures.visitor_days += day.visitors
        figures.bounces += day.bounces
        figures.page_views += day.page_views
        figures.orders += day.orders
        figures.revenue += Decimal(day.revenue)
    if figures.sessions:
        figures.bounce_rate = round(figures.bounces / figures.sessions, 6)
        figures.orders_per_session = round(figures.orders / figures.sessions, 6)
        figures.pages_per_session = round(figures.page_views / figures.sessions, 6)
    return figures
