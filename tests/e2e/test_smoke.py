"""200 events through the whole pipeline as its user starts it: collector, lake, dbt, snapshot, API."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import duckdb
import httpx
import pytest

from demo.cli import CATALOG
from demo.simulator import generate
from footfall.client.sender import send
from tests.built_shop import wait_until_sealed
from tests.e2e.conftest import Line

pytestmark = [pytest.mark.pipeline, pytest.mark.smoke]

EVENTS = 200


def test_200_events_become_recommendations(empty_line: Line) -> None:
    line, settings = empty_line, empty_line.settings
    settings.paths.catalog.mkdir(parents=True)
    (settings.paths.catalog / "demo-shop.json").write_bytes(CATALOG.read_bytes())
    messages = list(islice(generate(visitors=40, days=2, seed=11), EVENTS))
    report = send(messages, url=settings.collector_url, write_key=settings.trusted_key.key)
    assert (report.accepted, report.rejected) == (EVENTS, 0)
    wait_until_sealed(settings)
    line.footfall("run", "--lane", "full")

    in_lake = duckdb.sql(f"select count(*) from read_parquet('{settings.paths.lake}/events/*/*.parquet')")
    assert in_lake.fetchall() == [(EVENTS,)]
    with duckdb.connect(str(settings.paths.warehouse), read_only=True) as warehouse:
        [accounted] = warehouse.execute(
            "select sum(accepted), sum(in_lake), bool_and(is_balanced) from events_reconciliation"
        ).fetchall()
        assert accounted == (EVENTS, EVENTS, True)
        assert warehouse.execute("select count(*) > 0 from sessions").fetchall() == [(True,)]

    line.open("api")
    viewed = Counter(each["anonymousId"] for each in messages if each.get("event") == "Product Viewed")
    [(guest, _)] = viewed.most_common(1)
    answer = httpx.get(
        f"{settings.api_url}/v1/recommendations",
        params={"key": settings.public_key, "guest": guest, "limit": "8"},
        trust_env=False,
    ).raise_for_status()
    items = answer.json()["items"]
    assert len(items) == 8
    assert all(item["reason"] for item in items)
    assert any(item["source"] != "trending" for item in items), "the visitor's own list, not what sells"
