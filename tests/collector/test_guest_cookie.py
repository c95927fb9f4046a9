"""The guest cookie, the image for pages without scripts, and quotas."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector.app import create_app
from footfall.landing.segments import Envelope
from footfall.settings import Settings, WriteKey

Client = TestClient[Litestar]
KEY = "ff_demo_write_key"
TOKEN = "9f3c1e5a7b2d4c6e8f0a1b2c3d4e5f60"


@pytest.fixture
def shop(settings: Settings) -> Settings:
    keys = (
        WriteKey(key=KEY, source="shop_pixel"),
        WriteKey(key="listed", source="listed", origins=("https://shop.example",)),
        WriteKey(key="few", source="few", messages_per_second=1.0, burst=3),
    )
    return msgspec.structs.replace(
        settings, write_keys=keys, cookie_domain="shop.example", trust_forwarded_for=True
    )


@pytest.fixture
def client(shop: Settings) -> Iterator[Client]:
    with TestClient(create_app(shop)) as client:
        yield client


def test_a_new_guest_gets_a_cookie_for_a_year(client: Client) -> None:
    answer = client.get("/v1/guest", headers={"x-forwarded-proto": "https"})
    token = answer.json()["guest"]
    assert len(token) == 32
    assert answer.json()["is_new"] is True
    assert answer.headers["set-cookie"] == (
        f"_ff_guest={token}; Max-Age=31536000; Path=/; SameSite=Lax; Domain=shop.example; Secure"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "Secure" not in client.get("/v1/guest").headers["set-cookie"]


@pytest.mark.parametrize(
    ("cookie", "shown", "kept"),
    [
        (f"a=1; _ff_guest={TOKEN}; b={{odd}}", None, TOKEN),
        (f"_ff_guest={TOKEN}", "0" * 32, TOKEN),
        ("_ff_guest=short", TOKEN, TOKEN),
        (None, TOKEN, TOKEN),
        (None, "short", None),
        (None, "x" * 65, None),
        (None, "a" * 30 + ";Domain=evil", None),
        (f"_ff_guest={TOKEN}\u00e9", None, None),
    ],
)
def test_whose_token_is_kept(client: Client, cookie: str | None, shown: str | None, kept: str | None) -> None:
    headers = {"cookie": cookie.encode("latin-1")} if cookie else {}
    answer = client.get("/v1/guest", params={"guest": shown} if shown else {}, headers=headers).json()  # type: ignore[arg-type]
    assert answer["is_new"] is (kept is None)
    if kept:
        assert answer["guest"] == kept


def test_a_logout_makes_a_new_guest(client: Client) -> None:
    headers = {"cookie": f"_ff_guest={TOKEN}"}
    assert client.post("/v1/guest?reset=true", headers=headers).json()["guest"] != TOKEN
    assert client.get("/v1/guest?reset=true", headers=headers).status_code == 405


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", True),
        ("https://www.shop.example", True),
        ("http://testserver.local", True),
        ("https://evilshop.example", False),
        ("https://shop.example.evil", False),
        ("https://anywhere.example", False),
        ("null", False),
        ("https://[", False),
    ],
)
def test_only_the_shops_pages_may_read_the_token(client: Client, origin: str, allowed: bool) -> None:
    answer = client.get("/v1/guest", headers={"origin": origin, "host": "testserver.local"})
    assert answer.status_code == (200 if allowed else 403)
    assert ("access-control-allow-credentials" in answer.headers) is allowed
    assert ("set-cookie" in answer.headers) is allowed


@pytest.mark.parametrize(
    ("method", "mode", "origin", "allowed"),
    [
        ("GET", "cors", "https://shop.example", True),
        ("GET", "cors", None, True),  # of the page's own host
        ("GET", "same-origin", None, True),
        ("GET", None, None, True),  # a browser that doesn't say, or a server
        ("POST", "no-cors", "https://shop.example", True),  # the pixel's beacon
        ("POST", "no-cors", "https://evil.example", False),
        ("GET", "navigate", None, False),
        ("GET", "no-cors", None, False),
    ],
)
def test_a_token_comes_by_a_script_of_the_shop(
    client: Client, method: str, mode: str | None, origin: str | None, allowed: bool
) -> None:
    """By a link, or a picture in a review, somebody could give visitors a token that they know themselves."""
    headers = {"sec-fetch-mode": mode, "origin": origin}
    answer = client.request(
        method,
        "/v1/guest",
        params={"guest": TOKEN},
        headers={name: value for name, value in headers.items() if value},
    )
    assert answer.status_code == (200 if allowed else 403)
    assert ("set-cookie" in answer.headers) is allowed


def image(client: Client, message: Any, *, encode: Any = base64.b64encode, **headers: str) -> Any:
    data = (
        encode(message if isinstance(message, bytes) else json.dumps(message).encode()).decode().rstrip("=")
    )
    return client.get("/v1/pixel.gif", params={"data": data}, headers=headers)


def test_an_image_carries_one_message(client: Client, landed: Callable[[], list[Envelope]]) -> None:
    page = {"writeKey": KEY, "properties": {"page_type": "home", "note": "ÿ>?"}}
    headers = {"cookie": f"_ff_guest={TOKEN}", "referer": "https://shop.example/a"}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        answer = image(client, page, encode=encode, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.content.startswith(b"GIF89a")
    assert image(client, {**page, "type": "track", "event": "Seen", "userId": "7"}).status_code == 200
    client.__exit__(None, None, None)
    first, _, third = [msgspec.json.decode(envelope.batch[0]) for envelope in landed()]
    assert (first["type"], first["anonymousId"]) == ("page", TOKEN)
    assert first["context"]["page"]["url"] == "https://shop.example/a"
    assert (third["type"], third["userId"], "anonymousId" in third) == ("track", "7", False)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"no json", 400), (b"[]", 400), (b"\xff", 400), (b"[" * 5000, 400),
        ({"userId": "7"}, 401),
        ({"writeKey": "who", "userId": "7"}, 401),
        ({"writeKey": KEY, "userId": "undefined"}, 422),
    ],
)  # fmt: skip
def test_images_that_are_refused(client: Client, message: Any, status: int) -> None:
    assert image(client, message).status_code == status
    assert client.get("/v1/pixel.gif?data=%25%25").status_code == 400
    assert client.get("/v1/pixel.gif").status_code == 400


def test_a_key_past_its_quota_is_told_when_to_come_back(client: Client) -> None:
    body = {"writeKey": "few", "batch": [{"type": "page", "anonymousId": TOKEN}] * 2}
    assert client.post("/v1/b", json=body).status_code == 200
    answer = client.post("/v1/b", json=body)
    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (429, "quota", "1")
    assert 'refused_total{reason="quota"} 1' in client.get("/metrics").text
    assert client.post("/v1/b", json={**body, "writeKey": KEY}).status_code == 200
