"""An experiment on a line of real processes: declared as a var of dbt, dealt by the API, seen and told in a browser."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import Browser

from footfall.landing.directory import sealed, unsealed
from footfall.landing.segments import Frame, decode_envelope, read_segment
from footfall.snapshot.experiments import Arm, Experiment
from orchestration.lake.loader import load_waiting
from orchestration.recommend.tables import session_index_file
from orchestration.serving.publish import build_snapshot, publish
from orchestration.storage.duckdb_files import reading
from orchestration.storage.environment import DBT_PROJECT, export
from tests.built_shop import wait_until_sealed
from tests.e2e.conftest import PERSON, Line

STARTS = datetime.now(UTC).date() - timedelta(days=1)
DECLARED = {
    "name": "lists",
    "starts_on": STARTS.isoformat(),
    "arms": [
        {"name": "popular", "share": 0.5, "recommender": "popularity"},
        {"name": "personal", "share": 0.5},
    ],
}
ARMS = (Arm("popular", 0.0, 0.5, "popularity"), Arm("personal", 0.5, 1.0, "personal"))
EXPERIMENT = Experiment("lists", "lists", STARTS, None, ARMS)


def build(line: Line, *arguments: str) -> None:
    """Run dbt on the line's warehouse, the experiment declared."""
    env = dict(line.env)
    export(line.settings, env)
    command = [
        str(Path(sys.executable).with_name("dbt")), *arguments, "--target", "prod",
        "--vars", json.dumps({"experiments": [DECLARED]}),
        "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT),
        "--target-path", str(line.settings.data / "target"), "--log-path", str(line.settings.data / "logs"),
    ]  # fmt: skip
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def put_in_force(line: Line) -> None:
    """Declare the experiment and publish it as version ``experiment``. Nothing of the line runs meanwhile."""
    build(line, "run", "--select", "experiments")
    serving = line.settings.paths.serving
    with reading(line.settings) as connection:
        index = session_index_file(line.settings.paths.derived)
        report = build_snapshot(connection, serving, version="experiment", session_index=index)
    publish(serving, report.version)


def waiting_messages(landing: Path) -> list[dict[str, Any]]:
    """What the collector took and nobody has loaded."""
    messages: list[dict[str, Any]] = []
    for path in [*unsealed(landing), *sealed(landing)]:
        # Sealed just now: it is there at the next look.
        with contextlib.suppress(FileNotFoundError):
            for part in read_segment(path):
                if isinstance(part, Frame):
                    messages += [json.loads(bytes(raw)) for raw in decode_envelope(part.payload).batch]
    return messages


def visit(line: Line, browser: Browser, *, clicks: bool) -> dict[str, Any]:
    """A new visitor looks at the home page's list and perhaps clicks its first product; returns the API's answer."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, user_agent=PERSON)
    page = context.new_page()
    page.set_default_timeout(60_000)
    guest = ""

    def wait_until_told(event: str) -> None:
        """Asked of the collector: of what leaves with its page a browser reports no answer."""
        deadline = time.monotonic() + 60
        while not any(
            m.get("event") == event and m["properties"]["kind"] == "recommended" and m["anonymousId"] == guest
            for m in waiting_messages(line.settings.paths.landing)
        ):
            assert time.monotonic() < deadline, f"the collector was not told: {event}"
            page.wait_for_timeout(100)

    with page.expect_response(
        lambda answer: "/v1/recommendations" in answer.url and answer.status == 200
    ) as answered:
        page.goto(line.settings.shop_url)
        page.locator("[data-footfall=recommended]").first.scroll_into_view_if_needed()
    page.wait_for_selector("[data-footfall=recommended] .ff-card")
    answer: dict[str, Any] = answered.value.json()
    guest = page.evaluate("localStorage.ff_guest")
    # Half of a block has to be seen before it counts as viewed
    page.locator("[data-footfall=recommended]").first.scroll_into_view_if_needed()
    wait_until_told("Recommendation Viewed")
    if clicks:
        page.locator("[data-footfall=recommended] .ff-card").first.click()
        wait_until_told("Recommendation Clicked")
    context.close()
    return {**answer, "guest": guest}


def load_and_build(line: Line) -> None:
    """What the collector took into the lake, and every model again from it; all of dbt's tests of the data hold."""
    wait_until_sealed(line.settings)
    load_waiting(line.settings)
    build(line, "build", "--exclude-resource-type", "unit_test")


def results(line: Line) -> dict[str, tuple[int, int, int]]:
    """Visitors, views and clicks of each arm, as the mart counts them."""
    with duckdb.connect(str(line.settings.paths.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute("select arm, visitors, views, clicks from experiment_results").fetchall()
    return {arm: (visitors, views, clicks) for arm, visitors, views, clicks in rows}
