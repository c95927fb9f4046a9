"""The snapshot writer: what it writes, what it refuses, and what a crash at any point leaves."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from footfall.snapshot import (
    ANALYTICS_FILE,
    MANIFEST_FILE,
    POINTER_FILE,
    SQLITE_FILE,
    Pick,
    ProductCard,
    SnapshotError,
    Table,
    check_sizes,
    read_manifest,
    read_pointer,
)
from orchestration.lib import snapshot as writer
from orchestration.lib.snapshot import (
    AuditFailedError,
    MissingMartError,
    SnapshotBusyError,
    build_snapshot,
    prune,
    publish,
)
from tests.api.conftest import make_marts


def values(path: Path, table: Table) -> dict[str, bytes]:
    con = sqlite3.connect(path / SQLITE_FILE)
    try:
        return dict(con.execute(f"select key, value from {table}").fetchall())
    finally:
        con.close()


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

    with duckdb.connect(str(report.path / ANALYTICS_FILE), read_only=True) as con:
        row = con.execute("select tags from duckdb_databases() where not internal").fetchone()
        assert row is not None
        assert row[0]["storage_version"].startswith("v1.5")
        assert con.execute("select count(*) from funnel_steps").fetchone() == (4,)


def test_parts_change_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_snapshot(warehouse, tmp_path, version="v1")
    monkeypatch.setattr(writer, "PART_VISITORS", 1)
    parts = build_snapshot(warehouse, tmp_path, version="v2")

    for table in Table:
        assert values(whole.path, table) == values(parts.path, table)


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
    "a rank twice": (
        "update marts.visitor_recommendations set rank = 1",
        "the same rank 4 times at visitor_id 'u_ada'",
    ),
    "a product twice in one list": (
        "update marts.visitor_recommendations set product_id = 'p06'",
        "the same product 4 times",
    ),
    "a product recommended to itself": (
        "update marts.product_recommendations set other_product_id = product_id where rank = 1 and kind = 'similar'",
        "recommend a product to itself",
    ),
    "a score that is no number": (
        "update marts.trending_products set score = 'nan' where rank = 1",
        "trending_products: 2 rows have no finite score",
    ),
    "a rank that is null": (
        "update marts.trending_products set rank = null where product_id = 'p01'",
        "trending_products: 1 rows without category or rank",
    ),
    "a visitor without an id": (
        "update marts.visitors set visitor_id = null where visitor_id = 'u_ada'",
        "visitors: a key is missing or stands twice",
    ),
    "an identifier twice": (
        "insert into marts.identity_map select * from marts.identity_map limit 1",
        "identities: a key is missing or stands twice",
    ),
}


@pytest.mark.parametrize("case", BREAKAGES, ids=list(BREAKAGES))
def test_audit_stops(case: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    breaking, words = BREAKAGES[case]
    warehouse.execute(breaking)

    with pytest.raises(AuditFailedError) as failure:
        build_snapshot(warehouse, tmp_path, version="v1")
    assert words in str(failure.value)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_audit_stops_a_collapse_unless_it_is_meant(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        make_marts(con, products=200)
        build_snapshot(con, tmp_path, version="v1")
        publish(tmp_path, "v1")
        con.execute("delete from marts.products where product_id > 'p12'")

        with pytest.raises(AuditFailedError, match="products fell from 200 rows in v1 to"):
            build_snapshot(con, tmp_path, version="v2")
        assert build_snapshot(con, tmp_path, version="v2", min_ratio=0).version == "v2"


def test_empty_shop_is_no_failure(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        make_marts(con)
        for (table,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall():
            con.execute(f"delete from marts.{table}")
        report = build_snapshot(con, tmp_path, version="v1")
    assert report.rows[Table.CATALOGUE] == 0


def test_publish_refuses_what_is_not_whole(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no readable manifest"):
        publish(tmp_path, "nowhere")
    report = build_snapshot(warehouse, tmp_path, version="v1")
    with (report.path / SQLITE_FILE).open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(SnapshotError, match="its manifest says"):
        publish(tmp_path, "v1")
    assert read_pointer(tmp_path) is None


def test_prune_keeps_the_newest_and_the_one_in_force(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(1, 7):
        build_snapshot(warehouse, tmp_path, version=f"v{number}")
    publish(tmp_path, "v2")  # a rollback: the one in force is an old one
    (tmp_path / "notes").mkdir()  # not ours: left alone

    assert sorted(prune(tmp_path, keep=3)) == ["v1", "v3"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [
        "notes",
        "v2",
        "v4",
        "v5",
        "v6",
    ]
    assert prune(tmp_path, keep=3) == []


def test_two_writers_do_not_mix(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with writer._alone(tmp_path), pytest.raises(SnapshotBusyError):
        build_snapshot(warehouse, tmp_path, version="v1")


class _Kill(BaseException):
    """Stands for the process dying: nothing may catch it."""


def _dying_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the n-th durable step (fsync, rename, make or remove a directory) of what follows die before it happens,
    and forbid all cleaning up after that, as a kill would."""
    done = 0

    def guarded(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            done += 1
            if done > steps:
                raise _Kill
            return real(*args, **kwargs)

        return call

    for name in ("fsync", "rename", "replace", "mkdir", "rmdir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))
    monkeypatch.setattr(writer.shutil, "rmtree", guarded(shutil.rmtree))
    for name in ("rename", "replace", "mkdir"):
        monkeypatch.setattr(Path, name, guarded(getattr(Path, name)))


def test_death_at_any_step_leaves_a_whole_version_in_force(tmp_path: Path) -> None:
    def step(con: duckdb.DuckDBPyConnection, serving: Path) -> None:
        build_snapshot(con, serving, version="new")
        publish(serving, "new")
        prune(serving, keep=1)

    seen = set()
    with duckdb.connect() as con:
        make_marts(con)
        build_snapshot(con, tmp_path / "template", version="old")
        publish(tmp_path / "template", "old")
        for steps in range(60):
            serving = tmp_path / f"run{steps}"
            shutil.copytree(tmp_path / "template", serving)
            died = False
            with pytest.MonkeyPatch.context() as patch:
                _dying_after(steps, patch)
                try:
                    step(con, serving)
                except _Kill:
                    died = True
            pointer = read_pointer(serving)
            assert pointer is not None
            seen.add(pointer.version)
            check_sizes(serving / pointer.version, read_manifest(serving / pointer.version))

            step(con, serving)  # the next run finds its way from whatever stands there
            found = sorted(path.name for path in serving.iterdir())
            assert found == [".lock", POINTER_FILE, "new"]
            shutil.rmtree(serving)
            if not died:
                break
        else:
            pytest.fail("the run has more durable steps than were tried")
    assert seen == {"old", "new"}
    assert steps >= 10
