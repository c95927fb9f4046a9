"""Keys and secrets are changed while callers still have the old ones."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from tests.api.conftest import PUBLIC, settings_for

LIST = "/v1/products/p01/similar"
MARTS = "/v1/marts"
PROFILE = "/v1/visitors/ada/profile"

Serve = Callable[..., TestClient[Litestar]]


@pytest.fixture
def serve(published: Path) -> Iterator[Serve]:
    """An API with keys of its own."""
    with ExitStack() as stack:

        def make(**keys: Any) -> TestClient[Litestar]:
            return stack.enter_context(TestClient(create_app(settings_for(published, **keys))))

        yield make


def statuses(client: TestClient[Litestar], path: str, keys: list[str]) -> list[int]:
    return [client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code for key in keys]


def signed(client: TestClient[Litestar], secret: str) -> int:
    signature = hmac.new(secret.encode(), b"ada", hashlib.sha256).hexdigest()
    return client.get(PROFILE, params={"signature": signature}, headers=PUBLIC).status_code


def test_of_each_kind_of_key_several_are_good(serve: Serve) -> None:
    client = serve(api_public_keys=("public-new", "public-old"), api_secret_keys=("secret-new", "secret-old"))
    assert statuses(client, LIST, ["public-new", "public-old", "public-gone"]) == [200, 200, 401]
    assert statuses(client, MARTS, ["secret-new", "secret-old", "secret-gone"]) == [200, 200, 401]
    assert statuses(client, MARTS, ["public-new", "public-old"]) == [403, 403]


def test_the_key_of_a_kind_has_one_quota_however_many_there_are(serve: Serve) -> None:
    client = serve(api_secret_keys=("secret-new", "secret-old"), api_secret_per_second=0.2)
    assert statuses(client, MARTS, ["secret-new", "secret-old", "secret-new"]) == [200, 200, 429]


def test_every_identity_secret_in_force_proves_a_user(serve: Serve) -> None:
    client = serve(identity_secrets=("identity-new", "identity-old"))
    assert [signed(client, f"identity-{age}") for age in ("new", "old", "gone")] == [200, 200, 403]


def test_without_secrets_nobody_has_one(serve: Serve) -> None:
    client = serve(api_secret_keys=(), identity_secrets=())
    assert statuses(client, MARTS, ["ff_demo_secret_key", "secret-key-of-the-test"]) == [401, 401]
    assert client.get(MARTS, headers={"X-Footfall-Key": ""}).status_code == 401
    assert [signed(client, secret) for secret in ("", "ff_demo_identity_secret")] == [403, 403]
