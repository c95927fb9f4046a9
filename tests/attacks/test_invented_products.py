"""Whoever has the public key invents products and guests: answers show the shop's own products alone, in its order."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, product, token, viewed

pytestmark = pytest.mark.pipeline

PHISH = "https://phish.example/voucher"
TITLE = "You won a voucher, https://phish.example/voucher"
PUBLIC = (
    "/v1/recommendations", "/v1/products/{}/similar", "/v1/products/{}/viewed-together",
    "/v1/products/{}/bought-together", "/v1/products/{}",
)  # fmt: skip


def top(shop: Shop) -> list[str]:
    rows = shop.rows(
        "select product_id from trending_products where category = '' and rank <= 20 order by rank, product_id"
    )
    return [row[0] for row in rows]


def test_visitors_write_no_block_hold_no_publish_and_move_no_top(shop: Shop) -> None:
    shop.catalogue(product(number) for number in range(60))
    for visitor in range(40):
        guest = token()
        seen = [str(1000 + number) for number in range(24 if visitor == 0 else 20)]
        own = [viewed(each, guest=guest) for each in seen]
        address = f"198.51.{visitor}.7"
        shop.send([*own, ordered(f"o-{visitor}", seen[:2], guest=guest)], address=address)
    shop.run()
    before = top(shop)
    assert set(before) == {str(1000 + number) for number in range(20)}, "who has 40 visitors, not one"
    version = shop.ask("/v1/recommendations", guest=token()).json()["version"]

    named = {"name": TITLE, "category": TITLE, "price": 1, "currency": "GBP"}
    shop.send(viewed(f"voucher-{n % 3}", properties=named, url=PHISH, title=TITLE) for n in range(780))
    shop.send([ordered("o-invented", [f"invented-{n}" for n in range(500)])])
    attacked = "1059"
    invented = []
    for n in range(1000):
        guest = token()
        invented += [viewed(attacked, guest=guest), viewed(before[0], guest=guest)]
        invented.append(ordered(f"o-f{n}", [attacked], guest=guest))
    shop.send(invented)
    shop.run()

    assert shop.rows("select count(*) from products where not is_in_catalog") == [(503,)]
    assert set(top(shop)) == set(before), "1,000 guests of one address"
    learned = "from session_products anti join crowded_sessions using (session_id)"
    assert shop.rows(f"select count(*) {learned} where product_id = '{attacked}'") == [(5,)]
    first = shop.ask("/v1/recommendations", guest=token(), limit=50)
    assert first.json()["version"] != version, "held back"
    own = {str(1000 + number) for number in range(60)}
    assert {item["product_id"] for item in first.json()["items"]} <= own
    for path in PUBLIC:
        for seed in (before[0], attacked, "1023"):
            answer = shop.ask(path.format(seed), guest=token(), viewed=seed, limit=50)
            assert "phish.example" not in answer.text
            assert "voucher" not in answer.text
            assert "invented" not in answer.text
