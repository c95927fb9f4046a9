"""dbt inside the running process, its results as Dagster events while they happen.

`dbt build` as a process costs 7.7 s of imports and parsing on 2 cores, the same call in a warm process 0.8 s. The
fast lane owes a click its answer within a minute, so it can't start a process for each batch.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from footfall.settings import load_settings
from orchestration.storage.atomic_write import write_durably
from orchestration.storage.environment import DBT_PROJECT
from orchestration.storage.full_disk import full_disk_advice
from orchestration.warehouse.shop_project import link_package

if TYPE_CHECKING:
    from dagster import AssetExecutionContext
    from dagster_dbt import DagsterDbtTranslator


#: dbt's events that a run's log and Dagster's graph are made of. The others, 900 in a fast lane, are for dbt's own log
#: file: turned into dicts too they took 0.1 CPU-s.
TOLD = {
    "JinjaLogInfo", "JinjaLogWarning", "NodeStart", "NodeFinished",
    "LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult",
}  # fmt: skip
#: How long a build may say nothing in the log; most models take less than a second.
STILL_SECONDS = 30.0


#: DuckDB's words for values that a query can't take: no number, past a type's end, null where that can't be, error().
_ON_DATA = re.compile(
    r"\b(?:Out of Range|Conversion|Invalid Input|Constraint|Mismatch Type|Invalid Type) Error: .*"
)


class DbtFailed(Exception):
    """dbt ended with an error; the message holds dbt's own words for each node that failed.

    ``failed``: the same by the node's unique id.
    """

    def __init__(self, message: str, failed: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.failed = dict(failed or {})

    @property
    def on_data(self) -> tuple[str, str] | None:
        """The first model that failed on what its rows hold, and DuckDB's words; None where it was something else: SQL
        that doesn't compile, a lock, memory, the disk.
        """
        for node, message in self.failed.items():
            if node.startswith("model.") and (found := _ON_DATA.search(message)):
                return node.rpartition(".")[2], found[0].strip()[:300]
        return None


def target_path() -> Path:
    """dbt's artifacts of the production runs, apart from those of an analyst who works in dbt_project/."""
    return load_settings().paths.data / "dbt_target"


def manifest_of(project: Path) -> Path:
    """The project's manifest, parsed again only where a file of the project changed since.

    A copy of our own, named by what it was parsed from: dbt writes its manifest.json again at every command, and a
    command that is killed meanwhile leaves half of one. Of several processes that need it at once (Dagster starts
    some) one parses. Raises DbtFailed where the project doesn't parse.
    """
    target = target_path()
    manifest = target / f"parsed-{project_fingerprint(project)[:16]}.json"
    if manifest.exists():
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not manifest.exists():
            # After a macro changed, a partial parse forgets what _tests.yml says of half of the tests (dbt 1.11).
            invoke(project, ["parse", "--no-partial-parse"])
            write_durably(manifest, lambda aside: shutil.copyfile(target / "manifest.json", aside))
            for old in target.glob("parsed-*.json"):
                if old != manifest:
                    old.unlink(missing_ok=True)
    return manifest


def project_fingerprint(project: Path) -> str:
    """Changes with any file of the project, or of Footfall's, that a model, a test or a var may stand in."""
    digest = hashlib.sha256()
    for folder in dict.fromkeys([project, DBT_PROJECT]):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".sql", ".yml", ".yaml", ".csv", ".md"} and "target" not in file.parts:
                digest.update(f"{file.relative_to(folder)}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def project_vars(project: Path) -> dict[str, Any]:
    """The vars as dbt_project.yml declares them: those of a shop's project, or those it gives to the package, stand in
    the place of Footfall's.
    """
    own = _declared_vars(project)
    return _declared_vars(DBT_PROJECT) | own | (own.get("footfall") or {})


def _declared_vars(project: Path) -> dict[str, Any]:
    declared = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    return dict(declared.get("vars") or {})


def invoke(
    project: Path,
    arguments: Sequence[str],
    on_event: Callable[[Any], None] | None = None,
    *,
    target: str = "prod",
) -> None:
    """Run a dbt command in this process. Raises DbtFailed with what failed."""
    from dbt.cli.main import dbtRunner

    try:
        result = dbtRunner(callbacks=[on_event] if on_event else []).invoke(
            [*arguments, *project_options(project, target_path()), "--target", target, "--log-level", "warn"]
        )
    finally:
        _close_log()
    _raise_failed(result)


def project_options(project: Path, target: Path) -> list[str]:
    """Options that every command needs: where the project is, and where dbt writes. Raises SettingsError where there is
    no project.
    """
    link_package(project)
    return [
        "--project-dir", str(project),
        "--profiles-dir", str(project),
        "--target-path", str(target),
        # Left to itself dbt makes this folder in the project, which may be read-only.
        "--log-path", str(target / "logs"),
        "--no-use-colors",
    ]  # fmt: skip


def _close_log() -> None:
    """dbt opens its log file again at every command, and closes none."""
    from dbt_common.events.event_manager_client import cleanup_event_logger

    cleanup_event_logger()  # else what is said later would go to a logger that has no file
    file_log = logging.getLogger("file_log")
    for handler in file_log.handlers[:]:
        file_log.removeHandler(handler)
        handler.close()


def _raise_failed(result: Any) -> None:
    if result.exception:
        message = str(result.exception)
        # Where the advice says it all, thirty lines of dbt's own frames would hide it.
        raise DbtFailed(message + _advice(message)) from (None if _advice(message) else result.exception)
    if not result.success:
        failed = {
            each.node.unique_id: str(each.message)
            for each in getattr(result.result, "results", [])
            if each.status in ("error", "fail", "runtime error")
        }
        message = "dbt failed:\n" + "\n".join(f"{node}: {said}" for node, said in failed.items())
        raise DbtFailed(message + _advice(message), failed)


#: DuckDB's words for a Parquet file that was cut off or written over.
_DAMAGED = (
    "No magic bytes found",
    "too small to be a Parquet file",
    "TProtocolException",
    "ZSTD Decompression",
)


def _advice(message: str) -> str:
    """Advice for an error of DuckDB; empty if there is none."""
    if advice := full_disk_advice(message):
        return advice
    if "Out of Memory Error" in message:
        return (
            f"\nDuckDB may use {load_settings().warehouse_memory} here."
            " Give it more by the setting warehouse_memory (FOOTFALL_WAREHOUSE_MEMORY),"
            " two thirds of the machine's at most, and run again:"
            " finished models are kept."
        )
    if "Could not set lock on file" in message:
        return (
            "\nAnother program has the warehouse open, perhaps only to read it: close it, and the next run continues."
            " Analysts use their own file (`dbt build --target dev`, docs/analyst/index.md)."
        )
    if any(words in message for words in _DAMAGED):
        return (
            "\nA Parquet file is damaged: restore it from your backup (docs/operator/production.md), or move it out"
            " of the lake; the next run continues, and quality/events_reconciliation shows what is missing."
        )
    return ""


class Elsewhere:
    """The project's models over another data directory than the production one, with vars of its own.

    The project is parsed once; nothing in the manifest depends on the data directory or on vars.
    """

    def __init__(self, project: Path) -> None:
        from dbt.cli.main import dbtRunner

        self._project = project
        self._target = target_path()
        close_warehouse()
        parsed = dbtRunner().invoke(["parse", *self._options()])
        if not parsed.success or parsed.result is None:
            raise DbtFailed(f"dbt parse failed: {parsed.exception}")
        self.manifest: Any = parsed.result

    def run(self, data: Path, models: Sequence[str], variables: Mapping[str, Any]) -> None:
        """Build models again in ``data``/warehouse.duckdb, where what they read must stand. Raises DbtFailed."""
        from dbt.cli.main import dbtRunner

        before = os.environ.get("FOOTFALL_DATA")
        os.environ["FOOTFALL_DATA"] = str(data)
        try:
            result = dbtRunner(manifest=self.manifest).invoke(
                [
                    "run", "--full-refresh", "--no-write-json",
                    "--select", *models,
                    "--vars", json.dumps(dict(variables)),
                    *self._options(),
                ]
            )  # fmt: skip
        finally:
            close_warehouse()
            if before is None:
                del os.environ["FOOTFALL_DATA"]
            else:
                os.environ["FOOTFALL_DATA"] = before
        _raise_failed(result)

    def _options(self) -> list[str]:
        quiet = ["--log-level", "error", "--log-level-file", "none"]
        return [*project_options(self._project, self._target), "--target", "prod", *quiet]


def stream(
    context: AssetExecutionContext,
    project: Path,
    arguments: Sequence[str],
    *,
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
    unasked: Collection[str] = (),
    is_increment: bool = False,
) -> Iterator[Any]:
    """Run dbt on the selected models; yields a Dagster event for each model and test as it finishes.

    With ``is_increment`` a model reports an observation: Dagster shows a check's state for the latest materialization
    alone, and the full pipeline's state should stand.
    ``unasked`` are models that dbt builds along though the run didn't select them: Dagster expects nothing of them.
    The log has a line for each result, for what a macro says (the buckets of a large build), and for what is at work
    where nothing else was said for ``STILL_SECONDS``.
    """
    from dagster import AssetObservation, Output
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
    from dbt_common.events.functions import msg_to_dict

    done = object()
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    failure: list[BaseException] = []

    def tell(event: Any) -> None:
        if event.info.name in TOLD:
            events.put(event)

    def work() -> None:
        try:
            invoke(project, arguments, tell)
        except BaseException as error:
            failure.append(error)
        finally:
            events.put(done)

    threading.Thread(target=work, name="dbt", daemon=True).start()
    at_work: dict[str, float] = {}
    while (event := next_event(events, at_work, context.log.info)) is not done:
        raw = msg_to_dict(event)
        if raw["info"]["name"] == "JinjaLogInfo":
            context.log.info(raw["data"]["msg"])
        elif raw["info"]["name"] == "JinjaLogWarning":
            context.log.warning(raw["data"]["msg"])
        if "node_info" not in raw["data"]:
            continue
        if raw["info"]["name"] == "NodeStart":
            at_work[raw["data"]["node_info"]["node_name"]] = time.monotonic()
        elif raw["info"]["name"] == "NodeFinished":
            at_work.pop(raw["data"]["node_info"]["node_name"], None)
        message = DbtCoreCliEventMessage(raw_event=raw, event_history_metadata={})
        if not message.is_result_event:
            continue
        context.log.info(raw["info"]["msg"])
        node = manifest["nodes"][raw["data"]["node_info"]["unique_id"]]
        tested = manifest["nodes"].get(node.get("attached_node") or "", node)
        if tested["name"] in unasked:
            continue
        if is_increment:
            if raw["data"]["node_info"]["node_status"] == "success":
                yield AssetObservation(translator.get_asset_key(node), metadata=_row_count(node))
            continue
        for result in message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context
        ):
            if isinstance(result, Output):
                result = result.with_metadata({**result.metadata, **_row_count(node)})
            yield with_query(result, node)
    close_warehouse()
    if failure:
        raise failure[0]


def next_event(
    events: queue.SimpleQueue[Any],
    at_work: Mapping[str, float],
    say: Callable[[str], object],
    seconds: float = STILL_SECONDS,
) -> Any:
    """dbt's next event; while none comes, says now and then which nodes are at work and for how long."""
    while True:
        try:
            return events.get(timeout=seconds)
        except queue.Empty:
            now = time.monotonic()
            names = ", ".join(f"{name} ({now - began:.0f} s)" for name, began in at_work.items())
            say(f"at work: {names or 'dbt itself'}")


def _row_count(node: Mapping[str, Any]) -> dict[str, int]:
    """The table's row count as metadata, as the graph shows it. A count of a table is a look at its metadata."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if node["config"]["materialized"] == "view" or environment is None:
        return {}
    found = environment.conn.cursor().execute(f"select count(*) from {node['relation_name']}").fetchall()
    return {"dagster/row_count": found[0][0]}


def with_query(result: Any, node: Mapping[str, Any]) -> Any:
    """The result of a test that found rows, with the SQL that shows them; not with the rows, since Dagster keeps its
    results, and whoever asked to be forgotten would stand in them (docs/operator/people.md).
    """
    from dagster import AssetCheckResult, MetadataValue

    if not isinstance(result, AssetCheckResult) or result.passed:
        return result
    place = target_path() / "compiled" / node["package_name"] / node["original_file_path"]
    file = place if place.suffix == ".sql" else place / node["path"]
    if not file.exists():
        return result
    query = MetadataValue.md(f"```sql\n{file.read_text(encoding='utf-8').strip()}\n```")
    return result._replace(metadata={**(result.metadata or {}), "rows_found_by": query})


def close_warehouse() -> None:
    """Let go of the file, which the profile's ``keep_open`` holds between models: the next step opens it again."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
