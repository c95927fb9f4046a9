"""Environment variables for the processes that run Dagster and dbt."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from footfall.runtime.atomic_write import replace_file
from footfall.settings import REPO, Settings, load_settings

#: Dagster's configuration, at the repository's root for Dagster's own commands.
DAGSTER_YAML = REPO / "dagster.yaml"
#: Footfall's own dbt project, and the package of a shop's.
DBT_PROJECT = REPO / "dbt_project"


def dbt_project() -> Path:
    """The dbt project that the pipeline runs: the one that the setting names, else Footfall's own."""
    return load_settings().dbt_project.absolute()


def export(settings: Settings, env: MutableMapping[str, str]) -> None:
    """Write into ``env`` what Dagster, dbt and every child process need; makes Dagster's home. Raises OSError."""
    home = settings.paths.dagster
    home.mkdir(parents=True, exist_ok=True)
    content = DAGSTER_YAML.read_bytes()
    config = home / DAGSTER_YAML.name
    if not config.exists() or config.read_bytes() != content:
        replace_file(config, lambda aside: aside.write_bytes(content))
    env["DAGSTER_HOME"] = str(home)
    export_for_dbt(settings, env)


def export_for_dbt(settings: Settings, env: MutableMapping[str, str]) -> None:
    """Write into ``env`` what dbt's profiles and macros look up."""
    env["FOOTFALL_DATA"] = str(settings.paths.data)
    env["FOOTFALL_WAREHOUSE_MEMORY"] = settings.warehouse_memory
    env.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
