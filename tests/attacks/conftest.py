"""An attacked shop: collector, pipeline and API as real processes over HTTP, with a data directory of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from footfall.runtime.supervisor import Processes, footfall_command
from footfall.settings import Settings, load_settings
from footfall.wire.schema import BATCH_PATH, MAX_MESSAGES, BatchAnswer
from tests.attacks.messages import BROWSER
from tests.built_shop import data_folder, environment, wait_until_sealed

#: Addresses are forwarded by the shop's proxy, so that a test can choose a visitor's.
ADDRESS = "203.0.113.7"


class Shop:
    """A shop under attack. ``send`` and ``ask`` start collector and API when they are first needed."""

    def __init__(self, data: Path, processes: Processes, settings: Mapping[str, str]) -> None:
        self.env = environment(data, FOOTFALL_TRUST_FORWARDED_FOR="true", **settings)
        self.settings: Settings = load_settings(self.env)
        self.processes = processes
        self._started: set[str] = set()

    @property
    def write_key(self) -> str:
        """The key that stands in the shop's pages."""
        return next(key.key for key in self.settings.write_keys if not key.is_of_a_server)

    def catalogue(self, products: Iterable[Mapping[str, Any]], name: str = "shop.json") -> None:
        """Put products into the catalogue's folder, in the form of a Shopify store's ``products.json``."""
        folder = self.settings.paths.catalog
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps({"products": list(products)}))

    def post(
        self, messages: Iterable[Mapping[str, Any]], *, key: str | None = None, address: str = ADDRESS,
        headers: Mapping[str, str] | None = None,
    ) -> BatchAnswer:  # fmt: skip
        """Send messages in batches, as the pixel does unless ``key`` is another; returns what was refused of them."""
        self._start("collector")
        every = list(messages)
        accepted, rejected = 0, []
        sent = {"user-agent": BROWSER, "x-forwarded-for": address, **(headers or {})}
        with httpx.Client(base_url=self.settings.collector_url, trust_env=False, timeout=30) as client:
            for start in range(0, len(every), MAX_MESSAGES):
                body = {
                    "writeKey": key or self.write_key,
                    "sentAt": datetime.now(UTC).isoformat(),
                    "batch": every[start : start + MAX_MESSAGES],
                }
                answer = client.post(BATCH_PATH, content=json.dumps(body), headers=sent)
                assert answer.status_code == 200, answer.text
                told = answer.json()
                accepted += told["accepted"]
                rejected += [{**one, "index": one["index"] + start} for one in told["rejected"]]
        return BatchAnswer(accepted=accepted, rejected=rejected)

    def send(self, messages: Iterable[Mapping[str, Any]], **options: Any) -> None:
        """``post``, where each of them has to be accepted."""
        assert self.post(messages, **options).rejected == []

    def footfall(self, *arguments: str, fails: bool = False, timeout: float = 1800) -> str:
        """Run a command and return what it printed. It has to succeed, or with ``fails`` to fail."""
        command = footfall_command(*arguments)
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def doctor(self) -> str:
        """What the doctor says; it fails where anything is wrong, as that nothing is listening."""
        command = footfall_command("doctor")
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=300).stdout

    def run(self, lane: str = "full", *, fails: bool = False) -> str:
        """Run the pipeline over everything that the collector accepted; returns what it printed."""
        self.seal()
        return self.footfall("run", "--lane", lane, fails=fails)

    def seal(self) -> None:
        """Wait until all that the collector accepted stands in sealed segments."""
        wait_until_sealed(self.settings)

    def ask(self, path: str, *, secret: bool = False, **parameters: Any) -> httpx.Response:
        """What the API answers, to the key of the shop's pages or with ``secret`` to the shop's server."""
        self._start("api")
        settings = self.settings
        key = settings.api_secret_keys[0] if secret else settings.public_key
        return httpx.get(
            settings.api_url + path,
            params=parameters,
            headers={"x-footfall-key": key},
            trust_env=False,
            timeout=30,
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the warehouse answers to a query."""
        with duckdb.connect(str(self.settings.paths.warehouse), read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()

    def _start(self, name: str) -> None:
        if name in self._started:
            return
        command, url = {
            "collector": ("collect", self.settings.collector_url),
            "api": ("serve", self.settings.api_url),
        }[name]
        child = self.processes.start(name, footfall_command(command), self.env)
        self.processes.wait_ready(child, f"{url}/livez", 120)
        self._started.add(name)


@pytest.fixture(scope="module")
def open_shop(request: pytest.FixtureRequest) -> Iterator[Callable[..., Shop]]:
    """Opens shops: ``open_shop(FOOTFALL_NAME="value")`` an empty one, ``open_shop(built=True)`` a copy of the one that
    is built for all tests (``built_shop``). Logs lie beside the data, or in ``logs="data/logs"``. All that they started
    ends with the file's tests.
    """
    with ExitStack() as opened:

        def open_one(*, built: bool = False, logs: str = "logs", **settings: str) -> Shop:
            data = opened.enter_context(data_folder())
            if built:
                shutil.copytree(request.getfixturevalue("built_shop"), data, symlinks=True)
            processes = opened.enter_context(Processes(data.parent / logs))
            return Shop(data, processes, settings)

        yield open_one


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """One empty shop for all tests of a file, in the file's order."""
    return open_shop()
