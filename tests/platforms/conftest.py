"""PHP with as much of WordPress as the plugin calls (``wordpress.php``), and a collector that does as it is told."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from footfall.settings import REPO

HERE = Path(__file__).parent
PLUGIN = REPO / "platforms" / "woocommerce" / "footfall"
Json = dict[str, Any]

GUEST = "74f21c9af9c58c18eb09416e8f045896"
SETTINGS = {
    "write_key": "wk_pages",
    "server_key": "wk_server",
    "public_key": "pk",
    "secret_key": "sk",
    "consent": "granted",
    "catalog": "hourly",
}
#: An order as WooCommerce's REST API has it.
LINES = [
    {"name": "Woo Single #1", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "6.00",
     "subtotal_tax": "0.45", "total": "6.00", "total_tax": "0.45", "sku": ""},
    {"name": "Ship Your Idea – Black, M", "product_id": 22, "variation_id": 23, "quantity": 1, "subtotal": "15.00",
     "subtotal_tax": "0.90", "total": "12.00", "total_tax": "0.90", "sku": "Bar3"},
]  # fmt: skip
ORDER: Json = {
    "id": 727, "number": "727", "customer_id": 0, "currency": "USD", "total": "29.35", "total_tax": "1.35",
    "shipping_total": "10.00", "discount_total": "3.00", "coupon_lines": [{"code": "spring"}],
    "date_created_gmt": "2026-03-22T19:28:02", "line_items": LINES,
}  # fmt: skip


@dataclass
class Request:
    """What the plugin sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, unpacked."""
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)


@dataclass
class Collector:
    """A server on a loopback port; ``answers`` are given one after another, then the last one again."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], Json]] = field(
        default_factory=lambda: [(200, {}, {"accepted": 1})]
    )
    requests: list[Request] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    told = Collector()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.requests.append(Request(self.command, self.path, headers, body))
            status, more, said = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def php() -> str:
    """PHP's command line with SQLite; without it the test is skipped."""
    found = shutil.which("php")
    if found is None:
        pytest.skip("no PHP on this machine (apt-get install php-cli php-sqlite3)")
    modules = subprocess.run([found, "-m"], capture_output=True, text=True, check=True).stdout.split()
    if "pdo_sqlite" not in modules:
        pytest.skip("PHP without SQLite (apt-get install php-sqlite3)")
    return found


@pytest.fixture
def shop(php: str, collector: Collector) -> Callable[..., Json]:
    """Runs acts in one request of the shop; answers what ``wordpress.php`` prints."""

    def run(*acts: list[Any], settings: Json | None = None, **wanted: Any) -> Json:
        told = {
            **SETTINGS,
            "collector_url": collector.url,
            "api_url": collector.url,
            **(settings or {}),
        }
        given = json.dumps({"settings": told, "acts": acts, **wanted})
        done = subprocess.run(
            [php, str(HERE / "wordpress.php"), given], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer: Json = json.loads(done.stdout)
        return answer

    return run
