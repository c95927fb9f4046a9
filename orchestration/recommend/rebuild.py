"""Decides when a derived table is rebuilt: one rule for all of them, which alone limits their age.

A result (session neighbours, text similarity, visitor similarity, also liked) is rebuilt whole when its inputs changed
and its last build took less than a share of the time since that build: the setting ``rebuild_share``, 5 % by default.
A build of two seconds is due again after 40 seconds, one of two minutes after 40 minutes. So a small shop is fresh with
every run of the full pipeline, and a large one spends at most that share of its time on each result.

    rule = RebuildRule(settings.rebuild_share, datetime.now(UTC))
    inputs = fingerprint(warehouse, "select * from products", config.model_version)
    decision = rule.decide(result, inputs)
    if decision.is_due:
        with rule.recording(result, inputs):
            write_derived(derived, TABLE, ...)    # read the inputs in here too: the time counts

The record of the last build stands beside the result: ``lake/derived/<name>/<name>.build.json``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from orchestration.lake.schema import lake_time
from orchestration.storage.atomic_write import write_durably

#: Beside their results earlier versions kept what increments needed, up to 0.6 GB, which may name who was forgotten
#: since: the first rebuild removes it.
_OBSOLETE = ("{}.state", "{}.names", "{}.history", "{}.changes", "changes.parquet")


class Build(msgspec.Struct, frozen=True):
    """The last build of a result."""

    built_at: datetime
    """The moment of the run that built it, in UTC without a zone."""
    seconds: float
    inputs: str
    """The fingerprint of what it was built from."""


class Decision(NamedTuple):
    """Decision whether a table is due, with the reason for the log."""

    is_due: bool
    reason: str


@dataclass(frozen=True)
class RebuildRule:
    """The rule for one run.

    share: of the time since the last build, from 0 (never again, unless forced) to 1. now: the moment of the run; one
    without a zone is UTC. is_forced: rebuild whatever the record says (``footfall run --full-refresh``).
    not_from_before: a result of an earlier moment may name people or days that were removed since, so it is rebuilt.
    """

    share: float
    now: datetime
    is_forced: bool = False
    not_from_before: datetime | None = None

    def decide(self, result: Path, inputs: str) -> Decision:
        """Decide whether to rebuild the file ``result`` from inputs with this fingerprint."""
        if self.is_forced:
            return Decision(True, "a full refresh was requested")
        last = last_build(result)
        if last is None:
            return Decision(True, "there is no record of a build")
        if self.not_from_before and last.built_at < lake_time(self.not_from_before):
            return Decision(True, "data was removed since the last build")
        age = lake_time(self.now) - last.built_at
        if age < timedelta(0):
            return Decision(True, "the last build is in the future")
        if inputs == last.inputs:
            return Decision(False, f"the inputs are unchanged since the build of {last.built_at:%F %T}")
        took = (
            f"the last build took {last.seconds:.1f} s, {timedelta(seconds=round(age.total_seconds()))} ago"
        )
        if last.seconds >= self.share * age.total_seconds():
            return Decision(False, f"the inputs changed, but {took}: more than {self.share:.0%} of the time")
        return Decision(True, f"the inputs changed, and {took}")

    @contextmanager
    def recording(self, result: Path, inputs: str) -> Iterator[None]:
        """Time the build inside and record it once the result stands. A build that fails leaves no record."""
        record = _record_of(result)
        record.unlink(missing_ok=True)
        started = time.perf_counter()
        yield
        for name in _OBSOLETE:
            result.with_name(name.format(result.stem)).unlink(missing_ok=True)
        build = Build(lake_time(self.now), time.perf_counter() - started, inputs)
        write_durably(record, lambda aside: aside.write_bytes(msgspec.json.encode(build)))


def last_build(result: Path) -> Build | None:
    """The last build of a result; None where it was never built, is gone, or its record can't be read."""
    record = _record_of(result)
    if not (result.exists() and record.exists()):
        return None
    try:
        return msgspec.json.decode(record.read_bytes(), type=Build)
    except msgspec.DecodeError:  # written by another version: building again is what makes it readable
        return None


def fingerprint(warehouse: duckdb.DuckDBPyConnection, query: str, *settings: str) -> str:
    """A hash of the rows of a query, in any order, and of settings.

    A sum of DuckDB's hashes of rows: 9 million rows take 0.3 CPU-s. Another version of DuckDB may hash otherwise,
    which costs one rebuild.
    """
    [(rows, total)] = warehouse.execute(
        f"select count(*), coalesce(sum(cast(hash(input_rows) as hugeint)), 0) from ({query}) as input_rows"
    ).fetchall()
    return hashlib.sha256("\0".join([str(rows), str(total), *settings]).encode()).hexdigest()


def _record_of(result: Path) -> Path:
    return result.with_name(f"{result.stem}.build.json")
