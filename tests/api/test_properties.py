"""Whatever is asked: never a 500, never an empty list while something could be shown, never a barred product."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from api.analytics_schemas import MartRows, Marts
from api.app import create_app
from api.schemas import Problem, ProductList, Recommendations
from tests.api.conftest import ADA_GUEST, COLD_GUEST, PUBLIC, SECRET, SOLO_GUEST, settings_for

RELAXED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PRODUCTS = [f"p{number:02d}" for number in range(1, 13)]
SOLD_OUT = "p12"

product_ids = st.sampled_from([*PRODUCTS, "ghost", "", " p01 ", "p01;drop", "größe", "%00"])
product_lists = st.lists(product_ids, max_size=15).map(",".join)
people = st.sampled_from([ADA_GUEST, SOLO_GUEST, COLD_GUEST, "short", ""])
anything = st.text(max_size=60)


def clean(ids: str) -> list[str]:
    return [part.strip() for part in ids.split(",") if part.strip()]


@RELAXED
@given(
    guest=people | anything,
    viewed=product_lists,
    cart=product_lists,
    exclude=product_lists,
    limit=st.integers(1, 100),
    placement=st.sampled_from(["home", "cart", ""]) | anything,
)
def test_recommendations_hold_their_promises(
    client: TestClient[Litestar], guest: str, viewed: str, cart: str, exclude: str, limit: int, placement: str
) -> None:
    params = {"viewed": viewed, "cart": cart, "exclude": exclude, "limit": limit}
    answer = client.get(
        "/v1/recommendations", params={"guest": guest, "placement": placement, **params}, headers=PUBLIC
    )
    assert answer.status_code == 200, answer.text
    items = msgspec.json.decode(answer.content, type=Recommendations).items
    found = [item.product_id for item in items]
    barred = {*clean(cart), *clean(exclude), *clean(viewed)[:1]}
    left = set(PRODUCTS) - barred - {SOLD_OUT}

    assert len(found) == len(set(found)) == min(limit, len(left))
    assert set(found) <= left
    assert all(item.source and item.reason and item.title for item in items)


@RELAXED
@given(params=st.dictionaries(
    st.sampled_from(["guest", "user", "signature", "viewed", "cart", "exclude", "limit", "placement",
                     "visitor", "product", "fallback", "key", "cursor", "format", "contains", "order",
                     "where", "at_least", "at_most"]) | anything,
    anything | st.lists(anything, min_size=2, max_size=3),
    max_size=5,
), path=st.sampled_from([
    "/v1/recommendations", "/v1/products/p01/similar", "/v1/visitors/ada/affinities", "/v1/visitors/ada/profile",
    "/v1/affinity", "/v1/segments/abandoned_cart/members", "/v1/marts", "/v1/marts/search_terms", "/readyz", "/metrics",
]), headers=st.sampled_from([PUBLIC, SECRET, {}]))  # fmt: skip
def test_no_parameter_breaks_it(
    client: TestClient[Litestar], params: dict[str, Any], path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, params=params, headers=headers)
    assert answer.status_code in {200, 400, 401, 403, 404}, answer.text
    if answer.status_code != 200:
        assert msgspec.json.decode(answer.content, type=Problem).status == answer.status_code


@RELAXED
@given(name=anything, what=st.sampled_from(["similar", "viewed-together", "bought-together"]))
def test_any_product_id_is_an_answer_or_a_404(client: TestClient[Litestar], name: str, what: str) -> None:
    answer = client.get(f"/v1/products/{quote(name, safe='')}/{what}", headers=PUBLIC)
    assert answer.status_code in {200, 400, 404}, answer.text


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("what", ["similar", "viewed-together", "bought-together"])
def test_every_product_leads_somewhere(client: TestClient[Litestar], product: str, what: str) -> None:
    answer = client.get(f"/v1/products/{product}/{what}", headers=PUBLIC)
    items = msgspec.json.decode(answer.content, type=ProductList).items
    assert items
    assert product not in {item.product_id for item in items}
    assert SOLD_OUT not in {item.product_id for item in items}


def test_broken_bytes_in_the_address(client: TestClient[Litestar]) -> None:
    for path in (
        "/v1/recommendations?viewed=%ff%fe,p01&guest=%ed%a0%80",
        "/v1/products/%ff/similar",
        "/v1/visitors/%00/profile",
        "/v1/recommendations?limit=1&limit=2",
        "/v1/recommendations?user=%ed%a0%80&signature=%ff",
        "/v1/recommendations?key=%ff",
    ):
        for headers in (PUBLIC, SECRET, {}):
            assert client.get(path, headers=headers).status_code < 500, path


def test_answers_decode_as_their_types(client: TestClient[Litestar]) -> None:
    msgspec.json.decode(client.get("/v1/marts", headers=SECRET).content, type=Marts)
    msgspec.json.decode(client.get("/v1/marts/sessions_daily", headers=SECRET).content, type=MartRows)


def test_a_fault_of_ours_is_told_as_one_and_no_more(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("api.routes.recommendations.recommend", broken)
    with TestClient(create_app(settings_for(published)), raise_server_exceptions=False) as client:
        answer = client.get("/v1/recommendations", headers=SECRET)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret inside" not in answer.text
