"""What the API and its overview say of a shop that has published nothing yet, or no visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from orchestration.serving.publish import build_snapshot, publish
from tests.api.conftest import PUBLIC, SECRET, make_marts, settings_for
from tests.orchestration.conftest import message, seal_segment

KEY = SECRET["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def client(data: Path) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(settings_for(data)), raise_server_exceptions=False) as test_client:
        yield test_client


def test_before_the_first_publish_the_owner_is_told_what_to_do(
    client: TestClient[Litestar], data: Path
) -> None:
    def said(headers: dict[str, str], path: str = "/v1/recommendations") -> str:
        got = client.get(path, headers=headers)
        assert got.status_code == 503
        assert got.headers["retry-after"]
        return str(got.json()["detail"])

    assert said(PUBLIC) == "nothing has been published yet", "visitors need not know more"
    assert said(SECRET).startswith(
        "nothing has been published yet: waiting for your first events: put the tag"
    )
    seal_segment(settings_for(data).paths, "s1", [message(1)])
    assert "waiting for your first publish: events have arrived" in said(SECRET, "/v1/marts")
    assert said(PUBLIC) == "nothing has been published yet"


@pytest.mark.browser
def test_the_overview_waits_instead_of_asking_for_the_key_again(page: Any, data: Path) -> None:
    page.goto(f"http://shop.test/overview#{KEY}")
    page.wait_for_selector("#waiting:not([hidden])")
    assert page.inner_text("#waiting h2") == "Waiting for your first events"
    assert "footfall init --show" in page.inner_text("#waiting")
    assert not page.is_visible("#ask")
    seal_segment(settings_for(data).paths, "s1", [message(1)])
    page.wait_for_selector("#waiting h2:text('Waiting for your first publish')")
    with duckdb.connect() as con:
        make_marts(con)
        build_snapshot(con, data / "serving", version="v1")
    publish(data / "serving", "v1")
    # It has looked again. This snapshot serves no mart: what is drawn of them is another test's
    page.wait_for_selector("#waiting h2:text('The API answers 404')")
    page.click("#leave")
    page.wait_for_selector("#ask:not([hidden])")
    assert not page.is_visible("#waiting")


@pytest.mark.browser
def test_a_shop_with_a_catalogue_and_no_visit_sees_no_zeros(page: Any) -> None:
    made = {
        "version": "v1",
        "generated_at": "2026-11-04T02:00:00Z",
        "today": "2026-11-04",
        "time_zone": "UTC",
    }
    page.route(
        "**/v1/marts", lambda route: route.fulfill(json=made | {"catalogue_problems": [], "items": []})
    )
    page.route("**/v1/marts/*", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    page.goto(f"http://shop.test/overview#{KEY}")
    page.wait_for_selector("#waiting:not([hidden])")
    assert page.inner_text("#waiting h2") == "Waiting for your first events"
    assert page.query_selector_all("main section") == []


@pytest.mark.browser
def test_a_wrong_key_is_asked_for_again(page: Any) -> None:
    page.goto("http://shop.test/overview#wrong")
    page.wait_for_selector("#refused:not(:empty)")
    assert "the key is unknown" in page.inner_text("#refused")
    assert not page.is_visible("#waiting")
