"""The snapshot writer: what it writes, what it refuses, and what a crash at any point leaves."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.snapshot import (
    MANIFEST_FILE,
    PART_SQL,
    POINTER_FILE,
    SESSIONS_FILE,
    Pick,
    Pointer,
    ProductCard,
    SnapshotError,
    Table,
    check_sizes,
    mart_file,
    part_of,
    read_manifest,
    read_pointer,
    table_file,
)
from orchestration.lib import snapshot as writer
from orchestration.lib import snapshot_files
from orchestration.lib.snapshot import (
    AuditFailedError,
    MissingMartError,
    SnapshotBusyError,
    build_snapshot,
    prune,
    publish,
)
from orchestration.lib.snapshot_audit import SHAPES
from orchestration.lib.snapshot_files import choose_parts
from orchestration.lib.snapshot_marts import ANALYTICS
from tests.api.conftest import make_marts


def values(path: Path, table: Table) -> dict[str, bytes]:
    """Every document of a table, each from the part where a reader looks for it."""
    found: dict[str, bytes] = {}
    parts = read_manifest(path).parts[table]
    for number in range(parts):
        con = sqlite3.connect(path / table_file(table, number))
        try:
            of_part = dict(con.execute("select key, value from entries").fetchall())
        finally:
            con.close()
        assert {part_of(key, parts) for key in of_part} <= {number}
        assert not of_part.keys() & found.keys()
        found |= of_part
    return found


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


def test_parts_change_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_snapshot(warehouse, tmp_path, version="v1")
    monkeypatch.setattr(snapshot_files, "PART_KEYS", 1)
    monkeypatch.setattr(snapshot_files, "GROUP_KEYS", 3)
    parts = build_snapshot(warehouse, tmp_path, version="v2")

    assert read_manifest(parts.path).parts[Table.PRODUCTS] == 16
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
    "a source that nobody knows": (
        "update marts.visitor_recommendations set source = 'magic' where rank = 1",
        "visitor_recommendations: 'magic' is no source",
    ),
    "a list without a weight": (
        "delete from marts.recommendation_settings where setting = 'weight:similar_text'",
        "recommendation_settings lacks weight:similar_text",
    ),
    "a diversity beyond its bounds": (
        "update marts.recommendation_settings set value = 1.5 where setting = 'diversity'",
        "recommendation_settings: diversity can't be 1.5",
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
            " and table_name <> 'recommendation_settings'"
        ).fetchall():
            con.execute(f"delete from marts.{table}")
        report = build_snapshot(con, tmp_path, version="v1")
    assert report.rows[Table.CATALOGUE] == 0


def test_publish_refuses_what_is_not_whole(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no readable manifest"):
        publish(tmp_path, "nowhere")
    report = build_snapshot(warehouse, tmp_path, version="v1")
    with (report.path / table_file(Table.VISITORS, 0)).open("r+b") as file:
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


def test_prune_removes_what_an_earlier_release_left(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number in range(1, 5):
        manifest = build_snapshot(warehouse, tmp_path, version=f"v{number}").path / MANIFEST_FILE
        if number < 4:  # v3's is of a release to come: not ours to judge
            changed = msgspec.json.decode(manifest.read_bytes())
            changed["format_version"] += 1 if number == 3 else -1
            manifest.write_bytes(msgspec.json.encode(changed))
    pointer = msgspec.json.encode(Pointer(version="v2", published_at=datetime.now(UTC)))
    (tmp_path / POINTER_FILE).write_bytes(pointer)

    assert prune(tmp_path, keep=3) == ["v1"], "never the one in force"
    publish(tmp_path, "v4")
    assert prune(tmp_path, keep=3) == ["v2"]
    assert (tmp_path / "v3").exists()


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
        con.execute("update marts.products set price = 1.5")  # some files new, the others taken over
        for steps in range(200):
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


def inodes(path: Path) -> dict[str, int]:
    """Of the files made from marts: the session neighbours are another asset's."""
    return {name: (path / name).stat().st_ino for name in read_manifest(path).files if name != SESSIONS_FILE}


def published(con: duckdb.DuckDBPyConnection, serving: Path, version: str) -> Path:
    report = build_snapshot(con, serving, version=version)
    publish(serving, version)
    return report.path


def test_what_has_not_changed_is_not_written_again(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = published(warehouse, tmp_path, "v1")
    report = build_snapshot(warehouse, tmp_path, version="v2")
    assert (report.files_written, report.bytes_written) == (0, 0)
    assert inodes(report.path) == inodes(first)
    assert report.rows == read_manifest(first).rows


CHANGES = {
    "a price": (
        "update marts.products set price = 1.5 where product_id = 'p03'",
        {Table.PRODUCTS},
    ),
    "a product sold out": (
        "update marts.products set is_available = false where product_id = 'p03'",
        {Table.PRODUCTS, Table.CATALOGUE, Table.SIMILAR, Table.VIEWED_TOGETHER},
    ),
    "a reason": (
        "update marts.visitor_recommendations set reason = 'Because' where rank = 2",
        {Table.VISITOR_RECOMMENDATIONS, Table.LABELS},
    ),
    "two ranks swapped": (
        "update marts.visitor_recommendations set rank = 3 - rank where rank <= 2",
        {Table.VISITOR_RECOMMENDATIONS},
    ),
    "a neighbour beyond those served": (
        "insert into marts.visitor_affinity values ('u_ada', 'g_short', 21, 0.1, 'behaviour', ['p01'])",
        set(),
    ),
    "a row moved": (
        "create or replace table marts.visitors as from marts.visitors order by visitor_id desc",
        set(),
    ),
    "a segment's member": (
        "delete from marts.segment_members where visitor_id = 'g_0007'",
        {Table.VISITOR_SEGMENTS, "segment_members"},
    ),
    "a day": ("update marts.sessions_daily set orders = 9 where day = date '2026-11-02'", {"sessions_daily"}),
}


@pytest.mark.parametrize("case", CHANGES, ids=list(CHANGES))
def test_a_change_writes_the_files_it_shows_in(
    case: str, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """And what is published so is what a publish from nothing gives."""
    change, expected = CHANGES[case]
    before = inodes(published(warehouse, tmp_path, "v1"))
    warehouse.execute(change)
    after = build_snapshot(warehouse, tmp_path, version="v2")

    changed = {name.split(".")[0] for name, inode in inodes(after.path).items() if before[name] != inode}
    assert changed == {str(name) for name in expected}
    fresh = build_snapshot(warehouse, tmp_path / "elsewhere", version="v2")
    assert told(after.path) == told(fresh.path)


def told(path: Path) -> dict[str, Any]:
    """Everything that a reader of a version gets to see; labels by what they say, since their numbers may differ."""
    labels = {int(key): msgspec.json.decode(value) for key, value in values(path, Table.LABELS).items()}
    found: dict[str, Any] = {}
    for table in set(Table) - {Table.LABELS}:
        documents = {key: msgspec.json.decode(value) for key, value in values(path, table).items()}
        if SHAPES[table] == list[Pick]:
            documents = {
                key: [[product, score, labels[label]] for product, score, label in picks]
                for key, picks in documents.items()
            }
        found[table] = documents
    for name in ANALYTICS:
        with duckdb.connect(str(path / mart_file(name)), read_only=True) as con:
            found[name] = con.execute(f"from {name} order by all").fetchall()
    return found


def test_random_changes_publish_what_a_publish_from_nothing_gives(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_files, "PART_KEYS", 2)
    chance = random.Random(11)
    published(warehouse, tmp_path, "v0")
    reused = 0
    for number in range(1, 5):
        for change in chance.sample([change for change, _ in CHANGES.values()], 2):
            warehouse.execute(change)
        warehouse.execute(
            "insert into marts.visitors select 'g_new' || ?, true, null, now(), now(), 1, 0, 0, 'p01', null, null",
            [number],
        )
        report = build_snapshot(warehouse, tmp_path, version=f"v{number}")
        publish(tmp_path, f"v{number}")
        reused += report.files - report.files_written
        fresh = build_snapshot(warehouse, tmp_path / "elsewhere", version=f"v{number}")
        assert told(report.path) == told(fresh.path)
    assert reused > 25


def test_a_damaged_file_is_written_anew(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = published(warehouse, tmp_path, "v1")
    name = table_file(Table.SIMILAR, 0)
    with (first / name).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8)
    report = build_snapshot(warehouse, tmp_path, version="v2")
    assert report.files_written == 1
    assert values(report.path, Table.SIMILAR)


def test_pruning_a_version_leaves_its_files_to_the_next(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    published(warehouse, tmp_path, "v1")
    second = published(warehouse, tmp_path, "v2")
    assert prune(tmp_path, keep=1) == ["v1"]
    assert len(values(second, Table.PRODUCTS)) == 12


def test_parts_grow_with_the_shop_and_do_not_waver() -> None:
    assert [choose_parts(keys, None) for keys in (0, 10_000, 10_001, 80_000, 10**9)] == [1, 1, 2, 8, 32]
    assert choose_parts(15_000, 1) == 1
    assert choose_parts(20_001, 1) == 4
    assert choose_parts(45_000, 8) == 8
    assert choose_parts(0, 4) == 1
    assert choose_parts(10**9, 32) == 32


@given(st.lists(st.text(max_size=40), min_size=1, max_size=20), st.sampled_from([2, 8, 32]))
def test_reader_and_writer_look_in_the_same_part(keys: list[str], parts: int) -> None:
    with duckdb.connect() as con:
        for key in keys:
            row = con.execute(f"select {PART_SQL.format(parts=parts)} from (select ?::varchar as key)", [key])
            assert row.fetchone() == (part_of(key, parts),)
