"""After an upgrade or a changed rule the next build starts from the lake; otherwise it adds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse.dbt_runner import close_warehouse
from orchestration.warehouse.model_versions import drop_former, note, outdated, stale_views, versions_in_force
from tests.orchestration.conftest import Seal, message


def model(name: str, checksum: str, materialized: str, *reads: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "checksum": {"checksum": checksum},
        "config": {"materialized": materialized},
        "depends_on": {"nodes": list(reads)},
    }


MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "footfall"},
    "macros": {"m": {"macro_sql": "select 1", "package_name": "footfall"}},
    "nodes": {
        "a": model("a", "1", "incremental"),
        "b": model("b", "2", "incremental"),
        "t": model("t", "3", "table", "near"),
        "near": model("near", "4", "view", "far"),
        "far": model("far", "5", "view", "a"),
        "elsewhere": model("elsewhere", "6", "view"),
    },
}


def changed(edit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(MANIFEST))
    edit(copy)
    return copy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "dbt_project"
    folder.mkdir()
    shutil.copy(DBT_PROJECT / "dbt_project.yml", folder)
    return folder


def test_what_makes_rows_outdated(paths: Paths, project: Path) -> None:
    now = versions_in_force(project, MANIFEST)
    assert now.keys() == {"a", "b"}
    assert outdated(paths, now, {"a", "b"}) == [], "nothing is built yet"
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    paths.warehouse.touch()
    assert outdated(paths, now, {"a", "b"}) == ["a", "b"], "built before versions were noted"
    note(paths, now, {"a"})
    assert outdated(paths, now, {"a", "b", "t"}) == ["b"]
    note(paths, now, {"b"})
    assert outdated(paths, now, {"a", "b"}) == []

    sql = changed(lambda manifest: manifest["nodes"]["a"]["checksum"].update(checksum="9"))
    assert outdated(paths, versions_in_force(project, sql), {"a", "b"}) == ["a"]
    macro = changed(lambda manifest: manifest["macros"]["m"].update(macro_sql="select 2"))
    assert outdated(paths, versions_in_force(project, macro), {"a", "b"}) == ["a", "b"]
    table = changed(lambda manifest: manifest["nodes"]["t"]["checksum"].update(checksum="9"))
    assert versions_in_force(project, table) == now

    file = project / "dbt_project.yml"
    text = file.read_text()
    for rule, other in (
        ("session_gap_seconds: 1800", "session_gap_seconds: 60"),
        # else days of two calendars stand side by side
        ("shop_time_zone: UTC", "shop_time_zone: Europe/Berlin"),
    ):
        file.write_text(text.replace(rule, other))
        assert outdated(paths, versions_in_force(project, MANIFEST), {"a", "b"}) == ["a", "b"], other
    file.write_text(text.replace("    sessions_per_item: 500", "    sessions_per_item: 100"))
    assert file.read_text() != text
    assert versions_in_force(project, MANIFEST) == now, "Python alone reads the session neighbours"
    file.write_text(
        text.replace("  session_gap_seconds: 1800", "  another_rule: 1\n  session_gap_seconds: 1800")
    )
    assert versions_in_force(project, MANIFEST) == now, "rules that stand in no incremental row"


def test_views_that_a_model_reads_are_made_anew_where_they_changed(paths: Paths, project: Path) -> None:
    now = versions_in_force(project, MANIFEST, "view")
    assert stale_views(paths, now, MANIFEST, {"t"}) == ["far", "near"], "there is no warehouse"
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    paths.warehouse.touch()
    note(paths, now, {"near", "far"})
    assert stale_views(paths, now, MANIFEST, {"t"}) == []
    other = changed(lambda manifest: manifest["nodes"]["far"]["checksum"].update(checksum="9"))
    now = versions_in_force(project, other, "view")
    assert stale_views(paths, now, other, {"t"}) == ["far"]
    assert stale_views(paths, now, other, {"t", "far"}) == [], "it is selected anyway"
    assert stale_views(paths, now, other, {"a"}) == []
    assert stale_views(paths, now, other, {"a"}, {"far"}) == ["far"], "the snapshot reads it"
    assert stale_views(paths, now, other, {"b"}, {"far"}) == [], "what it reads was never built"
    assert stale_views(paths, now, other, {"a"}, {"near"}) == ["far"], "a published view reads it"
    assert stale_views(paths, now, other, {"b"}, {"near"}) == [], "what that reads was never built"
    moved = versions_in_force(project, other, "view", data=Path("/elsewhere"))
    assert stale_views(paths, moved, other, {"a"}, {"near"}) == ["far", "near"], (
        "views of the lake name its place"
    )
    file = project / "dbt_project.yml"
    text = file.read_text()
    file.write_text(
        text.replace("{name: Viewed, event: Product Viewed}", "{name: Seen, event: Product Viewed}")
    )
    assert file.read_text() != text
    note(paths, now, {"far", "near"})
    declared = versions_in_force(project, other, "view")
    assert stale_views(paths, declared, other, {"t"}) == ["far", "near"], "a view names what vars declare"


@pytest.mark.slow
def test_a_build_of_some_models_makes_a_changed_view_that_they_read(
    paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    from orchestration.defs.warehouse.dbt import dbt_models, model_key

    sessions = dg.AssetSelection.assets(model_key("int_sessions"))
    views = dg.AssetSelection.assets(model_key("int_session_events"), model_key("stg_footfall__events"))

    def build(selection: dg.AssetSelection) -> set[str]:
        result = dg.materialize([dbt_models], instance=dg.DagsterInstance.ephemeral(), selection=selection)
        assert result.success
        return {
            event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key
        }

    seal("s1", [message(1), message(2)])
    load_sealed(paths)
    everything = sessions.upstream().without_checks()
    build(everything)
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("drop view int_session_events")
    notes = paths.warehouse.with_suffix(".models.json")
    noted = json.loads(notes.read_text())
    notes.write_text(json.dumps(noted | {"int_session_events": "another"}))
    seal("s2", [message(3)])
    load_sealed(paths)
    assert "int_session_events" not in build((everything - views).without_checks())
    assert json.loads(notes.read_text()) == noted
    with duckdb.connect(str(paths.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("select sum(events) from int_sessions").fetchone() == (3,)
        assert warehouse.execute("select count(*) from int_session_events").fetchone() == (3,)


@pytest.mark.slow
def test_a_warehouse_of_an_older_version_is_built_again(
    paths: Paths, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    from orchestration.defs.warehouse.dbt import dbt_models, model_key

    selection = dg.AssetSelection.assets(model_key("int_sessions")).upstream().without_checks()

    def build() -> list[str]:
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize([dbt_models], instance=instance, selection=selection)
            assert result.success
            return [record.message for record in instance.all_logs(result.run_id)]

    seal("s1", [message(1), message(2)])
    load_sealed(paths)
    build()
    seal("s2", [message(3)])
    load_sealed(paths)
    assert not any("another version" in line for line in build())

    # As an older Footfall left it: a column less, and no note of versions.
    close_warehouse()
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("alter table int_sessions drop column built_at")
    paths.warehouse.with_suffix(".models.json").unlink()
    seal("s3", [message(4)])
    load_sealed(paths)
    assert any("another version made it" in line for line in build())
    with duckdb.connect(str(paths.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("select sum(events), count(built_at) from int_sessions").fetchone() == (4, 3)

    # As a version left it that called a model otherwise.
    close_warehouse()
    notes = paths.warehouse.with_suffix(".models.json")
    noted = json.loads(notes.read_text())
    notes.write_text(json.dumps(noted | {"int_former": noted.pop("int_sessionized_events")}))
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("alter table int_sessionized_events rename to int_former")
    seal("s4", [message(5)])
    load_sealed(paths)
    lines = build()
    assert any("another version made it" in line and "int_sessionized_events" in line for line in lines)
    assert any("no such model any more: int_former" in line for line in lines)
    assert json.loads(notes.read_text()).keys() == noted.keys() | {"int_sessionized_events"}
    with duckdb.connect(str(paths.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("select sum(events) from int_sessions").fetchone() == (5,)
        assert not warehouse.execute(
            "select table_name from information_schema.tables where table_name = 'int_former'"
        ).fetchall()


def test_what_former_models_left_is_dropped(paths: Paths) -> None:
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("""
            create table a as select 1 as n;
            create table former as select 2 as n;
            create view former_view as select * from former;
            create table nobody_noted as select 3 as n;
        """)
    note(
        paths,
        {"a": "1", "former": "2", "former_view": "3", "never_built": "4"},
        {"a", "former", "former_view"},
    )
    assert drop_former(paths, MANIFEST) == ["former", "former_view"]
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        tables = warehouse.execute("select table_name from information_schema.tables order by 1").fetchall()
    assert tables == [("a",), ("nobody_noted",)]
    assert drop_former(paths, MANIFEST) == [], "the note has forgotten them"
