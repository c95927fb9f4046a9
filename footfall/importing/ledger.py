"""The import ledger: what an import sent, by the hour in which it happened.

The mart ``import_reconciliation`` holds it beside what the lake and staging have, so that every line of an
import is accounted for. One file an import, named by the import's id; a second run replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from footfall.runtime.atomic_write import replace_file

if TYPE_CHECKING:
    from footfall.client.sender import HourCounts

LEDGER_SCHEMA = pa.schema(
    [
        ("import_id", pa.string()),
        ("source", pa.string()),
        ("occurred_hour", pa.timestamp("us")),  # UTC, without zone like every timestamp of the lake
        ("sent", pa.int64()),
        ("accepted", pa.int64()),
        ("rejected", pa.int64()),
    ]
)
SCHEMA_FILE = "schema.parquet"


def import_id(kind: str, file: Path, source: str) -> str:
    """An id for importing this content into this source: same bytes, same id, whatever the file's name."""
    digest = hashlib.sha256(f"{kind}\n{source}\n".encode())
    with file.open("rb") as stream:
        while block := stream.read(2**20):
            digest.update(block)
    return f"{kind}-{digest.hexdigest()[:16]}"


def ledger_file(ledgers: Path, id_: str) -> Path:
    return ledgers / f"{id_}.parquet"


def write_schema_file(ledgers: Path) -> Path:
    """A ledger without rows, so that reading ``ledgers/*.parquet`` never fails. Written once."""
    path = ledgers / SCHEMA_FILE
    if not path.exists():
        _write(LEDGER_SCHEMA.empty_table(), path)
    return path


def write_ledger(
    ledgers: Path, id_: str, source: str, by_hour: Mapping[datetime | None, HourCounts]
) -> Path | None:
    """Replace the ledger of this import.

    A run over the first part of the input (``--limit``) never takes back what a longer run has shown: where
    the ledger in place counts more messages, it stays and None is returned.
    """
    path = ledger_file(ledgers, id_)
    sent = sum(counts.sent for counts in by_hour.values())
    if path.exists() and sum(pq.read_table(path, columns=["sent"])["sent"].to_pylist()) > sent:
        return None
    hours = sorted(by_hour, key=lambda hour: (hour is not None, hour or datetime.min.replace(tzinfo=UTC)))
    rows = [
        {
            "import_id": id_,
            "source": source,
            "occurred_hour": hour.astimezone(UTC).replace(tzinfo=None) if hour else None,
            "sent": by_hour[hour].sent,
            "accepted": by_hour[hour].accepted,
            "rejected": by_hour[hour].rejected,
        }
        for hour in hours
    ]
    write_schema_file(ledgers)
    _write(pa.Table.from_pylist(rows, schema=LEDGER_SCHEMA), path)
    return path


def _write(table: pa.Table, path: Path) -> None:
    replace_file(path, lambda aside: pq.write_table(table, aside, compression="zstd"))
