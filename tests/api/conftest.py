"""A small shop's marts, made as the dbt contract says, and the snapshot written from them.

Products p01..p12 in three categories (p12 is sold out). Each odd row below names its case.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest
import yaml
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from footfall.settings import Settings
from footfall.snapshot.format import GONE, ServedMart, Table, changes_file, read_manifest, table_file
from orchestration.recommend.session_neighbours import index_of
from orchestration.serving.marts import ANALYTICS, MARTS, OBJECTIONS
from orchestration.serving.publish import build_snapshot, publish
from tests.session_cases import clicks_table

PUBLIC = {"X-Footfall-Key": "public-key-of-the-test"}
SECRET = {"Authorization": "Bearer secret-key-of-the-test"}

ADA_GUEST = "6f1c3b52-0f0e-4f7e-9a51-8d1f2b3c4d5e"
"""Guest token linked to user ada."""
CLAIMED_GUEST = "c0ffee00-1d2e-4f3a-8b4c-5d6e7f8091a2"
"""A token whose browser says that it is ada, without proof."""
COLD_GUEST = "11111111-2222-4333-8444-555555555555"
"""A token the shop has never seen."""
#: Of an order whose customer nobody knows.
ORDERS_TOKEN = "shopify-order-5678901234567"
SOLO_GUEST = "a3d9c6f0-7b1e-4c2d-8e5f-0123456789ab"
"""A guest who never logged in."""

MART_MODELS = Path(__file__).parents[2] / "dbt_project" / "models" / "marts"


def _contracts() -> str:
    """DDL of the marts that a snapshot is made of, as their contracts in dbt say."""
    statements = ["create schema marts"]
    for file in sorted(MART_MODELS.rglob("*.yml")):
        for model in yaml.safe_load(file.read_text()).get("models", ()):
            if model["name"] in {*MARTS, OBJECTIONS}:
                columns = ", ".join(f"{each['name']} {each['data_type']}" for each in model["columns"])
                statements.append(f"create table marts.{model['name']} ({columns})")
    return ";".join(statements)


SCHEMA = f"""{_contracts()};
insert into marts.recommendation_settings values
    ('rrf_constant', 60), ('diversity', 0), ('weight:published', 1), ('weight:session_neighbours', 1),
    ('weight:similar_text', 0.5), ('weight:bought_together', 1), ('affinity_half_life_days', 30),
    ('affinities_as_of', epoch(timestamp '2026-11-03 12:00'));
"""

CATEGORIES = {1: "Shirts", 2: "Shirts", 3: "Shirts", 4: "Shirts", 5: "Mugs", 6: "Mugs", 7: "Mugs", 8: "Mugs"}
SOLD_OUT = "p12"


def product_id(number: int) -> str:
    return f"p{number:02d}"


Row = tuple[str, list[Any]]
"""A mart's name, and the values of one of its rows."""


def make_marts(con: duckdb.DuckDBPyConnection, *, products: int = 12) -> None:
    """The shop's marts in schema ``marts`` of con's database."""
    con.execute(SCHEMA)
    seen = dt.datetime(2026, 11, 1, 12, 0)
    rows: dict[str, list[list[Any]]] = {}
    for mart, row in chain(
        _products(products, seen), _lists(), _people(seen), _analytics(), _segments(seen), _behaviour(seen)
    ):
        rows.setdefault(mart, []).append(row)
    # One statement for each mart: 600 of a row each take half a second, and dozens of tests make these.
    for mart, of_mart in rows.items():
        places = ", ".join(f"({', '.join('?' * len(row))})" for row in of_mart)
        con.execute(f"insert into marts.{mart} values {places}", list(chain(*of_mart)))


def _products(products: int, seen: dt.datetime) -> Iterator[Row]:
    for number in range(1, products + 1):
        name = product_id(number)
        yield (
            "products",
            [
                name, f"thing-{number}", f'Thing "{number}" — größe', "text", "Vendor", CATEGORIES.get(number, "Rare"),
                ["a"], f"/products/thing-{number}", f"/img/{number}.svg", f"{number * 10}.90", "EUR", name != SOLD_OUT,
                True, seen + dt.timedelta(minutes=number),
            ],
        )  # fmt: skip
        yield ("product_aliases", [f"thing-{number}", name])
        yield ("product_aliases", [f"SKU/{number}", name])
        yield ("product_aliases", [f"größe-{number}", name])


def _lists() -> Iterator[Row]:
    def rows(kind: str, of: int, others: list[int], source: str) -> Iterator[Row]:
        for rank, other in enumerate(others, 1):
            row = [product_id(of), kind, rank, product_id(other), 1 / rank, source]
            yield ("product_recommendations", row)

    yield from rows("similar", 1, [2, 3, 12, 4], "similar_text")  # 12: sold out, must vanish from the list
    yield from rows("similar", 2, [1, 3], "similar_text")
    yield from rows("similar", 5, [6, 7], "similar_text")
    yield from rows("viewed_together", 1, [3, 5], "viewed_together")
    yield from rows("viewed_together", 9, [10], "viewed_together")  # 9 has no similar list
    yield from rows("bought_together", 5, [8, 1], "bought_together")
    for rank, number in enumerate([7, 1, 12, 9], 1):
        yield ("trending_products", [rank, product_id(number), 10.0 / rank, ""])
    yield ("trending_products", [1, "p06", 4.0, "Mugs"])


def _people(seen: dt.datetime) -> Iterator[Row]:
    later = seen + dt.timedelta(days=2)
    cart = '[{"product_id": "p05", "quantity": 2}]'
    for identifier, visitor, kind in [
        (f"guest:{ADA_GUEST}", "u_ada", "guest"),
        (f"guest:{CLAIMED_GUEST}", "u_ada", "guest"),
        ("user:ada", "u_ada", "user"),
        (f"guest:{SOLO_GUEST}", f"g_{SOLO_GUEST}", "guest"),
        ("guest:short", "g_short", "guest"),
        (f"guest:{ORDERS_TOKEN}", "g_short", "guest"),
    ]:
        value = identifier.split(":", 1)[1]
        yield ("identity_map", [identifier, visitor, kind, value, False, value == ADA_GUEST, seen, later])
    yield ("visitors", ["u_ada", False, "ada", ADA_GUEST, "p05", cart, 3, 1, "59.80", seen, later, later])
    yield (
        "visitors",
        [f"g_{SOLO_GUEST}", True, None, SOLO_GUEST, "p01", None, 1, 0, "0.00", seen, later, later],
    )
    # (a cart that is not JSON)
    yield ("visitors", ["g_short", True, None, "short", None, "no json", 1, 0, None, seen, later, later])
    # Twice what is left of it thirty days later
    scored = later - dt.timedelta(days=30)
    for product, views, purchases in [("p05", 2.5, 1), ("p01", 2.0, 0)]:
        row = ["u_ada", product, 2 * views, 0.0, 0.0, 20.0 * purchases, 3, 0, purchases, later, scored]
        yield ("visitor_product_scores", row)
    yield ("visitor_category_affinity", ["u_ada", "Mugs", 12.5, 1, 12.5, later])
    yield ("visitor_category_affinity", ["u_ada", "Shirts", 2.0, 2, 4.0, scored])
    own = [
        ("p06", "affinity", None),
        ("p07", "also_liked", "p05"),
        ("p02", "bought_before", None),
        ("p12", "affinity", None),
    ]
    for rank, (product, source, seed) in enumerate(own, 1):
        yield (
            "visitor_recommendations",
            ["u_ada", rank, product, 1 / rank, source, seed, True, later, later],
        )
    yield ("visitor_affinity", ["u_ada", f"g_{SOLO_GUEST}", 1, 0.8, "behaviour", ["p01", "p05"]])


def _analytics() -> Iterator[Row]:
    for day in range(1, 4):
        date = dt.date(2026, 11, day)
        yield ("sessions_daily", [date, True, 10, 8, 4, 30, 1, "19.90", 35.0, date])
        yield ("sessions_daily", [date, False, 5, 4, 1, 25, 2, "70.10", 80.0, date])
    steps = [
        ("Product Viewed", 100),
        ("Product Added", 40),
        ("Checkout Started", 20),
        ("Order Completed", 10),
    ]
    before = 100
    for step, (name, reached) in enumerate(steps, 1):
        yield (
            "funnel_steps",
            ["product", step, name, "session", reached, before - reached, reached / 100, reached / before],
        )
        before = reached
    yield ("funnel_time_to_convert", ["product", 2, 10.0, 20.0, 40.0, 90.0, 30.0])
    yield ("funnel_time_histogram", ["product", 2, 0.0, 30.0, 25])
    yield ("funnel_time_histogram", ["product", 2, 30.0, None, 15])  # the open last bucket


def _segments(seen: dt.datetime) -> Iterator[Row]:
    """abandoned_cart: ada and 250 guests, so that pages have an end; nobody: declared, and empty."""
    yield ("segments", ["abandoned_cart", "Something is in the cart.", 251, 1])
    yield ("segments", ["nobody", "Who can't be.", 0, 0])
    nothing = [None] * 5
    # What a visitor searches for is theirs to choose: a formula, and what CSV has to quote.
    evil = '=HYPERLINK("http://evil.example","größe, 42")'
    ada = ["Mugs", "p05", 'Thing "5" — größe', "p01", 'Thing "1" — größe', evil]
    yield ("segment_members", ["abandoned_cart", "u_ada", "ada", *ada, 1, "59.80", "101.80", "EUR", seen])
    for number in range(250):
        row = ["abandoned_cart", f"g_{number:04d}", None, "Mugs", *nothing, 0, "0.00", "9.90", None, seen]
        yield ("segment_members", row)


def _behaviour(seen: dt.datetime) -> Iterator[Row]:
    for row in [
        ["(entrance)", "", "home", "/", 60, 60, 0.6],
        ["(entrance)", "", "product", "/products/thing-1", 40, 40, 0.4],
        ["home", "/", "product", "/products/thing-1", 30, 25, 0.5],
        ["home", "/", "(exit)", "", 30, 30, 0.5],
    ]:
        yield ("navigation_paths", row)
    for row in [
        ["shirt", 20, 15, 0, 12, 6, 2, 0.1, seen],
        ["größe 42", 5, 5, 5, 0, 0, 0, 0.0, seen + dt.timedelta(days=1)],
        ["mug", 10, 9, 1, 8, 4, 3, 0.3, seen],
    ]:
        yield ("search_terms", row)
    for week, later, visitors, returned in [(2, 0, 40, 40), (2, 1, 40, 10), (9, 0, 20, 20)]:
        row = [dt.date(2026, 11, week), later, visitors, returned, returned / visitors]
        yield ("retention_cohorts", row)
    yield ("retention_periods", ["ordered_again", 30, 10, 4, 0.4])
    # Over since long: the other tests' recommendations are nobody's arm
    for number, (arm, start, end) in enumerate([("popular", 0.0, 0.1), ("personal", 0.1, 1.0)], 1):
        shown = "popularity" if number == 1 else "personal"
        days = [dt.date(2025, 11, 1), dt.date(2025, 12, 1)]
        yield ("experiments", ["lists", arm, "lists", shown, number, start, end, *days])
        figures = [100 * number, 2, 150, 9, 10, 11, "550.00", 0.1, 0.05, 0.17, 5.5, 4.0, 7.0]
        differences = [None] * 6 if number == 1 else [0.02, -0.01, 0.05, 1.0, -0.5, 2.5]
        row = ["lists", arm, shown, number, *figures, *differences, end - start, 0.4, True]
        yield ("experiment_results", row)
    yield ("retention_periods", ["ordered_again", 90, 0, 0, None])  # nobody's first order is that old


#: A mart of an analyst's own: every kind of value, a visitor who objects, a text that a spreadsheet would run.
SERVED = ServedMart(
    description="Shelves and what stands on them.",
    columns={
        "shelf": "Name.", "place": "From 1.", "price": "Money.", "day": "Of the count.", "counted_at": "When, UTC.",
        "is_full": "Whether.", "tags": "Words.", "visitor_id": "Who counted.", "wood": "Which.",
    },
    order=("shelf", "place"),
)  # fmt: skip
_SHELVES = """
create table marts.shelves (
    place integer, shelf varchar, price decimal(18, 2), day date, counted_at timestamp, is_full boolean, tags varchar[],
    visitor_id varchar, wood enum ('Oak', 'Smith''s Pine')
);
insert into marts.shelves values
    (1, 'mugs', 12.50, '2026-11-01', '2026-11-01 12:00:00', true, ['a', 'b'], 'u_ada', 'Oak'),
    (2, 'mugs', 9.90, '2026-11-02', null, false, [], 'g_counter', 'Smith''s Pine'),
    (1, '=shirts', null, '2026-11-01', '2026-11-01 13:00:00', null, null, 'g_counter', null),
    (3, 'mugs', 1, '2026-11-03', null, true, [], 'g_objector', 'Oak');
insert into marts.marketing_objections values ('g_objector', '2026-11-01');
"""


#: Marts that docs/developer/api.md asks for, the first two with the columns that it names.
SERVED_OF_THE_DOCS = {
    "product_performance": ServedMart(
        description="Products.", columns={"product_id": "Product.", "revenue": "Sold."}, order=("product_id",)
    ),
    "traffic_sources": ServedMart(
        description="Channels.", columns={"day": "UTC.", "channel": "Channel."}, order=("day", "channel")
    ),
    **{
        name: ServedMart(
            description=name, columns=dict.fromkeys(MARTS[name], ""), order=tuple(ANALYTICS[name].split(", "))
        )
        for name in (
            *(
                "sessions_daily",
                "funnel_steps",
                "funnel_time_to_convert",
                "funnel_time_histogram",
                "search_terms",
            ),
            *(
                "navigation_paths",
                "retention_cohorts",
                "retention_periods",
                "experiments",
                "experiment_results",
            ),
        )
    },
}
_OF_THE_DOCS = """
create table marts.product_performance as select 'p01' as product_id, 9.90 as revenue;
create table marts.traffic_sources as select date '2026-11-01' as day, 'Email' as channel;
"""


def make_shelves(con: duckdb.DuckDBPyConnection) -> None:
    """The mart that ``SERVED`` describes; the last of its rows is of somebody who objects."""
    con.execute(_SHELVES)


#: What past sessions saw, the newest last. p12 is sold out by now, p97 to p99 are in no catalogue any more.
SESSIONS = [
    *[["p97", "p98"]] * 20,
    *[["p01", "p03", "p12"]] * 3,
    *[["p01", "p03", "p05"]] * 2,
    ["p02", "p01", "p99", "p04"],
    ["p09", "p10"],
]


def write_sessions(path: Path) -> Path:
    """The session index of ``SESSIONS``."""
    index_of(clicks_table(SESSIONS)).write(path)
    return path


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    make_marts(con)
    yield con
    con.close()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one published snapshot, ``v1``. Not to be changed."""
    data = tmp_path_factory.mktemp("published")
    with duckdb.connect() as con:
        make_marts(con)
        sessions = write_sessions(data / "sessions.index")
        make_shelves(con)
        con.execute(_OF_THE_DOCS)
        served = {"shelves": SERVED, **SERVED_OF_THE_DOCS}
        build_snapshot(con, data / "serving", version="v1", session_index=sessions, served=served)
    publish(data / "serving", "v1")
    return data


def settings_for(data: Path, **changes: Any) -> Settings:
    keys = {
        "api_public_keys": (PUBLIC["X-Footfall-Key"],),
        "api_secret_keys": (SECRET["Authorization"].removeprefix("Bearer "),),
        "identity_secrets": ("identity-secret-of-the-test",),
    }
    return Settings(data=data, **{**keys, **changes})


@pytest.fixture(scope="session")
def client(published: Path) -> Iterator[TestClient[Litestar]]:
    """The API over the published snapshot."""
    with TestClient(create_app(settings_for(published)), raise_server_exceptions=False) as test_client:
        yield test_client


@pytest.fixture
def page(browser: Any, client: TestClient[Litestar]) -> Iterator[Any]:
    """A tab whose requests to http://shop.test the API answers, with what it asked for and what it complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked, page.complaints = [], []

    def answer(route: Any) -> None:
        url = urlsplit(route.request.url)
        assert url.netloc == "shop.test", f"asked {url.netloc}"
        page.asked.append(f"{url.path}?{url.query}")
        key = {
            name: value
            for name, value in route.request.headers.items()
            if name in ("x-footfall-key", "origin")
        }
        got = client.get(
            f"{url.path}?{url.query}" if url.query else url.path, headers={**key, "host": "shop.test"}
        )
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

    context.route("**/*", answer)
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def values(path: Path, table: Table) -> dict[str, bytes]:
    """Every document of a table, as a reader finds it: its changes before its base."""
    found = _entries(path / table_file(table))
    assert GONE not in found.values()
    if changes_file(table) in read_manifest(path).files:
        found |= _entries(path / changes_file(table))
    return {key: value for key, value in found.items() if value != GONE}


def _entries(path: Path) -> dict[str, bytes]:
    con = sqlite3.connect(path)
    try:
        return dict(con.execute("select key, value from entries").fetchall())
    finally:
        con.close()
