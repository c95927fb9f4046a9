"""Quotas of the API's keys, and which pages may use them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from tests.api.conftest import PUBLIC, SECRET, settings_for
from tests.api.test_routes import assert_problem

LIST = "/v1/products/p01/similar"

Serve = Callable[..., TestClient[Litestar]]


@pytest.fixture
def serve(published: Path) -> Iterator[Serve]:
    """An API with settings of its own."""
    with ExitStack() as stack:

        def make(**changes: Any) -> TestClient[Litestar]:
            app = create_app(settings_for(published, **changes))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


def test_a_key_past_its_quota_is_told_when_to_come_back(serve: Serve) -> None:
    client = serve(api_public_per_second=0.2)  # a bucket of ten seconds' worth: two requests
    assert [client.get(LIST, headers=PUBLIC).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(LIST, headers={**PUBLIC, "Origin": "https://shop.example"})
    assert_problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    assert refused.headers["access-control-allow-origin"] == "*", "a browser must be able to read why"
    assert client.get(LIST, headers=SECRET).status_code == 200, "each key has its own"
    assert client.get("/readyz").status_code == 200
    assert 'footfall_api_limited_total{key="public",quota="key"} 2' in client.get("/metrics").text


def test_an_address_prefix_has_a_quota_of_its_own(serve: Serve) -> None:
    client = serve(api_public_per_second_of_address=0.1, trust_forwarded_for=True)

    def ask(address: str, key: dict[str, str] = PUBLIC) -> int:
        return client.get(LIST, headers={**key, "X-Forwarded-For": f"203.0.113.1, {address}"}).status_code

    assert [ask("192.0.2.7"), ask("192.0.2.99"), ask("198.51.100.7")] == [200, 429, 200]
    assert ask("192.0.2.7", SECRET) == 200
    assert 'footfall_api_limited_total{key="public",quota="address"} 1' in client.get("/metrics").text


def test_of_two_headers_the_proxys_own_counts(published: Path) -> None:
    """Some proxies (HAProxy) write a header of their own behind the client's."""
    app = create_app(settings_for(published, api_public_per_second_of_address=0.1, trust_forwarded_for=True))

    async def ask() -> list[int]:
        # Not the test client: it makes one header of two.
        transport = httpx.ASGITransport(cast(Any, app))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            own = ("X-Forwarded-For", "192.0.2.7")
            return [
                (
                    await client.get(LIST, headers=[*PUBLIC.items(), ("X-Forwarded-For", forged), own])
                ).status_code
                for forged in ("203.0.0.1", "203.0.113.1", "198.51.100.1")
            ]

    assert asyncio.run(ask()) == [503, 429, 429], "503: nothing is opened here"


def test_what_a_client_says_about_itself_is_not_believed(serve: Serve) -> None:
    client = serve(api_public_per_second_of_address=0.1)
    statuses = [
        client.get(LIST, headers={**PUBLIC, "X-Forwarded-For": f"198.51.{number}.1"}).status_code
        for number in range(2)
    ]
    # The test client's own address is no network's: one that can't be told apart is bound by the key alone.
    assert statuses == [200, 200]


def test_nobody_tries_keys_in_turn(serve: Serve) -> None:
    client = serve(api_public_per_second_of_address=0.1, trust_forwarded_for=True)
    found = [
        client.get(LIST, headers={"X-Footfall-Key": f"guess-{n}", "X-Forwarded-For": "192.0.2.7"}).status_code
        for n in range(3)
    ]
    assert found == [401, 429, 429]


def test_keys_are_for_their_pages(serve: Serve) -> None:
    client = serve(api_origins=("https://shop.example",))

    def ask(key: dict[str, str], origin: str) -> int:
        return client.get(LIST, headers={**key, "Origin": origin}).status_code

    assert ask(PUBLIC, "https://shop.example") == 200
    assert_problem(client.get(LIST, headers={**PUBLIC, "Origin": "https://evil.example"}), 403)
    assert ask(PUBLIC, "null") == 403, "a sandboxed frame is somebody else's"
    assert ask(SECRET, "https://shop.example") == 403, "a page that has the secret key gives it away"
    assert ask(SECRET, "http://testserver.local") == 200, "the documentation's own form"


def test_pages_are_named_as_at_the_collectors_door(serve: Serve) -> None:
    client = serve(api_origins=("https://Shop.example/", "https://*.shop.example"))
    for origin, status in {
        "https://shop.example": 200,
        "https://de.shop.example": 200,
        "http://de.shop.example": 403,
        "https://shopxexample": 403,
        "https://evilshop.example": 403,
    }.items():
        answer = client.get(LIST, headers={**PUBLIC, "Origin": origin})
        asked = client.options(LIST, headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert answer.status_code == status, origin
        readable = origin if status == 200 else None
        assert answer.headers.get("access-control-allow-origin") == readable, origin
        assert asked.headers.get("access-control-allow-origin") == readable, origin


def test_a_shared_cache_keeps_the_answers_of_pages_and_servers_apart(serve: Serve) -> None:
    """With a list of origins: what a server got has no Access-Control-Allow-Origin, and a page could not read it."""
    page = {**PUBLIC, "Origin": "https://shop.example"}
    client = serve(api_origins=("https://shop.example",))
    by_page, by_server = client.get(LIST, headers=page), client.get(LIST, headers=PUBLIC)
    assert by_page.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in by_server.headers
    for answer in (
        by_page,
        by_server,
        client.get(LIST, headers={**page, "If-None-Match": by_page.headers["etag"]}),
    ):
        varies = {name.strip() for name in answer.headers["vary"].split(",")}
        assert {"Origin", "X-Footfall-Key", "Authorization"} <= varies
    open_to_all = serve(api_origins=("*",))
    assert open_to_all.get(LIST, headers=page).headers["vary"] == "X-Footfall-Key, Authorization"
    with_cookie = open_to_all.get(LIST, headers={**page, "Cookie": "a=b"})
    assert with_cookie.headers["access-control-allow-origin"] == "https://shop.example"
    assert "X-Footfall-Key" in with_cookie.headers["vary"], "the CORS middleware writes its own over it"
