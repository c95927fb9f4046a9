"""The data directory: what stands where."""

from __future__ import annotations

from pathlib import Path

import msgspec

#: DuckDB reads the lake by patterns, in which these signs choose among names: ``/data/shop*`` is another shop's too.
#: Dagster's databases have addresses, in which a question mark ends the path and a percent sign begins an escape.
_SPECIAL = "*?[\\%"


def unfit(data: Path) -> str | None:
    """The first character in a data directory's path that DuckDB or Dagster would not take as it stands."""
    return next((sign for sign in _SPECIAL if sign in str(data)), None)


class Paths(msgspec.Struct, frozen=True):
    """The layout of the data directory."""

    data: Path

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def digests(self) -> Path:
        """Return the path of the digests of the lake's files (``footfall/runtime/digests.py``)."""
        return self.data / "digests.json"

    @property
    def derived(self) -> Path:
        return self.lake / "derived"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def warehouse_unfinished(self) -> Path:
        """There while the warehouse was not yet built to the end."""
        return self.warehouse.with_suffix(".unfinished")

    def damaged_name(self, stamp: str) -> Path:
        """Return the name of a damaged warehouse that is set aside."""
        return self.warehouse.with_name(f"{self.warehouse.name}.damaged-{stamp}")

    def damaged_warehouses(self) -> list[Path]:
        """Return the damaged warehouses, by time; a file may have a write-ahead log with its name and ``.wal``."""
        return sorted(self.data.glob(self.damaged_name("*").name))

    @property
    def serving(self) -> Path:
        return self.data / "serving"

    @property
    def catalog(self) -> Path:
        """The inbox of catalog files, in any of the formats of ``docs/developer/catalog.md``."""
        return self.data / "catalog"

    @property
    def ledgers(self) -> Path:
        return self.data / "ledgers"

    @property
    def dagster(self) -> Path:
        return self.data / "dagster"

    @property
    def logs(self) -> Path:
        return self.data / "logs"
