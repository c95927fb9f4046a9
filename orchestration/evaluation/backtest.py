"""The shop as it stood on a day: its own models, built from what was known before it.

A cut of the warehouse goes into a data directory of its own. There dbt builds the models of the recommendations, and
the Python assets' own functions the rest. So what is measured is what the shop would have shown that day, by the code
and the current vars: there is no second wording of the rules that could drift away from the first.

What is not undone: whose device is whose (the identity map is today's), the catalog's texts, and what was sold
out that day (every product counts as available).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from footfall.settings import Settings
from orchestration.lake.schema import DERIVED
from orchestration.recommend.rebuild import RebuildRule
from orchestration.recommend.tables import write_derived
from orchestration.storage.duckdb_files import reading, sql_path
from orchestration.storage.environment import dbt_project
from orchestration.warehouse.dbt_runner import Elsewhere

#: Where the recommendations begin: these are copied as they stood, everything from here to the lists is rebuilt.
#: A table's rows of the split day and later are left out by the expression; None: it says nothing about time.
CUT = {
    "int_visitor_product_days": "day < date '{split}'",
    "int_session_events": "product_id is not null and occurred_at < timestamp '{split}'",
    "int_order_lines": "occurred_at < timestamp '{split}'",
    "int_orders": "occurred_at < timestamp '{split}'",
    "int_sessions": "started_at < timestamp '{split}'",
    "int_device_links": None,
    "int_device_sightings": None,
    "int_changed_visitors": None,
    "products": None,
}
#: What is measured: the lists that the shop publishes, and what its baselines need.
WANTED = (
    "visitor_recommendations", "trending_products", "visitor_category_affinity", "product_co_purchases",
    "crowded_affinities",
)  # fmt: skip
#: Visitors asked at most, the first by a hash of their id: the interval is then narrower than 0.015.
MOST_VISITORS = 5000
#: The last days of the history, at most, that the shop is asked about; never more than a quarter of the history.
HORIZON = timedelta(days=30)


class TooLittle(Exception):
    """The shop's history can't be evaluated yet; the text says what is missing."""


@dataclass(frozen=True)
class Window:
    """``since`` to ``split`` is learned from, ``split`` to ``until`` (excluded) is asked about."""

    since: date
    split: date
    until: date


def choose_window(first: datetime | None, last: datetime | None) -> Window:
    """The last thirty whole days, or a quarter of a shorter history. Raises TooLittle under four days."""
    if first is None or last is None:
        raise TooLittle("no product has been viewed yet")
    since, until = first.date(), last.date() + timedelta(days=1)
    days = min(HORIZON.days, (until - since).days // 4)
    if days < 1:
        raise TooLittle(f"the history starts {since}: less than four days")
    return Window(since, until - timedelta(days=days), until)


class Past:
    """The shop on the split day, in ``folder`` (emptied first). Raises TooLittle, duckdb.Error, DbtFailed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with reading(settings) as source:
            self.window = choose_window(*_span(source))
            self._cut(source)
        self._dbt = Elsewhere(dbt_project())

    def build(self, variables: Mapping[str, Any] | None = None) -> None:
        """Build the recommendations of the split day, with ``variables`` over the current ones."""
        given = {**(variables or {}), "as_of": f"{self.window.split} 00:00:00"}
        first, then = _models_to_build(self._dbt.manifest)
        self._dbt.run(self.folder, first, given)
        with self.connect() as connection:
            _derive(connection, self._settings.paths.derived, self.folder / "lake" / "derived")
        self._dbt.run(self.folder, then, given)

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(
            str(self.folder / "warehouse.duckdb"), config={"memory_limit": self._settings.warehouse_memory}
        )

    def _cut(self, source: duckdb.DuckDBPyConnection) -> None:
        split, until = self.window.split, self.window.until
        source.execute(f"attach '{sql_path(self.folder / 'warehouse.duckdb')}' as past (read_write)")
        for table, condition in CUT.items():
            where = f"where {condition.format(split=split)}" if condition else ""
            source.execute(f"create table past.{table} as select * from {table} {where}")
        source.execute("update past.products set is_available = true")
        source.execute(
            f"create table past.int_as_of as select timestamp '{split}' as as_of;"
            # What came true, by visitor and product
            f"""
            create table past.came_true as
            select days.visitor_id, days.product_id, sum(days.carts + days.purchases) > 0 as is_wanted
            from int_visitor_product_days as days
            inner join (
                select distinct visitor_id from int_visitor_product_days where day < date '{split}'
            ) as known using (visitor_id)
            where days.day >= date '{split}' and days.day < date '{until}'
            and days.views + days.options + days.carts + days.purchases > 0
            group by all
            """
        )
        # Lists are made for those who are asked, the neighbours come from everybody
        source.execute(
            f"""
            create table past.visitors as
            select * from visitors
            where visitor_id in (select visitor_id from past.came_true)
            order by md5(visitor_id), visitor_id limit {MOST_VISITORS};
            delete from past.came_true where visitor_id not in (select visitor_id from past.visitors)
            """
        )
        # Visits of the days asked about, product by product; the last click's product again is no step
        source.execute(
            f"""
            create table past.visits as
            select session_id, product_id, occurred_at, event_id, occurred_at >= timestamp '{split}' as is_asked
            from int_session_events
            where event = 'Product Viewed' and product_id is not null and session_id is not null
            and occurred_at < timestamp '{until}'
            qualify product_id is distinct from
                lag(product_id) over (partition by session_id order by occurred_at, event_id)
            """
        )
        source.execute("detach past")


def _span(source: duckdb.DuckDBPyConnection) -> tuple[datetime | None, datetime | None]:
    found = source.execute("select min(last_at), max(last_at) from int_visitor_product_days").fetchone()
    return found if found else (None, None)


def _models_to_build(manifest: Any) -> tuple[list[str], list[str]]:
    """Names of the models between the cut and the lists: those before the Python assets, and those after."""
    manifest.build_parent_and_child_maps()
    parents: Mapping[str, list[str]] = manifest.parent_map
    names = {
        unique_id: node.name for unique_id, node in manifest.nodes.items() if node.resource_type == "model"
    }
    copied = {*CUT, "int_as_of", "visitors"}
    built: set[str] = set()
    todo = [unique_id for unique_id, name in names.items() if name in WANTED]
    while todo:
        unique_id = todo.pop()
        if unique_id in names and names[unique_id] not in copied and unique_id not in built:
            built.add(unique_id)
            todo += parents[unique_id]
    waiting = {
        unique_id
        for unique_id in built
        if any(parent.startswith("source.") and ".derived." in parent for parent in parents[unique_id])
    }
    grew = True
    while grew:
        later = {unique_id for unique_id in built if waiting & set(parents[unique_id])} | waiting
        grew = later != waiting
        waiting = later
    return sorted(names[n] for n in built - waiting), sorted(names[n] for n in waiting)


def _derive(connection: duckdb.DuckDBPyConnection, today: Path, derived: Path) -> None:
    """Learn the day's results: read from what dbt has just built, written where its next models read."""
    from orchestration.recommend import also_liked
    from orchestration.recommend.visitor_similarity import VisitorSimilarity

    for name in DERIVED:
        (derived / name).mkdir(parents=True, exist_ok=True)
    # The text of the catalog has no past that we know of
    name = "product_similarity"
    shutil.copyfile(today / name / f"{name}.parquet", derived / name / f"{name}.parquet")
    affinities = connection.sql("select * from visitor_product_affinity").to_arrow_table()
    write_derived(
        derived, "visitor_affinity", VisitorSimilarity(affinities).tables(computed_at=datetime.now(UTC))
    )
    also_liked.refresh(derived, connection, RebuildRule(1.0, datetime.now(UTC), is_forced=True))
