"""How fast the API answers, beside a constant from a bare Litestar app and from a bare ASGI app on the same server.

    python benchmarks/serving.py [--products 10000] [--visitors 20000] [--sessions 500000] [--seconds 5] [--json OUT]

A synthetic shop is published into a temporary directory, ``footfall serve`` runs on it with one worker, and a load
generator in this process asks over keep-alive connections: closed loop for the throughput, then open loop at 1,000
requests a second (the rate of Serenade's published test: p90 under 7 ms on 2 vCPU), where a request that waits for
its turn counts the wait. Generator and server share the machine.

Before that the same answers are made in this process, without a server: CPU milliseconds of one, and of the running
session's part in it (the least mean of five rounds; other work on the machine stretches seconds, CPU time less).
``--in-process`` ends there.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from litestar import Litestar, get

from footfall.session_index import SessionIndex
from footfall.settings import REPO
from orchestration.lib.session_neighbours import learn
from orchestration.lib.snapshot import build_snapshot, publish

KEY, SECRET = "ff_demo_public_key", "ff_demo_secret_key"
OPEN_LOOP_RATE = 1_000
CONNECTIONS = 16

#: The bare app's constant is as long as a usual answer (eight products).
CONSTANT = b"x" * 2_000


async def bare(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """The least an ASGI server can do."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(CONSTANT)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": CONSTANT})


@get("/", sync_to_thread=False, media_type="text/plain")
def _constant(limit: int = 8) -> bytes:
    return CONSTANT


#: The same answer from a route of the framework that the API is made with, one parameter read.
bare_litestar = Litestar([_constant], openapi_config=None, logging_config=None)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or self._waiting is None:
            return
        headers = self._buffer[:head].lower()
        start = headers.index(b"content-length:") + 15
        length = int(headers[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) >= head + 4 + length:
            status = int(self._buffer[9:12])
            self._buffer = b""
            self._waiting.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> int:
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._waiting


async def closed_loop(port: int, requests: list[bytes], seconds: float) -> dict[str, float]:
    """As many requests as go through: each connection asks again as soon as it is answered."""
    times: list[float] = []
    started = time.perf_counter()
    end = started + seconds

    async def client(number: int) -> None:
        connection = await _connect(port)
        turn = number
        while (now := time.perf_counter()) < end:
            status = await connection.ask(requests[turn % len(requests)])
            times.append(time.perf_counter() - now)
            turn += CONNECTIONS
            assert status == 200, status
        assert connection.transport is not None
        connection.transport.close()

    await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    return _figures(times, time.perf_counter() - started)


async def open_loop(port: int, requests: list[bytes], seconds: float, rate: int) -> dict[str, float]:
    """Requests by the clock, whether the ones before are answered or not."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS * 4):
        idle.put_nowait(await _connect(port))
    times: list[float] = []

    async def one(due: float, request: bytes) -> None:
        connection = await idle.get()
        status = await connection.ask(request)
        times.append(time.perf_counter() - due)
        idle.put_nowait(connection)
        assert status == 200, status

    started = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = started + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(due, requests[number % len(requests)])))
    await asyncio.gather(*tasks)
    figures = _figures(times, time.perf_counter() - started)
    while not idle.empty():
        connection = idle.get_nowait()
        assert connection.transport is not None
        connection.transport.close()
    return figures


async def _connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def _figures(times: list[float], elapsed: float) -> dict[str, float]:
    times.sort()

    def at(share: float) -> float:
        return round(times[min(len(times) - 1, int(len(times) * share))] * 1e3, 3)

    return {
        "requests": len(times),
        "per_second": round(len(times) / elapsed),
        "p50_ms": at(0.50),
        "p90_ms": at(0.90),
        "p99_ms": at(0.99),
    }


def make_sessions(products: int, sessions: int) -> SessionIndex:
    """Past sessions of two to ten products each, most of them about a few popular products (seeded)."""
    chance = np.random.default_rng(7)
    lengths = chance.integers(2, 11, sessions)
    # A power law as shops have it: the hottest products fill their postings to the brim.
    items = np.minimum(
        (chance.pareto(0.8, int(lengths.sum())) * products / 50).astype(np.int64), products - 1
    )
    names = np.array([f"p{number}" for number in range(products)])
    order = np.argsort(names)
    bounds = np.append(0, np.cumsum(lengths))
    return learn(names[order].tolist(), np.argsort(order)[items], bounds, np.arange(sessions), None)


def make_shop(data: Path, products: int, visitors: int, sessions: int) -> None:
    """Publish a synthetic shop, and past sessions."""
    data.mkdir(exist_ok=True)
    make_sessions(products, sessions).write(data / "sessions.index")
    with duckdb.connect() as con:
        make_marts(con, products, visitors)
        build_snapshot(
            con, data / "serving", version="bench", session_index=data / "sessions.index", min_ratio=0
        )
    publish(data / "serving", "bench")


def make_marts(con: duckdb.DuckDBPyConnection, products: int, visitors: int) -> None:
    """The marts of a synthetic shop: lists of 30 for every product, of 50 for every visitor."""
    con.execute(
        f"""
        create table products as
        select 'p' || i as product_id, 'thing-' || i as handle, 'Thing number ' || i as title, 'Maker' as vendor,
            'Category ' || (i % 30) as product_type, '/products/thing-' || i as url,
            '/img/' || i || '.svg' as image_url,
            cast(i % 100 + 0.9 as decimal(18, 2)) as price, 'EUR' as currency, i % 50 <> 0 as is_available,
            timestamp '2026-01-01' as captured_at
        from range({products}) as r(i);
        create table product_recommendations as
        select 'p' || i as product_id, kind, n as rank, 'p' || ((i + n * 7) % {products}) as other_product_id,
            1.0 / n as score, if(kind = 'similar', 'similar_text', kind) as source,
            'Goes with Thing number ' || i as reason
        from range({products}) as r(i), range(1, 31) as q(n),
            (values ('similar'), ('viewed_together'), ('bought_together')) as k(kind);
        create table visitor_recommendations as
        select 'g_' || i as visitor_id, n as rank, 'p' || ((i * 13 + n * 7) % {products}) as product_id,
            1.0 / n as score, 'affinity' as source, 'Because you like Category ' || (i % 30) as reason
        from range({visitors}) as r(i), range(1, 51) as q(n);
        create table identity_map as
        select 'guest:' || md5(cast(i as varchar)) as identifier, 'g_' || i as visitor_id
        from range({visitors}) as r(i);
        create table visitors as
        select 'g_' || i as visitor_id, true as is_guest, cast(null as varchar) as user_id,
            timestamp '2026-01-01' as first_seen_at, timestamp '2026-01-02' as last_seen_at, 1 as sessions,
            0 as orders, cast(0 as decimal(18, 2)) as revenue, 'p1' as last_product_id,
            cast(null as varchar) as cart, md5(cast(i as varchar)) as first_guest_token
        from range({visitors}) as r(i);
        create table visitor_product_affinity as
        select 'g_' || i as visitor_id, 'p' || ((i * 13 + n) % {products}) as product_id, 1.0 / n as affinity,
            1.0 as view_score, 0.0 as option_score, 0.0 as cart_score, 0.0 as purchase_score, 1 as views,
            0 as carts, 0 as purchases, timestamp '2026-01-02' as last_at, false as has_purchased
        from range({visitors}) as r(i), range(1, 11) as q(n);
        create table visitor_category_affinity as
        select 'g_' || i as visitor_id, 'Category ' || (i % 30) as category, 1.0 as affinity, 1 as rank
        from range({visitors}) as r(i);
        create table visitor_affinity as
        select 'g_0' as visitor_id, 'g_1' as other_visitor_id, 1 as rank, 0.5 as score, 'behaviour' as source,
            ['p1'] as shared;
        create table recommendation_settings as
        from (values ('rrf_constant', 60.0), ('diversity', 0.1), ('weight:published', 0.95),
            ('weight:session_neighbours', 1.0), ('weight:similar_text', 0.9), ('weight:bought_together', 1.0)
        ) as s(setting, value);
        create table trending_products as
        select n as rank, 'p' || n as product_id, 1.0 / n as score, '' as category from range(1, 51) as q(n);
        create table sessions_daily as
        select date '2026-01-01' as day, true as is_guest, 1 as sessions, 1 as visitors, 0 as bounces,
            1 as page_views, 0 as orders, cast(0 as decimal(18, 2)) as revenue, 1.0 as median_duration_seconds;
        create table funnel_steps as
        select 'product' as funnel, 1 as step, 'Product Viewed' as step_name, 'session' as scope, 1 as reached,
            0 as drop_off, 1.0 as conversion_from_first, 1.0 as conversion_from_previous;
        create table funnel_time_to_convert as
        select 'product' as funnel, 1 as step, 0.0 as p25, 0.0 as p50, 0.0 as p75, 0.0 as p90, 0.0 as mean;
        create table funnel_time_histogram as
        select 'product' as funnel, 1 as step, 0.0 as bucket_from_s, 1.0 as bucket_to_s, 1 as n;
        create table segments as
        select 'returning_guests' as segment, 'Came twice.' as description, {visitors} as members,
            0 as reachable_members;
        create table segment_members as
        select 'returning_guests' as segment, visitor_id, user_id, last_seen_at as since,
            'Category 1' as top_category, last_product_id, 'Thing number 1' as last_product_title,
            'p2' as top_product_not_bought, 'Thing number 2' as top_product_not_bought_title,
            cast(null as varchar) as last_query_without_result, orders, revenue,
            cast(0 as decimal(18, 2)) as cart_value
        from visitors;
        create table marketing_objections as
        select visitor_id from visitors where false;
        create table navigation_paths as
        select 'home' as from_type, '/' as from_path, 'product' as to_type, url as to_path, 1 as steps,
            1 as sessions, 1.0 / {products} as share
        from products;
        create table experiments as
        select 'lists' as experiment, 'personal' as arm, 'lists' as salt, 'personal' as recommender,
            1 as arm_number, 0.0 as share_from, 1.0 as share_until, date '2026-01-01' as starts_on,
            date '9999-12-31' as ends_on;
        create table experiment_results as
        select 'lists' as experiment, 'personal' as arm, 'personal' as recommender, 1 as arm_number, 1 as visitors,
            0 as crossed_visitors, 1 as views, 0 as clicks, 0 as converted, 0 as orders,
            cast(0 as decimal(18, 2)) as revenue, 0.0 as conversion, 0.0 as conversion_low, 1.0 as conversion_high,
            0.0 as revenue_per_visitor, 0.0 as revenue_per_visitor_low, 0.0 as revenue_per_visitor_high,
            null as conversion_difference, null as conversion_difference_low, null as conversion_difference_high,
            null as revenue_difference, null as revenue_difference_low, null as revenue_difference_high,
            1.0 as expected_share, 0.0 as ratio_chi_square, true as is_ratio_ok;
        create table search_terms as
        select handle as query, 1 as searches, 1 as visitors, 0 as without_result, 1 as with_product_view,
            0 as with_cart, 0 as with_order, 0.0 as conversion_rate, captured_at as last_searched_at
        from products;
        create table retention_cohorts as
        select date '2025-12-29' as cohort_week, 0 as weeks_later, {visitors} as visitors, {visitors} as returned,
            1.0 as retention;
        create table retention_periods as
        select 'seen_again' as retention, 7 as period_days, {visitors} as visitors, 0 as retained, 0.0 as share;
        """
    )


def make_requests(products: int, visitors: int, count: int = 5_000) -> list[bytes]:
    """Guests with one to five products behind them, popular ones more often, as in a shop (seeded)."""
    chance = random.Random(7)
    requests = []
    for _ in range(count):
        guest = guest_token(chance.randrange(visitors))
        viewed = ",".join(f"p{popular(chance, products)}" for _ in range(chance.randint(1, 5)))
        target = f"/v1/recommendations?guest={guest}&viewed={viewed}&limit=8&key={KEY}"
        requests.append(f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    return requests


def popular(chance: random.Random, products: int) -> int:
    """A product drawn as in the past sessions."""
    return min(int((chance.paretovariate(0.8) - 1) * products / 50), products - 1)


def cpu_of_answers(data: Path, products: int, visitors: int, count: int = 2_000) -> dict[str, float]:
    """CPU milliseconds of one answer, and of what past sessions like this one saw next."""
    from api.mixing import NEXT_DEPTH, Wish, recommend
    from api.snapshots import Snapshot

    snapshot = Snapshot(data / "serving" / "bench")
    chance = random.Random(7)
    asked = [
        (
            f"guest:{guest_token(chance.randrange(visitors))}",
            tuple(dict.fromkeys(f"p{popular(chance, products)}" for _ in range(chance.randint(1, 5)))),
        )
        for _ in range(count)
    ]

    def answer(guest: str, viewed: tuple[str, ...]) -> object:
        return recommend(snapshot, Wish(snapshot.visitor_of(guest), viewed, (), (), 8))

    def session(_guest: str, viewed: tuple[str, ...]) -> object:
        return snapshot.next_products(viewed, NEXT_DEPTH)

    def least(call: Callable[[str, tuple[str, ...]], object]) -> float:
        rounds = []
        for _ in range(5):
            begin = time.process_time()
            for guest, viewed in asked:
                call(guest, viewed)
            rounds.append((time.process_time() - begin) / count * 1000)
        return round(min(rounds), 3)

    return {"answer_cpu_ms": least(answer), "session_cpu_ms": least(session)}


def make_list_requests(products: int, count: int = 5_000) -> list[bytes]:
    chance = random.Random(11)
    return [request(f"/v1/products/p{chance.randrange(products)}/similar?limit=8", KEY) for _ in range(count)]


def request(target: str, key: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: bench\r\nX-Footfall-Key: {key}\r\n\r\n".encode()


def guest_token(number: int) -> str:
    """The guest token that ``make_shop`` gave a visitor."""
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


@contextmanager
def server(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[None]:
    """A server process that answers ``path`` when this yields."""
    process = subprocess.Popen(
        command, cwd=REPO, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} did not come up")
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, load before {load:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--visitors", type=int, default=20_000)
    parser.add_argument("--sessions", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--in-process", action="store_true", help="only the CPU of answers, without a server")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    result: dict[str, Any] = {
        "machine": machine(),
        "products": options.products,
        "visitors": options.visitors,
        "sessions": options.sessions,
    }
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        data = Path(directory)
        make_shop(data, options.products, options.visitors, options.sessions)
        result |= cpu_of_answers(data, options.products, options.visitors)
        print(
            f"{result['machine']}: {result['answer_cpu_ms']} ms of CPU an answer, "
            f"{result['session_cpu_ms']} of them the running session"
        )
        if options.in_process:
            return
        requests = make_requests(options.products, options.visitors)
        env = {
            **os.environ,
            "FOOTFALL_DATA": str(data),
            "FOOTFALL_API_PUBLIC_KEY": KEY,
            "FOOTFALL_API_SECRET_KEY": SECRET,
            "PYTHONPATH": str(REPO),
        }

        granian = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--host", "127.0.0.1"]
        plain = [b"GET /?limit=8 HTTP/1.1\r\nHost: bench\r\n\r\n"]
        for name, target in (("bare_asgi", "bare"), ("bare_litestar", "bare_litestar")):
            port = free_port()
            command = [*granian, "--port", str(port), f"benchmarks.serving:{target}"]
            with server(command, port, "/?limit=8", env):
                asyncio.run(closed_loop(port, plain, 1.0))
                result[name] = asyncio.run(closed_loop(port, plain, options.seconds))

        port = free_port()
        serve = [
            sys.executable,
            "-c",
            "from api.cli import serve; serve()",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
        with server(serve, port, "/readyz", env):
            for name, asked in {
                "recommendations": requests,
                "product_list": make_list_requests(options.products),
                "members_page": [request("/v1/segments/returning_guests/members?limit=100", SECRET)],
                "funnel": [request("/v1/funnels/product", SECRET)],
            }.items():
                asyncio.run(closed_loop(port, asked, 1.0))
                result[name] = asyncio.run(closed_loop(port, asked, options.seconds))
            result[f"recommendations_at_{OPEN_LOOP_RATE}"] = asyncio.run(
                open_loop(port, requests, options.seconds, OPEN_LOOP_RATE)
            )
    peer = result["bare_litestar"]["per_second"]

    print(
        f"{result['machine']}; {options.products:,} products, {options.visitors:,} visitors, "
        f"{options.sessions:,} past sessions"
    )
    print(f"{'':34}{'requests/s':>12}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'of Litestar':>13}")
    for name, title in (
        ("bare_asgi", "bare ASGI constant"),
        ("bare_litestar", "bare Litestar constant"),
        ("product_list", "list of a product"),
        ("recommendations", "recommendations, viewed="),
        (f"recommendations_at_{OPEN_LOOP_RATE}", f"the same at {OPEN_LOOP_RATE:,} requests/s"),
        ("funnel", "a funnel"),
        ("members_page", "100 members of a segment"),
    ):
        row = result[name]
        row["of_litestar"] = round(row["per_second"] / peer, 3)
        print(
            f"{title:34}{row['per_second']:>12,}{row['p50_ms']:>9}{row['p90_ms']:>9}{row['p99_ms']:>9}"
            f"{row['of_litestar']:>13}"
        )
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
