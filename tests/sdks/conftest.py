"""A collector as a process, a lake of its own, and what each SDK is told to send through the one into the other."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
from tests.conftest import new_port

HERE = Path(__file__).parent
REPO = HERE.parents[1]
#: Source -> write key; the source is how a test finds its own rows.
KEYS = {
    name: f"wk_{name}"
    for name in (
        "segment_node",
        "segment_browser",
        "segment_browser_batching",
        "segment_python",
        "rudder_browser",
        "rudder_browser_beacon",
        "rudder_python",
    )
}

Json = dict[str, Any]


@dataclass
class Line:
    """The collector's address, and the lake behind it."""

    url: str
    shop: str
    """Origin of the pages that may use the browser keys."""
    site: Path
    """Folder of those pages."""
    paths: Paths
    keys: dict[str, str]
    """Source -> write key."""

    def rows(self, source: str, expected: int, seconds: float = 180.0) -> list[Json]:
        """Every row of the source, in the order of arrival, once ``expected`` of them are in the lake."""
        until = time.monotonic() + seconds
        while True:
            load_sealed(self.paths)
            rows = self._read("events", source)
            if len(rows) >= expected or time.monotonic() > until:
                failed = self._read("failed_events", source)
                assert not failed, f"refused by the collector: {[(f['field'], f['reason']) for f in failed]}"
                assert len(rows) == expected, [(row["type"], row["event"]) for row in rows]
                return rows
            time.sleep(0.2)

    def _read(self, table: str, source: str) -> list[Json]:
        with duckdb.connect() as con:
            found = con.execute(
                f"select * from read_parquet('{self.paths.lake}/{table}/*/*.parquet', union_by_name = true,"
                " hive_partitioning = false) where source = ? order by received_at, frame_no, message_no",
                [source],
            )
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The JavaScript SDKs; without them (or without Node) the test is skipped."""
    if not shutil.which("node"):
        pytest.skip("no Node on this machine")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("the SDKs are not installed (npm ci in tests/sdks)")
    return HERE / "node_modules"


class _Pages(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One collector for all SDKs, with a write key for each; its segments are sealed after 0.3 s."""
    folder = tmp_path_factory.mktemp("sdks")
    site = folder / "site"
    site.mkdir()
    shop = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(site)))
    threading.Thread(target=shop.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    origin = f"http://127.0.0.1:{shop.server_port}"
    keys = [{"key": key, "source": source, "origins": [origin]} for source, key in KEYS.items()]
    log = folder / "collector.log"
    port = new_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", "from collector.cli import collect; collect()"),
                *("--port", str(port), "--data", str(folder / "data")),
            ],
            cwd=REPO,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")},
                "FOOTFALL_CONFIG": os.devnull,
                "FOOTFALL_MIN_FREE_BYTES": "0",
                "FOOTFALL_SEAL_SECONDS": "0.3",
                "FOOTFALL_WRITE_KEYS": json.dumps(keys),
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield Line(url, origin, site, Paths(folder / "data"), KEYS)
    finally:
        process.terminate()
        process.wait(30)
        shop.shutdown()
        shop.server_close()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the collector did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def bundle(node_modules: Path, line: Line) -> Callable[[str], str]:
    """Bundles a script as a shop's own build would, and returns the path of a page that runs it."""

    def make(script: str) -> str:
        subprocess.run(
            [
                *(str(node_modules / ".bin" / "esbuild"), str(HERE / f"{script}.mjs")),
                *("--bundle", "--minify", "--format=iife", f"--outfile={line.site / f'{script}.js'}"),
            ],
            check=True,
            capture_output=True,
        )
        page = f'<!doctype html><meta charset=utf-8><title>A shop</title><script src="/{script}.js"></script>'
        (line.site / f"{script}.html").write_text(page)
        return f"/{script}.html?utm_source=mail&utm_campaign=autumn"

    return make
