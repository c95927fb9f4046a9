"""Forms, paths, options, searches, retention, worth, channels and segments on small shops counted by hand."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from dbt_kit import FIXTURES, NOON, PROJECT_DIR, Lake, Warehouse, message

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def page(guest: str, path: str, at: Any) -> dict[str, Any]:
    kind = {"/": "home", "/cart": "cart"}.get(path, "product")
    return message(None, at, guest=guest, page_path=path, properties={"page_type": kind})


def form(
    guest: str,
    event: str,
    at: Any,
    field: str | None = None,
    order: int | None = None,
    name: str = "contact",
) -> dict[str, Any]:
    properties = {"form": name, "field": field, "field_order": order, "ms_spent": 1000}
    return message(event, at, guest=guest, properties={k: v for k, v in properties.items() if v is not None})


def filled(guest: str, fields: list[str], *, submitted: bool, at: Any = NOON) -> list[dict[str, Any]]:
    rows = [form(guest, "Form Started", at)]
    rows += [
        form(guest, "Form Field Completed", at + MINUTE * n, field, n)
        for n, field in enumerate(fields, start=1)
    ]
    end = "Form Submitted" if submitted else "Form Abandoned"
    return [*rows, form(guest, end, at + MINUTE * (len(fields) + 1), fields[-1] if fields else None)]


def option(guest: str, size: str) -> dict[str, Any]:
    properties = {"product_id": "shirt", "option_name": "Size", "option_value": size}
    return message("Product Option Selected", NOON, guest=guest, properties=properties)


def recommended(
    event: str, placement: str, at: timedelta, guest: str, user: str | None = None, **about: Any
) -> dict[str, Any]:
    return message(event, NOON + at, guest=guest, user=user, properties={"placement": placement, **about})


@pytest.fixture(scope="module")
def shop(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    lake, warehouse = make_warehouse()
    shirt = {"product_id": "shirt", "price": 20, "quantity": 1}
    lake.catalog(
        [
            {
                "product_id": "shirt",
                "title": "Linen shirt",
                "product_type": "shirts",
                "variants": json.dumps(
                    [
                        {"variant_id": f"shirt-{size.lower()}", "options": {"Size": size}}
                        for size in ("M", "L")
                    ]
                ),
            },
            {"product_id": "hat", "title": "Straw hat", "product_type": "hats"},
        ]
    )
    lake.load(
        [
            *filled("sends", ["name", "email"], submitted=True),
            *filled("stops", ["name"], submitted=False),
            *filled("only-looks", [], submitted=False),
            # begun in one session, finished in the next
            form("buyer", "Form Started", NOON + 10 * MINUTE, name="return"),
            form("buyer", "Form Field Completed", NOON + 11 * MINUTE, "reason", 1, name="return"),
            form("buyer", "Form Field Completed", NOON + 60 * MINUTE, "date", 2, name="return"),
            form("buyer", "Form Submitted", NOON + 61 * MINUTE, "date", name="return"),
            *[
                page("walker", path, NOON + MINUTE * n)
                for n, path in enumerate(["/", "/p/1", "/p/1", "/cart"])
            ],
            page("passer-by", "/", NOON),
            option("buyer", "M"),
            option("buyer", "L"),
            option("dreamer", "M"),
            option("dreamer", "XL"),
            message(
                "Order Completed",
                NOON + MINUTE,
                guest="buyer",
                user="ben",
                properties={"order_id": "o1", "products": [{**shirt, "variant_id": "shirt-l"}]},
            ),
            message("Product Added", NOON, guest="forgetful", user="fay", properties=shirt),
            message("Cart Updated", NOON + DAY, guest=None, user="fay", source="server", trusted=True),
            message(
                "Products Searched", NOON, guest="seeker", properties={"query": "Hats ", "results_count": 0}
            ),
            message("Product Viewed", NOON - 14 * DAY, guest="returns", properties=shirt),
            message("Product Viewed", NOON - 7 * DAY, guest="returns", properties=shirt),
            page("returns", "/", NOON + 2 * DAY),
            message(
                "Product List Viewed", NOON, guest="lists", properties={"list": "sale", "results_count": 3}
            ),
            message(
                "Product List Viewed",
                NOON,
                guest="lists-too",
                properties={"list": "sale", "results_count": 1},
            ),
            message(
                "Product Clicked", NOON, guest="lists", properties={"list": "sale", "position": 1, **shirt}
            ),
            message(
                "Product Clicked", NOON, guest="lists", properties={"list": "sale", "position": 3, **shirt}
            ),
            # ordered at NOON + 1 minute and 40 days before: of two blocks the last has it, one too long ago has none
            *[
                recommended(event, placement, at, guest="buyer", user="ben", product_id="shirt")
                for placement, at in (("home", -3 * MINUTE), ("product", -2 * MINUTE), ("old", -48 * DAY))
                for event in ("Recommendation Viewed", "Recommendation Clicked")
            ],
            recommended(
                "Recommendation Viewed", "home", MINUTE, guest="dreamer", product_ids=["shirt", "hat"]
            ),
            recommended("Recommendation Clicked", "product", MINUTE, guest="dreamer", product_id="hat"),
            message(
                "Order Completed",
                NOON - 40 * DAY,
                guest="buyer",
                user="ben",
                properties={"order_id": "o0", "products": [shirt, shirt]},
            ),
            # of an order that nobody knows any more
            message(
                "Order Refunded",
                NOON - 90 * DAY,
                guest="buyer",
                user="ben",
                properties={"order_id": "forgotten", "value": 5},
            ),
        ]
    )
    warehouse.run()
    return warehouse


def test_forms_by_field(shop: Warehouse) -> None:
    assert shop.rows(
        "select field, field_order, attempts, completed, dropped, submitted from form_funnels "
        "where form = 'contact' order by field_order"
    ) == [("", 0, 3, 3, 1, 1), ("name", 1, 3, 2, 1, 1), ("email", 2, 3, 1, 0, 1)]


def test_a_form_finished_after_a_pause_is_one_attempt(shop: Warehouse) -> None:
    assert shop.rows(
        "select field, attempts, completed, dropped, submitted from form_funnels where form = 'return' order by field"
    ) == [("", 1, 1, 0, 1), ("date", 1, 1, 0, 1), ("reason", 1, 1, 0, 1)]


def test_paths_from_page_to_page(shop: Warehouse) -> None:
    steps = shop.rows(
        "select from_path, to_type, steps, share from navigation_paths where from_path = '/' order by 2"
    )
    # walker to the product; passer-by and the one who returns leave
    assert steps == [("/", "(exit)", 2, pytest.approx(2 / 3)), ("/", "product", 1, pytest.approx(1 / 3))]
    # a reload of /p/1 is no step
    assert shop.rows("select to_path, steps from navigation_paths where from_path = '/p/1'") == [("/cart", 1)]


def test_options_picked_and_not_bought(shop: Warehouse) -> None:
    assert shop.rows(
        "select option_value, visitors, buyers, visitors_not_bought, option_buyers from option_interest order by 1"
    ) == [("L", 1, 1, 0, 1), ("M", 2, 1, 1, 0), ("XL", 1, 0, 1, 0)]


def test_searches_say_what_came_of_them(shop: Warehouse) -> None:
    assert shop.rows("select normalized_query, is_without_result, has_product_view from searches") == [
        ("hats", True, False)
    ]


def test_retention_by_week(shop: Warehouse) -> None:
    # NOON is a Sunday: the 14 and the 7 days before it are Sundays too, two days later is the next week but one
    assert shop.rows(
        "select * from retention_cohorts where cohort_week = '2026-02-09' order by weeks_later"
    ) == [
        (date(2026, 2, 9), 0, 1, 1, 1.0),
        (date(2026, 2, 9), 1, 1, 1, 1.0),
        (date(2026, 2, 9), 3, 1, 1, 1.0),
    ]


def test_retention_by_period(shop: Warehouse) -> None:
    """Fay, of whom a server told something the day after, was not seen again. Nobody is old enough for 90 days."""
    assert shop.rows(
        "select retention, period_days, visitors, retained, share from retention_periods "
        "where period_days in (1, 14, 90) order by 1, 2"
    ) == [
        ("ordered_again", 1, 1, 1, 1.0),
        ("ordered_again", 90, 0, 0, None),
        ("seen_again", 1, 12, 2, pytest.approx(2 / 12)),
        ("seen_again", 14, 2, 2, 1.0),
    ]


def test_segments_hold_whom_they_say(shop: Warehouse) -> None:
    members: dict[str, set[str]] = {}
    for segment, visitor in shop.rows("select segment, visitor_id from segment_members"):
        members.setdefault(segment, set()).add(visitor)
    assert members["active_customers"] == {"u_ben"}
    assert members["abandoned_cart"] == {"u_fay"}
    assert members["searched_without_result"] == {"g_seeker"}
    assert members["returning_guests"] == {"g_returns"}
    assert "lapsed_customers" not in members
    assert shop.rows("select members from segments where segment = 'lapsed_customers'") == [(0,)]


def test_a_value_that_nobody_has_is_warned_of_with_those_that_are_near(shop: Warehouse) -> None:
    """The catalog's categories and the bands are known though nobody has them today."""
    segments = [
        {"name": "known", "where": "top_category in ('shirts', 'hats') and price_band = 'high'"},
        {"name": "slips", "where": "price_band = 'hihg' or top_category in ('shirts', 'Shirts')"},
    ]
    assert shop.warnings(
        "assert_segments_ask_for_known_values",
        command="test",
        segments=[{**segment, "description": "-"} for segment in segments],
    ) == [
        "dbt_project.yml, segment slips: no visitor has price_band 'hihg'; near are high, low, middle",
        "dbt_project.yml, segment slips: no visitor has top_category 'Shirts'; near are shirts, hats",
        "assert_segments_ask_for_known_values: 2",
    ]


def test_a_shop_may_declare_no_segment(customers: Warehouse) -> None:
    customers.run("segment_members segments", variables={"segments": []})
    assert customers.rows("select count(*) from segments") == [(0,)]
    assert customers.rows("select count(*) from segment_members") == [(0,)]
    customers.run("segment_members segments")


def test_members_carry_what_a_message_needs(shop: Warehouse) -> None:
    assert shop.rows(
        "select user_id, last_product_title, top_category, cart_value, since from segment_members "
        "where segment = 'abandoned_cart'"
    ) == [("fay", "Linen shirt", "shirts", Decimal("20.00"), NOON)]


@pytest.fixture(scope="module")
def customers(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> Warehouse:
    """Ten customers, c0 who ordered first and cheapest to c9 who ordered last and dearest; c8 and c9 ordered twice.
    Three guests look at what costs 10, 50 and 90.
    """
    lake, warehouse = make_warehouse()
    prices = {"cheap": 10, "usual": 50, "dear": 90}
    lake.catalog(
        [
            {"product_id": name, "title": name, "product_type": "things", "price": price}
            for name, price in prices.items()
        ]
    )
    rows = []
    for number in range(10):
        for order in range(2 if number >= 8 else 1):
            thing = {"product_id": "usual", "price": 10 * (number + 1), "quantity": 1}
            rows.append(
                message(
                    "Order Completed",
                    NOON + DAY * number + MINUTE * order,
                    guest=f"of-c{number}",
                    user=f"c{number}",
                    properties={"order_id": f"o{number}-{order}", "products": [thing]},
                )
            )
    for name in prices:
        rows.append(message("Product Viewed", NOON, guest=name, properties={"product_id": name}))
    lake.load(rows)
    warehouse.run("+segments")
    return warehouse


def test_scores_are_fifths_and_equals_share_the_lower_one(customers: Warehouse) -> None:
    assert customers.rows(
        "select user_id, recency_score, frequency_score, money_score from visitor_facts "
        "where user_id is not null order by user_id"
    ) == [
        ("c0", 1, 1, 1),
        ("c1", 1, 1, 1),
        ("c2", 2, 1, 2),
        ("c3", 2, 1, 2),
        ("c4", 3, 1, 3),
        ("c5", 3, 1, 3),
        ("c6", 4, 1, 4),
        ("c7", 4, 1, 4),
        ("c8", 5, 5, 5),
        ("c9", 5, 5, 5),
    ]
    assert customers.rows("select user_id from segment_members where segment = 'champions' order by 1") == [
        ("c8",),
        ("c9",),
    ]


def test_price_bands_are_thirds(customers: Warehouse) -> None:
    bands = dict(customers.rows("select visitor_id, price_band from visitor_facts where is_guest"))
    assert bands["g_cheap"] == "low"
    assert bands["g_dear"] == "high"
    assert customers.rows("select visitor_id from segment_members where segment = 'high_price_band'") == [
        ("g_dear",)
    ]


def test_the_segments_of_the_docs_are_those_that_are_declared() -> None:
    page = (PROJECT_DIR.parent / "docs" / "analyst" / "segments-of-a-shop.md").read_text()
    documented = yaml.safe_load("\n".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)))
    declared = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["vars"]["segments"]
    assert documented == declared
    assert len(documented) >= 12


def test_clicks_by_position(shop: Warehouse) -> None:
    assert shop.rows("select * from list_positions order by list_position") == [
        ("sale", 1, 2, 1, 0.5),
        ("sale", 2, 1, 0, 0.0),
        ("sale", 3, 1, 1, 1.0),
    ]


def test_the_queries_of_the_docs_are_answered(shop: Warehouse) -> None:
    page = (PROJECT_DIR.parent / "docs" / "analyst" / "questions.md").read_text()
    queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(queries) == 25
    # nobody here goes from page to cart, uses a menu, lapses, orders two things at once, checks out, or is u_4711
    empty = [number for number, query in enumerate(queries, start=1) if not shop.rows(query)]
    assert empty == [2, 6, 10, 11, 23, 25]


def test_recommendations_by_placement(shop: Warehouse) -> None:
    """The order is of the block clicked last before it, and of none that was clicked longer than a week before."""
    assert shop.rows(
        "select placement, views, viewers, clicks, clickers, click_through_rate, orders, revenue "
        "from recommendation_performance order by placement"
    ) == [
        ("home", 2, 2, 1, 1, 0.5, 0, Decimal("0.00")),
        ("old", 1, 1, 1, 1, 1.0, 0, Decimal("0.00")),
        ("product", 1, 1, 2, 2, 2.0, 1, Decimal("20.00")),
    ]


def test_searches_by_term(shop: Warehouse) -> None:
    assert shop.rows("select query, searches, without_result, with_order from search_terms") == [
        ("hats", 1, 1, 0)
    ]


def test_lifetime_value_by_month(shop: Warehouse) -> None:
    assert shop.rows(
        "select cohort_month, months_later, customers, orders, cumulative_revenue, lifetime_value "
        "from lifetime_value order by months_later"
    ) == [
        (date(2026, 1, 1), 0, 1, 1, Decimal("35.00"), Decimal("35.00")),
        (date(2026, 1, 1), 2, 1, 1, Decimal("55.00"), Decimal("55.00")),
    ]


GA4 = FIXTURES / "Velir__dbt-ga4" / "channel_grouping_expected.csv"
MJIRV = FIXTURES / "mjirv__dbt_product_analytics" / "integration_tests" / "seeds"


@pytest.mark.skipif(not GA4.is_file(), reason="shared fixtures are not on this machine")
def test_ga4_channel_groups(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """Every row of dbt-ga4's test as a session whose first page carries the campaign."""
    lake, warehouse = make_warehouse()
    with GA4.open() as file:
        rows = list(csv.DictReader(file))
    lake.load(
        message(
            None,
            NOON,
            guest=f"row-{number}",
            campaign=json.dumps({key: row[key] for key in ("source", "medium")} | {"name": row["campaign"]}),
        )
        for number, row in enumerate(rows)
    )
    warehouse.run("+sessions")
    found = dict(warehouse.rows("select guest_token, channel from sessions"))
    assert found == {f"row-{number}": row["expected_channel"] for number, row in enumerate(rows)}


def test_days_are_the_shops(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """A shop in Auckland: its days begin at 11:00 UTC in summer; an increment counts a touched day again."""
    lake, warehouse = make_warehouse()
    zone = {"shop_time_zone": "Pacific/Auckland"}
    noon, one = datetime(2026, 1, 10, 12), timedelta(hours=1)
    for number, at in enumerate([noon - 2 * one, noon - one, noon]):
        lake.load([message(None, at, guest=f"g{number}")])
        warehouse.run("+sessions_daily +traffic_sources", variables=zone)
    for mart in ("sessions_daily", "traffic_sources"):
        assert warehouse.rows(f"select cast(day as varchar), sessions from {mart} order by 1") == [
            ("2026-01-10", 1),
            ("2026-01-11", 2),
        ]


def test_traffic_sources_without_a_campaign(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    lake, warehouse = make_warehouse()
    url = "https://shop.example/"
    for guest, page_url, referrer in [
        ("typed", url, None),
        ("inside", url, "https://shop.example/p/1"),
        ("searched", url, "https://www.google.co.uk/search?q=hats"),
        ("yahoo", url, "https://de.search.yahoo.com/"),
        ("social", url, "https://m.facebook.com/"),
        ("social in Peru", url, "https://pe.linkedin.com/"),
        ("mail", url, "https://mail.google.com/"),
        ("logged in", url, "https://accounts.google.co.uk/o/oauth2"),
        ("blog", url, "https://blog.example.org/hats"),
        ("ad", url + "?gclid=x", "https://www.google.com/"),
    ]:
        lake.load([message(None, NOON, guest=guest, page_url=page_url, page_referrer=referrer)])
    order = {"order_id": "o1", "products": [{"product_id": "p", "price": 7, "quantity": 1}]}
    lake.load([message("Order Completed", NOON + MINUTE, guest="blog", properties=order)])
    warehouse.run("+traffic_sources")
    assert warehouse.rows(
        "select channel, traffic_source, traffic_medium, sessions, orders, revenue from traffic_sources order by 1, 2"
    ) == [
        ("Direct", "(direct)", "(none)", 2, 0, 0),
        ("Organic Search", "de.search.yahoo.com", "organic", 1, 0, 0),
        ("Organic Search", "google.co.uk", "organic", 1, 0, 0),
        ("Organic Social", "m.facebook.com", "referral", 1, 0, 0),
        ("Organic Social", "pe.linkedin.com", "referral", 1, 0, 0),
        ("Paid Search", "google", "cpc", 1, 0, 0),
        ("Referral", "accounts.google.co.uk", "referral", 1, 0, 0),
        ("Referral", "blog.example.org", "referral", 1, 1, 7),
        ("Referral", "mail.google.com", "referral", 1, 0, 0),
    ]
    # what a rate of a channel, a week or a shop is made of
    assert warehouse.rows(
        "select sum(sessions_with_order), sum(sessions_with_order) / sum(sessions) from traffic_sources"
        " where channel = 'Referral'"
    ) == [(1, 1 / 3)]


@pytest.mark.skipif(not MJIRV.is_dir(), reason="shared fixtures are not on this machine")
def test_dbt_product_analytics_retention(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """19, 4, 3 and 3 of 24."""
    lake, warehouse = make_warehouse()
    with (MJIRV / "raw_orders.csv").open() as file:
        lake.load(
            message(
                row["status"],
                datetime.fromisoformat(row["order_date"]),
                guest=f"customer-{row['user_id']}",
                message_id=row["id"],
            )
            for row in csv.DictReader(file)
        )
    retention = {
        "name": "orders",
        "second": "completed",
        "since": "2018-01-01",
        "until": "2018-02-01",
        "periods": [0, 1, 7, 14],
    }
    warehouse.run("+retention_periods", variables={"retentions": [retention]})
    found = warehouse.rows("select period_days, retained, visitors, share from retention_periods order by 1")
    with (MJIRV / "dmt_expected__retention.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert [row[:3] for row in found] == [
        (int(row["period"]), int(row["unique_users"]), 24) for row in expected
    ]
    assert [row[3] for row in found] == pytest.approx([float(row["pct_users"]) for row in expected])
