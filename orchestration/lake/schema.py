"""The lake's tables: their columns, and the empty files that let every reader start before the first event.

The lake is the border between engines, so the types are the ones every engine reads: timestamps are UTC in
microseconds without a zone, JSON is text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.importing.ledger import LEDGER_SCHEMA
from footfall.importing.ledger import SCHEMA_FILE as LEDGER_SCHEMA_FILE
from footfall.runtime.paths import Paths
from orchestration.lake.event_columns import EVENT_COLUMNS, TS
from orchestration.storage.atomic_write import write_durably


def lake_time(moment: datetime) -> datetime:
    """The moment as the lake has it: in UTC, without a zone. One without is taken as UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


EVENTS = pa.schema([(column.name, column.type) for column in EVENT_COLUMNS])

FAILED_EVENTS = _schema(
    load_id=pa.int64(),
    segment_id=pa.string(),
    frame_no=pa.int32(),
    message_no=pa.int32(),
    stage=pa.string(),  # collector: it refused the message; load: the loader did; disk: damaged bytes
    source=pa.string(),
    received_at=TS,
    message_id=pa.string(),
    field=pa.string(),
    reason=pa.string(),
    raw=pa.binary(),
)

LANDING_COUNTS = _schema(
    load_id=pa.int64(),
    segment_id=pa.string(),
    source=pa.string(),
    received_hour=TS,
    frames=pa.int64(),
    accepted=pa.int64(),
    rejected=pa.int64(),
    # Of the whole segment, in each of its rows: by them the same segment come again is told from another one.
    segment_digest=pa.string(),
    segment_bytes=pa.int64(),
)

PRODUCTS = _schema(
    load_id=pa.int64(),
    captured_at=TS,
    product_id=pa.string(),
    handle=pa.string(),
    title=pa.string(),
    body_text=pa.string(),
    vendor=pa.string(),
    product_type=pa.string(),
    tags=pa.list_(pa.string()),
    url=pa.string(),
    image_url=pa.string(),
    price=pa.decimal128(18, 2),
    currency=pa.string(),
    available=pa.bool_(),
    published_at=TS,
    position=pa.int32(),
    variants=pa.string(),
    collections=pa.list_(pa.string()),
    source_file=pa.string(),
)

#: The journal of ``orchestration/lake/set_aside.py``.
SET_ASIDE = _schema(
    load_id=pa.int64(),
    segment_id=pa.string(),
    frame_no=pa.int32(),
    message_no=pa.int32(),
    source=pa.string(),
    message_id=pa.string(),
    occurred_at=TS,
    received_at=TS,
    reason=pa.string(),
    set_aside_at=TS,
    restored_at=TS,
)

PAIRS = _schema(
    key=pa.string(),
    other=pa.string(),
    rank=pa.int32(),
    score=pa.float64(),
    source=pa.string(),
    model_version=pa.string(),
    computed_at=TS,
)
VISITOR_PAIRS = PAIRS.append(pa.field("shared", pa.list_(pa.string())))

#: One row a number; what speaks of the run (rules, days, verdict) stands in each of its rows.
RECOMMENDATION_METRICS = _schema(
    run_id=pa.string(),
    measured_at=TS,
    rules=pa.string(),
    since=pa.date32(),
    split_day=pa.date32(),
    until=pa.date32(),
    problem=pa.string(),
    arm=pa.string(),
    metric=pa.string(),
    value=pa.float64(),
    low=pa.float64(),
    high=pa.float64(),
    cases=pa.int64(),
    verdict=pa.string(),
    reason=pa.string(),
)

#: Tables that grow by files whose names begin with their load id.
GROWING = {
    "events": EVENTS,
    "failed_events": FAILED_EVENTS,
    "landing_counts": LANDING_COUNTS,
    "products": PRODUCTS,
}
#: Those with a folder for each day of receipt. The marks last: they say of the other two that they are whole.
BY_DAY = {"events": EVENTS, "failed_events": FAILED_EVENTS, "landing_counts": LANDING_COUNTS}
_DAY = "received_date="
#: The folders of the days, as a pattern.
DAY_FOLDERS = f"{_DAY}*"
#: The folder of what has no day: damaged bytes, marks of segments without a count, the files of the schema.
NO_DAY = f"{_DAY}1970-01-01"
SCHEMA_FILE = "000000000000-schema.parquet"
#: Tables that a Python asset replaces whole.
DERIVED = {"product_similarity": PAIRS, "product_also_liked": PAIRS, "visitor_affinity": VISITOR_PAIRS}
#: The same, but of another shape than pairs.
DERIVED_TABLES = {"recommendation_metrics": RECOMMENDATION_METRICS}


def day_folder(received: date | None) -> str:
    """The name of the folder for what was received that day, or at that moment (UTC)."""
    return NO_DAY if received is None else f"{_DAY}{received:%Y-%m-%d}"


def day_of(folder: Path) -> date | None:
    """The day of a folder; None of the one for what has no day."""
    return None if folder.name == NO_DAY else date.fromisoformat(folder.name.removeprefix(_DAY))


def set_aside_file(paths: Paths) -> Path:
    """The journal of what the operator set aside, replaced whole."""
    return paths.lake / "set_aside" / "set_aside.parquet"


def prepare_lake(paths: Paths) -> None:
    """Make the lake's folders and their zero-row schema files (idempotent)."""
    for name, schema in GROWING.items():
        folder = paths.lake / name
        if name in BY_DAY:
            folder = folder / NO_DAY
        _schema_file(folder / SCHEMA_FILE, schema)
    for name, schema in {**DERIVED, **DERIVED_TABLES}.items():
        if not (file := paths.derived / name / f"{name}.parquet").exists():
            _schema_file(file, schema)
    if not (file := set_aside_file(paths)).exists():
        _schema_file(file, SET_ASIDE)
    _schema_file(paths.ledgers / LEDGER_SCHEMA_FILE, LEDGER_SCHEMA)
    paths.catalog.mkdir(parents=True, exist_ok=True)
    # An analyst's own warehouse goes there (`dbt build --target dev`); DuckDB makes no folders.
    (paths.data / "dev").mkdir(exist_ok=True)


def _schema_file(path: Path, schema: pa.Schema) -> None:
    if not path.exists() or not pq.read_schema(path).equals(schema):
        write_durably(path, lambda aside: pq.write_table(schema.empty_table(), aside))
