"""Rebuilds what depends on the messages received on a range of days, without building everything from the whole lake.

The messages of those days leave ``base_footfall__messages`` and are read again from the lake's files. What the models
hold of their devices goes from the first of these messages on, and the log ``int_changed_devices`` names the devices:
the ordinary increments do the rest, in this run or the next. The few tables that look at every order, or at one
first or last moment, are emptied, and so built whole.

Between the two steps the days are missing. Models count as outdated meanwhile (``model_versions``), so after a kill the
next run builds from the whole lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from msgspec import Struct

from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from orchestration.lake.retention import last_cut
from orchestration.lake.schema import day_folder
from orchestration.storage.duckdb_files import sql_path
from orchestration.warehouse.model_versions import forget, note, outdated

BASE = "base_footfall__messages"
#: Emptied, and so built whole by the next run: what they keep of an order, product or device is of all messages about
#: it. They read few columns each.
EMPTIED = (
    "stg_shop__order_messages",
    "stg_shop__order_lines",
    "stg_shop__orders",
    "int_product_mentions",
    "int_device_sightings",
    "int_device_consents",
)
_SAID = "device, user_id, order_id, product_id, page_url"


class DaysRefused(ValueError):
    """The range of days can't be rebuilt; the message says why."""


class Days(Struct, frozen=True):
    """Days of receipt in UTC, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def __iter__(self) -> Any:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Rebuilt(Struct, frozen=True):
    """What a rebuild touched."""

    taken_out: int
    """Messages of the warehouse that were removed."""
    read_again: int
    """Messages that the lake has in their place."""
    devices: int
    """Devices whose rows are computed again."""


def days_between(paths: Paths, from_day: str, to_day: str, *, today: date) -> Days:
    """Return the range from two ISO dates. Raises DaysRefused where it is no range of days that the lake may hold."""
    days = Days(_parsed("from_day", from_day), _parsed("to_day", to_day))
    if days.first > days.last:
        raise DaysRefused(f"from_day {days.first} is after to_day {days.last}")
    if days.last > today:
        raise DaysRefused(f"to_day {days.last} is in the future: today is {today} in UTC")
    cut = last_cut(paths)
    if cut is not None and days.first < cut.before:
        raise DaysRefused(
            f"from_day {days.first} is before {cut.before}: retention removed the older days from the lake, "
            f"so they can't be read again. Choose from_day {cut.before} or later"
        )
    return days


def _parsed(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise DaysRefused(f"{name} {value!r} is no date: write it as 2026-11-01") from None


def rebuild(
    paths: Paths,
    days: Days,
    in_force: Mapping[str, str],
    run_dbt: Callable[[list[str], dict[str, Any]], object],
    zone: str,
) -> Rebuilt:
    """Read the days again and mark what depends on them, for the increments that follow.

    ``in_force``: versions of the incremental models. ``run_dbt`` runs a dbt command with vars, and lets go of the
    warehouse. ``zone``: the time zone of the days of ``sessions_daily``. The caller holds the warehouse, which is
    finished and closed. Raises what dbt or DuckDB raise; the next run then builds from the whole lake.
    """
    standing = in_force.keys() - set(outdated(paths, in_force, in_force))
    forget(paths, standing)
    # What doesn't fit into the memory goes to disk beside the file.
    config: dict[str, Any] = {"memory_limit": load_settings().warehouse_memory}
    with duckdb.connect(str(paths.warehouse), config=config) as connection:
        gone, restaged, latest = _take_out(connection, paths, days)
    if restaged:
        run_dbt(["run", "--select", BASE], {"restaged_days": [day.isoformat() for day in restaged]})
    with duckdb.connect(str(paths.warehouse), config=config) as connection:
        rebuilt = _mark(connection, gone, latest, zone)
    note(paths, in_force, standing)
    return rebuilt


def _files(paths: Paths, days: Iterable[date]) -> list[Path]:
    folders = (paths.lake / "events" / day_folder(day) for day in days)
    return [file for folder in folders for file in sorted(folder.glob("*.parquet"))]


def _take_out(
    connection: duckdb.DuckDBPyConnection, paths: Paths, days: Days
) -> tuple[pa.Table, list[date], datetime]:
    """Delete the messages of the days, and copies of them that arrived on other days, since one is the other's
    duplicate. Returns what they said, the days to read, and when the newest message that stays was staged.
    """
    within = "received_at >= $first and received_at < $last + interval 1 day"
    identity = "source, message_id, coalesce(original_at, timestamp 'epoch')"
    range_ = {"first": days.first, "last": days.last}
    files = _files(paths, days)
    in_lake = ", ".join(f"'{sql_path(file)}'" for file in files)
    read = f"union select {identity} from read_parquet([{in_lake}], union_by_name = true)" if files else ""
    connection.begin()
    connection.execute(
        f"create temp table taken as select segment_id, frame_no, message_no from {BASE} where {within} "
        f"or ({identity}) in (select {identity} from {BASE} where {within} {read})",
        range_,
    )
    place = "(segment_id, frame_no, message_no) in (select segment_id, frame_no, message_no from taken)"
    gone = connection.sql(
        f"select {_SAID}, is_bot, min(occurred_at) as occurred_at, count(*) as messages, "
        f"cast(received_at as date) as day from {BASE} where {place} group by all"
    ).to_arrow_table()
    connection.execute(f"delete from {BASE} where {place}")
    (latest,) = connection.execute(
        f"select coalesce(max(staged_at), timestamp 'epoch') from {BASE}"
    ).fetchall()[0]
    connection.execute("drop table taken")
    connection.commit()
    restaged = {file.parent.name.partition("=")[2] for file in files}
    restaged |= {day.isoformat() for day in gone["day"].unique().to_pylist()}
    return gone, sorted(date.fromisoformat(day) for day in restaged), latest


#: In: the temporary tables `gone` and `added`: what messages said that were taken out, or read in their place.
#: `rebuilt` has the devices, and from which day on their rows are computed again: a day, since some models keep rows by
#: day. An order's other messages may decide which device it belongs to. A product's name may be learned from any page
#: (int_product_aliases). A device in quarantine is judged again from its first event on.
_MARKS = f"""
create temp table said as
    select {_SAID}, occurred_at from gone where not is_bot
    union all select {_SAID}, occurred_at from added where not is_bot;

create temp table told_orders as select distinct order_id from said where order_id is not null;

create temp table lost_names as
    select distinct product_id from (
        select product_id, page_url from gone where product_id is not null
        except
        select product_id, page_url from {BASE} where product_id in (select product_id from gone)
    );

create temp table lost_users as
    select distinct user_id from (
        select device, user_id from gone where user_id is not null and not is_bot
        except
        select device, user_id from {BASE} where user_id in (select user_id from gone) and not is_bot
    );

create temp table rebuilt as
    select device, date_trunc('day', min(changed_from)) as changed_from
    from (
        select device, occurred_at as changed_from from said
        union all
        select device, min(occurred_at) over (partition by order_id) as changed_from
        from (
            select device, order_id, occurred_at from said where order_id is not null
            union all
            select device, order_id, occurred_at from {BASE}
            where order_id in (from told_orders) and not is_bot
        )
        union all
        select device, occurred_at from {BASE} where product_id in (from lost_names) and not is_bot
    )
    group by device;

update rebuilt set changed_from = timestamp '0001-01-01'
    where device in (select device from int_sessionized_events where is_quarantined);

delete from int_sessionized_events as built using rebuilt
    where built.device = rebuilt.device and built.occurred_at >= rebuilt.changed_from;
delete from int_device_product_days as built using rebuilt
    where built.device = rebuilt.device and built.day >= cast(rebuilt.changed_from as date);
delete from int_device_links
    where device in (select device from rebuilt)
        and device not in (select device from {BASE} where not is_bot and not is_duplicate);
delete from int_orders where order_id in (from told_orders);
delete from int_product_aliases where alias in (from lost_names);
"""


def _mark(connection: duckdb.DuckDBPyConnection, gone: pa.Table, latest: datetime, zone: str) -> Rebuilt:
    """Take out what the models hold of the devices concerned, and log them, in one transaction."""
    connection.begin()
    connection.execute("create temp table gone as from gone")  # of the local variable
    connection.execute(f"create temp table added as from {BASE} where staged_at > ?", [latest])
    # Newer than whatever a model was built with, so that each takes it up.
    (moment,) = connection.execute(
        "select greatest(max(staged_at), ?, (select max(staged_at) from int_changed_devices)) + interval 1 microsecond "
        f"from {BASE}",
        [latest],
    ).fetchall()[0]
    connection.execute(f"update {BASE} set staged_at = ? where staged_at > ?", [moment, latest])
    connection.execute(_MARKS)
    day = f"cast(timezone('{zone}', timezone('UTC', sessions.started_at)) as date)"
    started = "sessions.device = rebuilt.device and sessions.started_at >= rebuilt.changed_from"
    # The sums of the days that these sessions began on: an increment computes those of a day that has none.
    connection.execute(
        f"delete from sessions_daily where day in (select {day} from int_sessions as sessions, rebuilt where {started})"
    )
    connection.execute(f"delete from int_sessions as sessions using rebuilt where {started}")
    # Whose other devices count in the guard of a user's devices: nothing of their events changes.
    connection.execute(
        "insert into int_changed_devices (device, changed_from, staged_at) "
        "select device, changed_from, $moment from rebuilt union all "
        "select distinct device, $moment, $moment from int_device_sightings "
        "where user_id in (select user_id from lost_users)",
        {"moment": moment},
    )
    for table in EMPTIED:
        connection.execute(f"delete from {table}")
    (counts,) = connection.execute(
        "select (select coalesce(sum(messages), 0) from gone), (select count(*) from added), "
        "(select count(*) from rebuilt)"
    ).fetchall()
    connection.commit()
    return Rebuilt(*(int(count) for count in counts))
