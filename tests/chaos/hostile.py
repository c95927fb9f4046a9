"""Shops under hostile but valid traffic: ``python -m tests.chaos.hostile --shops 200 --messages 10000``.

For each shop a stream (``tests/chaos/streams.py``) goes through the collector, the full pipeline runs, and the API is
asked as the shop's pages would ask it. Afterwards must hold:

- the run succeeds, with every check;
- every accepted message is accounted for, in the lake and in the warehouse (``events_reconciliation``);
- public answers name only products that the shop sells, with links to the shop, and no text of an attacker;
- public answers hold nothing of a customer's: a guest who says to be one gets what a guest gets who did the same.

``--seed S --shops 1`` makes shop S again, ``--keep DIR`` keeps the data of shops in which something did not hold. Exit
code 1 where there were any.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.streams import BROWSER, EVIL, PRIVATE, SHOP, Sent, Shop

#: Messages in a batch; fewer where the next comes from another address.
BATCH = 400
#: Problems of one shop that are shown.
SHOWN = 5


class Task(NamedTuple):
    """A shop to try; its data lies in a folder of the process below ``folder``."""

    seed: int
    messages: int
    folder: Path
    keep: Path | None


class Tried(NamedTuple):
    """How a shop fared, with what did not hold."""

    seed: int
    accepted: int
    rejected: int
    problems: list[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--messages", type=int, default=10_000, help="accepted messages of each shop")
    parser.add_argument("--seed", type=int, default=1, help="the first shop's; each further one has the next")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    began = time.monotonic()
    broken = accepted = rejected = 0
    with tempfile.TemporaryDirectory(prefix="footfall-hostile-") as folder:
        seeds = range(chosen.seed, chosen.seed + chosen.shops)
        with ProcessPoolExecutor(chosen.jobs, get_context("spawn")) as pool:
            futures = [
                pool.submit(try_shop, Task(seed, chosen.messages, Path(folder), chosen.keep))
                for seed in seeds
            ]
            for done, future in enumerate(as_completed(futures), start=1):
                tried = future.result()
                accepted, rejected = accepted + tried.accepted, rejected + tried.rejected
                broken += bool(tried.problems)
                for problem in tried.problems[:SHOWN]:
                    print(f"shop {tried.seed}: {problem}", flush=True)
                seconds = (time.monotonic() - began) / done
                print(
                    f"{done}/{chosen.shops} shops, {broken} with problems, {seconds:.1f} s each", flush=True
                )
    print(
        f"{chosen.shops} shops, {accepted:,} messages accepted, {rejected:,} rejected, {broken} with problems"
    )
    return int(broken > 0)


def try_shop(task: Task) -> Tried:
    """Send a shop's stream, run the pipeline, look at every public answer."""
    # One folder for all shops of a process: dbt parses the project again (10 s) where its data lies elsewhere.
    data = task.folder / str(os.getpid())
    _environment(data)
    shop = Shop(task.seed, datetime.now(UTC))
    accepted = rejected = 0
    problems: list[str] = []
    try:
        accepted, rejected = _send(shop, task.messages)
        problems += _run()
        problems += _count(accepted)
        problems += _ask(shop)
    except Exception:
        problems.append(traceback.format_exc())
    if problems and task.keep:
        shutil.copytree(data, task.keep / str(task.seed), dirs_exist_ok=True)
    for left in data.iterdir():
        if left.name != "dbt_target":
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    return Tried(task.seed, accepted, rejected, problems)


def _environment(data: Path) -> None:
    from footfall.settings import load_settings
    from orchestration.storage.environment import export

    for name in [name for name in os.environ if name.startswith("FOOTFALL_")]:
        del os.environ[name]
    keys = [
        {"key": "hostile_page_key", "source": "shop_pixel", "origins": [SHOP]},
        {"key": "hostile_server_key", "source": "shop_server", "trusted": True, "origins": []},
    ]
    os.environ |= {
        "FOOTFALL_CONFIG": os.devnull,
        "FOOTFALL_DATA": str(data),
        "FOOTFALL_MIN_FREE_BYTES": "0",
        "FOOTFALL_TRUST_FORWARDED_FOR": "true",
        "FOOTFALL_STOREFRONT_URL": SHOP,
        "FOOTFALL_WRITE_KEYS": json.dumps(keys),
    }
    export(load_settings(), os.environ)


def _send(shop: Shop, messages: int) -> tuple[int, int]:
    """The stream through a collector; returns how many messages it accepted and rejected."""
    from litestar.testing import TestClient

    from collector.app import create_app
    from footfall.settings import load_settings

    settings = load_settings()
    if shop.has_catalogue:
        settings.paths.catalog.mkdir(parents=True)
        (settings.paths.catalog / "shop.json").write_text(json.dumps({"products": shop.products}))
    accepted = rejected = 0
    with TestClient(create_app(settings)) as client:
        for batch in _batches(shop.stream(messages)):
            key = "hostile_server_key" if batch[0].trusted else "hostile_page_key"
            sent_at = datetime.now(UTC).isoformat()
            body = {"writeKey": key, "sentAt": sent_at, "batch": [sent.message for sent in batch]}
            headers = {"user-agent": BROWSER, "x-forwarded-for": batch[0].address}
            answer = client.post("/v1/batch", content=json.dumps(body), headers=headers)
            if answer.status_code != 200:
                raise AssertionError(f"the collector answered {answer.status_code} {answer.text[:300]}")
            told = answer.json()
            accepted, rejected = accepted + told["accepted"], rejected + len(told["rejected"])
    return accepted, rejected


def _batches(stream: Iterator[Sent]) -> Iterator[list[Sent]]:
    for _, group in groupby(stream, key=lambda sent: (sent.address, sent.trusted)):
        every = list(group)
        for start in range(0, len(every), BATCH):
            yield every[start : start + BATCH]


def _run() -> list[str]:
    """The full pipeline, as ``footfall run`` runs it; returns what failed."""
    import dagster as dg

    from orchestration.definitions import defs
    from orchestration.defs.jobs import FULL_PIPELINE

    # dbt's warnings about what strangers sent would hide what did not hold.
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        dg.DagsterInstance.ephemeral() as instance,
    ):
        result = defs.resolve_job_def(FULL_PIPELINE).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    problems = [
        f"{event.step_key} failed: {(event.step_failure_data.error.cause or event.step_failure_data.error).message}"
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.error
    ]
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
            problems.append(f"check failed: {check.asset_key.to_user_string()} {check.check_name}")
    return problems if problems or result.success else ["the run failed"]


def _count(accepted: int) -> list[str]:
    """Whether the collector's own count is the warehouse's; the run's checks hold the rest of the equation."""
    import duckdb

    from footfall.settings import load_settings

    with duckdb.connect(str(load_settings().paths.warehouse), read_only=True) as warehouse:
        [(counted,)] = warehouse.execute("select sum(accepted) from events_reconciliation").fetchall()
    return (
        [] if counted == accepted else [f"{accepted} messages accepted, {counted} in events_reconciliation"]
    )


def _ask(shop: Shop) -> list[str]:
    """Every public answer, held against what may stand in one."""
    from litestar.testing import TestClient

    from api.app import create_app
    from footfall.settings import load_settings

    settings = load_settings()
    problems: list[str] = []
    with TestClient(create_app(settings)) as client:
        client.headers["x-footfall-key"] = settings.public_key
        deadline = time.monotonic() + 30
        while client.get("/readyz").status_code != 200:
            if time.monotonic() > deadline:
                return ["the API has nothing to serve"]
            time.sleep(0.1)

        def ask(path: str, **parameters: Any) -> Any:
            answer = client.get(path, params=parameters)
            text = answer.text
            if answer.status_code not in (200, 403, 404):
                problems.append(f"{path} {parameters}: {answer.status_code} {text[:200]}")
                return None
            for mark in (EVIL, PRIVATE):
                # An error quotes the id that was asked for.
                if answer.status_code == 200 and mark in text:
                    problems.append(f"{path} {parameters} says {mark}: {text[:300]}")
            told = answer.json() if answer.status_code == 200 else answer.status_code
            problems.extend(_strange_products(shop, path, told))
            return told

        for product_id in shop.ids:
            for kind in ("similar", "viewed-together", "bought-together"):
                ask(f"/v1/products/{product_id}/{kind}")
            ask("/v1/recommendations", viewed=product_id, cart=product_id, placement="cart")
        for customer in shop.customers:
            ask("/v1/recommendations", guest=customer)
            for what in ("profile", "affinities", "segments"):
                if ask(f"/v1/visitors/{customer}/{what}") == 200:
                    problems.append(f"the public key reads {what} of a user id")
        for twins in shop.twins:
            problems += _differences(ask, twins.honest, twins.forger)
    return problems


def _strange_products(shop: Shop, path: str, told: Any) -> list[str]:
    """Products that the shop doesn't sell, and links that lead elsewhere."""
    problems = []
    for item in told.get("items", []) if isinstance(told, dict) else []:
        product = item.get("product_id")
        if product is not None and product not in shop.ids:
            problems.append(f"{path} names the product {product!r}")
        for link in (item.get("url"), item.get("image_url")):
            if link and not (link.startswith((f"{SHOP}/", "/")) and not link.startswith("//")):
                problems.append(f"{path} links to {link!r}")
    return problems


def _differences(ask: Any, honest: str, forger: str) -> list[str]:
    """What a guest gets who says to be a customer, and a guest doesn't who did the same without saying so."""
    problems = []
    for history in ("any", "new", "again"):
        shown = [
            [
                item["product_id"]
                for item in ask("/v1/recommendations", guest=guest, history=history, limit=20)["items"]
            ]
            for guest in (honest, forger)
        ]
        if extra := set(shown[1]) - set(shown[0]) if history == "again" else set():
            problems.append(f"history={history} gives the forger {sorted(extra)}")
    for what in ("profile", "affinities", "segments"):
        told = ask(f"/v1/visitors/{forger}/{what}")
        mine = ask(f"/v1/visitors/{honest}/{what}")
        if isinstance(told, dict) and isinstance(mine, dict):
            for name in ("orders", "revenue", "cart", "last_product", "user_id"):
                if told.get(name) != mine.get(name):
                    problems.append(
                        f"{what} gives the forger {name} {told.get(name)!r}, not {mine.get(name)!r}"
                    )
            if what == "affinities" and {row["product_id"] for row in told["products"]} - {
                row["product_id"] for row in mine["products"]
            }:
                problems.append("affinities give the forger products of the customer's")
    return problems


if __name__ == "__main__":
    sys.exit(main())
