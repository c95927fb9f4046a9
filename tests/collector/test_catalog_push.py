"""``POST /v1/catalog``: accepted pushes are on disk in their order, whatever is killed or comes at once."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from collector import catalog_push
from collector.app import create_app
from collector.catalog_push import CatalogPush, inflated
from collector.files import OsFiles
from collector.problems import RefusedError
from footfall.landing.pushed_catalogs import in_force, pushes
from footfall.settings import Settings, WriteKey

Client = TestClient[Litestar]
MUG = {"id": 7, "title": "Mug"}
WHOLE = {"products": [MUG]}


@pytest.fixture
def shop(settings: Settings) -> Settings:
    keys = (
        WriteKey(key="page_key", source="shop_pixel"),
        WriteKey(key="server_key", source="shop_server", origins=()),
        WriteKey(key="few_key", source="few", origins=(), messages_per_second=0.01, burst=1),
    )
    return msgspec.structs.replace(settings, write_keys=keys)


@pytest.fixture
def client(shop: Settings) -> Iterator[Client]:
    app: Litestar = create_app(shop)
    with TestClient(app) as client:
        client.auth = ("server_key", "")
        yield client


def names(settings: Settings, source: str) -> list[str]:
    return sorted(
        path.name for path in (settings.paths.catalog / f"{source}.pushed").iterdir() if path.suffix
    )


def test_a_whole_is_in_its_place_when_it_is_answered(client: Client, shop: Settings) -> None:
    answer = client.post("/v1/catalog", json=WHOLE)
    assert answer.status_code == 202
    said = answer.json()
    assert (said["source"], said["mode"], said["sequence"], said["products"]) == (
        "shop_server",
        "whole",
        1,
        1,
    )
    assert "within a minute" in said["next"]
    (file,) = pushes(shop.paths.catalog / "shop_server.pushed")
    assert json.loads(file.path.read_bytes()) == WHOLE
    assert names(shop, "shop_server") == ["00000001.whole.json"], "no part is left"


def test_changes_follow_in_order_and_the_next_whole_replaces_them(client: Client, shop: Settings) -> None:
    for body, mode in (
        (WHOLE, "whole"),
        ({"deleted": ["7"]}, "changes"),
        (WHOLE, "changes"),
    ):
        assert client.post(f"/v1/catalog?source=erp&mode={mode}", json=body).status_code == 202
    assert names(shop, "erp") == ["00000001.whole.json", "00000002.changes.json", "00000003.changes.json"]
    client.post("/v1/catalog?source=erp", content=b"id,title\n7,Mug\n", headers={"content-type": "text/csv"})
    assert names(shop, "erp") == ["00000004.whole.csv"]


def test_gzip_is_undone(client: Client, shop: Settings) -> None:
    body = gzip.compress(b'{"products":[{"id":1},') + gzip.compress(b'{"id":2}]}')
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert client.post("/v1/catalog", content=body, headers=headers).json()["products"] == 2
    for broken in (body[:-9], b"no gzip", body[:30]):
        answer = client.post("/v1/catalog", content=broken, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (400, "gzip")
    assert names(shop, "shop_server") == ["00000001.whole.json"]


@pytest.mark.parametrize(
    ("query", "body", "kind", "status", "word"),
    [
        ("", b'{"products": []}', "application/json", 422, "would end all of them"),
        ("", b'{"products": [{"id": 1}', "application/json", 422, "truncated"),
        ("", b'{"products": [1]}', "application/json", 422, "products"),
        ("", b'{"products": [{"id": 1}], "deleted": ["2"]}', "application/json", 422, "mode=changes"),
        ("", b"", "application/json", 400, "empty"),
        ("", os.urandom(300) + b"\0", "text/csv", 422, "binary"),
        ("", b"<x/>", "text/html", 415, "application/xml"),
        ("?mode=changes", b"id,title", "text/csv", 415, "application/json"),
        ("?mode=changes", b"[]", "application/json", 422, "deleted"),
        ("?mode=changes", b"{}", "application/json", 422, "neither"),
        ("?mode=some", b"{}", "application/json", 400, "whole"),
        ("?source=../x", b"{}", "application/json", 400, "source"),
        ("?source=", b"{}", "application/json", 400, "source"),
    ],
)
def test_what_is_no_catalogue_is_refused_in_words(
    client: Client, shop: Settings, query: str, body: bytes, kind: str, status: int, word: str
) -> None:
    answer = client.post(f"/v1/catalog{query}", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert word in answer.json()["detail"]
    assert not list(shop.paths.catalog.rglob("0*")), "nothing is kept of it"


def test_only_a_server_may(client: Client) -> None:
    assert client.post("/v1/catalog", json=WHOLE, auth=("unknown", "")).status_code == 401
    answer = client.post("/v1/catalog", json=WHOLE, auth=("page_key", ""))
    assert (answer.status_code, answer.json()["reason"]) == (403, "server_key")
    assert "origins = []" in answer.json()["detail"]
    origin = {"origin": "https://shop.example"}
    assert client.post("/v1/catalog", json=WHOLE, auth=("server_key", ""), headers=origin).status_code == 403
    assert client.post("/v1/catalog", json=WHOLE, auth=("few_key", "")).status_code == 202
    answer = client.post("/v1/catalog", json=WHOLE, auth=("few_key", ""))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_collector_without_a_pipeline_says_where_to_push(shop: Settings) -> None:
    with TestClient(create_app(msgspec.structs.replace(shop, ship_to="file:///tmp/bucket"))) as client:
        answer = client.post("/v1/catalog", json=WHOLE, auth=("server_key", ""))
    assert answer.status_code == 404
    assert "catalog_sources" in answer.json()["detail"]


def test_too_large_is_refused_also_after_gzip(
    client: Client, shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_push, "MAX_CATALOG", 1 << 20)
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = client.post("/v1/catalog", content=gzip.compress(b"[" + b" " * (1 << 24)), headers=headers)
    assert answer.status_code == 413
    assert names(shop, "shop_server") == []


def test_so_many_changes_ask_for_the_whole(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog_push, "MAX_CHANGES", 2)
    changes = "/v1/catalog?mode=changes"
    assert [client.post(changes, json=WHOLE).status_code for _ in range(4)] == [202, 202, 202, 409]
    assert client.post("/v1/catalog", json=WHOLE).status_code == 202
    assert client.post(changes, json=WHOLE).status_code == 202


class Dying(OsFiles):
    """Ends the process without any cleaning up."""

    def __init__(self, at: str) -> None:
        self.at = at

    def rename(self, source: Path, target: Path) -> None:
        if self.at == "before rename":
            os._exit(9)
        super().rename(source, target)
        if self.at == "after rename":
            os._exit(9)


@pytest.mark.parametrize(("at", "stands"), [("before rename", [1, 2]), ("after rename", [3])])
def test_a_kill_leaves_the_old_or_the_new_and_the_next_push_tidies(
    shop: Settings, at: str, stands: list[int]
) -> None:
    push(shop, OsFiles(), "whole")
    push(shop, OsFiles(), "changes")
    if (child := os.fork()) == 0:
        push(shop, Dying(at), "whole")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    folder = shop.paths.catalog / "erp.pushed"
    assert [each.sequence for each in in_force(pushes(folder))] == stands
    push(shop, OsFiles(), "whole")
    assert len(names(shop, "erp")) == 1, "neither parts nor what was replaced"


def test_pushes_at_once_all_have_their_place(shop: Settings) -> None:
    push(shop, OsFiles(), "whole")
    threads = [threading.Thread(target=push, args=(shop, OsFiles(), "changes")) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = pushes(shop.paths.catalog / "erp.pushed")
    assert [each.sequence for each in found] == list(range(1, 14))
    assert all(json.loads(each.path.read_bytes()) == WHOLE for each in found)


def push(settings: Settings, ops: OsFiles, mode: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield json.dumps(WHOLE).encode()

    asyncio.run(CatalogPush(settings, ops).take("erp", mode, "application/json", "", body()))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_gzip_body_may_come_in_any_pieces(size: int) -> None:
    text = b"".join(b"%d," % at for at in range(3000))
    packed = gzip.compress(text) + gzip.compress(b"end")

    async def read(content: bytes) -> bytes:
        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(content), size):
                yield content[at : at + size]

        return b"".join([piece async for piece in inflated(pieces())])

    assert asyncio.run(read(packed)) == text + b"end"
    with pytest.raises(RefusedError):
        asyncio.run(read(packed[:-1]))


def test_a_hundred_thousand_products(client: Client) -> None:
    products: list[dict[str, Any]] = [{"id": at, "title": f"Mug {at}"} for at in range(100_000)]
    answer = client.post("/v1/catalog", json={"products": products})
    assert answer.json()["products"] == 100_000
