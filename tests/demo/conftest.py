"""The shop in this process, and a small past of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import TestClient

from demo.shop.app import create_app
from demo.shop.catalogue import Catalogue
from demo.simulator import generate
from footfall.settings import Settings

UNTIL = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
SHOP = "http://127.0.0.1:8700"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def shop(catalogue: Catalogue) -> Iterator[TestClient[Any]]:
    with TestClient(create_app(Settings(), catalogue)) as client:
        client.follow_redirects = True
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.fixture(scope="session")
def past(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The messages of 1,200 visitors in 30 days."""
    return list(generate(catalogue, visitors=1200, until=UNTIL, shop=SHOP))
