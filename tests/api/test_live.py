"""/live and /v1/live: what a collector accepted, while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from collector.app import create_app as create_collector
from footfall.settings import Settings
from tests.api.conftest import PUBLIC, SECRET, settings_for

KEY = SECRET["Authorization"].removeprefix("Bearer ")
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
EVIL = "<img src=x onerror=document.title='run'>"
GUEST = "6f1c3b52-0f0e-4f7e-9a51-8d1f2b3c4d5e"


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[TestClient[Any]]:
    with TestClient(create_collector(Settings(data=tmp_path, min_free_bytes=0))) as made:
        yield made


@pytest.fixture
def client(tmp_path: Path, published: Path) -> Iterator[TestClient[Litestar]]:
    """The API in the collector's data directory, with the published snapshot."""
    (tmp_path / "serving").symlink_to(published / "serving")
    with TestClient(create_app(settings_for(tmp_path)), raise_server_exceptions=False) as made:
        yield made


def send(
    collector: TestClient[Any], *events: str, key: str = "ff_demo_write_key", product: str = "p01"
) -> None:
    batch = [
        {"type": "track", "event": event, "anonymousId": GUEST, "properties": {"product_id": product}}
        for event in events
    ]
    collector.post("/v1/batch", json={"writeKey": key, "batch": batch}, headers={"user-agent": AGENT})


def test_what_comes_is_told_once_with_its_outcome(
    collector: TestClient[Any], client: TestClient[Litestar]
) -> None:
    send(collector, "Product Viewed", "")
    send(collector, "Product Added", product="nope")
    first = client.get("/v1/live", headers=SECRET).json()
    told = {event["event"]: event for event in first["items"]}
    assert told["Product Viewed"]["products"] == [
        {"product_id": "p01", "title": told["Product Viewed"]["products"][0]["title"], "is_known": True}
    ]
    assert told["Product Added"]["products"][0]["is_known"] is False
    assert told["Product Added"]["guest"] == "6f1c3b52…"
    assert [event["reason"] for event in first["items"] if event["outcome"] == "rejected"]
    send(collector, "Cart Viewed")
    second = client.get("/v1/live", params={"cursor": first["cursor"]}, headers=SECRET).json()
    assert [event["event"] for event in second["items"]] == ["Cart Viewed"]


def test_only_the_secret_key_and_our_own_cursor(client: TestClient[Litestar]) -> None:
    assert client.get("/v1/live").status_code == 401
    assert client.get("/v1/live", headers=PUBLIC).status_code == 403
    assert client.get("/v1/live?cursor=../../x", headers=SECRET).status_code == 400


def test_apart_from_the_collector_it_says_so(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/live", headers=SECRET)
    assert answer.status_code == 200
    assert "FOOTFALL_DATA" in answer.json()["problem"]


@pytest.mark.browser
def test_the_page_shows_it_within_two_seconds(page: Any, collector: TestClient[Any]) -> None:
    page.goto(f"http://shop.test/live#{KEY}")
    page.wait_for_selector("#waiting:not([hidden])")
    assert "ff_debug=1" in page.inner_text("#waiting")
    send(collector, EVIL)
    send(collector, "Product Viewed")
    send(collector, "Cart Viewed", key="wrong")
    page.wait_for_selector("#stream button:text('Product Viewed')", timeout=2000)
    page.wait_for_selector("#stream .refused:text('refused')", timeout=2000)
    assert EVIL in page.inner_text("#stream")
    assert page.title() == "Live · Footfall"
    page.click("#stream button:text('Product Viewed')")
    assert "6f1c3b52…" in page.inner_text("#stream pre")
    page.fill("#guest", "another")
    assert page.query_selector_all("#stream tr.event") == []
    page.fill("#guest", GUEST)
    assert len(page.query_selector_all("#stream tr.event")) == 2
    assert page.complaints == []
    assert not any(KEY in path for path in page.asked)
