"""The one shape of everything that Python computes over pairs, and how it is written.

A table of pairs says, for each ``key``, its best ``other`` ones by ``rank`` (from 1, without gaps) with a
``score``. ``lake/derived/<name>/<name>.parquet`` is replaced whole: a reader sees the old pairs or the new,
never a mixture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lake.schema import DERIVED, PAIRS, VISITOR_PAIRS, lake_time
from orchestration.storage.atomic_write import aside_of, write_durably

#: Rows of a row group: a reader of one key skips the groups of other keys.
ROW_GROUP = 100_000
#: Columns whose values repeat in a row group. To look for repetitions in the others, scores above all, takes a quarter
#: of the time of writing and makes the file a tenth larger.
_REPEATED = ["key", "other", "source", "model_version", "shared.list.element"]


class PairsError(ValueError):
    """A table of pairs that breaks the shape; nothing was written."""


def pairs_table(
    *,
    key: Sequence[str] | pa.Array,
    other: Sequence[str] | pa.Array,
    rank: npt.NDArray[np.integer[Any]],
    score: npt.NDArray[np.floating[Any]],
    source: str,
    model_version: str,
    computed_at: datetime,
    shared: pa.Array | None = None,
) -> pa.Table:
    """Pairs of one source in the common shape; ``computed_at`` is kept as UTC without a zone.

    ``shared`` (a list of product ids a pair) makes it the shape of visitor pairs.
    """
    rows = len(rank)
    columns: list[Any] = [
        pa.array(key, pa.string()),
        pa.array(other, pa.string()),
        pa.array(rank, pa.int32()),
        pa.array(score, pa.float64()),
        pa.repeat(pa.scalar(source, pa.string()), rows),
        pa.repeat(pa.scalar(model_version, pa.string()), rows),
        pa.repeat(pa.scalar(lake_time(computed_at), pa.timestamp("us")), rows),
    ]
    if shared is None:
        return pa.Table.from_arrays(columns, schema=PAIRS)
    return pa.Table.from_arrays([*columns, shared.cast(pa.list_(pa.string()))], schema=VISITOR_PAIRS)


def derived_file(derived: Path, name: str) -> Path:
    return derived / name / f"{name}.parquet"


def session_index_file(derived: Path) -> Path:
    """Where the session index stands: no table, but derived and replaced whole like one."""
    return derived / "session_neighbours" / "session_neighbours.index"


def write_derived(derived: Path, name: str, tables: pa.Table | Iterable[pa.Table]) -> Path:
    """Replace ``lake/derived/<name>/<name>.parquet``, durably and in one step. Same tables, same bytes.

    Several tables are written one after another, so that pairs need not stand in memory all at once.
    Raises PairsError, and leaves the old file, where the name is unknown, the columns differ from the lake's schema, a
    pair is of one thing with itself, or a score is not a number.
    """
    if name not in DERIVED:
        raise PairsError(f"no derived table is named {name}; known: {', '.join(DERIVED)}")
    path = derived_file(derived, name)
    parts = [tables] if isinstance(tables, pa.Table) else tables

    def write(aside: Path) -> None:
        with pq.ParquetWriter(aside, DERIVED[name], compression="zstd", use_dictionary=_REPEATED) as writer:
            for table in parts:
                _check(name, table)
                writer.write_table(table, row_group_size=ROW_GROUP)

    try:
        write_durably(path, write)
    except PairsError:
        aside_of(path).unlink(missing_ok=True)
        raise
    return path


def _check(name: str, table: pa.Table) -> None:
    if not table.schema.equals(DERIVED[name]):
        raise PairsError(f"{name} must have the columns {DERIVED[name]}, not {table.schema}")
    if pc.any(pc.equal(table["key"], table["other"])).as_py():
        raise PairsError(f"{name}: a key is its own neighbour")
    if not np.isfinite(table["score"].to_numpy()).all():
        raise PairsError(f"{name}: a score is not a finite number")
