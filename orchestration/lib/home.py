"""Where Dagster and dbt find their things, as environment variables for the processes that run them."""

from __future__ import annotations

from collections.abc import MutableMapping

from footfall.settings import REPO, Settings

#: Dagster's home: the folder that holds dagster.yaml.
HOME = REPO
DBT_PROJECT = REPO / "dbt_project"


def export(settings: Settings, env: MutableMapping[str, str]) -> None:
    """Write into ``env`` what Dagster, dbt and every child process need; makes the folders."""
    paths = settings.paths
    paths.dagster.mkdir(parents=True, exist_ok=True)
    env["FOOTFALL_DATA"] = str(paths.data)
    env["FOOTFALL_DAGSTER_DIR"] = str(paths.dagster)
    env["DAGSTER_HOME"] = str(HOME)
    env["FOOTFALL_WAREHOUSE_MEMORY"] = settings.warehouse_memory
    env.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
