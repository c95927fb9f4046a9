from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from footfall.wire.keys import (
    PROXY_SECONDS,
    is_one_of,
    is_signed_proxy,
    is_signed_user,
    is_signed_webhook,
    proxy_signature,
    sign_user,
    webhook_signature,
)

#: The examples of Shopify's page "Authenticate app proxies": nobody logged in, and customer 1.
SHOP = "extra=1&extra=2&shop=shop-name.myshopify.com"
REST = "path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
DOCUMENTED = [
    (f"{SHOP}&{REST}", "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3"),
    (
        f"{SHOP}&logged_in_customer_id=1&{REST}",
        "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb",
    ),
    (
        f"{SHOP}&logged_in_customer_id=&{REST}",
        "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb",
    ),
]
NOW = 1317327555.0


@pytest.mark.parametrize(("query", "signature"), DOCUMENTED)
def test_shopifys_own_examples(query: str, signature: str) -> None:
    assert proxy_signature("hush", query) == signature
    assert is_signed_proxy(["other", "hush"], f"{query}&signature={signature}", NOW + 5)
    assert is_signed_proxy(["hush"], f"signature={signature.upper()}&{query}", NOW)


@pytest.mark.parametrize(
    "query",
    [
        "",
        SHOP,
        f"{DOCUMENTED[0][0]}&signature=",
        f"{DOCUMENTED[0][0]}&signature=é",
        f"{DOCUMENTED[0][0]}&signature={DOCUMENTED[1][1]}",
        f"{DOCUMENTED[0][0]}&limit=9&signature={DOCUMENTED[0][1]}",
        f"{DOCUMENTED[0][0]}&signature={DOCUMENTED[0][1]}&signature={DOCUMENTED[0][1]}",
        f"{SHOP}&timestamp=soon&signature=x",
        f"{SHOP}&timestamp={'9' * 400}&signature=x",
        "&".join(["a=1"] * 1000),
    ],
)
def test_what_shopify_did_not_sign(query: str) -> None:
    assert not is_signed_proxy(["hush"], query, NOW)


def test_a_signed_address_grows_old() -> None:
    query, signature = DOCUMENTED[0]
    assert is_signed_proxy(["hush"], f"{query}&signature={signature}", NOW + PROXY_SECONDS)
    assert not is_signed_proxy(["hush"], f"{query}&signature={signature}", NOW + PROXY_SECONDS + 1)
    assert not is_signed_proxy(["hush"], f"{query}&signature={signature}", NOW - PROXY_SECONDS - 1)


def test_a_webhooks_signature_is_over_its_bytes() -> None:
    body = '{"id": 1, "title": "Gilet – é"}'.encode()
    expected = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    assert webhook_signature("hush", body) == expected
    assert is_signed_webhook(["new", "hush"], body, expected)
    assert not is_signed_webhook(["new"], body, expected)
    assert not is_signed_webhook(["hush"], body + b" ", expected)
    assert not is_signed_webhook(["hush"], body, "é")
    assert not is_signed_webhook(["hush"], body, "")
    assert not is_signed_webhook([], body, expected)


def test_every_secret_in_force_signs_a_user() -> None:
    expected = hmac.new(b"hush", "adë".encode(), hashlib.sha256).hexdigest()
    assert sign_user("hush", "adë") == expected
    assert is_signed_user(["new", "hush"], "adë", expected.upper())
    assert not is_signed_user(["new", "hush"], "ade", expected)
    assert not is_signed_user(["new"], "adë", expected)
    assert not is_signed_user([], "adë", expected)


def test_no_time_tells_which_key_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, expected: bytes) -> bool:
        compared.append(expected)
        return given == expected

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for given, found in (("first", True), ("second", True), ("third", False), ("", False), ("é", False)):
        compared.clear()
        assert is_one_of(given, ["first", "second"]) is found
        assert compared == [b"first", b"second"], given
