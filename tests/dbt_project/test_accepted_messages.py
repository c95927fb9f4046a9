"""Whatever the wire accepts is loaded, built by every model, and published.

400 generated messages, in one build and one increment; ``--hypothesis-profile=thorough`` takes 20 times as many, by
another seed. What breaks a build is told by its messages, found by building halves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

import duckdb
import hypothesis
import pytest
from accepted import NOW, accepted_messages
from dbt_kit import Lake, Warehouse
from msgspec import Raw

from footfall.landing.segments import HEADER, Envelope, encode_frame
from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
from orchestration.serving.publish import build_snapshot

MAKE = Callable[[], tuple[Lake, Warehouse]]
#: Experiments, a breakdown, and sessions by other rules: models that a plain shop leaves empty.
RULES = {
    "experiments": [
        {"name": "a", "starts_on": "2026-01-01", "ends_on": "2027-01-01",
         "arms": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "recommender": "popularity"}]}
    ],
    "funnels": [
        {"name": "f", "breakdown": "product_id", "steps": [
            {"name": "Seen", "event": "Product Viewed"}, {"name": "Ordered", "event": "Order Completed"}]},
        {"name": "s", "scope": "session", "mode": "any_order", "steps": [
            {"name": "Seen", "event": "page"}, {"name": "Added", "event": "Product Added", "where": "price > 1"}]},
    ],
    "session_opens_on_campaign": True,
    "session_id_trusted_sources": ["history"],
    "shop_time_zone": "Pacific/Kiritimati",
}  # fmt: skip
#: Messages for each example of the profile in force.
MESSAGES = 4


def load(paths: Paths, name: str, messages: Sequence[bytes]) -> None:
    """A segment as the collector seals it, and the loader's run. Each third message is from a trusted source."""
    folder = paths.landing / "sealed"
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEADER]
    for number, message in enumerate(messages):
        trusted = number % 3 == 2
        envelope = Envelope(
            received_at=NOW.replace(tzinfo=UTC), source="history" if trusted else "shop_pixel", trusted=trusted,
            sent_at=None, day_id=f"day-{number % 5}", accepted=1, rejected=0, batch=[Raw(message)],
        )  # fmt: skip
        parts.append(encode_frame(envelope))
    (folder / f"{name}.seg").write_bytes(b"".join(parts))
    report = load_sealed(paths)
    assert (report.events, report.failed) == (len(messages), 0)


def build(make_warehouse: MAKE, messages: Sequence[bytes], rules: dict[str, Any]) -> tuple[Lake, Warehouse]:
    """All models, with the first half of the messages and then with all."""
    lake, warehouse = make_warehouse()
    lake.catalog([{"product_id": f"p{number}", "handle": "a" * number} for number in range(1, 4)])
    half = len(messages) // 2
    for number, some in enumerate((messages[:half], messages[half:])):
        load(Paths(lake.root), f"20260301T12000{number}.000000Z-0000000{number}", some)
        warehouse.run(variables=rules)
    return lake, warehouse


def culprits(make_warehouse: MAKE, messages: Sequence[bytes], reason: str) -> str:
    """What is told of messages that no model can be built from: as few as halving finds."""
    while len(messages) > 1:
        half = len(messages) // 2
        for some in (messages[:half], messages[half:]):
            try:
                build(make_warehouse, some, RULES)
            except pytest.fail.Exception as error:
                messages, reason = some, str(error)
                break
        else:
            break
    return "\n".join([reason, *map(repr, messages[:20])])


@pytest.fixture(scope="module")
def built(make_warehouse: MAKE) -> tuple[Lake, Warehouse, int]:
    profile = hypothesis.settings.default
    seed = 0 if profile.derandomize else random.randrange(2**32)
    messages = accepted_messages(seed, MESSAGES * profile.max_examples)
    try:
        return *build(make_warehouse, messages, RULES), len(messages)
    except pytest.fail.Exception as error:
        pytest.fail(f"seed {seed}: {culprits(make_warehouse, messages, str(error))}")


def test_every_accepted_message_is_staged(built: tuple[Lake, Warehouse, int]) -> None:
    _, warehouse, count = built
    assert warehouse.rows("select count(*) from base_footfall__messages") == [(count,)]
    assert warehouse.rows("select count(*) from events_reconciliation where not is_balanced") == [(0,)]


def test_the_projects_own_tests_hold(built: tuple[Lake, Warehouse, int]) -> None:
    built[1].dbt("test", "--select", "test_type:data", variables=RULES)


def test_no_number_is_out_of_its_type(built: tuple[Lake, Warehouse, int]) -> None:
    """A view says what it can't compute only where it is read to the end."""
    _, warehouse, _ = built
    for (name,) in warehouse.rows(
        "select table_name from information_schema.tables where table_schema = 'main'"
    ):
        columns = warehouse.rows(
            f"select column_name, data_type from (describe {name})".replace("data_type", "column_type")
        )
        doubles = [column for column, kind in columns if kind in ("DOUBLE", "FLOAT")]
        odd = " or ".join(f'not isfinite("{column}")' for column in doubles) or "false"
        every = " and ".join(f'hash("{column}") is not null' for column, _ in columns)
        assert warehouse.rows(f"select count(*) filter (where {odd}) from {name} where {every}") == [(0,)], (
            name
        )


def test_a_snapshot_is_made_of_it(built: tuple[Lake, Warehouse, int]) -> None:
    lake, _, _ = built
    with duckdb.connect(str(lake.root / "warehouse.duckdb"), read_only=True) as warehouse:
        report = build_snapshot(warehouse, lake.root / "serving", version="v1")
    assert report.rows["visitors"] > 0
