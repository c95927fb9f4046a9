"""The graph as Dagster loads it, and what starts its runs."""

from __future__ import annotations

import difflib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import networkx
import pytest

from footfall.runtime.paths import Paths
from orchestration.catalog.inbox import inbox_state, note_read
from orchestration.storage.duckdb_files import begin, note_whole
from tests.orchestration.conftest import Seal, message
from tests.orchestration.definitions_text import FILE, as_text


def ancestors(graph: Any, key: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    todo = [key]
    while todo:
        for parent in graph.get(todo.pop()).parent_keys - found:
            found.add(parent)
            todo.append(parent)
    return found


def test_the_graph_from_landing_to_snapshot_has_no_gap(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    upstream = ancestors(graph, dg.AssetKey(["serving", "snapshot"]))
    for path in (
        ["landing", "segments"],
        ["catalog", "inbox"],
        ["lake", "events"],
        ["lake", "products"],
        ["derived", "product_similarity"],
        ["derived", "visitor_affinity"],
        ["derived", "product_also_liked"],
        ["derived", "session_neighbours"],
        ["recommendations", "visitor_recommendations"],
    ):
        assert dg.AssetKey(path) in upstream
    # What is not made here is a place where something comes in from outside: visitors, the shop, its operator.
    outside = {
        key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable
    }
    assert outside == {"landing/segments", "catalog/inbox", "lake/set_aside"}


def test_the_boxes_of_the_graph_follow_one_another_without_a_circle(defs: dg.Definitions) -> None:
    """A circle of groups is drawn as a knot; without one the graph reads from left to right."""
    graph = defs.resolve_asset_graph()
    groups = networkx.DiGraph()
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            groups.add_edge(graph.get(parent).group_name, graph.get(key).group_name)
    groups.remove_edges_from(networkx.selfloop_edges(groups))
    circles = [circle for circle in networkx.strongly_connected_components(groups) if len(circle) > 1]
    assert not circles


def test_every_asset_says_what_it_is(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, f"{key} has no description"
        assert node.owners, f"{key} has no owner"
        assert node.kinds, f"{key} has no kind"
        assert node.group_name != "default", f"{key} has no group"


def test_what_opens_the_warehouse_is_in_its_pool(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    # The search for better settings works for minutes on a copy of its own; no lane waits for it, and it is in none.
    alone = dg.AssetKey(["evaluation", "tuning_proposal"])
    keys = graph.materializable_asset_keys - {alone}
    assert {pool for key in keys for pool in graph.get(key).pools or {None}} == {"warehouse"}
    for lane in ("fast_lane", "full_pipeline"):
        assert alone not in defs.resolve_job_def(lane).asset_layer.selected_asset_keys


def test_the_fast_lane_adds_to_no_slow_model(defs: dg.Definitions) -> None:
    from orchestration.defs.warehouse.dbt import fast_models

    fast = defs.resolve_job_def("fast_lane").asset_layer.selected_asset_keys
    slow = {key.to_user_string() for key in fast if key.path[0] in ("derived", "evaluation")}
    assert not slow
    assert dg.AssetKey(["serving", "snapshot"]) in fast
    assert "visitor_recommendations" in fast_models()
    assert "sessions" not in fast_models(), "a view stands"


def test_the_fast_lane_materializes_no_model(defs: dg.Definitions) -> None:
    """Dagster shows a check's state for the latest materialization alone: after a fast lane all read "0 passed"."""
    job = defs.resolve_job_def("fast_lane")
    checked = {key.asset_key for key in defs.resolve_asset_graph().asset_check_keys}
    evaluated = {key.asset_key for key in job.asset_layer.asset_graph.asset_check_keys}
    assert (
        job.asset_layer.selected_asset_keys & checked == evaluated == {dg.AssetKey(["serving", "snapshot"])}
    )


def test_a_quality_that_fell_stops_the_publish_in_either_lane(
    defs: dg.Definitions, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full pipeline by a blocking check, the fast lane, which evaluates nothing, in the publishing asset itself."""
    from orchestration.defs.evaluation.checks import quality_has_not_fallen
    from orchestration.defs.serving.assets import snapshot
    from orchestration.evaluation.history import Run, Verdict, accept, write_history

    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    graph = defs.resolve_asset_graph()
    evaluation = dg.AssetKey(["evaluation", "recommendation_evaluation"])
    assert evaluation in graph.get(dg.AssetKey(["serving", "snapshot"])).parent_keys
    [spec] = quality_has_not_fallen.check_specs
    assert spec.blocking
    run = Run("r1", datetime(2026, 3, 1), "x", None, None, None, (), Verdict.HELD, "recall fell")
    silent = Run("r2", datetime(2026, 3, 2), "x", None, None, None, (), Verdict.NOT_ENOUGH, "too few cases")
    write_history(paths.derived, [run, silent])
    failed = quality_has_not_fallen()
    assert isinstance(failed, dg.AssetCheckResult)
    assert not failed.passed
    with pytest.raises(dg.Failure, match="held back since 2026-03-01 00:00:00: recall fell"):
        snapshot(dg.build_asset_context())
    accept(paths.derived, "meant")
    assert quality_has_not_fallen().passed  # type: ignore[union-attr]
    with pytest.raises(Exception, match="warehouse"):  # it goes on, to a warehouse that isn't there
        snapshot(dg.build_asset_context())


def test_the_definitions_are_as_they_were_written_down(defs: dg.Definitions) -> None:
    found, written = as_text(defs).splitlines(), FILE.read_text(encoding="utf-8").splitlines()
    changes = "\n".join(difflib.unified_diff(written, found, FILE.name, "now", n=1, lineterm=""))
    assert not changes, f"{changes}\nMeant? .venv/bin/python -m tests.orchestration.definitions_text"


def test_every_dbt_test_is_a_check_of_the_graph(defs: dg.Definitions) -> None:
    """One over several models must say in its meta whose check it is; else it fails a run and stands nowhere."""
    from orchestration.defs.warehouse.dbt import MANIFEST

    tests = {node["name"] for node in MANIFEST["nodes"].values() if node["resource_type"] == "test"}
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert len(tests) > 100
    assert not tests - checks


def test_every_check_with_a_file_of_its_own_says_what_it_asks(defs: dg.Definitions) -> None:
    """Others are named by what they ask of which column."""
    described = {
        spec.name: spec.description
        for asset in defs.resolve_asset_graph().assets_defs
        for spec in asset.check_specs
        if spec.name.startswith("assert_")
    }
    assert len(described) > 16
    assert not [name for name, description in described.items() if not description]


def test_served_marts_are_described_in_a_line_each(defs: dg.Definitions) -> None:
    from orchestration.defs.warehouse.dbt import served_marts

    texts = [text for mart in served_marts().values() for text in (mart.description, *mart.columns.values())]
    assert len(texts) > 100
    assert not [text for text in texts if not text or text != " ".join(text.split())]


@pytest.fixture
def tick(defs: dg.Definitions, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Evaluate the sensor of sealed segments against an instance with a history of runs."""
    from orchestration.defs.sensors import sealed_segments

    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    with dg.DagsterInstance.ephemeral() as instance:

        def evaluate(*statuses: dg.DagsterRunStatus, job: str = "fast_lane") -> dg.RunRequest | dg.SkipReason:
            for status in statuses:
                run = dg.DagsterRun(job_name=job, status=status)
                instance.run_storage.add_run(run)
            result = sealed_segments(dg.build_sensor_context(instance=instance))
            assert isinstance(result, (dg.RunRequest, dg.SkipReason))
            return result

        yield evaluate


def test_nothing_sealed_nothing_run(tick: Any) -> None:
    assert "nothing sealed" in tick().skip_message


def test_a_new_warehouse_gets_the_full_pipeline_first(tick: Any, seal: Seal) -> None:
    seal("s1", [message(1)])
    assert tick().job_name == "full_pipeline"


def test_then_clicks_take_the_fast_lane(tick: Any, seal: Seal, published: Paths) -> None:
    seal("s1", [message(1)])
    request = tick(dg.DagsterRunStatus.SUCCESS)
    assert request.job_name == "fast_lane"
    assert request.tags["footfall/newest"] == "s1"


def test_a_warehouse_that_was_removed_gets_the_full_pipeline_until_it_is_published_from(
    tick: Any, seal: Seal, published: Paths
) -> None:
    """By hand, or to forget somebody; a full pipeline that was killed leaves a part of it."""
    seal("s1", [message(1)])
    published.warehouse.unlink()
    assert tick().job_name == "full_pipeline"
    begin(published)
    duckdb.connect(str(published.warehouse)).close()
    assert tick().job_name == "full_pipeline"
    begin(published)
    assert tick().job_name == "full_pipeline"
    note_whole(published)
    assert tick().job_name == "fast_lane"


def test_a_damaged_warehouse_gets_the_full_pipeline_though_its_segments_are_loaded(
    tick: Any, published: Paths
) -> None:
    """The fast lane that found it loaded them, set it aside and failed."""
    assert "nothing sealed" in tick().skip_message
    published.warehouse.write_bytes(b"half a warehouse")
    assert "is damaged" in (begin(published) or "")
    assert tick(dg.DagsterRunStatus.FAILURE).job_name == "full_pipeline"
    duckdb.connect(str(published.warehouse)).close()
    assert tick().job_name == "full_pipeline", "not to its end yet"


@pytest.fixture
def published(paths: Paths) -> Paths:
    """A shop with a warehouse and a version in force."""
    paths.serving.mkdir(parents=True)
    (paths.serving / "current.json").write_text("{}")
    duckdb.connect(str(paths.warehouse)).close()
    return paths


def test_what_is_held_against_a_full_build_is_up_to_date(defs: dg.Definitions) -> None:
    """The fast lane leaves slow models to the next full pipeline, which may not have come since."""
    from orchestration.defs.warehouse.dbt import MANIFEST

    built = {key.path[-1] for key in defs.resolve_job_def("reconcile").asset_layer.selected_asset_keys}
    compared = {
        node["name"] for node in MANIFEST["nodes"].values() if node["config"]["materialized"] == "incremental"
    }
    assert "session_products" in compared
    assert compared <= built


def test_one_run_at_a_time(tick: Any, seal: Seal) -> None:
    seal("s1", [message(1)])
    assert "under way" in tick(dg.DagsterRunStatus.STARTED).skip_message


def test_a_first_full_pipeline_that_failed_is_tried_again_after_a_while(
    tick: Any, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once and for ever, and though what it loaded waits no longer."""
    seal("s1", [message(1)])
    assert "next try" in tick(dg.DagsterRunStatus.FAILURE, job="full_pipeline").skip_message
    later = time.time() + 16
    monkeypatch.setattr(time, "time", lambda: later)
    assert tick().job_name == "full_pipeline"


def test_a_failed_run_is_tried_again_after_a_while_though_nothing_new_is_sealed(
    tick: Any, published: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its segments may be in the lake already and their events still not in the shop."""
    assert "next try" in tick(dg.DagsterRunStatus.FAILURE).skip_message
    later = time.time() + 16
    monkeypatch.setattr(time, "time", lambda: later)
    assert isinstance(tick(), dg.RunRequest)
    # Two in a row wait twice as long.
    assert "the last 2 run(s) failed" in tick(dg.DagsterRunStatus.FAILURE).skip_message
    # A clock that went back by a day makes nobody wait for a day.
    monkeypatch.setattr(time, "time", lambda: later - 86_400)
    assert "next try in 30 s" in tick().skip_message


def test_the_first_build_is_one_though_events_and_a_catalog_wait(
    defs: dg.Definitions, paths: Paths, seal: Seal, tick: Any
) -> None:
    """Each of the two sensors started it, and the second build took as long as the first."""
    from orchestration.defs.sensors import catalog_changes

    assert "nothing sealed" in tick().skip_message
    paths.catalog.mkdir(parents=True)
    (paths.catalog / "shop.csv").write_text("Handle\n")
    seal("s1", [message(1)])
    with dg.DagsterInstance.ephemeral() as instance:
        assert "there is no warehouse yet" in str(catalog_changes(dg.build_sensor_context(instance=instance)))
    assert tick().job_name == "full_pipeline"
    (paths.landing / "sealed" / "s1.seg").unlink()
    assert tick().job_name == "full_pipeline", "for the catalog alone"
    assert "under way" in tick(dg.DagsterRunStatus.NOT_STARTED, job="full_pipeline").skip_message


@pytest.fixture
def look(defs: dg.Definitions, published: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Evaluate the sensor of the catalog, of a shop that has published."""
    from orchestration.defs.sensors import catalog_changes

    monkeypatch.setenv("FOOTFALL_DATA", str(published.data))
    published.catalog.mkdir(parents=True)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)

        def evaluate(*statuses: dg.DagsterRunStatus) -> dg.RunRequest | dg.SkipReason:
            for status in statuses:
                instance.run_storage.add_run(dg.DagsterRun(job_name="full_pipeline", status=status))
            result = catalog_changes(context)
            assert isinstance(result, (dg.RunRequest, dg.SkipReason))
            return result

        yield evaluate


def test_a_changed_catalog_starts_the_full_pipeline_once(look: Any, published: Paths) -> None:
    assert isinstance(look(), dg.SkipReason)
    for file in ("shop.csv", "SHOP.CSV"):
        (published.catalog / file).write_text("Handle\n")
        assert isinstance(look(), dg.RunRequest), file
        assert isinstance(look(), dg.SkipReason), file


def test_a_catalog_that_came_after_the_first_full_run_is_taken(look: Any, published: Paths) -> None:
    """Also where no look came before it: the first one took whatever it saw for read."""
    note_read(published, inbox_state(published.catalog))
    (published.catalog / "shop.csv").write_text("Handle\n")
    assert isinstance(look(dg.DagsterRunStatus.SUCCESS), dg.RunRequest)


def test_a_catalog_that_a_run_is_about_to_read_starts_no_second_one(look: Any, published: Paths) -> None:
    (published.catalog / "shop.csv").write_text("Handle\n")
    assert "under way" in look(dg.DagsterRunStatus.NOT_STARTED).skip_message
    note_read(published, inbox_state(published.catalog))
    assert "as it was" in look().skip_message


def test_a_catalog_that_was_put_back_is_taken_again(look: Any, published: Paths) -> None:
    """With its old time, as `mv` and `cp -p` do: Dagster runs nothing twice under one key."""
    file = published.catalog / "shop.csv"
    keys = []
    for content, seconds in (("Handle\n", 1), ("Handle\nsock\n", 2), ("Handle\n", 1)):
        file.write_text(content)
        os.utime(file, (seconds, seconds))
        asked = look()
        assert isinstance(asked, dg.RunRequest)
        keys.append(asked.run_key)
    keys = [key for key in keys if key is not None]
    assert len(keys) == len(set(keys))


def test_the_manifest_is_parsed_again_only_when_the_project_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.warehouse import dbt_runner

    project = tmp_path / "project"
    project.mkdir()
    (project / "dbt_project.yml").write_text("name: x")
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path / "data"))
    parsed: list[list[str]] = []

    def invoke(_project: Path, arguments: list[str], _on_event: object = None) -> None:
        parsed.append(arguments)
        dbt_runner.target_path().mkdir(parents=True, exist_ok=True)
        (dbt_runner.target_path() / "manifest.json").write_text("{}")

    monkeypatch.setattr(dbt_runner, "invoke", invoke)
    dbt_runner.manifest_of(project)
    dbt_runner.manifest_of(project)
    assert len(parsed) == 1
    (project / "model.sql").write_text("select 1")
    dbt_runner.manifest_of(project)
    assert len(parsed) == 2


def test_a_manifest_that_a_killed_command_left_half_written_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.warehouse import dbt_runner

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    whole = b'{"nodes": {}}'
    parses = []

    def parse(_project: Path, arguments: list[str]) -> None:
        parses.append(arguments)
        dbt_runner.target_path().mkdir(exist_ok=True)
        (dbt_runner.target_path() / "manifest.json").write_bytes(whole)

    monkeypatch.setattr(dbt_runner, "invoke", parse)
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.sql").write_text("select 1")
    assert dbt_runner.manifest_of(project).read_bytes() == whole
    (dbt_runner.target_path() / "manifest.json").write_bytes(b"")
    assert dbt_runner.manifest_of(project).read_bytes() == whole
    assert len(parses) == 1

    (project / "a.sql").write_text("select 2")
    dbt_runner.manifest_of(project)
    assert len(parses) == 2
    assert len(list(dbt_runner.target_path().glob("parsed-*.json"))) == 1


def test_of_two_that_need_the_manifest_at_once_one_parses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both wrote the same file aside, and what stayed was no JSON."""
    from orchestration.warehouse import dbt_runner

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    both, parses = threading.Barrier(2), []

    def parse(_project: Path, arguments: list[str]) -> None:
        parses.append(arguments)
        time.sleep(0.2)
        (dbt_runner.target_path() / "manifest.json").write_bytes(b"{}")

    monkeypatch.setattr(dbt_runner, "invoke", parse)
    (project := tmp_path / "project").mkdir()

    def ask() -> bytes:
        both.wait()
        return dbt_runner.manifest_of(project).read_bytes()

    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(ask) for _ in range(2)]] == [b"{}", b"{}"]
    assert len(parses) == 1


def test_a_full_refresh_and_a_removal_rebuild_what_is_learned(
    defs: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each asset that learns takes ``full_refresh``, and nothing built before days were removed is kept."""
    from footfall.settings import load_settings
    from orchestration.defs.similarity.assets import LEARNED, Learn, _rule
    from orchestration.lake import retention

    graph = defs.resolve_asset_graph()
    learned = {key for key in graph.get_all_asset_keys() if key.path[0] == "derived"}
    assert {asset.key for asset in LEARNED} <= learned
    assert all("full_refresh" in asset.op.config_schema.config_type.fields for asset in LEARNED)  # type: ignore[union-attr]
    settings = load_settings()
    rule = _rule(settings, Learn())
    assert (rule.share, rule.is_forced, rule.not_from_before) == (settings.rebuild_share, False, None)
    assert _rule(settings, Learn(full_refresh=True)).is_forced
    removed = datetime(2026, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(retention, "last_cut", lambda paths: retention.Cut(removed.date(), removed))
    assert _rule(settings, Learn()).not_from_before == removed
