"""A stub of the collector: real HTTP on a free port, with scripted troubles."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from footfall.wire.schema import WireError, check_message, decode_batch


class StubCollector:
    """Checks bodies with the real wire schema; ``troubles`` are (status, headers) given first."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.raws: list[dict[str, Any]] = []
        self.sizes: list[tuple[int, int]] = []
        self.troubles: list[tuple[int, dict[str, str]]] = []
        self.drop_after_taking = 0
        self.max_body = 2**20
        self.on_batch: Callable[[int], None] = lambda n: None
        self.lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(200, b"{}", {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with collector.lock:
                    collector.agents.add(self.headers["User-Agent"])
                    trouble = collector.troubles.pop(0) if collector.troubles else None
                if trouble:
                    return self._answer(trouble[0], b"trouble", trouble[1])
                if len(body) > collector.max_body:
                    return self._answer(413, b"too large", {})
                answer = collector.take(body)
                with collector.lock:
                    drop = collector.drop_after_taking > 0
                    collector.drop_after_taking -= drop
                if drop:  # taken, but the answer is lost: the sender can't know
                    self.close_connection = True
                    return None
                return self._answer(200, answer, {})

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, body: bytes) -> bytes:
        batch = decode_batch(body)
        rejected = []
        with self.lock:
            self.sizes.append((len(batch.batch), len(body)))
            for index, raw in enumerate(batch.batch):
                message = msgspec.json.decode(raw)
                try:
                    check_message(raw)
                except WireError as error:
                    rejected.append({"index": index, "field": error.field, "reason": error.reason})
                    continue
                self.messages[message.get("messageId", "")] += 1
                self.raws.append(message)
        self.on_batch(len(self.sizes))
        return msgspec.json.encode({"accepted": len(batch.batch) - len(rejected), "rejected": rejected})


@pytest.fixture
def collector() -> Iterator[StubCollector]:
    stub = StubCollector()
    stub.thread.start()
    yield stub
    stub.server.shutdown()
    stub.server.server_close()
