"""Following the pointer: the first snapshot, the next one, a broken one, a flip under load."""

from __future__ import annotations

import asyncio
import csv
import io
import logging
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import httpx
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from api import snapshot_store
from api.app import create_app
from api.routes import segments
from footfall.snapshot.format import (
    FORMAT_VERSION,
    MANIFEST_FILE,
    POINTER_FILE,
    SESSIONS_FILE,
    Pointer,
    Table,
    mart_file,
    table_file,
)
from orchestration.serving.publish import build_snapshot, prune, publish
from tests.api.conftest import PUBLIC, SECRET, SERVED_OF_THE_DOCS, make_marts, settings_for

LIST = "/v1/products/p01/similar"
FUNNELS = {name: SERVED_OF_THE_DOCS[name] for name in ("funnel_steps", "funnel_time_to_convert")}
LIST_FILE, MART_FILE = table_file(Table.SIMILAR), mart_file("funnel_steps")


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests look more often than the API does; the promise of one second is tested with its own pace."""
    monkeypatch.setattr(snapshot_store, "POLL_SECONDS", 0.05)


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions v1 and v2 built, none published. Not to be changed."""
    serving = tmp_path_factory.mktemp("built") / "serving"
    with duckdb.connect() as con:
        make_marts(con)
        build_snapshot(con, serving, version="v1", served=FUNNELS)
        build_snapshot(con, serving, version="v2", served=FUNNELS)
    return serving


@pytest.fixture
def data(tmp_path: Path, two_versions: Path) -> Path:
    """A data directory with versions v1 and v2, none published."""
    shutil.copytree(two_versions, tmp_path / "serving")
    return tmp_path


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncTestClient(create_app(settings_for(data)), raise_server_exceptions=False) as client:
        client.headers.update(SECRET)
        yield client


async def soon(holds: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> bool:
    """Whether it comes to hold. The limit is for what never does: how fast a machine is says nothing about the API."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await holds():
            return True
        await asyncio.sleep(0.02)
    return False


def serves(client: httpx.AsyncClient, version: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        answer = await client.get(LIST)
        return answer.status_code == 200 and answer.json()["version"] == version

    return holds


def seen(version: str, versions: Container[str]) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return version in versions

    return holds


def complains(client: httpx.AsyncClient, words: str) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return words in ((await client.get("/readyz")).json()["problem"] or "")

    return holds


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_no_snapshot_then_the_first_one(data: Path) -> None:
    async def test() -> None:
        async with serving(data) as client:
            answer = await client.get(LIST)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.headers["content-type"] == "application/problem+json"
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (503, False)
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get(LIST, headers={"Authorization": "x"})).status_code == 401, (
                "keys come first"
            )

            publish(data / "serving", "v1")
            assert await soon(serves(client, "v1"))
            assert (await client.get("/readyz")).status_code == 200

    run(test)


def test_an_empty_data_directory_is_waited_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path / "not-there-yet") as client:
            assert (await client.get("/readyz")).status_code == 503

    run(test)


def test_next_version_and_back_within_a_second(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the look that is under way or by the next one, and the pace of the looks leaves time to open a version."""
    monkeypatch.undo()
    assert snapshot_store.POLL_SECONDS <= 0.5
    look, in_force = snapshot_store.SnapshotStore.look, []

    async def noted(self: snapshot_store.SnapshotStore) -> None:
        await look(self)
        if self._dir == data / "serving":  # another test's client may still be open, and look too
            in_force.append(self.current().version)

    monkeypatch.setattr(snapshot_store.SnapshotStore, "look", noted)

    async def test() -> None:
        publish(data / "serving", "v1")
        async with serving(data) as client:
            assert (await client.get(LIST)).json()["version"] == "v1", "served from the first request on"
            for version in ("v2", "v1"):  # the second one is a rollback
                publish(data / "serving", version)
                before = len(in_force)
                assert await soon(serves(client, version))
                assert version in in_force[before : before + 2]

    run(test)


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _garble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 64)


def point(serving_dir: Path, version: str) -> None:
    """What publishing does, without its look whether the version is whole: its disk goes bad afterwards."""
    aside = serving_dir / ".pointer"
    aside.write_bytes(msgspec.json.encode(Pointer(version=version, published_at=datetime.now(UTC))))
    aside.replace(serving_dir / POINTER_FILE)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file cut short": (lambda path: _cut(path / LIST_FILE), "its manifest says"),
    "a flipped page": (lambda path: _garble(path / LIST_FILE), "checksum"),
    "a damaged analytics file": (lambda path: _garble(path / MART_FILE), "checksum"),
    "session neighbours cut short": (lambda path: _cut(path / SESSIONS_FILE), "its manifest says"),
    "damaged session neighbours": (lambda path: _garble(path / SESSIONS_FILE), "checksum"),
    "a missing file": (lambda path: (path / MART_FILE).unlink(), "is missing"),
    "no manifest": (lambda path: (path / MANIFEST_FILE).unlink(), "no readable manifest"),
    "a torn manifest": (lambda path: _cut(path / MANIFEST_FILE), "damaged"),
    "another format": (
        lambda path: (path / MANIFEST_FILE).write_text(
            (path / MANIFEST_FILE)
            .read_text()
            .replace(f'"format_version": {FORMAT_VERSION}', '"format_version": 99')
        ),
        "has format 99",
    ),
    "an older format": (
        lambda path: (path / MANIFEST_FILE).write_text('{"format_version": 1, "version": "v2"}'),
        "has format 1",
    ),
    "nothing there": (shutil.rmtree, "no readable manifest"),
}


@pytest.mark.parametrize("case", DAMAGES, ids=list(DAMAGES))
def test_broken_version_leaves_the_old_one_serving(
    case: str, data: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage, words = DAMAGES[case]
    monkeypatch.setattr(snapshot_store, "RETRY_SECONDS", 0.1)

    async def test() -> None:
        publish(data / "serving", "v1")
        async with serving(data) as client:
            damage(data / "serving" / "v2")
            point(data / "serving", "v2")
            assert await soon(complains(client, words))
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["version"]) == (200, "v1")
            assert await serves(client, "v1")()
            assert "footfall_api_snapshot_problem 1" in (await client.get("/metrics")).text
            assert caplog.text.count("can't load") == 1, "logged once, not at every look"

            with duckdb.connect() as con:
                make_marts(con)
                build_snapshot(con, data / "serving", version="v3", served=FUNNELS)
            publish(data / "serving", "v3")
            assert await soon(serves(client, "v3"))
            assert (await client.get("/readyz")).json()["problem"] is None

    with caplog.at_level(logging.ERROR, logger="footfall.api"):
        run(test)


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": "../../etc"}', b"\xff\xfe", b'{"version": 3}'])
def test_broken_pointer(data: Path, content: bytes) -> None:
    async def test() -> None:
        publish(data / "serving", "v1")
        async with serving(data) as client:
            (data / "serving" / POINTER_FILE).write_bytes(content)
            assert await soon(complains(client, POINTER_FILE))
            assert await serves(client, "v1")()

    run(test)


def test_vanished_pointer(data: Path) -> None:
    async def test() -> None:
        publish(data / "serving", "v1")
        async with serving(data) as client:
            (data / "serving" / POINTER_FILE).unlink()
            assert await soon(complains(client, "vanished"))
            assert await serves(client, "v1")()

    run(test)


def test_a_version_of_the_release_before_is_replaced_by_the_first_publish(data: Path) -> None:
    """Its format is another one: the API says so and answers 503, until the first publish, which takes nothing over."""

    async def test() -> None:
        manifest = data / "serving" / "v1" / MANIFEST_FILE
        before = msgspec.json.decode(manifest.read_bytes())
        before |= {"format_version": FORMAT_VERSION - 1, "parts": dict.fromkeys(Table, 1)}
        manifest.write_bytes(msgspec.json.encode(before))
        point(data / "serving", "v1")
        async with serving(data) as client:
            answer = await client.get(LIST)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert f"has format {FORMAT_VERSION - 1}" in (await client.get("/readyz")).json()["problem"]
            with duckdb.connect() as con:
                make_marts(con)
                report = build_snapshot(con, data / "serving", version="v3", served=FUNNELS)
            assert report.files_written == report.files
            publish(data / "serving", "v3")
            assert await soon(serves(client, "v3"))
            assert (await client.get("/readyz")).json()["problem"] is None
            assert prune(data / "serving", keep=2) == ["v1"]

    run(test)


@pytest.mark.slow
def test_flips_under_load_fail_no_request(data: Path) -> None:
    """Six flips with pruning, while lookups and analytical queries never stop."""
    paths = [
        LIST,
        "/v1/recommendations?viewed=p01,p05",
        "/v1/marts/funnel_steps",
        "/v1/visitors/ada/affinities",
    ]

    async def test() -> None:
        publish(data / "serving", "v1")
        statuses: dict[int, int] = {}
        versions: set[str] = set()
        stop = asyncio.Event()

        async def load(client: httpx.AsyncClient, path: str) -> None:
            while not stop.is_set():
                answer = await client.get(path)
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                versions.add(answer.json()["version"])
                await asyncio.sleep(0)

        async with serving(data) as client:
            tasks = [asyncio.create_task(load(client, path)) for path in paths]
            with duckdb.connect() as con:
                make_marts(con)
                for number in range(10, 16):
                    version = f"v{number}"
                    await asyncio.to_thread(
                        build_snapshot, con, data / "serving", version=version, served=FUNNELS
                    )
                    publish(data / "serving", version)
                    prune(data / "serving", keep=1)
                    assert await soon(serves(client, version))
                    assert await soon(seen(version, versions))
            stop.set()
            await asyncio.gather(*tasks)
        assert set(statuses) == {200}, statuses
        assert {f"v{number}" for number in range(10, 16)} <= versions

    run(test)


def mark(con: duckdb.DuckDBPyConnection, number: int) -> None:
    """Let everything that is shown say which version it belongs to. What isn't marked is taken over from the version
    before, so that readers go from files of one version to files of several.
    """
    con.execute(f"""
        update marts.products set title = 'v{number}', price = {number};
        update marts.product_recommendations set score = {number} / rank;
        update marts.visitor_recommendations set score = {number} / rank;
        update marts.visitors set sessions = {number} where visitor_id = 'u_ada';
        update marts.visitor_product_scores set views = {number};
        update marts.funnel_steps set reached = {number};
        update marts.funnel_time_to_convert set p50 = {number};
        update marts.segments set members = {number};
        update marts.segment_members set orders = {number};
    """)


def versions_told(path: str, answer: httpx.Response) -> set[str]:
    """The version that an answer names, and those that its parts come from."""
    if path.endswith("format=csv"):
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == 251
        return {f"v{row['orders']}" for row in rows}
    body = answer.json()
    told = {body["version"]}
    for item in body.get("items", []):
        told |= {item["title"]} if "title" in item else set()
        told |= {item["seed"]["title"]} if item.get("seed") else set()
        told |= {f"v{item[name]:.0f}" for name in ("orders", "reached", "p50") if name in item}
    told |= {f"v{body['members']}"} if "members" in body else set()
    told |= {f"v{body['sessions']}", body["last_product"]["title"]} if "last_product" in body else set()
    told |= {f"v{row['parts']['views']}" for row in body.get("products", [])}
    return told


@pytest.mark.slow
def test_no_answer_mixes_two_snapshots(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers never stop while versions are published, rolled back and pruned: no error, and whatever an answer is put
    together from is of the version it names, a segment's CSV that is read in 25 pages too.
    """
    monkeypatch.setattr(segments, "CSV_PAGE", 10)
    paths = [
        LIST,
        "/v1/recommendations?viewed=p01,p05&limit=3",
        "/v1/recommendations?user=ada&limit=2",
        "/v1/visitors/ada/profile",
        "/v1/visitors/ada/affinities",
        "/v1/marts/funnel_steps",
        "/v1/marts/funnel_time_to_convert",
        "/v1/segments/abandoned_cart/members?limit=40",
        "/v1/segments/abandoned_cart/members?format=csv",
    ]

    async def test() -> None:
        answers: Counter[str] = Counter()
        stop = asyncio.Event()
        serving_dir = data / "serving"

        async def read(client: httpx.AsyncClient, path: str) -> None:
            while not stop.is_set():
                answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                told = versions_told(path, answer)
                assert len(told) == 1, (path, told)
                answers[told.pop()] += 1
                await asyncio.sleep(0)

        with duckdb.connect() as con:
            make_marts(con)

            def next_version(number: int) -> None:
                mark(con, number)
                report = build_snapshot(con, serving_dir, version=f"v{number}", min_ratio=0, served=FUNNELS)
                assert number == 10 or 0 < report.files_written < report.files
                publish(serving_dir, f"v{number}")
                prune(serving_dir, keep=2)

            next_version(10)
            async with serving(data) as client:
                tasks = [asyncio.create_task(read(client, path)) for path in paths]
                for number in range(11, 17):
                    await asyncio.to_thread(next_version, number)
                    assert await soon(seen(f"v{number}", answers))
                    publish(serving_dir, f"v{number - 1}")  # back, and on again
                    assert await soon(serves(client, f"v{number - 1}"))
                    publish(serving_dir, f"v{number}")
                stop.set()
                await asyncio.gather(*tasks)
        assert {f"v{number}" for number in range(10, 16)} <= set(answers)
        assert sum(answers.values()) > 100

    run(test)


def test_retired_snapshots_are_closed(data: Path) -> None:
    """Nothing may keep an old version's files open, or a pruned one would hold its disk space for ever."""

    async def test() -> None:
        publish(data / "serving", "v1")
        async with serving(data) as client:
            publish(data / "serving", "v2")
            assert await soon(serves(client, "v2"))
            await client.get("/v1/segments")
            open_files = [
                str(path.resolve()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
            ]
            assert not [path for path in open_files if f"{data}/serving/v1/" in path]
            assert [path for path in open_files if f"{data}/serving/v2/" in path]

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to see open files")
    run(test)


def test_public_key_only_sees_what_it_may_while_waiting(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path) as client:
            client.headers.pop("Authorization")
            assert (await client.get("/v1/marts", headers=PUBLIC)).status_code == 403

    run(test)
