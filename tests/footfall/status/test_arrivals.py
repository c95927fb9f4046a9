"""What has arrived of a new shop, read off landing, lake and snapshot while others write there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.runtime.paths import Paths
from footfall.settings import Settings, load_settings
from footfall.snapshot.format import POINTER_FILE, Pointer
from footfall.status import arrivals
from footfall.status.arrivals import Arrivals
from footfall.status.first_day import waiting_for
from footfall.status.runs import JobRuns, Runs, write_runs
from orchestration.lake.loader import load_waiting
from orchestration.lake.schema import PRODUCTS, prepare_lake
from tests.orchestration.conftest import message, seal_segment

URL = "https://shop.example/products/wool-hat"


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return load_settings({"FOOTFALL_DATA": str(tmp_path), "FOOTFALL_MIN_FREE_BYTES": "0"})


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch, shop: Settings) -> dict[str, dict[str, float]]:
    """What the servers' counters say, by server; one that is missing does not answer."""
    found: dict[str, dict[str, float]] = {"collector": {}, "api": {}}
    urls = {shop.collector_url: "collector", shop.api_url: "api"}
    monkeypatch.setattr(arrivals, "_metrics", lambda server: found.get(urls[server]))
    return found


@pytest.fixture
def looked(shop: Settings, metrics: Any) -> Callable[[], dict[str, tuple[bool, str]]]:
    follower = Arrivals(shop)
    return lambda: {step.title: (step.done, step.text) for step in follower.look()}


def sent(number: int, name: str | None, **properties: Any) -> dict[str, Any]:
    about = {"type": "track", "event": name} if name else {"type": "page"}
    context = {"page": {"url": URL, "path": "/products/wool-hat"}}
    return message(number, **about, properties=properties, context=context)


def catalogue(paths: Paths, *products: tuple[str, str]) -> None:
    prepare_lake(paths)
    rows = [dict.fromkeys(PRODUCTS.names) | {"product_id": key, "handle": handle} for key, handle in products]
    pq.write_table(pa.Table.from_pylist(rows, PRODUCTS), paths.lake / "products" / "000000000001-a.parquet")


def test_a_shop_ticks_off_step_by_step(shop: Settings, looked: Any, metrics: Any) -> None:
    paths = shop.paths
    assert not any(done for done, _ in looked().values())
    seal_segment(paths, "s1", [sent(1, None)])
    assert [title for title, (done, _) in looked().items() if done] == ["The tag", "A page view"]
    assert looked()["The tag"] == (True, f"from {URL}")
    catalogue(paths, ("501", "wool-hat"), ("502", "cap"))
    done, todo = looked()["A product of the catalogue"]
    assert not done
    assert todo.startswith("Open the page of a product.")
    seal_segment(
        paths, "s2", [sent(2, "Product Viewed", product_id="501"), sent(3, "Product Added", product_id="77")]
    )
    seal_segment(paths, "s3", [sent(4, "Order Completed", order_id="A1")], source="shop_server")
    # Loaded between two looks: read from the lake then
    load_waiting(shop)
    now = looked()
    assert now["A product of the catalogue"][0]
    assert now["A cart"][0]
    assert now["An order"] == (True, "by shop_server")
    assert not now["The first publish"][0]
    paths.serving.mkdir()
    pointer = Pointer(version="v1", published_at=datetime(2026, 12, 3, tzinfo=UTC))
    (paths.serving / POINTER_FILE).write_bytes(msgspec.json.encode(pointer))
    assert looked()["The first publish"] == (True, "v1, 2026-12-03 00:00 UTC")
    metrics["api"]['footfall_api_requests_total{route="/v1/recommendations",status="200"}'] = 2
    assert all(done for done, _ in looked().values())


def test_the_end_of_an_open_segment_is_read_once_it_is_whole(shop: Settings, looked: Any) -> None:
    whole = seal_segment(
        shop.paths, "s1", [sent(1, None)], [sent(2, "Product Added", product_id="1")]
    ).read_bytes()
    (shop.paths.landing / "sealed" / "s1.seg").unlink()
    segment = shop.paths.landing / "open" / "s1.seg"
    segment.parent.mkdir()
    segment.write_bytes(whole[:-5])
    assert looked()["A page view"][0]
    assert not looked()["A cart"][0]
    segment.write_bytes(whole)
    assert looked()["A cart"][0]
    segment.rename(shop.paths.landing / "sealed" / "s1.seg")
    assert looked()["A cart"][0]


def test_a_folder_that_did_not_change_is_not_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = tmp_path / "received_date=2026-12-02"
    day.mkdir()
    (day / "1.parquet").touch()
    files = arrivals._Files(tmp_path, "received_date=*")
    os.utime(day, (7, 7))
    assert [file.name for file in files.new()] == ["1.parquet"]
    (day / "2.parquet").touch()
    os.utime(day, (7, 7))
    assert files.new() == [], "as it was"
    now = time.time()
    os.utime(day, (now, now))
    assert [file.name for file in files.new()] == ["2.parquet"]
    (day / "3.parquet").touch()
    os.utime(day, (now, now))
    assert [file.name for file in files.new()] == ["3.parquet"], "in the same moment"


def test_a_handle_of_the_page_is_the_catalogues_too(shop: Settings, looked: Any) -> None:
    """As the warehouse joins them: an id that the catalogue doesn't have, on the page of a handle that it has."""
    catalogue(shop.paths, ("501", "wool-hat"))
    seal_segment(shop.paths, "s1", [sent(1, "Product Viewed", product_id="SKU-9")])
    assert looked()["A product of the catalogue"] == (True, "1 of 1 products seen are in the catalogue")


def test_ids_that_don_t_fit_are_named_on_both_sides(shop: Settings, looked: Any) -> None:
    catalogue(shop.paths, ("sku-1", "other"))
    seal_segment(shop.paths, "s1", [sent(1, "Product Viewed", product_id="SKU-1")])
    done, said = looked()["A product of the catalogue"]
    assert not done
    assert "0 of 1" in said
    assert "the pages say 'SKU-1', the catalogue 'other', 'sku-1'" in said


def test_what_keeps_the_tag_away_is_said(shop: Settings, looked: Any, metrics: Any) -> None:
    assert "Put it into the head" in looked()["The tag"][1]
    metrics["collector"]['footfall_collector_requests_refused_total{reason="origin"}'] = 3
    assert "Requests refused: 3. Their page's address" in looked()["The tag"][1]
    del metrics["collector"]
    assert f"does not answer at {shop.collector_url}" in looked()["The tag"][1]
    metrics["api"]['footfall_api_requests_total{route="/v1/recommendations",status="503"}'] = 1
    assert "before anything was published" in looked()["A recommendation"][1]


NAMES = st.sampled_from(["url", "product_id"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


@given(page=JSON, product=JSON, name=st.sampled_from(["Product Viewed", "Product Added", "x"]))
def test_whatever_a_sender_calls_a_page_or_a_product_it_goes_on(page: Any, product: Any, name: str) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(arrivals, "_metrics", lambda _: {})
        shop = load_settings({"FOOTFALL_DATA": folder})
        about = {"properties": {"product_id": product}, "context": {"page": page}}
        seal_segment(shop.paths, "s1", [message(1, event=name, **about), sent(2, None)])
        found = {step.title: step for step in Arrivals(shop).look()}
        assert found["A page view"].done, "what comes behind it is read"


def test_a_visit_that_is_taken_for_a_bots_is_none(shop: Settings, looked: Any) -> None:
    seal_segment(shop.paths, "s1", [sent(1, None)], bot_reason="browser-automation")
    load_waiting(shop)
    now = looked()
    assert now["The tag"][0], "it is in the pages"
    assert "taken for a bot's (browser-automation)" in now["A page view"][1]


def test_the_counters_are_read_as_the_servers_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    page = '# HELP x y\n# TYPE x counter\nx{a="1",b="p q"} 3\ny 2.5\n'

    def get(*_: Any, **__: Any) -> Any:
        return arrivals.httpx.Response(200, text=page, request=arrivals.httpx.Request("GET", "http://x"))

    monkeypatch.setattr(arrivals.httpx, "get", get)
    assert arrivals._metrics("http://x") == {'x{a="1",b="p q"}': 3.0, "y": 2.5}


def test_what_a_first_publish_waits_for(shop: Settings) -> None:
    paths = shop.paths
    assert str(waiting_for(shop)).startswith("waiting for your first events: put the tag")
    paths.catalog.mkdir(parents=True)
    (paths.catalog / "shop.csv").touch()
    assert str(waiting_for(shop)).startswith("waiting for your first publish: a catalogue is there")
    seal_segment(paths, "s1", [sent(1, None)])
    assert "events have arrived" in str(waiting_for(shop))
    load_waiting(shop)
    assert "events have arrived" in str(waiting_for(shop)), "in the lake"
    failed = JobRuns(failed=1, failed_at=2.0, reason="dbt_build: no room", failed_run="r")
    write_runs(paths.data, Runs(jobs={"full_pipeline": failed}))
    assert "the last run failed (dbt_build: no room)" in str(waiting_for(shop))
