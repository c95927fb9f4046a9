"""Links of the market that a page belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.markets import Markets
from api.schemas import ProductItem
from footfall.settings import SettingsError, load_settings
from tests.api.conftest import PUBLIC, settings_for

FR, DE = "https://shop.fr", "https://shop.example/de"
LISTS = [
    "/v1/recommendations",
    "/v1/products/p01/similar",
    "/v1/products/p01/viewed-together",
    "/v1/products/p01/bought-together",
]


@pytest.fixture(scope="module")
def client(published: Path) -> Iterator[TestClient[Litestar]]:
    settings = settings_for(published, markets={"fr": FR, "de": DE, "at": "https://shop.example/at"})
    with TestClient(create_app(settings)) as client:
        yield client


def links(
    client: TestClient[Litestar], path: str, market: str | None = None, origin: str | None = None
) -> list[Any]:
    headers = PUBLIC | ({"Origin": origin} if origin else {})
    answer = client.get(path, params={"market": market} if market is not None else {}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "Origin" in answer.headers["Vary"], "a cache would give one market's links to another's page"
    return [item["url"] for item in answer.json()["items"]]


@pytest.mark.parametrize("path", LISTS)
def test_links_begin_with_the_markets_front(client: TestClient[Litestar], path: str) -> None:
    plain = links(client, path)
    assert plain
    assert all(url.startswith("/") for url in plain)
    assert links(client, path, origin=FR) == [FR + url for url in plain]
    assert links(client, path, market="de", origin=FR) == [DE + url for url in plain]
    # Two markets share this origin, and nobody has the other one
    for origin in ("https://shop.example", "https://other.example", "null"):
        assert links(client, path, origin=origin) == plain
    assert links(client, path, market="") == plain


@pytest.mark.parametrize("path", LISTS)
def test_a_market_that_isnt_there(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path, params={"market": "es"}, headers=PUBLIC)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "market: must be a market (fr, de, at)"


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("https://shop.example/en/p/mug?x#y", f"{FR}/p/mug?x#y"),
        ("https://shop.example/en", FR),
        ("https://shop.example/english/mug", "https://shop.example/english/mug"),
        ("https://blog.example/mug", "https://blog.example/mug"),
        ("/p/mug", "/p/mug"),
        (None, None),
    ],
)
def test_only_what_is_below_the_storefront_moves(url: str | None, moved: str | None) -> None:
    item = ProductItem(
        product_id="1", title="Mug", url=url, image_url=None, price=None, currency=None, category=None, score=1,
        source="trending", seed=None, reason="",
    )  # fmt: skip
    markets = Markets("https://shop.example/en/", {"fr": f"{FR}/"})
    markets.move([item], markets.front_of("fr", None))
    assert item.url == moved


def test_the_page_of_the_storefront_itself_is_in_no_market() -> None:
    markets = Markets("https://shop.example", {"de": "https://shop.example/de"})
    assert markets.front_of(None, "https://shop.example") is None


@pytest.mark.parametrize(
    "front", ["shop.fr", "javascript:alert(1)", "https://shop.fr?x", "https://a@shop.fr", ""]
)
def test_a_front_is_an_address(front: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="markets: "):
        load_settings({"FOOTFALL_MARKETS": f'{{"fr": "{front}"}}', "FOOTFALL_DATA": str(tmp_path)})


def test_products_that_visitors_name_may_lead_to_any_front(tmp_path: Path) -> None:
    settings = load_settings({"FOOTFALL_MARKETS": f'{{"fr": "{FR}"}}', "FOOTFALL_DATA": str(tmp_path)})
    assert FR in settings.link_origins
