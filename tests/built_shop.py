"""A small shop that is built once for all tests of a run: the demo's catalogue and a past of two weeks, published."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.cli import CATALOG
from demo.simulator import generate
from footfall.client.sender import send
from footfall.landing.directory import unsealed
from footfall.runtime.supervisor import Processes, footfall_command
from footfall.settings import Settings, load_settings
from tests.conftest import new_port

#: Enough for neighbours and bestsellers: 14,000 events, 20 orders.
VISITORS, DAYS, SEED = 400, 14, 11
#: Bytes; a shop's data takes 60 MB, and each process of a test run has one or two at a time.
ROOM = 2 * 1024**3


def environment(data: Path, **settings: str) -> dict[str, str]:
    """The environment of a shop's processes over ``data``, on ports of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    return env | {
        "FOOTFALL_CONFIG": os.devnull,
        "FOOTFALL_DATA": str(data),
        "FOOTFALL_SEAL_SECONDS": "0.5",
        "FOOTFALL_MIN_FREE_BYTES": "0",
        **{f"FOOTFALL_{part}_PORT": str(new_port()) for part in ("COLLECTOR", "API", "SHOP", "DAGSTER")},
        **settings,
    }


def build(data: Path) -> None:
    """Send the past through a collector into ``data``, and run the full pipeline."""
    env = environment(data)
    settings = load_settings(env)
    settings.paths.catalog.mkdir(parents=True)
    (settings.paths.catalog / "demo-shop.json").write_bytes(CATALOG.read_bytes())
    with Processes(data.with_name("logs")) as processes:
        collector = processes.start("collector", footfall_command("collect"), env)
        processes.wait_ready(collector, f"{settings.collector_url}/readyz", 120)
        past = generate(visitors=VISITORS, days=DAYS, seed=SEED)
        report = send(past, url=settings.collector_url, write_key=settings.trusted_key.key)
        assert report.rejected == 0
        wait_until_sealed(settings)
    done = subprocess.run(footfall_command("run"), env=env, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder for a shop's data, in memory where there is room.

    In a full pipeline Dagster stores 2,100 events in SQLite, and waits twice or more for the disk with each.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    with tempfile.TemporaryDirectory(prefix="footfall-test-", dir=memory if roomy else None) as folder:
        yield Path(folder) / "data"


def wait_until_sealed(settings: Settings) -> None:
    """Wait until everything that the collector took stands in sealed segments."""
    deadline = time.monotonic() + 120
    while unsealed(settings.paths.landing):
        assert time.monotonic() < deadline, f"the collector seals after {settings.seal_seconds} s"
        time.sleep(0.05)
