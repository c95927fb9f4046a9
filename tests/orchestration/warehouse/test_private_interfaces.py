"""What we use of dbt, Dagster and granian beyond their public interfaces is still there, with the same parameters."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

RECORD = "docs/decisions/0050-what-bypasses-public-interfaces.md"
#: Where it is defined, the parameters that we pass by name or override (None: it is no function), and what for.
USED: dict[str, tuple[tuple[str, ...] | None, str]] = {
    "dagster_dbt.asset_utils:get_subset_selection_for_context": (
        ("context", "manifest", "select", "exclude", "selector", "dagster_dbt_translator"),
        "dbt in the run's process: dbt's selection for the assets of a run",
    ),
    "dagster_dbt.core.dbt_cli_event:DbtCoreCliEventMessage": (
        ("raw_event", "event_history_metadata"),
        "dbt in the run's process: Dagster's events made of dbt's",
    ),
    "dagster_dbt.core.dbt_cli_event:DbtCliEventMessage.to_default_asset_events": (
        ("manifest", "dagster_dbt_translator", "context"),
        "dbt in the run's process: Dagster's events made of dbt's",
    ),
    "dbt_common.events.functions:msg_to_dict": (
        ("msg",),
        "dbt in the run's process: dbt's events as Dagster reads them",
    ),
    "dbt_common.events.event_manager_client:cleanup_event_logger": (
        (),
        "dbt in the run's process: its log file is closed",
    ),
    "dbt.adapters.duckdb.connections:DuckDBConnectionManager.close_all_connections": (
        (),
        "dbt in the run's process: the warehouse is let go",
    ),
    "dbt.adapters.duckdb.connections:DuckDBConnectionManager._ENV": (None, "row counts in Dagster's graph"),
    "dagster._core.executor.in_process:InProcessExecutor.execute": (
        ("plan_context", "execution_plan"),
        "the lock of a run's process",
    ),
    "dagster._core.launcher.default_run_launcher:DefaultRunLauncher.check_run_worker_health": (
        ("run",),
        "a dead run is noticed",
    ),
    "dagster._core.launcher.default_run_launcher:DefaultRunLauncher.supports_check_run_worker_health": (
        None,
        "a dead run is noticed",
    ),
    "dagster._core.launcher:CheckRunHealthResult": (("status", "msg"), "a dead run is noticed"),
    "granian.server.common:AbstractServer._respawn_workers": (
        ("workers", "spawn_target", "target_loader", "delay"),
        "a reload that refuses no connection",
    ),
    "granian.server.common:AbstractServer._spawn_worker": (
        ("idx", "target", "callback_loader"),
        "a reload that refuses no connection",
    ),
}


@pytest.mark.parametrize("name", USED)
def test_a_private_name_is_still_there(name: str) -> None:
    parameters, purpose = USED[name]
    module, _, path = name.partition(":")
    library = module.partition(".")[0]
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{library} has no {name} any more ({error}). It was for: {purpose}. See {RECORD}")
    if parameters is not None:
        missing = [each for each in parameters if each not in inspect.signature(found).parameters]
        assert not missing, (
            f"{library}'s {name} takes no {', '.join(missing)} any more. It was for: {purpose}. See {RECORD}"
        )


def test_granian_still_has_what_a_reload_changes() -> None:
    """Attributes of the server, which exist in instances alone."""
    source = Path(inspect.getfile(import_module("granian.server.common"))).read_text(encoding="utf-8")
    for name in ("interrupt_signal", "respawned_wrks", "wrks", "workers_kill_timeout", "_metrics"):
        assert re.search(rf"self\.{name}\b", source), (
            f"granian's server has no {name} any more: footfall/http/reloading.py"
        )


def test_dbt_duckdb_still_creates_tables_by_the_macro_that_we_replace() -> None:
    package = Path(import_module("dbt.include.duckdb").__file__ or "").parent
    macros = (package / "macros" / "adapters.sql").read_text(encoding="utf-8")
    assert (
        "macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql',"
        " partitioned_by=none, sorted_by=none)" in macros
    ), (
        f"dbt-duckdb's create_table_as has other parameters: macros/incremental/buckets.sql repeats them. See {RECORD}"
    )
