"""A session id that rests for days and goes on is a visitor's, and rules are mixed by no selection.

The shop is new, and its only catalogue file was cut off: the pipeline publishes all the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.lake.loader import load_sealed
from orchestration.storage.environment import DBT_PROJECT
from tests.attacks.conftest import Shop
from tests.attacks.messages import ordered, token, viewed

GUEST = token()
NEVER_RESTS = token()


def dbt(shop: Shop, place: Path, select: str, *options: str) -> subprocess.CompletedProcess[str]:
    """``dbt run`` as an analyst does it, over the shop's lake."""
    command = [
        str(Path(sys.executable).with_name("dbt")), "run", "--select", *select.split(), *options,
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(place), "--log-path", str(place),
    ]  # fmt: skip
    return subprocess.run(command, env=shop.env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def trusting(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Path]:
    """A shop whose pixel's session ids are trusted, with both devices' events in its warehouse."""
    place = tmp_path_factory.mktemp("dbt")
    now = datetime.now(UTC)
    rests = [timedelta(days=4, hours=2), timedelta(days=4, hours=1), timedelta(minutes=5), timedelta()]
    shop.send(viewed("p1", guest=GUEST, at=now - ago, sessionId="s1") for ago in rests)
    shop.send(
        viewed("p1", guest=NEVER_RESTS, at=now - timedelta(minutes=20 * n), sessionId=f"s{n // 6}")
        for n in range(4 * 24 * 3)
    )
    shop.seal()
    load_sealed(shop.settings.paths)
    done = dbt(shop, place, "+sessions quarantined_devices", "--vars", trust(shop))
    assert done.returncode == 0, done.stdout
    return shop, place


def trust(shop: Shop) -> str:
    source = next(key.source for key in shop.settings.write_keys if key.key == shop.write_key)
    return json.dumps({"session_id_trusted_sources": [source]})


def test_a_pause_of_four_days_hides_nobody(trusting: tuple[Shop, Path]) -> None:
    shop, _ = trusting
    assert shop.rows(f"select events from int_sessions where device = '{GUEST}' order by started_at") == [
        (2,),
        (2,),
    ]
    assert shop.rows("select device, events from quarantined_devices") == [(NEVER_RESTS, 288)]


@pytest.mark.parametrize("select", ["int_sessionized_events", "sessions"])
def test_no_selection_adds_to_rows_of_other_rules(trusting: tuple[Shop, Path], select: str) -> None:
    shop, place = trusting
    done = dbt(shop, place, select)
    assert done.returncode != 0
    assert "session_id_trusted_sources was" in done.stdout
    assert "--full-refresh" in done.stdout


@pytest.fixture(scope="module")
def run(trusting: tuple[Shop, Path]) -> str:
    """What the full pipeline printed."""
    shop, _ = trusting
    folder = shop.settings.paths.catalog
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.json").write_bytes(b'{"products": [{"id": "1001", "title": "cut o')
    shop.send([ordered("o-1", ["1001"])])
    return shop.run()


def test_the_pipeline_builds_from_the_lake_by_its_own_rules(trusting: tuple[Shop, Path], run: str) -> None:
    shop, _ = trusting
    assert shop.rows(f"select count(*) from sessions where guest_token = '{GUEST}'") == [(3,)]
    noted = [json.loads(rules) for (rules,) in shop.rows("select rules from rules_in_rows")]
    assert {rules["session_id_trusted_sources"] for rules in noted} == {"[]"}


def test_a_new_shop_with_a_bad_catalogue_file_publishes(trusting: tuple[Shop, Path], run: str) -> None:
    shop, _ = trusting
    assert "check failed: lake/products assert_every_catalog_file_is_read" in run
    assert shop.rows("select sum(orders) from orders_daily") == [(1,)]
    assert "it was never read" in shop.doctor()
    (told,) = shop.ask("/v1/marts", secret=True).json()["catalogue_problems"]
    assert told.startswith("shop.json:1: invalid JSON")
