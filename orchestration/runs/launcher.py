"""How Dagster runs a run here, all of it in one process, and how it learns that the process is gone.

Dagster's own launcher sees a run end only while the code server that started it lives. After a power cut, or of a
`footfall run` that was killed, the run would be "under way" for ever: no other would start, no click reach the shop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from footfall.settings import load_settings
from orchestration.storage.run_locks import forget, held, is_held

#: From a run's first word to its lock: definitions are loaded by then, so this takes far less than a second.
BEGIN_SECONDS = 30.0


class OneProcess(InProcessExecutor):
    """Dagster's in-process executor, holding the run's lock."""

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        """Execute every step here."""
        with held(load_settings().paths, plan_context.run_id):
            yield from super().execute(plan_context, execution_plan)


@dg.executor(name="in_process")
def one_process(_: dg.InitExecutorContext) -> OneProcess:
    """One process a run: one a step would import Dagster, dbt and scikit-learn again for each (about 8 s a step)."""
    return OneProcess(retries=RetryMode.ENABLED)


class Launcher(DefaultRunLauncher):
    """Dagster's own launcher (dagster.yaml names this one), which also knows which runs are alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Asked by `run_monitoring`, which marks the dead ones failed."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Of a run that has started: whether a process holds its lock."""
        paths = load_settings().paths
        if is_held(paths, run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        record = self._instance.get_run_record_by_id(run.run_id)
        started = record.start_time if record else None
        if started is not None and 0 <= time.time() - started < BEGIN_SECONDS:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        forget(paths, run.run_id)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, "its process died: killed, out of memory, or the machine went down"
        )
