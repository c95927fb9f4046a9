"""Global Privacy Control at the API: the page that is open decides what is shown, and nobody's history."""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from tests.api.conftest import ADA_GUEST, PUBLIC, SECRET

GPC = {"Sec-GPC": "1"}


def shown(client: TestClient[Litestar], headers: dict[str, str], **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/recommendations", params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_history_is_used_for_who_does_not_object(client: TestClient[Litestar]) -> None:
    """What the next tests find absent is there without the header."""
    assert shown(client, PUBLIC, guest=ADA_GUEST) != shown(client, PUBLIC)
    assert shown(client, PUBLIC, viewed="p02,p01") != shown(client, PUBLIC, viewed="p02")
    assert shown(client, PUBLIC | {"Sec-GPC": "0"}, guest=ADA_GUEST) == shown(client, PUBLIC, guest=ADA_GUEST)


def test_with_the_header_a_known_guest_is_a_stranger(client: TestClient[Litestar]) -> None:
    assert shown(client, PUBLIC | GPC, guest=ADA_GUEST) == shown(client, PUBLIC)
    assert shown(client, SECRET | GPC, user="ada") == shown(client, PUBLIC)


def test_with_the_header_only_the_page_that_is_open_counts(client: TestClient[Litestar]) -> None:
    assert shown(client, PUBLIC | GPC, viewed="p02,p01") == shown(client, PUBLIC, viewed="p02")
    assert shown(client, PUBLIC | GPC, viewed="p02", cart="p01") == shown(client, PUBLIC, viewed="p02")
    on_the_cart = {"viewed": "p02", "cart": "p01", "placement": "cart"}
    assert shown(client, PUBLIC | GPC, **on_the_cart) == shown(client, PUBLIC, **on_the_cart)
