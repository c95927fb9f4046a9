"""A run whose process is gone is known as such, however it went and whoever started it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from orchestration.runs.launcher import BEGIN_SECONDS, Launcher, one_process
from orchestration.storage.run_locks import held, is_held

HOLD = """
import sys, time
from pathlib import Path
from footfall.runtime.paths import Paths
from orchestration.storage.run_locks import held
with held(Paths(Path(sys.argv[1])), sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance that has its launcher as dagster.yaml names it."""
    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    launcher = {"module": "orchestration.runs.launcher", "class": "Launcher"}
    with dg.instance_for_test(overrides={"run_launcher": launcher}) as made:
        assert isinstance(made.run_launcher, Launcher)
        yield made


def health(instance: dg.DagsterInstance, run_id: str) -> WorkerStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return instance.run_launcher.check_run_worker_health(run).status


def started_run(instance: dg.DagsterInstance) -> str:
    """A run that says that it has started."""
    run = dg.DagsterRun(job_name="fast_lane", status=dg.DagsterRunStatus.STARTING)
    instance.add_run(run)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "fast_lane"), run_id=run.run_id
    )
    return run.run_id


def test_a_killed_process_leaves_its_run_dead(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = started_run(instance)
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path), run_id], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    later = time.time() + 2 * BEGIN_SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    assert health(instance, run_id) is WorkerStatus.RUNNING
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert health(instance, run_id) is WorkerStatus.FAILED
    assert list((tmp_path / "dagster" / "alive").iterdir()) == []


def test_a_run_that_has_just_begun_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert health(instance, started_run(instance)) is WorkerStatus.RUNNING


@dg.op
def look(context: dg.OpExecutionContext) -> bool:
    return is_held(load_settings().paths, context.run_id)


@dg.job(executor_def=one_process)
def looking() -> None:
    look()


def test_the_executor_holds_the_lock_of_its_run(instance: dg.DagsterInstance) -> None:
    with dg.execute_job(dg.reconstructable(looking), instance=instance) as result:
        assert result.output_for_node("look") is True
    assert not is_held(load_settings().paths, result.run_id)


def test_a_lock_goes_with_its_block(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    with held(paths, "r1"):
        assert is_held(paths, "r1")
    assert not is_held(paths, "r1")
