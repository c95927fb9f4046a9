"""The journal of the events that the operator set aside: accepted and in the lake, but no model reads them.

A row of it is one event by its place in the lake, with the reason and when it was set aside; restored it gets
``restored_at``, and stays as a record. The lake itself is not touched, so that setting aside can be undone. dbt reads
the journal (macro ``lake_increment``), ``events_reconciliation`` counts it, and each change has the warehouse built
from the whole lake by the next run (``model_versions``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from footfall.runtime.paths import Paths
from orchestration.lake.schema import SET_ASIDE, lake_time, set_aside_file
from orchestration.storage.atomic_write import write_durably

#: What names an event for ever.
PLACE = ("segment_id", "frame_no", "message_no")


def journal(paths: Paths) -> pa.Table:
    """Every event that was ever set aside, in the order in which that happened; none where nothing was."""
    file = set_aside_file(paths)
    return pq.read_table(file, schema=SET_ASIDE) if file.exists() else SET_ASIDE.empty_table()


def in_force(table: pa.Table) -> pa.Table:
    """Those of the journal that are set aside now."""
    return table.filter(pc.is_null(table["restored_at"]))


def last_change(paths: Paths) -> datetime | None:
    """Return when an event was set aside or restored last, in UTC without a zone; None where none ever was."""
    table = journal(paths)
    moments = [pc.max(table[name]).as_py() for name in ("set_aside_at", "restored_at")]
    return max((moment for moment in moments if moment is not None), default=None)


def add(paths: Paths, events: pa.Table, reason: str) -> int:
    """Set the events aside but those that are already; ``events`` has the columns of the journal that tell of an event.

    Returns how many were added. The caller holds the lake and the warehouse.
    """
    table = journal(paths)
    known = set(_places(in_force(table)))
    new = events.filter(pa.array([place not in known for place in _places(events)], pa.bool_()))
    if not new.num_rows:
        return 0
    now = lake_time(datetime.now(UTC))
    told = {"reason": reason, "set_aside_at": now, "restored_at": None}
    columns = [
        pa.array([told[field.name]] * new.num_rows, field.type)
        if field.name in told
        else new[field.name].cast(field.type)
        for field in SET_ASIDE
    ]
    _write(paths, pa.concat_tables([table, pa.table(columns, schema=SET_ASIDE)]))
    return new.num_rows


def restore(paths: Paths, events: pa.Table) -> int:
    """Let the models read the events again. Returns how many were set aside. The caller holds lake and warehouse."""
    wanted = set(_places(events))
    now = lake_time(datetime.now(UTC))
    return _change(
        paths,
        lambda row: row["restored_at"] is None and _place(row) in wanted,
        lambda row: row | {"restored_at": now},
    )


def forget(paths: Paths, events: pa.Table, reason: str) -> int:
    """Replace what the operator wrote about these events, which a person's name may stand in. The events stay set
    aside: a blank in the lake, or what the order ledger keeps of an order, which may be what a model failed on.
    """
    wanted = set(_places(events))
    return _change(paths, lambda row: _place(row) in wanted, lambda row: row | {"reason": reason})


def trim(paths: Paths, before: date) -> None:
    """Remove the events that arrived before that day: the lake has them no more. May be done again."""
    table = journal(paths)
    first = datetime(before.year, before.month, before.day)
    stays = table.filter(pc.greater_equal(table["received_at"], pa.scalar(first, table["received_at"].type)))
    if stays.num_rows != table.num_rows:
        _write(paths, stays)


def _change(
    paths: Paths,
    is_meant: Callable[[dict[str, object]], bool],
    changed: Callable[[dict[str, object]], dict[str, object]],
) -> int:
    rows = journal(paths).to_pylist()
    meant = [is_meant(row) for row in rows]
    if any(meant):
        new = [changed(row) if it_is else row for row, it_is in zip(rows, meant, strict=True)]
        _write(paths, pa.Table.from_pylist(new, SET_ASIDE))
    return sum(meant)


def _write(paths: Paths, table: pa.Table) -> None:
    write_durably(set_aside_file(paths), partial(pq.write_table, table, compression="zstd"))


def _place(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in PLACE)


def _places(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in PLACE), strict=True))
