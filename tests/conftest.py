"""What all tests share: an environment of their own, and the real cases beside the project."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from _pytest.nodeid import NodeId

from footfall.runtime.paths import Paths
from footfall.settings import Settings, load_settings

# A machine's proxy is for the world, not for the servers that the tests start.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# A shared machine draws and runs slowly at times; that says nothing about the code. And the same examples every time:
# what a draw by chance finds is worth a look, but says nothing about the change that is tested just then.
hypothesis.settings.register_profile(
    "footfall",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    max_examples=100,
    derandomize=True,
)
# `--hypothesis-profile=explore` draws again each time.
hypothesis.settings.register_profile(
    "explore", hypothesis.settings.get_profile("footfall"), derandomize=False, print_blob=True
)
# And this one 20 times as much.
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("explore"), max_examples=2000
)
hypothesis.settings.load_profile("footfall")

REPO = Path(__file__).resolve().parent.parent

#: Files that take minutes, the longest first; of two that need the built shop the second starts when it is there.
LONGEST = (
    "tests/e2e/test_killed_and_run_twice.py",
    "tests/attacks/test_strangers.py",
    "tests/attacks/test_isolate.py",
    "tests/attacks/test_personal_data.py",
    "tests/attacks/test_hostile_shop.py",
    "tests/attacks/test_damaged_files.py",
    "tests/attacks/test_trusted_ids.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: each waits a quarter of its time, for servers, browsers and disks."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark by their fixtures what runs dbt, seconds of CPU each time, and what starts a shop's processes."""
    fixtures = getattr(item, "fixturenames", ())
    if "make_warehouse" in fixtures:
        item.add_marker("slow")
    if "open_shop" in fixtures:
        item.add_marker("pipeline")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a browser come last, and in them the tests with one, whatever was asked for.

    ``LONGEST`` come first, then whatever starts a shop's processes: no process waits for one at the end.

    A browser's driver keeps an event loop running in its thread to the end of the run, beside which asyncio.run
    refuses. Files stay whole, since each is given to one of several processes.
    """
    for item in items:
        if not item.nodeid.endswith(item.name):
            # schemathesis gives all operations of a document one id, and of one id a process runs one test
            item._id = NodeId.parse(f"{item.nodeid.rpartition('::')[0]}::{item.name}")
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("two tests have the same id: only one of them would run")
    browser, pipeline = _files_marked(items, "browser"), _files_marked(items, "pipeline")

    def turn(item: pytest.Item) -> tuple[bool, int, bool, str, bool]:
        file = _file(item)
        place = LONGEST.index(file) if file in LONGEST else len(LONGEST)
        if file in browser:
            return True, place, file not in pipeline, file, item.get_closest_marker("browser") is not None
        return False, place, file not in pipeline, "", False

    items.sort(key=turn)


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _files_marked(items: list[pytest.Item], marker: str) -> set[str]:
    return {_file(item) for item in items if item.get_closest_marker(marker)}


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No FOOTFALL_* variable and no footfall.toml of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("FOOTFALL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTFALL_CONFIG", os.devnull)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data directory is the test's own."""
    return load_settings({"FOOTFALL_DATA": str(tmp_path / "data"), "FOOTFALL_MIN_FREE_BYTES": "0"})


@pytest.fixture
def paths(settings: Settings) -> Paths:
    return settings.paths


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real cases and data beside the project; without it the test is skipped."""
    folder = REPO.parent / "shared"
    if not (folder / "fixtures").is_dir():
        pytest.skip(f"the real cases are not here ({folder})")
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this test run, the same for all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def built_shop(run_folder: Path) -> Path:
    """The data directory of a built and published shop (tests/built_shop.py): copy it, change nothing in it.

    Of several processes the first that needs it builds it (70 CPU-s), the others wait. It is as old as the test run:
    no change of the code meets a shop of the code before.
    """
    from tests import built_shop

    folder = run_folder / "built_shop"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "data").exists():
            shutil.rmtree(folder / "unfinished", ignore_errors=True)  # a process failed to build it
            built_shop.build(folder / "unfinished")
            (folder / "unfinished").rename(folder / "data")
    return folder / "data"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium; without it the test is skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """The one headless browser of a test run: a second driver in one process would be refused."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
    # Without these it calls home at every start.
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def free_port() -> int:
    return new_port()


def new_port() -> int:
    """A port of this test run's own, that nobody listens on.

    It stays bound to the end of the run, so that the kernel deals it to nobody before its server comes. A server that
    sets SO_REUSEADDR, as all do, may listen there all the same.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        holder.detach()  # open until this process ends
    return port
