"""A small loopback server that is shop, collector and API in one, and a browser to walk through it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collector.guest_cookie import choose_guest, guest_cookie
from footfall.wire.schema import check_message
from tests.pixel_ready import PIXEL_READY

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "pixel" / "dist"
PAGES = Path(__file__).parent / "pages"
TAG = '<script async src="/footfall.js" data-write-key="wk" data-api="" data-api-key="pk" {attributes}></script>'

Message = dict[str, Any]
Items = list[dict[str, Any]]


def sample_items(n: int) -> Items:
    """Recommended products as the API answers them."""
    return [
        {
            "product_id": f"90{i}",
            "title": f"Recommended {i}",
            "url": f"/products/rec-{i}",
            "image_url": "/pic.svg",
            "price": 10.5 + i,
            "currency": "EUR",
            "source": "affinity",
            "reason": "because",
        }
        for i in range(n)
    ]


@dataclass
class Shop:
    """What the server serves, how its collector behaves, and what it received."""

    url: str = ""
    attributes: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    policy: str = ""
    """The pages' Content-Security-Policy."""
    status: int = 200
    """The collector's answer; 0 closes the connection without one."""
    headers: dict[str, str] = field(default_factory=dict)
    collector_delay: float = 0.0
    api_status: int = 200
    api_delay: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    """When the collector was asked, in monotonic seconds."""
    attempts: list[bytes] = field(default_factory=list)
    """Bodies that came, also those that the collector did not take."""
    requests: list[str] = field(default_factory=list)
    api_calls: list[dict[str, str]] = field(default_factory=list)
    guests: list[str] = field(default_factory=list)
    """Tokens that the collector's cookie endpoint answered."""
    guest_gate: threading.Event = field(default_factory=threading.Event)
    """While it is clear the cookie's endpoint has taken what is asked and doesn't answer."""

    @property
    def messages(self) -> list[Message]:
        """Every message received, each id once, in the order of its client's clock."""
        found = {m["messageId"]: m for body in list(self.bodies) for m in json.loads(body)["batch"]}
        return sorted(found.values(), key=lambda m: m["originalTimestamp"])

    def named(self, name: str) -> list[Message]:
        """The messages with this event name, or of this type."""
        return [m for m in self.messages if name in (m.get("event"), m["type"])]

    def wait(self, ready: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Polls until ``ready`` answers something true; fails the test after ``seconds``."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := ready():
                return found
            time.sleep(0.02)
        names = [m.get("event", m["type"]) for m in self.messages]
        pytest.fail(f"nothing came within {seconds} s; received: {names}")

    def visit(self, page: Any, path: str) -> None:
        """Opens a page of this shop and waits until every file of the pixel runs in it."""
        page.goto(self.url + path)
        self.wait(lambda: page.evaluate(PIXEL_READY))

    def page(self, path: str) -> str | None:
        """The HTML of a path, with the tag in its head."""
        html = self.pages.get(path)
        if html is None and (PAGES / f"{path.strip('/')}.html").is_file():
            html = (PAGES / f"{path.strip('/')}.html").read_text()
        if html is None:
            return None
        return html.replace("<!--footfall-->", TAG.format(attributes=self.attributes))


def _handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            return

        def answer(
            self, status: int, body: bytes | str, kind: str, headers: dict[str, str] | None = None
        ) -> None:
            data = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            shop.requests.append(f"GET {self.path}")
            if url.path.endswith(".js") and (DIST / url.path[1:]).is_file():
                self.answer(200, (DIST / url.path[1:]).read_bytes(), "text/javascript")
            elif url.path.startswith("/v1/"):
                call = {"path": url.path, **{k: v[0] for k, v in parse_qs(url.query).items()}}
                shop.api_calls.append(call)
                time.sleep(shop.api_delay)
                limit = int(call.get("limit", 4))
                # As the API answers: an arm where the visitor is dealt one, null for everybody else
                dealt = ("lists", "personal") if url.path.endswith("/recommendations") else (None, None)
                about = dict(zip(("experiment", "arm"), dealt, strict=True))
                body = json.dumps({"version": "v7", "items": sample_items(limit), **about})
                self.answer(shop.api_status, body, "application/json")
            elif url.path == "/pic.svg":
                self.answer(200, '<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml")
            elif (html := shop.page(url.path)) is not None:
                policy = {"Content-Security-Policy": shop.policy} if shop.policy else None
                self.answer(200, html, "text/html; charset=utf-8", policy)
            else:
                self.answer(404, "<!doctype html><title>none</title>", "text/html")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = shop.status
            shop.requests.append(f"POST {self.path}")
            if self.path == "/v1/b":
                shop.asked.append(time.monotonic())
                shop.attempts.append(body)
                time.sleep(shop.collector_delay)
                if status == 0:
                    self.close_connection = True
                    return
                if status == 200:
                    shop.bodies.append(body)
                self.answer(status, '{"accepted": 1, "rejected": []}', "application/json", shop.headers)
            elif self.path.startswith("/v1/guest"):
                shown = parse_qs(urlsplit(self.path).query)["guest"][0]
                guest = choose_guest(self.headers.get("Cookie"), shown, is_reset=False).guest
                shop.guest_gate.wait(60)
                shop.guests.append(guest)
                cookie = guest_cookie(guest, domain="", is_secure=False)
                self.answer(200, "{}", "application/json", {"Set-Cookie": cookie})
            elif self.path.startswith("/cart/add.js"):
                answer = {"product_id": 7001, "variant_id": 42, "product_title": "Added", "price": 1990}
                self.answer(200, json.dumps(answer), "application/json")
            elif self.path.startswith("/cart/add-sold-out"):
                self.answer(422, "{}", "application/json")
            else:
                self.answer(303, "", "text/plain", {"Location": "/after"})

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A browser that goes away in the middle of an answer is what these tests are about."""


@contextlib.contextmanager
def serve_shop(port: int = 0) -> Iterator[Shop]:
    """A shop on that port, or any; what it received keeps to the wire schema, whatever else a test is about."""
    shop = Shop()
    shop.guest_gate.set()
    server = Server(("127.0.0.1", port), _handler(shop))
    shop.url = f"http://127.0.0.1:{server.server_port}"
    shop.pages["/after"] = "<!doctype html><title>after</title><!--footfall--><h1>After</h1>"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield shop
    shop.guest_gate.set()
    server.shutdown()
    server.server_close()
    for message in shop.messages:
        check_message(json.dumps(message).encode())


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serve_shop() as shop:
        yield shop


def pause(page: Any, milliseconds: int) -> None:
    """Waits by the page's own timers: what they had been set for by now, and sooner, has happened afterwards."""
    page.evaluate("ms => new Promise(done => setTimeout(done, ms))", milliseconds)


def all_answered(page: Any) -> None:
    """Waits until nothing that the page has sent is without an answer, and nothing waits to be sent."""
    page.wait_for_function("!Object.keys(localStorage).some(k => k.startsWith('ff_q.'))")


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A visitor of their own: fresh cookies and storage."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Any:
    return context.new_page()
