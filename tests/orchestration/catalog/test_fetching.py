"""Catalogues from addresses: what is new gets into the inbox, what fails costs nothing, and no address leads inside."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from footfall.commands.doctor_files import look_at_catalogue
from footfall.commands.main import main
from footfall.settings import CatalogSource, Settings, SettingsError, load_settings
from orchestration.catalog import web_files
from orchestration.catalog.fetching import due_sources, fetch_sources
from orchestration.catalog.web_files import FetchError, Limits, download, is_public

NOW = datetime(2026, 12, 3, 9, tzinfo=UTC)
PRODUCTS = json.dumps([{"id": "7", "title": "Mug"}]).encode()


class Server(ThreadingHTTPServer):
    """Answers as told: status, headers, body; remembers what it was asked."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, PRODUCTS)
    asked: list[Any]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, body = self.server.answer
        if headers.get("etag") and self.headers.get("if-none-match") == headers["etag"]:
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def shop(settings: Settings, server: Server) -> Settings:
    source = CatalogSource(
        name="feed",
        url=f"http://127.0.0.1:{server.server_port}/feed?key=hidden",
        allow_private=True,
        headers={"authorization": "Bearer secret"},
    )
    settings.paths.data.mkdir(parents=True)
    return msgspec.structs.replace(settings, catalog_sources=(source,))


def fetch(settings: Settings, now: datetime = NOW) -> Any:
    (done,) = fetch_sources(settings, settings.catalog_sources, now)
    return done


def test_a_new_file_is_taken_and_an_unchanged_one_writes_nothing(shop: Settings, server: Server) -> None:
    server.answer = (200, {"etag": '"1"', "last-modified": "Wed, 02 Dec 2026 00:00:00 GMT"}, PRODUCTS)
    file = shop.paths.catalog / "feed.json"
    assert fetch(shop).error == ""
    assert file.read_bytes() == PRODUCTS
    written = file.stat().st_mtime_ns
    assert fetch(shop, NOW + timedelta(hours=1)).fetched_at == NOW
    assert server.asked[1][1]["if-none-match"] == '"1"'
    assert server.asked[1][1]["authorization"] == "Bearer secret"
    server.answer = (200, {}, PRODUCTS)  # a server that knows no 304
    fetch(shop)
    assert file.stat().st_mtime_ns == written
    server.answer = (200, {}, gzip.compress(b"id,title\n7,Mug\n"))
    assert fetch(shop).file == "feed.csv"
    assert [each.name for each in shop.paths.catalog.iterdir() if each.is_file()] == ["feed.csv"]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((500, {}, b"oops"), "answers 500"),
        ((304, {}, b""), ""),
        ((200, {}, b""), "empty"),
        ((200, {}, b"<html><body>Log in</body></html>"), "feed.xml"),
        ((200, {"content-encoding": "gzip"}, gzip.compress(PRODUCTS)[:-4]), "too early"),
        ((200, {}, gzip.compress(b"[" + b" " * 5_000_000)), "max_mb"),
        ((302, {"location": "/again"}, b""), "redirects"),
        ((302, {"location": "file:///etc/passwd"}, b""), "not an http"),
        ((200, {}, b'[{"id": "7", "title": "M'), "invalid JSON"),
    ],
)
def test_a_failure_keeps_the_last_good_file_and_says_since_when(
    shop: Settings, server: Server, answer: Any, word: str
) -> None:
    (source,) = shop.catalog_sources
    shop = msgspec.structs.replace(shop, catalog_sources=(msgspec.structs.replace(source, max_mb=1),))
    fetch(shop)
    server.answer = answer
    for hours in (1, 2):
        done = fetch(shop, NOW + timedelta(hours=hours))
        assert word in done.error
        assert (shop.paths.catalog / "feed.json").read_bytes() == PRODUCTS
    if word:
        assert done.since == NOW + timedelta(hours=1)
        ((good, said),) = look_at_catalogue(shop)
        assert not good
        assert "since 2026-12-03 10:00 UTC" in said
        assert "feed.json of 2026-12-03 09:00 UTC stays" in said
        assert "hidden" not in said
        assert due_sources(shop, NOW + timedelta(hours=2, minutes=15))
        server.answer = (200, {}, PRODUCTS)
        fetch(shop)
    assert look_at_catalogue(shop) == []


def test_a_source_is_due_by_its_own_time(shop: Settings) -> None:
    assert due_sources(shop, NOW)
    fetch(shop)
    assert not due_sources(shop, NOW + timedelta(minutes=50))
    assert due_sources(shop, NOW + timedelta(minutes=60))
    (source,) = shop.catalog_sources
    other = msgspec.structs.replace(source, url=source.url + "2")
    assert due_sources(msgspec.structs.replace(shop, catalog_sources=(other,)), NOW), "another address"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_the_internets(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"])
def test_no_private_address_is_asked(server: Server, tmp_path: Path, host: str) -> None:
    with pytest.raises(FetchError, match=r"allow_private|not a host"):
        download(f"http://{host}:{server.server_port}/", tmp_path / "x", Limits(1000, 5), headers={})
    assert server.asked == []


def test_a_redirect_is_judged_again_and_gets_no_secrets(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = web_files._addresses
    judged = []

    def addresses(url: Any, allow_private: bool) -> list[str]:
        judged.append(url.host)
        return ["127.0.0.1"] if url.host == "feed.example" else real(url, allow_private)

    monkeypatch.setattr(web_files, "_addresses", addresses)
    start = f"http://feed.example:{server.server_port}/a"
    server.answer = (302, {"location": f"http://127.0.0.1:{server.server_port}/inside"}, b"")
    with pytest.raises(FetchError, match="allow_private"):
        download(start, tmp_path / "x", Limits(1000, 5), headers={"authorization": "s"})
    assert judged == ["feed.example", "127.0.0.1"]
    assert [(path, headers["host"]) for path, headers in server.asked] == [
        ("/a", f"feed.example:{server.server_port}")
    ], "asked at the judged address, by its own name; the private one is never asked"
    server.asked.clear()
    with pytest.raises(FetchError, match="redirects"):
        download(start, tmp_path / "x", Limits(1000, 5, allow_private=True), headers={"authorization": "s"})
    assert ["authorization" in headers for _, headers in server.asked[:2]] == [True, False]


def test_the_command_fetches_and_config_hides_the_secret(
    shop: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTFALL_DATA", str(shop.paths.data))
    sources = msgspec.json.encode(shop.catalog_sources).decode()
    monkeypatch.setenv("FOOTFALL_CATALOG_SOURCES", sources)
    run: Callable[..., Any] = CliRunner().invoke
    assert "feed: new" in run(main, ["catalog", "fetch"]).output
    assert "feed: unchanged" in run(main, ["catalog", "fetch", "feed"]).output
    server.answer = (404, {}, b"")
    failed = run(main, ["catalog", "fetch"])
    assert failed.exit_code == 1
    assert "answers 404" in failed.output
    assert "catalog_sources has feed" in run(main, ["catalog", "fetch", "other"]).output
    for shown in (run(main, ["config"]).output, run(main, ["config", "--json"]).output):
        assert "Bearer secret" not in shown
        assert "hidden" not in shown


@pytest.mark.parametrize(
    "source",
    [
        {"name": "a", "url": "https://user:password@shop.example/"},
        {"name": "a", "url": "ftp://shop.example/"},
        {"name": "../a", "url": "https://shop.example/"},
        {"name": "a", "url": "https://shop.example/", "every_minutes": 1},
    ],
)
def test_a_source_that_can_not_be_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="catalog_sources"):
        load_settings({"FOOTFALL_CATALOG_SOURCES": json.dumps([source])})
