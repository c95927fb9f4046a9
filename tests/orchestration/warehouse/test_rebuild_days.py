"""Which days can be rebuilt, and what is said of the others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from footfall.runtime.paths import Paths
from orchestration.commands.run import run
from orchestration.lake.retention import retain
from orchestration.lake.schema import BY_DAY, prepare_lake
from orchestration.warehouse.rebuild_days import Days, DaysRefused, days_between

TODAY = date(2026, 11, 20)


def test_a_range_holds_both_its_days(paths: Paths) -> None:
    days = days_between(paths, "2026-11-01", "2026-11-03", today=TODAY)
    assert list(days) == [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
    assert days_between(paths, "2026-11-20", "2026-11-20", today=TODAY) == Days(TODAY, TODAY)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-03", "2026-11-01", "from_day 2026-11-03 is after to_day 2026-11-01"),
        ("2026-11-20", "2026-11-21", "to_day 2026-11-21 is in the future: today is 2026-11-20 in UTC"),
        ("", "2026-11-01", "from_day '' is no date: write it as 2026-11-01"),
        ("2026-11-01", "1.11.2026", "to_day '1.11.2026' is no date: write it as 2026-11-01"),
    ],
)
def test_what_is_no_range_of_days_is_said(paths: Paths, first: str, last: str, said: str) -> None:
    with pytest.raises(DaysRefused, match=f"^{said}$"):
        days_between(paths, first, last, today=TODAY)


def test_days_that_retention_removed_can_not_be_read_again(paths: Paths) -> None:
    prepare_lake(paths)
    for table in BY_DAY:
        (paths.lake / table / "received_date=2026-10-01").mkdir()
    assert days_between(paths, "2026-10-31", "2026-11-03", today=TODAY)
    retain(paths, date(2026, 11, 1))
    with pytest.raises(DaysRefused, match="from_day 2026-10-31 is before 2026-11-01: retention removed"):
        days_between(paths, "2026-10-31", "2026-11-03", today=TODAY)
    assert days_between(paths, "2026-11-01", "2026-11-03", today=TODAY)


def test_the_job_asks_for_two_days_and_no_more(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("rebuild_days")
    days = {"from_day": "2026-11-01", "to_day": "2026-11-03"}
    config = dg.validate_run_config(job, days)
    assert config["ops"]["dbt_build"]["config"] == {"full_refresh": False, "days": days}
    with pytest.raises(dg.DagsterInvalidConfigError, match="'from_day', 'to_day'"):
        dg.validate_run_config(job, {})
    assert (
        job.asset_layer.selected_asset_keys
        == defs.resolve_job_def("full_pipeline").asset_layer.selected_asset_keys
    )


@pytest.mark.parametrize("days", ["2026-11-03:2026-11-01", "tomorrow"])
def test_the_command_refuses_before_anything_is_loaded(
    days: str, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    answered = CliRunner().invoke(run, ["--days", days])
    assert answered.exit_code == 1
    assert "from_day" in answered.output


def test_the_fast_lane_rebuilds_no_days(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    answered = CliRunner().invoke(run, ["--lane", "fast", "--days", "2026-11-01"])
    assert answered.exit_code == 1
    assert "--days goes with the full lane" in answered.output


def test_the_step_fails_in_words_and_leaves_everything(
    defs: dg.Definitions, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    tomorrow = str(datetime.now(UTC).date() + timedelta(days=1))
    days = {"from_day": tomorrow, "to_day": tomorrow}
    result = dg.materialize(
        [defs.get_assets_def(dg.AssetKey(["behaviour", "sessions"]))],
        run_config={"ops": {"dbt_build": {"config": {"days": days}}}},
        raise_on_error=False,
    )
    [failure] = [event for event in result.all_events if event.is_step_failure]
    data: Any = failure.step_failure_data
    assert f"to_day {tomorrow} is in the future" in str(data.user_failure_data.description)
    assert not paths.warehouse.exists()
