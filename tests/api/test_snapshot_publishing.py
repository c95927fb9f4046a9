"""From one version to the next: publishing, pruning, what is taken over, and what a crash at any point leaves."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from api.snapshots import Snapshot
from footfall.snapshot.format import (
    MANIFEST_FILE,
    POINTER_FILE,
    SESSIONS_FILE,
    Pick,
    Pointer,
    SnapshotError,
    Table,
    changes_file,
    check_sizes,
    keys_file,
    mart_file,
    read_manifest,
    read_pointer,
    table_file,
)
from orchestration.recommend.session_neighbours import index_of
from orchestration.serving import audit
from orchestration.serving import files as snapshot_files
from orchestration.serving import publish as writer
from orchestration.serving.audit import SHAPES
from orchestration.serving.marts import ANALYTICS
from orchestration.serving.publish import (
    AuditFailedError,
    SnapshotReport,
    build_snapshot,
    prune,
    publish,
)
from tests.api.conftest import SESSIONS, make_marts, values
from tests.session_cases import clicks_table

pytestmark = pytest.mark.slow


def test_publish_refuses_what_is_not_whole(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no readable manifest"):
        publish(tmp_path, "nowhere")
    report = build_snapshot(warehouse, tmp_path, version="v1")
    with (report.path / table_file(Table.VISITORS)).open("r+b") as file:
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

    assert prune(tmp_path, keep=3) == ["v1"], "never the active one"
    publish(tmp_path, "v4")
    assert prune(tmp_path, keep=3) == ["v2"]
    assert (tmp_path / "v3").exists()


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


def test_the_session_index_is_taken_over_until_it_is_rebuilt(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    index, serving = tmp_path / "index", tmp_path / "serving"
    more = clicks_table([*SESSIONS, ["p09", "p04"], ["p09", "new"]])
    index_of(clicks_table(SESSIONS)).write(index)

    def build(version: str) -> SnapshotReport:
        return build_snapshot(warehouse, serving, version=version, session_index=index)

    first = build("v1")
    publish(serving, "v1")
    assert first.rows["sessions.sessions"] == len(SESSIONS)
    assert build("v2").files_written == 0
    index_of(more).write(tmp_path / "index.aside")
    (tmp_path / "index.aside").replace(index)
    third = build("v3")
    assert (third.rows["sessions.sessions"], third.files_written) == (len(SESSIONS) + 2, 1)
    served, rebuilt = Snapshot(third.path), index_of(more)
    for viewed in (["p09"], ["p01", "p09"], ["new"], ["p01", "p03"]):
        assert served.next_products(viewed[::-1], 9) == rebuilt.next_products(viewed, 9) != []
    (tmp_path / "torn").write_bytes(b"torn")
    (tmp_path / "torn").replace(index)
    with pytest.raises(AuditFailedError, match="session neighbours"):
        build("v4")


def published(con: duckdb.DuckDBPyConnection, serving: Path, version: str) -> Path:
    report = build_snapshot(con, serving, version=version)
    publish(serving, version)
    return report.path


def keep_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changes stands beside the bases, as in a shop so large that it isn't a tenth of them."""
    monkeypatch.setattr(snapshot_files, "MOST_CHANGES", 10**6)


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
    "what led to a product": (
        "update marts.visitor_recommendations set seed_product_id = 'p01' where rank = 2",
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


@pytest.mark.parametrize("beside", [False, True], ids=["base rewritten", "changes beside the base"])
@pytest.mark.parametrize("case", CHANGES, ids=list(CHANGES))
def test_a_change_writes_the_files_it_shows_in(
    case: str,
    beside: bool,
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what is published so is what a publish from nothing gives."""
    monkeypatch.setattr(snapshot_files, "MOST_CHANGES", 10**6 if beside else 0)
    change, expected = CHANGES[case]
    before = inodes(published(warehouse, tmp_path, "v1"))
    warehouse.execute(change)
    after = build_snapshot(warehouse, tmp_path, version="v2")

    changed = {name for name, inode in inodes(after.path).items() if before.get(name) != inode}
    assert {name.split(".")[0] for name in changed} == {str(name) for name in expected}
    if beside:
        assert {name for name in changed if not name.endswith(".duckdb")} == {
            changes_file(table) for table in expected if isinstance(table, Table)
        }
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


@pytest.mark.parametrize(
    ("damaged", "again"),
    [
        (table_file(Table.SIMILAR), {table_file(Table.SIMILAR), keys_file(Table.SIMILAR)}),
        (keys_file(Table.SIMILAR), {table_file(Table.SIMILAR), keys_file(Table.SIMILAR)}),
        (changes_file(Table.PRODUCTS), {changes_file(Table.PRODUCTS)}),
        (mart_file("segments"), {mart_file("segments")}),
    ],
)
def test_a_damaged_file_is_written_anew(
    damaged: str,
    again: set[str],
    warehouse: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_bases(monkeypatch)
    published(warehouse, tmp_path, "v1")
    warehouse.execute("update marts.products set price = 1.5 where product_id = 'p03'")
    second = published(warehouse, tmp_path, "v2")
    with (second / damaged).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8)
    report = build_snapshot(warehouse, tmp_path, version="v3")
    before, after = inodes(second), inodes(report.path)
    assert {name for name in after if after[name] != before[name]} == again
    assert told(report.path) == told(build_snapshot(warehouse, tmp_path / "fresh", version="v3").path)


def test_with_damaged_labels_nothing_is_taken_over(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Lists go by the labels' numbers: other numbers, other lists."""
    first = published(warehouse, tmp_path, "v1")
    with (first / table_file(Table.LABELS)).open("r+b") as file:
        file.seek(2000)
        file.write(b"\xff" * 8)
    report = build_snapshot(warehouse, tmp_path, version="v2")
    assert report.files_written == report.files
    assert told(report.path)["similar"]


def test_who_was_forgotten_is_in_no_byte_of_what_comes_after(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bases that were taken over hold who is gone, and changes beside them name who that is."""
    keep_bases(monkeypatch)
    published(warehouse, tmp_path, "v1")
    for table, column in (("visitors", "visitor_id"), ("identity_map", "visitor_id"), ("segment_members", "visitor_id"),
                          ("visitor_product_scores", "visitor_id"), ("visitor_category_affinity", "visitor_id"),
                          ("visitor_recommendations", "visitor_id"), ("visitor_affinity", "visitor_id"),
                          ("visitor_affinity", "other_visitor_id")):  # fmt: skip
        warehouse.execute(f"delete from marts.{table} where {column} = 'u_ada'")
    holding = files_with("u_ada", build_snapshot(warehouse, tmp_path, version="v2").path)
    assert table_file(Table.VISITORS) in holding, "else this shows nothing"

    moment = datetime.now(UTC)
    after = build_snapshot(warehouse, tmp_path, version="v3", not_from_before=moment)
    assert files_with("u_ada", after.path) == set()
    assert told(after.path) == told(tmp_path / "v2")
    publish(tmp_path, "v3")
    assert sorted(prune(tmp_path, not_from_before=moment)) == ["v1", "v2"]
    assert build_snapshot(warehouse, tmp_path, version="v4", not_from_before=moment).files_written == 0

    warehouse.execute("delete from marts.identity_map")
    # It is compared with a version from before still.
    monkeypatch.setattr(audit, "SMALL_TABLE", 1)
    with pytest.raises(AuditFailedError, match="identities fell"):
        build_snapshot(warehouse, tmp_path, version="v5", not_from_before=datetime.now(UTC))


def files_with(word: str, version: Path) -> set[str]:
    """The files of a version that hold a word, whatever their format packs."""
    found = {file.name for file in version.iterdir() if word.encode() in file.read_bytes()}
    for file in version.glob("*.keys"):
        if word in str(duckdb.sql(f"from read_parquet('{file}')").fetchall()):
            found.add(file.name)
    for file in version.glob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as con:
            if word in str(con.execute(f"from {file.stem}").fetchall()):
                found.add(file.name)
    return found


def test_pruning_a_version_leaves_its_files_to_the_next(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    published(warehouse, tmp_path, "v1")
    second = published(warehouse, tmp_path, "v2")
    assert prune(tmp_path, keep=1) == ["v1"]
    assert len(values(second, Table.PRODUCTS)) == 12


def test_nothing_is_written_because_time_went_by(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = Snapshot(published(warehouse, tmp_path, "v1"))
    warehouse.execute(
        "update marts.recommendation_settings set value = value + 30 * 86400 where setting = 'affinities_as_of'"
    )
    report = build_snapshot(warehouse, tmp_path, version="v2")
    assert report.files_written == 0
    second = Snapshot(report.path)
    for was, now in [
        (first.product_affinities("u_ada"), second.product_affinities("u_ada")),
        (first.category_affinities("u_ada"), second.category_affinities("u_ada")),
    ]:
        assert [row.affinity for row in now] == [row.affinity / 2 for row in was] != []


def test_a_base_is_rewritten_when_more_than_a_tenth_of_it_changed(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Of twelve products: one is told by the changes, two rewrite the base, and nothing is left beside it."""
    base, changes = table_file(Table.PRODUCTS), changes_file(Table.PRODUCTS)
    seen = [inodes(published(warehouse, tmp_path, "v1"))]
    for version, product in (("v2", "p03"), ("v3", "p04"), ("v4", "p05")):
        warehouse.execute("update marts.products set price = 1.5 where product_id = ?", [product])
        seen.append(inodes(published(warehouse, tmp_path, version)))
    first, second, third, fourth = seen
    assert second[base] == first[base] != third[base] == fourth[base]
    assert [changes in names for names in seen] == [False, True, False, True]
