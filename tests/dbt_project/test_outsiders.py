"""What visitors can't write into the shop's blocks, nor click to their top."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.dbt_project.dbt_kit import NOON, Lake, Warehouse, message

WITNESSED = ("build", "--select", "+products")
CATALOG = [
    {"product_id": f"p{n}", "title": f"Piece {n}", "product_type": "pieces", "available": True}
    for n in range(30)
]
PHISH = "https://phish.example/voucher"


def view(product: str, guest: str, ip: str | None, **columns: Any) -> dict[str, Any]:
    about = {"product_id": product, "name": columns.pop("name", None), "price": 20, "currency": "EUR"}
    url = columns.pop("url", f"https://shop.example/products/{product}")
    return message("Product Viewed", NOON, guest=guest, ip=ip, page_url=url, properties=about, **columns)


def order(guest: str, ip: str, products: list[str]) -> dict[str, Any]:
    lines = [{"product_id": product, "quantity": 1, "price": 10} for product in products]
    properties = {"order_id": f"o-{guest}", "products": lines}
    return message("Order Completed", NOON, guest=guest, ip=ip, properties=properties)


def test_without_a_catalog_a_product_needs_independent_visitors(
    make_warehouse: Callable[[], tuple[Lake, Warehouse]],
) -> None:
    """Guest tokens and addresses: 780 messages of one address, or of one token, invent nothing."""
    lake, warehouse = make_warehouse()
    five = [f"198.51.{n}.0" for n in range(5)]
    lake.load(
        [
            *(view("liked", f"v{n}", ip, name="Liked", url="/liked") for n, ip in enumerate(five)),
            *(view("liked", f"one{n}", "203.0.113.0", name="Voucher", url=PHISH) for n in range(99)),
            *(view("invented", f"one{n}", "203.0.113.0", name="Voucher", url=PHISH) for n in range(99)),
            *(view("one token", "t", f"198.18.{n}.0", name="Voucher", url=PHISH) for n in range(9)),
            *(view("nowhere", f"n{n}", None, name="Voucher", url=PHISH) for n in range(9)),
            *(
                view("few agree", f"v{n}", ip, name=f"Voucher {n}", url=PHISH + str(n))
                for n, ip in enumerate(five)
            ),
            view("told", "h", None, name="Told " + "x" * 999, trusted=True),
        ]
    )
    warehouse.dbt(*WITNESSED)
    assert warehouse.rows(
        "select product_id, title, url, price from products where is_available order by 1"
    ) == [
        ("few agree", "few agree", None, Decimal(20)),
        ("liked", "Liked", "/liked", Decimal(20)),
        ("told", ("Told " + "x" * 999)[:200], "https://shop.example/products/told", Decimal(20)),
    ]
    rest = warehouse.rows("select title, url, price from products where not is_available order by 1")
    assert rest == [(name, None, None) for name in ("invented", "nowhere", "one token")]

    lake.catalog(CATALOG)
    warehouse.dbt(*WITNESSED)
    told = warehouse.rows("select product_id from products where is_available and not is_in_catalog")
    assert told == [], "a catalog is the shop's own word"
    assert warehouse.rows(
        "select count(*) from products where url like '%phish%' or title like 'Voucher%'"
    ) == [(0,)]


def test_one_address_clicks_nothing_to_the_top(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """A thousand invented guests of one address, with everything that counts, outweigh no two real ones."""
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)
    real = [
        each
        for n in range(20)
        for visitor in range(4)
        for each in (
            view(f"p{n}", f"r{n}-{visitor}", f"198.51.{visitor}.0"),
            order(f"r{n}-{visitor}", f"198.51.{visitor}.0", [f"p{n}", f"p{(n + 1) % 20}"]),
        )
    ]
    lake.load(real)
    models = ("trending_products", "product_co_views", "product_co_purchases")
    build = ("run", "--select", *(f"+{name}" for name in models))
    warehouse.dbt(*build)
    top = "select product_id from trending_products where category = '' and rank <= 20 order by rank"
    before = warehouse.rows(top)
    pairs = warehouse.rows(
        "select product_id, other_product_id from product_co_purchases where pair_rank = 1"
    )
    assert {row[0] for row in before} == {f"p{n}" for n in range(20)}
    invented = [
        each
        for n in range(1000)
        for each in (
            view("p29", f"f{n}", "203.0.113.0"),
            view("p0", f"f{n}", "203.0.113.0"),
            order(f"f{n}", "203.0.113.0", ["p29", "p0"]),
        )
    ]
    lake.load(invented)
    warehouse.dbt(*build)
    assert {row[0] for row in warehouse.rows(top)} == {row[0] for row in before}
    [(score,)] = warehouse.rows(
        "select score from trending_products where category = '' and product_id = 'p29'"
    )
    assert 15 < score < 30
    after = "select product_id, other_product_id from product_co_purchases where pair_rank = 1"
    # of p0, and of what was bought with it, all that happened is more invented visitors of p0
    near = ("p0", "p1", "p19", "p29")
    assert {row for row in warehouse.rows(after) if row[0] not in near} == {
        row for row in pairs if row[0] not in near
    }
    [(support,)] = warehouse.rows(
        "select support from product_co_purchases where product_id = 'p0' and other_product_id = 'p29'"
    )
    assert support == 5, "under twice pair_address_full"
    [(support,)] = warehouse.rows(
        "select support from product_co_views where product_id = 'p0' and other_product_id = 'p29'"
    )
    assert support == 5


def test_one_address_teaches_little(make_warehouse: Callable[[], tuple[Lake, Warehouse]]) -> None:
    """What comes next in a session, and what is also liked, is learned of five of its sessions and visitors."""
    lake, warehouse = make_warehouse()
    lake.catalog(CATALOG)

    def seen(guests: str, count: int, products: tuple[str, str], address: str | None) -> list[dict[str, Any]]:
        ips = [address and address.format(n) for n in range(count)]
        return [view(product, f"{guests}{n}", ips[n]) for n in range(count) for product in products]

    lake.load(
        [
            *seen("crowd", 200, ("p29", "p0"), "203.0.113.0"),
            *seen("apart", 8, ("p0", "p1"), "198.51.{}.0"),
            *seen("unknown", 8, ("p2", "p3"), None),
        ]
    )
    warehouse.dbt("run", "--select", "+crowded_sessions", "+crowded_affinities")
    taught = [("p0", 13), ("p1", 8), ("p2", 8), ("p29", 5), ("p3", 8)]
    sessions = "session_products anti join crowded_sessions using (session_id)"
    visitors = "visitor_product_affinity anti join crowded_affinities using (visitor_id, product_id)"
    for learned in (sessions, visitors):
        assert warehouse.rows(f"select product_id, count(*) from {learned} group by 1 order by 1") == taught
