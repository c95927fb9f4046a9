"""The kit itself: an ordinary shop's visitors get an ordinary shop's answers."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, product, token, viewed

pytestmark = pytest.mark.pipeline


def test_a_shop_without_an_attacker_is_served(shop: Shop) -> None:
    shop.catalogue(product(number) for number in range(12))
    guest = token()
    shop.send(
        [viewed("1001", guest=guest), viewed("1002", guest=guest), ordered("o-1", ["1001"], guest=guest)]
    )
    shop.run()
    assert shop.rows("select orders, net_revenue from orders_daily") == [(1, 10)]
    answer = shop.ask("/v1/recommendations", guest=guest, limit=5).json()
    assert {item["product_id"] for item in answer["items"]} <= {str(1000 + number) for number in range(12)}
    assert len(answer["items"]) == 5
