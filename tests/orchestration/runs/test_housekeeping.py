"""Old runs leave Dagster's storage, and nothing of what they said stays in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from tests.data_directory import files_with


def test_housekeeping_forgets_old_fast_runs_and_failed_ones_after_a_month(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_KEPT_FAST_RUNS", "2")
    success, failure = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
    with dg.DagsterInstance.ephemeral() as instance:
        runs = [
            dg.DagsterRun(job_name="fast_lane", status=status)
            for status in (success, failure, *[success] * 3)
        ]
        runs.append(dg.DagsterRun(job_name="full_pipeline", status=success))
        for run in runs:
            instance.run_storage.add_run(run)
        for days in (29, 31):
            runs.append(dg.DagsterRun(job_name="full_pipeline", status=failure))
            instance.run_storage.add_historical_run(runs[-1], datetime.now(UTC) - timedelta(days=days))
        assert defs.resolve_job_def("housekeeping").execute_in_process(instance=instance).success
        left = {run.run_id for run in instance.get_runs()}
        # The oldest two of the four successes are gone, a recently failed one and the other job's are not.
        assert [run.run_id in left for run in runs] == [False, True, False, True, True, True, True, False]


def test_no_file_quotes_what_a_forgotten_run_failed_on(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quoted = {"said": "zylophonic-harp"}

    @dg.op
    def fails() -> None:
        print(quoted["said"])
        raise ValueError(f"could not convert {quoted['said']} to a number")

    @dg.job
    def failing() -> None:
        fails()

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setattr("orchestration.defs.jobs.FAILED_RUN_DAYS", 0)
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        run_id = failing.execute_in_process(instance=instance, raise_on_error=False).run_id
        found = files_with(tmp_path, quoted).keys()
        assert f"dagster/history/runs/{run_id}.db" in found
        assert any(file.startswith(f"dagster/storage/{run_id}/compute_logs/") for file in found)
        assert defs.resolve_job_def("housekeeping").execute_in_process(instance=instance).success
    assert files_with(tmp_path, quoted) == {}
