"""Requests that the shop's own ``/apps/footfall/...`` forwards: no key, Shopify's signature instead."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from footfall.wire.keys import proxy_signature
from tests.api.conftest import ADA_GUEST, SOLO_GUEST, settings_for

SECRET = "client-secret-of-the-app"
Client = TestClient[Litestar]


@pytest.fixture
def client(published: Path) -> Iterator[Client]:
    settings = settings_for(published, shopify_secrets=(SECRET,), shopify_shops=("One.myshopify.com",))
    with TestClient(create_app(settings)) as client:
        yield client


def signed(
    path: str, *, shop: str = "one.myshopify.com", secret: str = SECRET, age: int = 0, **own: str
) -> str:
    query = urlencode(
        {
            **own,
            "shop": shop,
            "logged_in_customer_id": "",
            "path_prefix": "/apps/footfall",
            "timestamp": str(int(time.time()) - age),
        }
    )
    return f"{path}?{query}&signature={proxy_signature(secret, query)}"


@pytest.mark.parametrize(
    "path", ["/v1/recommendations", "/v1/products/p01/similar", f"/v1/visitors/{SOLO_GUEST}/affinities"]
)
def test_a_signed_request_needs_no_key(client: Client, path: str) -> None:
    answer = client.get(signed(path, limit="2"))
    assert answer.status_code == 200, answer.text
    assert client.get(path).status_code == 401


def test_it_may_do_no_more_than_the_public_key(client: Client) -> None:
    assert client.get(signed("/v1/marts")).status_code == 403
    assert client.get(signed("/v1/visitors/ada/affinities")).status_code == 403
    assert client.get(signed(f"/v1/visitors/{ADA_GUEST}/affinities")).status_code == 403
    assert client.get(signed("/v1/recommendations", user="ada")).status_code == 403


def test_other_secrets_shops_times_and_parameters_are_refused(client: Client) -> None:
    path = "/v1/recommendations"
    assert client.get(signed(path, secret="another")).status_code == 401
    assert client.get(signed(path, shop="two.myshopify.com")).status_code == 401
    assert client.get(signed(path, age=3600)).status_code == 401
    refused = client.get(signed(path) + "&limit=50")
    assert refused.status_code == 401
    assert "App Proxy's signature" in refused.json()["detail"]
    assert "a key is needed" in client.get(path).json()["detail"]


def test_without_a_secret_nothing_is_signed(published: Path) -> None:
    with TestClient(create_app(settings_for(published))) as client:
        assert client.get(signed("/v1/recommendations")).status_code == 401
