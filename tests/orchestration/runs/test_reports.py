"""What the operator hears of runs: once of each failure, of its end, and of data that grows old."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import msgspec
import pytest
from click.testing import CliRunner

from footfall.commands.doctor import doctor
from footfall.runtime.paths import Paths
from footfall.settings import Settings
from footfall.status import notices
from footfall.status.runs import look_at_runs, read_runs, runs_file, staleness
from orchestration.runs import reports
from orchestration.runs.reports import reason_of, report_freshness, report_run, without_data
from tests.conftest import new_port
from tests.orchestration.conftest import Seal, message
from tests.sinks import WebhookSink, webhook_sink


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture
def told(paths: Paths, hook: WebhookSink) -> Settings:
    return Settings(data=paths.data, notify_webhook=hook.url)


def end(settings: Settings, reason: str | None, job: str = "full_pipeline", run_id: str = "") -> list[str]:
    return report_run(settings, job, reason, run_id=run_id, ended=time.time())


def test_the_same_failure_is_told_once_another_at_once_and_the_end_of_both(
    told: Settings, hook: WebhookSink
) -> None:
    end(told, None)
    for reason in ("disk full at 3 %", "disk full at 4 %", "no memory", "disk full at 5 %"):
        assert end(told, reason) == []
    assert len(hook.texts) == 2
    assert "full_pipeline failed: disk full at 3 %" in hook.texts[0]
    assert "no memory" in hook.texts[1]
    end(told, None, job="fast_lane")  # another job's success says nothing about this one
    assert len(hook.texts) == 2
    end(told, None)
    end(told, None)
    assert len(hook.texts) == 3
    assert "full_pipeline has recovered" in hook.texts[2]
    end(told, "disk full at 3 %")
    assert len(hook.texts) == 4, "after a recovery it is news again"


def test_a_failure_that_lasts_is_told_again_after_the_set_time(
    told: Settings, hook: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for hours, notices_so_far in ((0, 1), (23.9, 1), (24.1, 2), (24.2, 2)):
        monkeypatch.setattr(time, "time", lambda hours=hours: now + hours * 3600)
        end(told, "no memory")
        assert len(hook.texts) == notices_so_far, hours


def test_a_run_that_two_report_is_told_and_counted_once(told: Settings, hook: WebhookSink) -> None:
    ended = time.time()
    for _ in range(2):
        report_run(told, "full_pipeline", "no memory", run_id="run-1", ended=ended)
    report_run(told, "full_pipeline", "its process is gone", run_id="run-1", ended=ended + 5)
    report_run(told, "full_pipeline", "late", run_id="run-0", ended=ended - 5)
    assert len(hook.texts) == 1
    assert read_runs(told.paths.data).jobs["full_pipeline"].failed == 1


def test_a_dead_channel_fails_nothing_is_seen_in_doctor_and_the_failure_is_told_later(
    told: Settings, hook: WebhookSink
) -> None:
    dead = msgspec.structs.replace(told, notify_webhook=f"http://127.0.0.1:{new_port()}/secret-path")
    (trouble,) = end(dead, "no memory")
    assert "ConnectError" in trouble
    seen = look_at_runs(dead, datetime.now(UTC))
    assert any(not good and "notices: webhook: ConnectError" in text for good, text in seen)
    assert "secret-path" not in str(seen) + runs_file(told.paths.data).read_text()
    end(told, "no memory")
    assert len(hook.texts) == 1
    assert not any("notices" in text for _, text in look_at_runs(told, datetime.now(UTC)))


def test_a_recovery_that_did_not_arrive_is_told_by_the_next_success(
    told: Settings, hook: WebhookSink
) -> None:
    end(told, "no memory")
    hook.status = 500
    assert end(told, None)
    hook.status = 200
    end(told, None)
    assert "has recovered" in hook.texts[-1]
    assert len(hook.texts) == 3
    end(told, None)
    assert len(hook.texts) == 3


def test_a_slow_channel_delays_by_the_bound(
    told: Settings, hook: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "SECONDS", 0.5)
    hook.wait = 3.0
    began = time.monotonic()
    assert end(told, "no memory")
    assert time.monotonic() - began < 2


def test_a_job_that_fails_and_succeeds_by_turns_sends_so_many_an_hour(
    told: Settings, hook: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_AN_HOUR", 4)
    for _ in range(5):
        end(told, "no memory")
        end(told, None)
    assert len(hook.texts) == 4
    end(told, "no memory")
    assert any("within the hour" in text for _, text in look_at_runs(told, datetime.now(UTC)))
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    end(told, "no memory")
    assert "failed" in hook.texts[-1]
    assert len(hook.texts) == 5


def test_a_file_that_was_damaged_begins_again(told: Settings, hook: WebhookSink) -> None:
    told.paths.data.mkdir(parents=True, exist_ok=True)
    runs_file(told.paths.data).write_text("{")
    assert not look_at_runs(told, datetime.now(UTC))[0][0]
    end(told, "no memory")
    assert len(hook.texts) == 1
    assert read_runs(told.paths.data).jobs["full_pipeline"].failed == 1


def test_a_full_disk_does_not_tell_of_one_run_again_and_again(
    told: Settings, hook: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    ended = time.time()
    with monkeypatch.context() as on_a_full_disk:
        on_a_full_disk.setattr(reports, "write_runs", full)
        for _ in range(3):
            report_run(told, "full_pipeline", "disk full", run_id="run-1", ended=ended)
    assert len(hook.texts) == 1
    end(told, None)
    assert "has recovered" in hook.texts[1]
    assert read_runs(told.paths.data).jobs["full_pipeline"].failed == 1


def test_doctor_names_the_last_failed_run_and_what_followed(told: Settings) -> None:
    now = datetime.now(UTC)
    assert look_at_runs(told, now) == [(True, "runs: no failed run recorded")]
    end(told, "dbt_build: no memory", run_id="1234567890")
    ((good, text),) = look_at_runs(told, now)
    assert not good
    assert "full_pipeline (run 12345678)" in text
    assert "dbt_build: no memory" in text
    end(told, None, run_id="2")
    ((good, text),) = look_at_runs(told, now)
    assert good
    assert "dbt_build: no memory; a later run succeeded at" in text


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            "orchestration.warehouse.dbt_runner.DbtFailed: dbt failed:\nmodel.footfall.orders: Runtime Error in model "
            "orders (models/orders.sql)\n  Conversion Error: Could not convert string 'O'Brien canary' to INT32\n"
            "\nLINE 1: select canary",
            "DbtFailed: dbt failed: model.footfall.orders: Runtime Error in model orders (models/orders.sql) "
            "Conversion Error: Could not convert string ...",
        ),
        ("KeyError: 'canary'", "KeyError: ..."),
        ("ValueError: can't read b'canary' here", "ValueError: can't read ..."),
        ('Constraint Error: Duplicate key "id: canary" violates', "Constraint Error: Duplicate key ..."),
        ("no such customer canary@mail.example here", "no such customer ... here"),
        ("page https://shop.example/canary?mail=1 is odd", "page ... is odd"),
        ("from 203.0.113.7 and 2001:db8:1:2::7", "from ... and ..."),
        ("token canary0123456789abcdef of order 99999999", "token ... of order ..."),
        ("Parser Error: syntax error LINE 3: select canary", "Parser Error: syntax error ..."),
        ("the warehouse didn't come free", "the warehouse didn't come free"),
        ("serving: 12 of 1300 products (0.9 %)", "serving: 12 of 1300 products (0.9 %)"),
    ],
)
def test_a_reason_is_one_line_without_data(message: str, reason: str) -> None:
    assert without_data(message) == reason
    assert "canary" not in without_data(message.replace("\n", " "))


def test_a_long_reason_is_cut() -> None:
    assert len(without_data("word " * 1000)) < 310


# What Dagster's daemon sees


class Wanted(dg.Config):
    trouble: str = ""


@dg.op
def works(config: Wanted) -> None:
    if config.trouble:
        raise ValueError(config.trouble)


@dg.job(name="small_job")
def small_job() -> None:
    works()


@dg.asset_check(asset="thing")
def errs() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)


@dg.asset_check(asset="thing")
def warns() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset(name="thing")
def thing() -> None:
    pass


def run(instance: dg.DagsterInstance, trouble: str = "") -> dg.ExecuteInProcessResult:
    return small_job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={"ops": {"works": {"config": {"trouble": trouble}}}},
    )


@pytest.fixture
def sensors(
    told: Settings, monkeypatch: pytest.MonkeyPatch, defs: dg.Definitions
) -> Iterator[tuple[dg.DagsterInstance, Callable[..., None]]]:
    """An instance, and a tick of the sensors that report its runs, in the order of their names."""
    from orchestration.defs.sensors import run_failures, run_successes

    monkeypatch.setenv("FOOTFALL_DATA", str(told.paths.data))
    monkeypatch.setenv("FOOTFALL_NOTIFY_WEBHOOK", told.notify_webhook)
    cursors: dict[str, str | None] = {}
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(*order: dg.SensorDefinition) -> None:
            for each in order or (run_failures, run_successes):
                context = dg.build_sensor_context(
                    instance=instance, cursor=cursors.get(each.name), definitions=defs, sensor_name=each.name
                )
                cursors[each.name] = each.evaluate_tick(context).cursor

        yield instance, tick


def test_the_daemon_tells_of_failures_and_recoveries(
    sensors: tuple[dg.DagsterInstance, Callable[..., None]], told: Settings, hook: WebhookSink
) -> None:
    instance, tick = sensors
    tick()
    run(instance)
    run(instance, trouble="could not read 'canary'")
    tick()
    run(instance)
    tick()
    assert ["failed: works: ValueError: could not read ..." in hook.texts[0], len(hook.texts)] == [True, 2]
    assert "small_job has recovered" in hook.texts[1]
    tick()
    assert len(hook.texts) == 2
    failed = run(instance, trouble="no memory")
    run(instance, trouble="no memory")
    tick()
    tick()
    assert len(hook.texts) == 3
    assert f"Run {failed.run_id[:8]}" in hook.texts[2]
    assert read_runs(told.paths.data).jobs["small_job"].failed == 3


def test_a_failure_that_is_seen_after_its_recovery_is_counted_and_not_told(
    sensors: tuple[dg.DagsterInstance, Callable[..., None]], told: Settings, hook: WebhookSink
) -> None:
    from orchestration.defs.sensors import run_failures, run_successes

    instance, tick = sensors
    tick()
    failed = run(instance, trouble="no memory")
    run(instance)
    tick(run_successes, run_failures)
    assert hook.texts == []
    job = read_runs(told.paths.data).jobs["small_job"]
    assert (job.failed, job.failed_run, job.is_failing) == (1, failed.run_id, False)
    tick(run_successes, run_failures)
    assert read_runs(told.paths.data).jobs["small_job"].failed == 1


def test_what_ended_before_the_sensors_were_there_is_not_told(
    sensors: tuple[dg.DagsterInstance, Callable[..., None]], hook: WebhookSink
) -> None:
    instance, tick = sensors
    run(instance, trouble="old")
    tick()
    tick()
    assert hook.texts == []


def test_a_check_that_failed_with_an_error_is_a_failure_and_a_warning_none() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        warned = dg.materialize([thing, warns], instance=instance)
        assert reason_of(instance, warned.run_id) is None
        failed = dg.materialize([thing, warns, errs], instance=instance)
        assert reason_of(instance, failed.run_id) == "check failed: thing errs"


def test_a_run_whose_process_died_is_told(
    sensors: tuple[dg.DagsterInstance, Callable[..., None]], hook: WebhookSink
) -> None:
    instance, tick = sensors
    tick()
    started = dg.DagsterRun(job_name="small_job", status=dg.DagsterRunStatus.STARTED)
    instance.add_run(started)
    instance.report_run_failed(started, "its process is gone: killed")
    tick()
    assert "small_job failed: its process is gone: killed" in hook.texts[0]


# Data that grows old


def publish(paths: Paths, hours_ago: float) -> None:
    paths.serving.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    pointer = {"version": "v1", "published_at": at.isoformat()}
    (paths.serving / "current.json").write_text(json.dumps(pointer))


def test_old_data_is_told_and_that_it_is_fresh_again(told: Settings, hook: WebhookSink) -> None:
    paths = told.paths

    def look() -> None:
        report_freshness(told, staleness(told, datetime.now(UTC)))

    publish(paths, 2.9)
    look()
    assert hook.texts == []
    assert not runs_file(paths.data).exists(), "a look that finds nothing writes nothing"
    publish(paths, 3.1)
    look()
    publish(paths, 5.0)
    look()
    assert len(hook.texts) == 1
    assert "nothing was published for 3.1 h" in hook.texts[0]
    publish(paths, 0.1)
    look()
    assert len(hook.texts) == 2
    assert "freshness has recovered" in hook.texts[1]


def test_a_new_shop_is_not_stale_until_events_wait(told: Settings, seal: Seal) -> None:
    now = datetime.now(UTC)
    assert staleness(told, now) is None
    segment: Path = seal("s1", [message(1)])
    assert staleness(told, now) is None
    os.utime(segment, (time.time() - 4 * 3600,) * 2)
    assert "the oldest for 4.0 h" in (staleness(told, now) or "")


def test_doctor_goes_by_the_same_rule(told: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(told.paths, 2.0)
    (told.paths.serving / "v1").mkdir()
    (told.paths.serving / "v1" / "manifest.json").write_text("{}")
    monkeypatch.setenv("FOOTFALL_DATA", str(told.paths.data))
    assert "though the full pipeline publishes" not in CliRunner().invoke(doctor).output
    monkeypatch.setenv("FOOTFALL_STALE_HOURS", "1.5")
    assert "though the full pipeline publishes" in CliRunner().invoke(doctor).output
