"""GET /v1/paths, /v1/searches, /v1/retention: where people go, what they look for, and who comes back."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import QueryParameter

from api import examples
from api.analytics_schemas import (
    Cohort,
    CohortWeek,
    DeclaredRetention,
    Paths,
    PathStep,
    Retention,
    RetentionPeriod,
    Searches,
    SearchFigures,
    SearchTerm,
)
from api.auth import needs_secret
from api.responses import PERSONAL, answer, documented
from api.routes.parameters import LongLimit, between
from api.schemas import made_of
from api.snapshots import Snapshot

_PageType = Annotated[
    str | None, QueryParameter(max_length=255, description="Only this kind of page, (entrance) or (exit)")
]
_PagePath = Annotated[str | None, QueryParameter(max_length=2048, description="Only this path, as it is")]

#: How searches may be ordered; ties by the query itself, so that a list is always the same.
_ORDERS = {
    "searches": "searches desc",
    "without_result": "without_result desc, searches desc",
    "with_order": "with_order desc, searches desc",
    "latest": "last_searched_at desc",
}


@get(
    "/v1/paths",
    guards=[needs_secret],
    responses=documented(examples.PATHS),
    tags=["analytics"],
    summary="From which page people go to which",
    sync_to_thread=True,
)
def paths(
    request: Request[Any, Any, Any],
    from_type: _PageType = None,
    from_path: _PagePath = None,
    to_type: _PageType = None,
    to_path: _PagePath = None,
    limit: LongLimit = 100,
) -> Response[Paths]:
    """Steps between two pages of a session, the most taken first. Needs the secret key."""
    asked = {"from_type": from_type, "from_path": from_path, "to_type": to_type, "to_path": to_path}
    given = {column: value for column, value in asked.items() if value is not None}
    where = " and ".join(f"{column} = ?" for column in given) or "true"
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        f"""
        select from_type, from_path, to_type, to_path, steps, sessions, share
        from navigation_paths where {where}
        order by steps desc, from_type, from_path, to_type, to_path limit ?
        """,
        [*given.values(), limit],
    )
    body = Paths(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        items=[PathStep(**row) for row in rows],
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/searches",
    guards=[needs_secret],
    responses=documented(examples.SEARCHES),
    tags=["analytics"],
    summary="What people search for, and what comes of it",
    sync_to_thread=True,
)
def searches(
    request: Request[Any, Any, Any],
    without_result: Annotated[
        bool, QueryParameter(description="Only queries that found nothing at least once")
    ] = False,
    contains: Annotated[
        str | None, QueryParameter(max_length=255, description="Only queries with this text in them")
    ] = None,
    order: Annotated[
        Literal["searches", "without_result", "with_order", "latest"],
        QueryParameter(description="Most of these first"),
    ] = "searches",
    limit: LongLimit = 100,
) -> Response[Searches]:
    """Queries are in lower case, without the spaces around them. Needs the secret key."""
    where = f"(without_result > 0 or {not without_result}) and contains(query, ?)"
    text = (contains or "").lower()
    snapshot: Snapshot = request.app.state.store.current()
    (total,) = snapshot.query(
        f"""
        select count(*) as queries, coalesce(sum(searches), 0)::bigint as searches,
            coalesce(sum(without_result), 0)::bigint as without_result,
            coalesce(sum(with_product_view), 0)::bigint as with_product_view,
            coalesce(sum(with_cart), 0)::bigint as with_cart, coalesce(sum(with_order), 0)::bigint as with_order
        from search_terms where {where}
        """,
        [text],
    )
    rows = snapshot.query(
        f"select * from search_terms where {where} order by {_ORDERS[order]}, query limit ?", [text, limit]
    )
    body = Searches(
        version=snapshot.version,
        generated_at=snapshot.generated_at,
        total=SearchFigures(**total),
        items=[SearchTerm(**row) for row in rows],
    )
    return answer(request, body, PERSONAL)


@get(
    "/v1/retention",
    guards=[needs_secret],
    responses=documented(examples.RETENTION),
    tags=["analytics"],
    summary="Who comes back: by week of the first session, and as declared",
    sync_to_thread=True,
)
def retention(
    request: Request[Any, Any, Any],
    from_day: Annotated[
        date | None, QueryParameter(name="from", description="First cohort week (its Monday, UTC), included")
    ] = None,
    to_day: Annotated[
        date | None, QueryParameter(name="to", description="Last cohort week (its Monday, UTC), included")
    ] = None,
) -> Response[Retention]:
    """`from` and `to` choose cohorts; the declared retentions have days of their own. Needs the secret key."""
    first, last = between(from_day, to_day)
    snapshot: Snapshot = request.app.state.store.current()
    rows = snapshot.query(
        """
        select cohort_week, weeks_later, visitors, returned, retention
        from retention_cohorts where cohort_week between ? and ? order by cohort_week, weeks_later
        """,
        [first, last],
    )
    cohorts = [
        Cohort(week=week, visitors=visitors, weeks=[made_of(CohortWeek, row) for row in of_week])
        for (week, visitors), of_week in groupby(rows, itemgetter("cohort_week", "visitors"))
    ]
    periods = snapshot.query(
        """
        select retention, period_days as days, visitors, retained, share
        from retention_periods order by retention, period_days
        """
    )
    declared = [
        DeclaredRetention(name=name, periods=[made_of(RetentionPeriod, row) for row in of_name])
        for name, of_name in groupby(periods, itemgetter("retention"))
    ]
    body = Retention(
        version=snapshot.version, generated_at=snapshot.generated_at, cohorts=cohorts, declared=declared
    )
    return answer(request, body, PERSONAL)
