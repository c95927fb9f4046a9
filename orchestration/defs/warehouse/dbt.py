"""The dbt project as assets: a model an asset, a test a check."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context

from footfall.settings import load_settings
from footfall.snapshot.format import ServedMart
from orchestration.lake import set_aside
from orchestration.lake.loader import finish_what_was_cut_off
from orchestration.lake.retention import last_cut
from orchestration.lake.schema import prepare_lake
from orchestration.serving.marts import MARTS
from orchestration.storage.duckdb_files import POOL, begin, exclusive, notice_damage
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse import dbt_runner, diagnosis
from orchestration.warehouse.model_versions import drop_former, note, outdated, stale_views, versions_in_force

MANIFEST: Mapping[str, Any] = json.loads(dbt_runner.manifest_of(DBT_PROJECT).read_text())
#: dbt tag of the models that every batch of clicks rebuilds.
FAST = "fast"
#: Tag of a run, which says which lane it is.
LANE = "footfall/lane"


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


@dbt_assets(manifest=MANIFEST, dagster_dbt_translator=translator, name="dbt_build", pool=POOL)
def dbt_models(context: dg.AssetExecutionContext, config: Build) -> Iterator[Any]:
    """Build the selected models in this process; every model and test reports as it finishes."""
    selection, indirect = get_subset_selection_for_context(
        context=context,
        manifest=MANIFEST,
        select="fqn:*",
        exclude=None,
        selector=None,
        dagster_dbt_translator=translator,
        current_dbt_indirect_selection_env=None,
    )
    models = {key.path[-1] for key in context.selected_asset_keys}
    arguments = command(selection, indirect, models, has_checks=bool(context.selected_asset_check_keys))
    paths = load_settings().paths
    views = versions_in_force(DBT_PROJECT, MANIFEST, "view", data=paths.data)
    # What a later step of this run builds is left to it: it may read what Python makes again in between.
    published = MARTS.keys() - {key.path[-1] for key in context.job_def.asset_layer.selected_asset_keys}
    try:
        with exclusive(paths, say=context.log.warning), notice_damage(paths):
            prepare_lake(paths)
            finish_what_was_cut_off(paths)
            if damage := begin(paths):
                if context.run.tags.get(LANE) == "fast":
                    raise dg.Failure(
                        f"{damage}. The fast lane adds to what stands;"
                        " the next run builds it from the lake: footfall run",
                        allow_retries=False,
                    )
                context.log.warning(f"{damage}. This run builds another from the lake")
            in_force = versions_in_force(
                DBT_PROJECT, MANIFEST, cut=last_cut(paths), set_aside=set_aside.last_change(paths)
            )
            changed = outdated(paths, in_force, models)
            if changed:
                context.log.info(
                    "built from the whole lake, since another version made it, days went, or events were set aside: "
                    + ", ".join(changed)
                )
            if changed or config.full_refresh:
                arguments.append("--full-refresh")
            stale = stale_views(paths, views, MANIFEST, models, published)
            selected = arguments.index("--select") + 1
            arguments[selected:selected] = stale
            yield from dbt_runner.stream(
                context, DBT_PROJECT, arguments, manifest=MANIFEST, translator=translator, unasked=stale
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


def command(
    selection: Sequence[str],
    indirect: str | None,
    names: Set[str],
    *,
    has_checks: bool,
    manifest: Mapping[str, Any] = MANIFEST,
) -> list[str]:
    """dbt's command for what is selected, as dagster-dbt says it: ``names`` are of the selected models, seeds and
    snapshots.
    """
    arguments = [part for argument in selection for part in argument.split(" ")]
    kinds = {node["resource_type"] for node in manifest["nodes"].values() if node["name"] in names}
    if indirect == "empty" and not has_checks and kinds <= {"model"}:
        # Of models alone `build` makes what `run` does, and asks three times which tests are among them: 0.4 CPU-s.
        arguments = ["run", *arguments]
    else:
        arguments = [
            "build",
            *arguments,
            # A test over two models runs where the other is selected too or stands upstream: in a part of the graph a
            # model that is built later may not exist yet.
            "--indirect-selection", indirect or "buildable",
            # Unit tests guard the SQL, not the data: they belong to `make test`.
            "--exclude-resource-type", "unit_test",
        ]  # fmt: skip
    # Twice 2 MB of manifest and what came of each node, which nobody reads: the events say it.
    return [*arguments, "--no-write-json"]


def model_key(name: str) -> dg.AssetKey:
    """The asset key of a dbt model. Raises KeyError where the project has no such model."""
    for node in MANIFEST["nodes"].values():
        if node["resource_type"] in ("model", "seed") and node["name"] == name:
            return translator.get_asset_key(node)
    raise KeyError(f"dbt_project has no model {name}")


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


def fast_models() -> dg.AssetSelection:
    """The models tagged ``fast`` that hold rows. The views they read stand, and are made again where they changed."""
    return _models(lambda node: FAST in node["tags"] and node["config"]["materialized"] != "view")


def incremental_models() -> dg.AssetSelection:
    """The models that a run adds to; of those that are not tagged ``fast`` the fast lane leaves something undone."""
    return _models(lambda node: node["config"]["materialized"] == "incremental")


def _models(wanted: Callable[[Mapping[str, Any]], bool]) -> dg.AssetSelection:
    nodes = MANIFEST["nodes"].values()
    return dg.AssetSelection.assets(
        *(
            translator.get_asset_key(node)
            for node in nodes
            if node["resource_type"] == "model" and wanted(node)
        )
    )
