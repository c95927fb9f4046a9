"""The snapshot writer: what it writes, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pytest

from footfall.runtime.origins import OriginRule, own_link
from footfall.snapshot.format import (
    MANIFEST_FILE,
    Pick,
    ProductCard,
    SnapshotError,
    Table,
    check_sizes,
    mart_file,
    read_manifest,
    read_pointer,
    table_file,
)
from orchestration.serving import files as snapshot_files
from orchestration.serving import publish as writer
from orchestration.serving.publish import (
    ONCE_FILE,
    AuditFailedError,
    MissingMartError,
    SnapshotBusyError,
    build_snapshot,
    publish,
    publish_once,
)
from orchestration.serving.sqlite import read_table
from tests.api.conftest import make_marts, values


def test_writes_what_the_marts_say(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = build_snapshot(warehouse, tmp_path, version="v1")

    manifest = read_manifest(tmp_path / "v1")
    check_sizes(tmp_path / "v1", manifest)
    assert report.rows == manifest.rows
    assert manifest.rows[Table.PRODUCTS] == 12
    card = msgspec.json.decode(values(report.path, Table.PRODUCTS)["p01"], type=ProductCard)
    assert card.title == 'Thing "1" — größe'
    assert str(card.price) == "10.90"
    assert read_pointer(tmp_path) is None, "building must not publish"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_says_which_day_it_is_in_the_shop(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, zone: str
) -> None:
    """These two are 26 hours apart: one day is never the other's."""
    build_snapshot(warehouse, tmp_path, version="v1", time_zone=zone)
    manifest = read_manifest(tmp_path / "v1")
    assert (manifest.time_zone, manifest.today) == (
        zone,
        manifest.created_at.astimezone(ZoneInfo(zone)).date(),
    )


def test_publishes_nothing_about_who_objects(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute("insert into marts.marketing_objections values ('u_ada', timestamp '2026-11-01')")
    path = build_snapshot(warehouse, tmp_path, version="v1").path
    for table in (
        *(Table.VISITORS, Table.VISITOR_RECOMMENDATIONS, Table.VISITOR_PRODUCTS, Table.VISITOR_CATEGORIES),
        *(Table.VISITOR_NEIGHBOURS, Table.VISITOR_SEGMENTS, Table.IDENTITIES),
    ):
        documents = values(path, table)
        assert not any("ada" in key for key in documents)
        assert not any(b'"u_ada"' in document for document in documents.values())
    with duckdb.connect(str(path / "segment_members.duckdb"), read_only=True) as members:
        assert members.execute("select count(*) from segment_members").fetchall() == [(250,)]


def test_leaves_sold_out_products_out_of_every_list(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    report = build_snapshot(warehouse, tmp_path, version="v1")

    similar = msgspec.json.decode(values(report.path, Table.SIMILAR)["p01"], type=list[Pick])
    assert [pick.product_id for pick in similar] == ["p02", "p03", "p04"]
    assert report.dropped_unavailable == 3  # p12 as similar, as recommended, as trending
    assert b"p12" not in values(report.path, Table.CATALOGUE)[""]


def test_analytics_file_opens_in_older_duckdb(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = build_snapshot(warehouse, tmp_path, version="v1")

    with duckdb.connect(str(report.path / mart_file("funnel_steps")), read_only=True) as con:
        row = con.execute("select tags from duckdb_databases() where not internal").fetchone()
        assert row is not None
        assert row[0]["storage_version"].startswith("v1.5")
        assert con.execute("select count(*) from funnel_steps").fetchone() == (4,)


def test_batches_change_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_snapshot(warehouse, tmp_path, version="v1")
    monkeypatch.setattr(snapshot_files, "GROUP_KEYS", 3)
    batches = build_snapshot(warehouse, tmp_path, version="v2")

    for table in Table:
        name = table_file(table)
        assert (whole.path / name).read_bytes() == (batches.path / name).read_bytes(), name


def test_same_marts_give_the_same_rows(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = build_snapshot(warehouse, tmp_path, version="v1")
    second = build_snapshot(warehouse, tmp_path, version="v2")

    for table in Table:
        assert values(first.path, table) == values(second.path, table)


def test_reads_through_a_read_only_connection(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        make_marts(con)
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as con:
        report = build_snapshot(con, tmp_path / "serving", version="v1")
    assert report.rows[Table.VISITORS] == 3


def test_building_a_version_twice_keeps_the_first(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    build_snapshot(warehouse, tmp_path, version="v1")
    before = (tmp_path / "v1" / MANIFEST_FILE).read_bytes()
    warehouse.execute("delete from marts.product_recommendations")

    assert build_snapshot(warehouse, tmp_path, version="v1").reused
    assert (tmp_path / "v1" / MANIFEST_FILE).read_bytes() == before


@pytest.mark.parametrize("version", ["", "../v1", ".hidden", "a/b", "x" * 200])
def test_refuses_unusable_version_names(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, version: str
) -> None:
    with pytest.raises(ValueError, match="version"):
        build_snapshot(warehouse, tmp_path, version=version)


def test_names_every_missing_mart_and_column(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute("drop table marts.sessions_daily")
    warehouse.execute("alter table marts.visitors drop column cart")

    with pytest.raises(MissingMartError, match="sessions_daily \\(the whole table\\); visitors \\(cart\\)"):
        build_snapshot(warehouse, tmp_path, version="v1")
    assert not (tmp_path / "v1").exists()


BREAKAGES = {
    "recommends a product that isn't there": (
        "update marts.visitor_recommendations set product_id = 'ghost' where rank = 1",
        "visitor_recommendations.product_id: 1 ids are not in products, for example 'ghost'",
    ),
    "a list of nothing but what isn't there": (
        "insert into marts.visitor_recommendations (visitor_id, rank, product_id, source)"
        " values ('g_short', 1, 'ghost', 'affinity')",
        "visitor_recommendations.product_id: 1 ids are not in products, for example 'ghost'",
    ),
    "a product gone that lists name": (
        "delete from marts.products where product_id = 'p07'",
        "product_recommendations.other_product_id: 1 ids are not in products, for example 'p07'",
    ),
    "a sold-out product gone that lists name": (
        "delete from marts.products where product_id = 'p12'",
        "visitor_recommendations.product_id: 1 ids are not in products, for example 'p12'",
    ),
    "a rank twice": (
        "update marts.visitor_recommendations set rank = 1",
        "the same rank 4 times at rank 1, one of 1 (group by visitor_id, rank)",
    ),
    "a product twice in one list": (
        "update marts.visitor_recommendations set product_id = 'p06'",
        "the same product 4 times at product_id 'p06'",
    ),
    "a product recommended to itself": (
        "update marts.product_recommendations set other_product_id = product_id where rank = 1 and kind = 'similar'",
        "recommend a product to itself",
    ),
    "a neighbour that is null": (
        "update marts.visitor_affinity set other_visitor_id = null",
        "a document of visitor_neighbours doesn't read back",
    ),
    "a score that is not a number": (
        "update marts.trending_products set score = 'nan' where rank = 1",
        "trending_products: 2 rows have no finite score",
    ),
    "a rank that is null": (
        "update marts.trending_products set rank = null where product_id = 'p01'",
        "trending_products: 1 rows without category or rank",
    ),
    "a source that nobody knows": (
        "update marts.visitor_recommendations set source = 'magic' where rank = 1",
        "visitor_recommendations: 'magic' is not a source",
    ),
    "a seed that isn't there": (
        "update marts.visitor_recommendations set seed_product_id = 'ghost' where seed_product_id = 'p05'",
        "visitor_recommendations.seed_product_id: 1 ids are not in products, for example 'ghost'",
    ),
    "a reason that is about nothing": (
        "update marts.visitor_recommendations set seed_product_id = null",
        "visitor_recommendations: 1 rows without the product that led to them",
    ),
    "a list without a weight": (
        "delete from marts.recommendation_settings where setting = 'weight:similar_text'",
        "recommendation_settings lacks weight:similar_text",
    ),
    "a diversity beyond its bounds": (
        "update marts.recommendation_settings set value = 1.5 where setting = 'diversity'",
        "recommendation_settings: diversity can't be 1.5",
    ),
    "no half-life": (
        "update marts.recommendation_settings set value = 0 where setting = 'affinity_half_life_days'",
        "affinity_half_life_days can't be 0",
    ),
    "a visitor without an id": (
        "update marts.visitors set visitor_id = null where visitor_id = 'u_ada'",
        "visitors: a key is missing or duplicated",
    ),
    "an identifier twice": (
        "insert into marts.identity_map select * from marts.identity_map limit 1",
        "identities: a key is missing or duplicated",
    ),
}


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "next"])
@pytest.mark.parametrize("case", BREAKAGES, ids=list(BREAKAGES))
def test_audit_stops(
    case: str,
    is_first: bool,
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first version, and one of which only changes are written."""
    monkeypatch.setattr(snapshot_files, "MOST_CHANGES", 10**6)
    stands = [".lock"]
    if not is_first:
        build_snapshot(warehouse, tmp_path, version="v0")
        publish(tmp_path, "v0")
        stands += ["current.json", "v0"]
    breaking, words = BREAKAGES[case]
    warehouse.execute(breaking)

    with pytest.raises(AuditFailedError) as failure:
        build_snapshot(warehouse, tmp_path, version="v1")
    assert words in str(failure.value)
    assert "ada" not in str(failure.value), "Dagster keeps it, whoever is forgotten"
    assert sorted(path.name for path in tmp_path.iterdir()) == stands
    assert warehouse.execute("select table_name from duckdb_tables() where temporary").fetchall() == []


def test_audit_stops_a_collapse_unless_it_is_meant(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        make_marts(con, products=200)
        build_snapshot(con, tmp_path, version="v1")
        publish(tmp_path, "v1")
        con.execute("delete from marts.products where product_id > 'p12'")

        with pytest.raises(AuditFailedError, match="products fell from 200 rows in v1 to"):
            build_snapshot(con, tmp_path, version="v2")
        assert build_snapshot(con, tmp_path, version="v2", min_ratio=0).version == "v2"


def test_what_is_held_back_is_named_and_published_once(tmp_path: Path) -> None:
    """It waits under its name while more is held back; afterwards the guard is as it was."""
    with duckdb.connect() as con:
        make_marts(con, products=200)
        build_snapshot(con, tmp_path, version="v1")
        publish(tmp_path, "v1")
        con.execute("delete from marts.products where product_id > 'p12'")
        for version in ("v2", "v3"):
            with pytest.raises(AuditFailedError) as failure:
                build_snapshot(con, tmp_path, version=version)
            assert "'p120'" in str(failure.value)
            assert "footfall publish --once v2" in str(failure.value)
        created_at = read_manifest(tmp_path / ".held-v2").created_at
        with pytest.raises(SnapshotError, match="no version v3 is held back; v2 is"):
            publish_once(tmp_path, "v3", "not there")
        with pytest.raises(SnapshotError, match="v2 may contain a person erased since"):
            publish_once(tmp_path, "v2", "nobody looked", not_from_before=datetime.now(UTC))
        assert read_pointer(tmp_path).version == "v1"  # type: ignore[union-attr]
        publish_once(tmp_path, "v2", "the department is closed", not_from_before=created_at)
        assert read_pointer(tmp_path).version == "v2"  # type: ignore[union-attr]
        entry = json.loads((tmp_path / ONCE_FILE).read_text())
        assert (entry["version"], entry["why"]) == ("v2", "the department is closed")
        build_snapshot(con, tmp_path, version="v4")
        publish(tmp_path, "v4")


def test_products_that_visitors_invent_hold_no_publish_back(tmp_path: Path) -> None:
    """They are not on offer, and coverage is a share of what is."""
    with duckdb.connect() as con:
        make_marts(con, products=60)
        build_snapshot(con, tmp_path, version="v1")
        publish(tmp_path, "v1")
        con.execute("""
            insert into marts.products (product_id, title, is_available, is_in_catalog)
            select 'invented ' || n, 'invented ' || n, false, false from range(500) as t(n)
        """)
        build_snapshot(con, tmp_path, version="v2")
        con.execute("delete from marts.product_recommendations where product_id != 'p01'")
        with pytest.raises(AuditFailedError, match=r"coverage products_with_lists fell from .*'p02', 'p03'"):
            build_snapshot(con, tmp_path, version="v3")


EVIL = [
    "https://evil.example/a",
    "https://shop.example@evil.example/a",
    "https://shop.example:8443/a",
    "http://shop.example/a",
    "https://shop.example.evil.example/a",
    "https://xn--shp-0na.example/a",
    "https://sh\u00f6p.example/a",
    "//evil.example/a",
    "/\\evil.example/a",
    "\\\\evil.example/a",
    "https:\\\\evil.example/a",
    "https:evil.example/a",
    "/\t/evil.example",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "https://[::1",
    "evil.example",
    "",
]


@pytest.mark.parametrize("url", EVIL)
def test_what_visitors_name_leads_to_the_shop_alone(url: str) -> None:
    assert own_link(url, OriginRule(["*", "https://shop.example", "https://*.shop.example"])) is None


@pytest.mark.parametrize(
    ("origins", "url", "shown"),
    [
        (["https://shop.example"], "https://shop.example/a?b=1#c", "https://shop.example/a?b=1#c"),
        (["https://shop.example"], "https://SHOP.example:443/a", "https://SHOP.example:443/a"),
        (["https://*.shop.example"], "https://de.shop.example/a", "https://de.shop.example/a"),
        (["https://shop.example"], "/products/a", "/products/a"),
        (["*"], "https://anywhere.example/products/a?b=1", "/products/a?b=1"),
        ([], "https://anywhere.example", "/"),
        (["*"], "https://anywhere.example//evil.example/a", None),
        (["*"], "javascript:alert(1)", None),
    ],
)
def test_pages_of_the_shop_are_led_to(origins: list[str], url: str, shown: str | None) -> None:
    assert own_link(url, OriginRule(origins)) == shown


def test_no_card_leads_away(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The operator's catalog may have pictures anywhere, and no script either."""
    warehouse.execute("update marts.products set is_in_catalog = false where product_id in ('p01', 'p02')")
    for product, url, image in [
        ("p01", "https://evil.example/a", "https://evil.example/a.png"),
        ("p02", "https://shop.example/a", "//evil.example/a.png"),
        ("p03", "https://other.example/a", "//cdn.example/my picture.png"),
        ("p04", "javascript:alert(1)", "data:image/svg+xml,x"),
    ]:
        changed = "update marts.products set url = ?, image_url = ? where product_id = ?"
        warehouse.execute(changed, [url, image, product])
    path = build_snapshot(warehouse, tmp_path, version="v1", link_origins=["*", "https://shop.example"]).path
    cards = {key: json.loads(card) for key, card in read_table(path, Table.PRODUCTS).items()}
    assert [(cards[key]["url"], cards[key]["image_url"]) for key in ("p01", "p02", "p03", "p04")] == [
        (None, None),
        ("https://shop.example/a", None),
        ("https://other.example/a", "https://cdn.example/my%20picture.png"),
        (None, None),
    ]


def test_empty_shop_is_no_failure(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        make_marts(con)
        for (table,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
            " and table_name <> 'recommendation_settings'"
        ).fetchall():
            con.execute(f"delete from marts.{table}")
        report = build_snapshot(con, tmp_path, version="v1")
    assert report.rows[Table.CATALOGUE] == 0


def test_two_writers_do_not_mix(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with writer._alone(tmp_path), pytest.raises(SnapshotBusyError):
        build_snapshot(warehouse, tmp_path, version="v1")
