"""Finding accepted events in the lake, to look at them or to set them aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec import Struct

from footfall.runtime.paths import Paths
from orchestration.lake import set_aside
from orchestration.lake.loader import finish_what_was_cut_off
from orchestration.lake.schema import DAY_FOLDERS, NO_DAY, day_folder, prepare_lake
from orchestration.storage.duckdb_files import exclusive, in_memory, sql_path
from orchestration.storage.locks import only_loader

_BACKUP_SECONDS = 60.0


class Choice(Struct, frozen=True):
    """A selection of events: all conditions must hold; of several values of one condition, any."""

    places: tuple[tuple[str, int, int], ...] = ()
    """Segment, frame and message."""
    message_ids: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    loads: tuple[int, ...] = ()
    day: date | None = None
    """Of arrival, UTC."""


class NothingChosen(Exception):
    """No condition was given, and nobody means every event of the lake."""


def place_of(text: str) -> tuple[str, int, int]:
    """``segment/frame/message`` as ``place_in_words`` writes it. Raises ValueError."""
    segment, frame, number = text.split("/")
    return segment, int(frame), int(number)


def place_in_words(row: dict[str, Any]) -> str:
    """An event's name for ever: its place in the lake. Unlike its message id no visitor chose it."""
    return f"{row['segment_id']}/{row['frame_no']}/{row['message_no']}"


def find(paths: Paths, choice: Choice, limit: int | None = None) -> pa.Table:
    """The events by time of arrival, at most ``limit``: where each is in the lake, what it is of, and of the journal
    ``reason`` and ``set_aside_at``, null where it is not set aside. Nothing of what it says. Raises NothingChosen.
    """
    conditions, values = _conditions(choice)
    files = ", ".join(f"'{sql_path(file)}/*.parquet'" for file in _folders(paths, choice))
    with in_memory(paths.data) as connection:
        connection.register("journal", set_aside.in_force(set_aside.journal(paths)))
        return connection.sql(
            f"""
            select events.load_id, segment_id, frame_no, message_no, events.source, events.message_id, events.type,
                events.event, events.occurred_at, events.received_at, journal.reason, journal.set_aside_at
            from read_parquet([{files}], union_by_name = true, hive_partitioning = false) as events
            left join journal using (segment_id, frame_no, message_no)
            where {" and ".join(conditions)}
            order by events.received_at, segment_id, frame_no, message_no
            {f"limit {limit}" if limit else ""}
            """,
            params=values,
        ).to_arrow_table()


def set_events_aside(
    paths: Paths, choice: Choice, reason: str, say: Callable[[str], object] | None = None
) -> int:
    """Set the events aside; returns how many were not before. Waits for a run that is under way, and for the loader.

    Raises NothingChosen, WarehouseBusy and LoaderBusy.
    """
    return _change(paths, choice, say, lambda events: set_aside.add(paths, events, reason))


def restore_events(paths: Paths, choice: Choice, say: Callable[[str], object] | None = None) -> int:
    """Let the models read the events again; returns how many were set aside. Waits and raises as
    ``set_events_aside``.
    """
    return _change(paths, choice, say, lambda events: set_aside.restore(paths, events))


def _change(
    paths: Paths, choice: Choice, say: Callable[[str], object] | None, change: Callable[[pa.Table], int]
) -> int:
    prepare_lake(paths)
    with exclusive(paths, say=say):
        finish_what_was_cut_off(paths)
        with only_loader(paths, _BACKUP_SECONDS):
            return change(find(paths, choice))


def _conditions(choice: Choice) -> tuple[list[str], list[Any]]:
    found: list[tuple[str, Any]] = [
        (f"list_contains(?, events.{column})", list(wanted))
        for column, wanted in (
            ("message_id", choice.message_ids),
            ("guest_token", choice.guests),
            ("user_id", choice.users),
            ("load_id", choice.loads),
        )
        if wanted
    ]
    if choice.places:
        segments, frames, numbers = map(list, zip(*choice.places, strict=True))
        places = "(segment_id, frame_no, message_no) in (select (unnest(?), unnest(?), unnest(?)))"
        found.append((places, (segments, frames, numbers)))
    if choice.day:
        found.append(("cast(events.received_at as date) = ?", choice.day))
    if not found:
        raise NothingChosen("select events by place, message id, guest token, user id, load or day")
    values = [part for _, value in found for part in (value if isinstance(value, tuple) else (value,))]
    return [condition for condition, _ in found], values


def _folders(paths: Paths, choice: Choice) -> list[Path]:
    """The folders that the events can be in, of a day its own alone, and the one with the file of the schema."""
    folders = (paths.lake / "events").glob(DAY_FOLDERS)
    return sorted(
        folder for folder in folders if choice.day is None or folder.name in (NO_DAY, day_folder(choice.day))
    )
