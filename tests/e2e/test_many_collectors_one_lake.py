"""Two collectors as their operators start them, an S3 server between them and the lake, and kills on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from footfall.client.sender import send
from footfall.landing.object_store import open_bucket
from footfall.runtime.supervisor import Child, Processes, footfall_command
from footfall.settings import Settings, load_settings
from tests.conftest import new_port
from tests.object_store import s3_server
from tests.orchestration.conftest import message
from tests.orchestration.lake.test_lake import rows

BUCKET = "s3://clickstream/segments"
MESSAGES = 300


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    with s3_server("clickstream") as env:
        yield env


def collect(processes: Processes, data: Path, s3: dict[str, str]) -> tuple[Settings, Child]:
    env = {
        "FOOTFALL_CONFIG": os.devnull,
        "FOOTFALL_DATA": str(data),
        "FOOTFALL_SEAL_SECONDS": "0.5",
        "FOOTFALL_MIN_FREE_BYTES": "0",
        "FOOTFALL_COLLECTOR_PORT": str(new_port()),
        "FOOTFALL_SHIP_TO": BUCKET,
        **s3,
    }
    settings = load_settings(env)
    child = processes.start(data.name, footfall_command("collect"), env)
    processes.wait_ready(child, f"{settings.collector_url}/readyz")
    return settings, child


def send_numbers(settings: Settings, numbers: range) -> None:
    past = [message(number) for number in numbers]
    report = send(past, url=settings.collector_url, write_key=settings.trusted_key.key, batch_size=20)
    assert report.accepted == len(numbers)


def load(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The Dagster asset, as the fast lane runs it."""
    from orchestration.defs.landing.assets import load_segments

    monkeypatch.setenv("FOOTFALL_DATA", str(lake.data))
    monkeypatch.setenv("FOOTFALL_LOAD_FROM", BUCKET)
    result = dg.materialize([load_segments], raise_on_error=False)
    assert result.success
    [events] = result.asset_materializations_for_node("load_segments")[:1]
    return {name: value.value for name, value in events.metadata.items()}


def wait_until(what: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.pipeline
def test_what_two_collectors_took_stands_in_one_lake_once(
    tmp_path: Path, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = load_settings({"FOOTFALL_DATA": str(tmp_path / "lake-host")})
    with Processes(tmp_path / "logs") as processes:
        one, child = collect(processes, tmp_path / "one", s3)
        two, _ = collect(processes, tmp_path / "two", s3)
        send_numbers(one, range(MESSAGES))
        send_numbers(two, range(1000, 1000 + MESSAGES))
        bucket = open_bucket(BUCKET)
        wait_until(lambda: len({name.split("_")[-3] for name in bucket.names()}) == 2)  # from two processes
        assert load(lake, monkeypatch)["segments"] > 0

        send_numbers(one, range(2000, 2000 + MESSAGES))
        os.killpg(child.process.pid, signal.SIGKILL)
        processes.restart("one")
        processes.wait_ready(processes.children[-1], f"{one.collector_url}/readyz")
        send_numbers(one, range(3000, 3000 + MESSAGES))
        # SIGTERM: the workers seal, and the shipper takes what they sealed along before it ends.
    for settings in (one, two):
        assert not list((settings.paths.landing / "sealed").iterdir())
        assert not list((settings.paths.landing / "open").glob("*.seg"))
    load(lake, monkeypatch)
    expected = [f"m-{start + n}" for start in (0, 1000, 2000, 3000) for n in range(MESSAGES)]
    assert sorted(row["message_id"] for row in rows(lake.paths)) == sorted(expected)
    assert sum(row["accepted"] for row in rows(lake.paths, "landing_counts")) == len(expected)
    assert bucket.names() == []


def test_a_bucket_that_is_not_there_fails_the_run_and_says_so(
    tmp_path: Path, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.defs.landing.assets import load_segments
    from orchestration.defs.sensors import sealed_segments

    monkeypatch.setenv("FOOTFALL_DATA", str(tmp_path))
    monkeypatch.setenv("FOOTFALL_LOAD_FROM", "s3://nowhere")
    result = dg.materialize([load_segments], raise_on_error=False)
    assert not result.success
    [failed] = result.get_step_failure_events()
    assert "s3://nowhere: can't list: NoSuchBucket" in failed.step_failure_data.error_display_string
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(Exception, match="NoSuchBucket"):
        sealed_segments(dg.build_sensor_context(instance=instance))


def test_the_sensor_sees_what_is_shipped_until_it_is_loaded(
    tmp_path: Path, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.defs.sensors import sealed_segments

    lake = load_settings({"FOOTFALL_DATA": str(tmp_path / "lake-host")})
    bucket = open_bucket(BUCKET)
    with Processes(tmp_path / "logs") as processes:
        settings, _ = collect(processes, tmp_path / "one", s3)
        send_numbers(settings, range(3))
    [name] = bucket.names()
    data = bucket.read(name)
    assert data is not None
    monkeypatch.setenv("FOOTFALL_DATA", str(lake.data))
    monkeypatch.setenv("FOOTFALL_LOAD_FROM", BUCKET)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        request = sealed_segments(context)
        assert isinstance(request, dg.RunRequest)
        assert request.tags["footfall/newest"] == name.split(".")[0]
        load(lake, monkeypatch)
        bucket.put_new(name, data)  # its shipper was killed before it removed the file
        assert isinstance(sealed_segments(context), dg.SkipReason)
        assert load(lake, monkeypatch)["segments"] == 0
    assert len(rows(lake.paths)) == 3
