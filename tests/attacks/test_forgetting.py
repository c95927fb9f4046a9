"""Who is forgotten doesn't come back with what the collector held at that moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from footfall.landing.directory import unsealed
from orchestration.lake.loader import load_sealed
from tests.attacks.conftest import Shop
from tests.attacks.messages import token, viewed


@pytest.fixture(scope="module")
def slow_shop(open_shop: Callable[..., Shop]) -> Shop:
    """Seals late: what was accepted is still in an open segment when the person asks."""
    return open_shop(FOOTFALL_SEAL_SECONDS="4")


def test_what_was_accepted_before_the_request_is_forgotten(slow_shop: Shop) -> None:
    shop, anna, bob = slow_shop, token(), token()
    shop.send([viewed("p1", guest=anna, user="anna"), viewed("p1", guest=bob)])
    assert unsealed(shop.settings.paths.landing), "accepted, and nothing is sealed"
    said = shop.footfall("person", "forget", "--user", "anna", "--yes", "--no-run")
    assert "1 events forgotten" in said
    shop.seal()
    load_sealed(shop.settings.paths)
    assert "0 events, 0 failed events" in shop.footfall("person", "show", "--guest", anna)
    assert "1 events, 0 failed events" in shop.footfall("person", "show", "--guest", bob)

    # What is accepted after the request is of somebody whom the shop meets for the first time.
    shop.send([viewed("p2", guest=anna)])
    shop.seal()
    load_sealed(shop.settings.paths)
    assert "1 events, 0 failed events" in shop.footfall("person", "show", "--guest", anna)
