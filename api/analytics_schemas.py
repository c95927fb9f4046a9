"""Response types for analysts, dashboards and mailers: the marts.

Shares and rates are between 0 and 1, times are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.schemas import Answer


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
    since: Annotated[
        datetime | None, Meta(description="Start of the membership, by the segment's own clock.")
    ]
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
        str | None, Meta(description="Null if the cart's prices have no currency, or several.")
    ]


class SegmentMembers(Answer, kw_only=True):
    """One page of a segment's members, by visitor id."""

    name: str
    members: Annotated[
        int, Meta(description="Size of the whole segment, including members who object to marketing.")
    ]
    items: list[SegmentMember]
    next_cursor: Annotated[str | None, Meta(description="The next page's ``cursor``; null on the last page.")]


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
    """The marts whose properties ask for them to be served, and the calendar that they count days by."""

    time_zone: Annotated[
        str, Meta(description="Time zone of the shop's calendar, which defines the marts' days.")
    ]
    today: Annotated[date, Meta(description="The shop's day when the snapshot was built: an unfinished day.")]
    catalogue_problems: Annotated[
        list[str],
        Meta(
            description="Unreadable catalogue files, each with the reason; their last readable version counts."
        ),
    ]
    items: list[MartBrief]


class MartRows(Answer, kw_only=True):
    """Rows of a mart, each an object with the mart's columns. ``rows``: how many fit the conditions."""

    name: str
    description: str
    columns: list[MartColumn]
    rows: int
    items: list[dict[str, Any]]
    next_cursor: str | None
