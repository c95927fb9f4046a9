"""Late links: sessions and visitors of old events change when a login is seen later (fixtures of others)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbt_kit import FIXTURES, NOON, Lake, Warehouse, message

SNOWPLOW = FIXTURES / "dbt-labs__snowplow" / "integration_tests" / "seeds"
GA4 = FIXTURES / "Velir__dbt-ga4"
TRUSTED = {"session_id_trusted_sources": ["shop_pixel"]}


def read(path: Path) -> list[dict[str, Any]]:
    with path.open() as file:
        return [
            {name: None if value == "NULL" else value for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def snowplow_messages(events: str, page_views: str) -> list[dict[str, Any]]:
    page_view_ids = {row["root_id"]: row["id"] for row in read(SNOWPLOW / "web_page" / page_views)}
    return [
        message(
            None if row["event"] == "page_view" else "Page Ping",
            datetime.fromisoformat(row["derived_tstamp"]),
            guest=row["domain_userid"],
            user=row["user_id"],
            message_id=row["event_id"],
            session_token=row["domain_sessionid"],
            page_view_id=page_view_ids[row["event_id"]],
            page_path=row["page_urlpath"],
        )
        for row in read(SNOWPLOW / "event" / events)
    ]


@pytest.mark.skipif(not SNOWPLOW.is_dir(), reason="shared fixtures are not on this machine")
def test_snowplow_in_two_batches(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """A full build, then an increment: a session grows, another gets its user from the next one. The sender
    owns its sessions, so its ids are trusted."""
    lake, warehouse = make_warehouse()
    for events, page_views in [
        ("sp_event.csv", "sp_web_page.csv"),
        ("sp_event_update.csv", "sp_web_page_update.csv"),
    ]:
        lake.load(snowplow_messages(events, page_views))
        warehouse.run("+sessions +page_views", variables=TRUSTED)
    # the expected times are New York's, five hours behind
    new_york = timedelta(hours=5)
    expected = {
        (
            row["user_snowplow_domain_id"],
            int(row["session_index"]),
            datetime.strptime(row["session_start"], "%Y-%m-%d %H:%M:%S") + new_york,
            datetime.strptime(row["session_end"], "%Y-%m-%d %H:%M:%S") + new_york,
            f"u_{row['inferred_user_id']}"
            if row["inferred_user_id"].startswith("user_")
            else f"g_{row['inferred_user_id']}",
        )
        for row in read(SNOWPLOW / "expected" / "snowplow_sessions_expected.csv")
    }
    found = set(
        warehouse.rows("select guest_token, session_number, started_at, ended_at, visitor_id from sessions")
    )
    assert found == expected
    views = warehouse.rows("select page_view_id from page_views order by 1")
    assert views == sorted(
        (row["page_view_id"],) for row in read(SNOWPLOW / "expected" / "snowplow_page_views_expected.csv")
    )


@pytest.mark.skipif(not GA4.is_dir(), reason="shared fixtures are not on this machine")
def test_ga4_user_of_a_client_is_the_last_one_seen(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    lake, warehouse = make_warehouse()
    lake.load(
        message(
            "Product Viewed",
            NOON + timedelta(seconds=int(row["event_timestamp"])),
            guest=row["client_key"],
            user=row["user_id"] or None,
        )
        for row in read(GA4 / "user_id_mapping_events.csv")
    )
    warehouse.run("+identity_map")
    expected = {
        row["client_key"]: f"u_{row['last_seen_user_id']}"
        for row in read(GA4 / "user_id_mapping_expected.csv")
    }
    found = dict(warehouse.rows("select value, visitor_id from identity_map where identifier_type = 'guest'"))
    # a client without a user is itself with us, and absent there
    assert found == {**expected, "d1": "g_d1"}
