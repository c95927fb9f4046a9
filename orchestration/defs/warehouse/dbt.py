"""The dbt project as assets: a model an asset, a test a check."""

import json
from collections.abc import Iterator, Mapping, Set
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context
from pydantic import Field

from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from footfall.snapshot.format import ServedMart
from orchestration.lake import set_aside
from orchestration.lake.loader import finish_what_was_cut_off
from orchestration.lake.retention import last_cut
from orchestration.lake.schema import prepare_lake
from orchestration.serving.marts import MARTS
from orchestration.storage.duckdb_files import POOL, begin, exclusive, is_whole, notice_damage
from orchestration.storage.environment import dbt_project
from orchestration.warehouse import dbt_runner, diagnosis
from orchestration.warehouse.model_versions import drop_former, note, outdated, stale_views, versions_in_force
from orchestration.warehouse.rebuild_days import DaysRefused, days_between, rebuild

PROJECT = dbt_project()
MANIFEST: Mapping[str, Any] = json.loads(dbt_runner.manifest_of(PROJECT).read_text())
#: dbt tag of the models that every batch of clicks rebuilds.
FAST = "fast"
#: What the fast lane adds to these models.
INCREMENT = dg.AssetKey(["fast_lane", "increment"])


class Translator(DagsterDbtTranslator):
    """Asset keys are <area>/<model>; the area is the model's group in Dagster's graph."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([_area(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return _area(dbt_resource_props)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        # The default appends the whole SQL; the graph should read as prose, the SQL is one click away in dbt docs.
        return str(dbt_resource_props.get("description") or "")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return ["team:analytics"]


def _area(props: Mapping[str, Any]) -> str:
    meta = props.get("config", {}).get("meta", {}) or props.get("meta", {})
    group = meta.get("dagster", {}).get("group")
    # models/marts/<area>/x.sql, models/<layer>/x.sql: fqn is [project, (marts,) area, name]
    return str(group or props["fqn"][-2])


translator = Translator()


class Build(dg.Config):
    """How to build, set for one run: in the launchpad, or by `footfall run --full-refresh`.

    full_refresh: forget what was built and build every selected model from the whole lake.
    """

    full_refresh: bool = False


class DaysConfig(dg.Config):
    """The days of receipt to rebuild, in UTC, both included."""

    from_day: str = Field(description="First day of receipt in UTC, as 2026-11-01.")
    to_day: str = Field(
        description="Last day of receipt in UTC, included, as 2026-11-03; today at the latest."
    )


class BuildModels(Build):
    """The same, and days to rebuild beforehand: the job ``rebuild_days`` sets them, `footfall run --days` too."""

    days: DaysConfig | None = None


@dbt_assets(manifest=MANIFEST, dagster_dbt_translator=translator, name="dbt_build", pool=POOL)
def dbt_models(context: dg.AssetExecutionContext, config: BuildModels) -> Iterator[Any]:
    """Build and test the selected models in this process; each reports as it finishes."""
    selection, indirect = get_subset_selection_for_context(
        context=context,
        manifest=MANIFEST,
        select="fqn:*",
        exclude=None,
        selector=None,
        dagster_dbt_translator=translator,
        current_dbt_indirect_selection_env=None,
    )
    arguments = [
        "build",
        *(part for argument in selection for part in argument.split(" ")),
        # A test over two models runs where the other is selected too or stands upstream: in a part of the graph a
        # model that is built later may not exist yet.
        "--indirect-selection", indirect or "buildable",
        # Unit tests guard the SQL, not the data: they belong to `make test`.
        "--exclude-resource-type", "unit_test",
    ]  # fmt: skip
    yield from _run_dbt(
        context,
        arguments,
        {key.path[-1] for key in context.selected_asset_keys},
        # What a later step of this run builds is left to it: it may read what Python builds in between.
        in_run={key.path[-1] for key in context.job_def.asset_layer.selected_asset_keys},
        full_refresh=config.full_refresh,
        days=config.days,
    )


@dg.asset(
    key=INCREMENT,
    deps=[["lake", "events"], ["lake", "failed_events"], ["lake", "landing_counts"], ["ledgers", "imports"]],
    group_name="fast_lane",
    kinds={"dbt", "duckdb"},
    owners=["team:analytics"],
    pool=POOL,
    description="What the newest loads add to the models tagged `fast`. Each of them reports an observation with its "
    "row count; the full pipeline materializes and checks them, so their checks keep the state of that build.",
)
def increment(context: dg.AssetExecutionContext, config: Build) -> Iterator[Any]:
    """Run dbt on the fast models, without tests. Raises dg.Failure where there is no warehouse to add to."""
    models = fast_models()
    yield from _run_dbt(
        context,
        ["run", "--select", *sorted(models)],
        models,
        in_run=models,
        full_refresh=config.full_refresh,
        is_increment=True,
    )
    yield dg.MaterializeResult(metadata={"models": len(models)})


def _run_dbt(
    context: dg.AssetExecutionContext,
    arguments: list[str],
    models: Set[str],
    *,
    in_run: Set[str],
    full_refresh: bool,
    is_increment: bool = False,
    days: DaysConfig | None = None,
) -> Iterator[Any]:
    """Run dbt on ``models`` and the views that changed; ``in_run`` are all models that this run builds. ``days`` are
    rebuilt: read again from the lake beforehand.
    """
    paths = load_settings().paths
    views = versions_in_force(PROJECT, MANIFEST, "view", data=paths.data)
    published = MARTS.keys() - in_run
    # Twice 2 MB of manifest and node results, which nobody reads: the events have them.
    arguments = [*arguments, "--no-write-json"]
    try:
        with exclusive(paths, say=context.log.warning), notice_damage(paths):
            prepare_lake(paths)
            finish_what_was_cut_off(paths)
            if damage := begin(paths):
                if is_increment:
                    raise dg.Failure(
                        f"{damage}. The fast lane only updates an existing warehouse;"
                        " a full run builds it from the lake: footfall run",
                        allow_retries=False,
                    )
                context.log.warning(f"{damage}. This run builds a new one from the lake")
            in_force = versions_in_force(
                PROJECT, MANIFEST, cut=last_cut(paths), set_aside=set_aside.last_change(paths)
            )
            changed = outdated(paths, in_force, models)
            if changed:
                context.log.info(
                    "built from the whole lake, since another version made it, days went, or events were set aside: "
                    + ", ".join(changed)
                )
            if days:
                _rebuild_days(context, paths, days, in_force, whole=bool(changed or full_refresh))
            if changed or full_refresh:
                arguments.append("--full-refresh")
            stale = stale_views(paths, views, MANIFEST, models, published)
            selected = arguments.index("--select") + 1
            arguments[selected:selected] = stale
            yield from dbt_runner.stream(
                context,
                PROJECT,
                arguments,
                manifest=MANIFEST,
                translator=translator,
                unasked=stale,
                is_increment=is_increment,
            )
            note(paths, in_force | views, models | set(stale))
            if former := drop_former(paths, MANIFEST):
                context.log.info(
                    f"dropped, since the project has no such model any more: {', '.join(former)}"
                )
    except dbt_runner.DbtFailed as failure:
        if (said := diagnosis.explain(paths, failure, context.log.warning)) is None:
            raise
        raise dbt_runner.DbtFailed(f"{failure}\n\n{said}") from None
    diagnosis.resolve(paths, models)


def _rebuild_days(
    context: dg.AssetExecutionContext,
    paths: Paths,
    config: DaysConfig,
    in_force: Mapping[str, str],
    *,
    whole: bool,
) -> None:
    """Read the days again from the lake and mark what depends on them, unless all is built from the ``whole`` lake.

    Raises dg.Failure where these days can't be rebuilt; nothing was changed then.
    """
    try:
        days = days_between(paths, config.from_day, config.to_day, today=datetime.now(UTC).date())
    except DaysRefused as error:
        raise dg.Failure(f"{error}. Nothing was changed", allow_retries=False) from None
    if whole or not is_whole(paths):
        context.log.info(f"this run builds from the whole lake, {days} with the rest")
        return

    def run_dbt(arguments: list[str], variables: Mapping[str, Any]) -> None:
        dbt_runner.invoke(PROJECT, [*arguments, "--vars", json.dumps(dict(variables)), "--no-write-json"])
        dbt_runner.close_warehouse()

    rebuilt = rebuild(paths, days, in_force, run_dbt, dbt_runner.project_vars(PROJECT)["shop_time_zone"])
    if not rebuilt.taken_out and not rebuilt.read_again:
        context.log.warning(f"no event was received from {days}: there is nothing to rebuild")
        return
    context.log.info(
        f"events received from {days}: {rebuilt.taken_out} taken out of the warehouse, {rebuilt.read_again} read again "
        f"from the lake; {rebuilt.devices} devices are computed again from there on"
    )


def model_key(name: str) -> dg.AssetKey:
    """The asset key of a dbt model. Raises KeyError where the project has no such model."""
    for node in MANIFEST["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["name"] == name:
            return translator.get_asset_key(node)
    raise KeyError(f"{PROJECT} has no model {name}")


def served_marts() -> dict[str, ServedMart]:
    """The models whose properties say ``config: {meta: {served: [columns to order by]}}``: the API serves them as they
    are.
    """
    found = {}
    for node in MANIFEST["nodes"].values():
        order = node["config"].get("meta", {}).get("served") if node["resource_type"] == "model" else None
        if order is not None:
            found[node["name"]] = ServedMart(
                description=" ".join(node["description"].split()),
                columns={
                    name: " ".join(column["description"].split()) for name, column in node["columns"].items()
                },
                order=tuple(order) if isinstance(order, list) else (str(order),),
            )
    return found


def fast_models() -> set[str]:
    """The models tagged ``fast`` that hold rows. The views they read stand, and are made again where they changed."""
    return {name for name, node in _models() if FAST in node["tags"] and _kind(node) != "view"}


def incremental_models() -> set[str]:
    """The models that a run adds to; of those that are not tagged ``fast`` the fast lane leaves something undone."""
    return {name for name, node in _models() if _kind(node) == "incremental"}


def _models() -> list[tuple[str, Mapping[str, Any]]]:
    return [(node["name"], node) for node in MANIFEST["nodes"].values() if node["resource_type"] == "model"]


def _kind(node: Mapping[str, Any]) -> str:
    return str(node["config"]["materialized"])
