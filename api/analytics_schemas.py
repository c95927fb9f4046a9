"""What the API answers to analysts, dashboards and mailers: the marts, as types.

Shares and rates are between 0 and 1, times are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.schemas import Answer


class FunnelBrief(msgspec.Struct, kw_only=True):
    name: str
    scope: str
    steps: list[str]
    entered: int
    completed: int
    conversion: float | None


class Funnels(Answer, kw_only=True):
    items: list[FunnelBrief]


class TimeToConvert(msgspec.Struct, kw_only=True):
    """Seconds."""

    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    mean: float | None


class HistogramBucket(msgspec.Struct, kw_only=True):
    from_seconds: float | None
    to_seconds: float | None
    count: int


class FunnelStep(msgspec.Struct, kw_only=True):
    step: int
    name: str
    reached: int
    drop_off: int | None
    conversion_from_first: float | None
    conversion_from_previous: float | None
    time_to_convert: TimeToConvert | None
    histogram: list[HistogramBucket]


class Funnel(Answer, kw_only=True):
    """One funnel, step by step."""

    name: str
    scope: str
    steps: list[FunnelStep]


class SessionFigures(msgspec.Struct, kw_only=True):
    """Sums over days. ``visitor_days`` counts a person once for every day they came."""

    sessions: int = 0
    visitor_days: int = 0
    bounces: int = 0
    page_views: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)
    bounce_rate: float | None = None
    orders_per_session: float | None = None
    pages_per_session: float | None = None


class SessionDay(msgspec.Struct, kw_only=True):
    day: date
    is_guest: bool
    sessions: int
    visitors: int
    bounces: int
    page_views: int
    orders: int
    revenue: Decimal
    median_duration_seconds: float | None


class SessionSummary(Answer, kw_only=True):
    """Sessions between two days (both included), in all and by guests and logged-in visitors."""

    first_day: date | None
    last_day: date | None
    today: Annotated[date, Meta(description="The shop's day when the snapshot was made: it is not over.")]
    time_zone: Annotated[str, Meta(description="By which all days here are counted.")]
    catalogue_problems: Annotated[
        list[str],
        Meta(description="Files of the catalogue that can't be read, and why; their last good state counts."),
    ]
    total: SessionFigures
    guests: SessionFigures
    logged_in: SessionFigures
    days: list[SessionDay]


class SegmentItem(msgspec.Struct, kw_only=True):
    name: str
    description: str | None
    members: int
    reachable_members: Annotated[
        int, Meta(description="Logged in and not objecting to marketing: the shop may write to them.")
    ]


class Segments(Answer, kw_only=True):
    """The declared segments, by name."""

    items: list[SegmentItem]


class SegmentMember(msgspec.Struct, kw_only=True):
    """One visitor in a segment, with what a message to them may say."""

    visitor_id: str
    user_id: str | None
    since: Annotated[datetime | None, Meta(description="Since when, by the segment's own clock.")]
    top_category: str | None
    last_product_id: str | None
    last_product_title: str | None
    top_product_not_bought: str | None
    top_product_not_bought_title: str | None
    last_query_without_result: str | None
    orders: int
    revenue: Decimal | None
    cart_value: Decimal | None
    cart_currency: Annotated[
        str | None, Meta(description="Null where the cart's prices have none, or several.")
    ]


class SegmentMembers(Answer, kw_only=True):
    """One page of a segment's members, by visitor id."""

    name: str
    members: Annotated[int, Meta(description="Of the whole segment, with those who object to marketing.")]
    items: list[SegmentMember]
    next_cursor: Annotated[str | None, Meta(description="The next page's ``cursor``; null on the last page.")]


class PathStep(msgspec.Struct, kw_only=True):
    """A step from one page to the next. ``(entrance)`` and ``(exit)`` are the ends of a session."""

    from_type: str
    from_path: str
    to_type: str
    to_path: str
    steps: int
    sessions: int
    share: Annotated[float, Meta(description="Of all steps from there.")]


class Paths(Answer, kw_only=True):
    """Steps between pages, the most taken first."""

    items: list[PathStep]


class SearchTerm(msgspec.Struct, kw_only=True):
    query: str
    searches: int
    visitors: int
    without_result: int
    with_product_view: Annotated[
        int, Meta(description="Searches that led to a product before the next search.")
    ]
    with_cart: int
    with_order: int
    conversion_rate: float
    last_searched_at: datetime | None


class SearchFigures(msgspec.Struct, kw_only=True):
    """Sums over the queries asked for, those beyond ``limit`` included."""

    queries: int
    searches: int
    without_result: int
    with_product_view: int
    with_cart: int
    with_order: int


class Searches(Answer, kw_only=True):
    """What people search for, and what comes of it."""

    total: SearchFigures
    items: list[SearchTerm]


class CohortWeek(msgspec.Struct, kw_only=True):
    weeks_later: int
    returned: int
    retention: float


class Cohort(msgspec.Struct, kw_only=True):
    """Visitors by the week of their first session; ``week`` is its Monday, UTC."""

    week: date
    visitors: int
    weeks: list[CohortWeek]


class RetentionPeriod(msgspec.Struct, kw_only=True):
    """``retained`` of ``visitors`` did it again so many days after the first time, or later."""

    days: int
    visitors: int
    retained: int
    share: float | None


class DeclaredRetention(msgspec.Struct, kw_only=True):
    name: str
    periods: list[RetentionPeriod]


class Retention(Answer, kw_only=True):
    """Who comes back: week by week, and as analysts declared it (the var ``retentions``)."""

    cohorts: list[Cohort]
    declared: list[DeclaredRetention]


class ArmResult(msgspec.Struct, kw_only=True):
    """One arm. Intervals are of 95 %; differences are against the first arm, null in it."""

    arm: str
    recommender: str
    expected_share: float
    visitors: int
    crossed_visitors: int
    views: int
    clicks: int
    converted: int
    orders: int
    revenue: Decimal
    conversion: float | None
    conversion_low: float | None
    conversion_high: float | None
    revenue_per_visitor: float | None
    revenue_per_visitor_low: float | None
    revenue_per_visitor_high: float | None
    conversion_difference: float | None
    conversion_difference_low: float | None
    conversion_difference_high: float | None
    revenue_difference: float | None
    revenue_difference_low: float | None
    revenue_difference_high: float | None


class ExperimentResult(msgspec.Struct, kw_only=True):
    """``ends_on`` is the first day that is not part of it."""

    experiment: str
    starts_on: date | None
    ends_on: date | None
    is_running: bool
    is_ratio_ok: bool
    ratio_chi_square: float | None
    arms: list[ArmResult]


class Experiments(Answer, kw_only=True):
    items: list[ExperimentResult]


class MartColumn(msgspec.Struct, kw_only=True):
    """A column and its type, as DuckDB calls it."""

    name: str
    type: str
    description: str


class MartBrief(msgspec.Struct, kw_only=True):
    name: str
    description: str
    rows: int
    columns: list[MartColumn]


class Marts(Answer, kw_only=True):
    """The marts whose properties ask for them to be served."""

    items: list[MartBrief]


class MartRows(Answer, kw_only=True):
    """Rows of a mart, each an object with the mart's columns. ``rows``: how many fit the conditions."""

    name: str
    description: str
    columns: list[MartColumn]
    rows: int
    items: list[dict[str, Any]]
    next_cursor: str | None
