"""The data directory: what stands where."""

from __future__ import annotations

from pathlib import Path

import msgspec

#: DuckDB reads the lake by patterns, in which these choose among names (``/data/shop*`` is another shop's too, and what
#: stands in brackets is none), and Dagster's databases have addresses, in which a question mark ends the path and a
#: percent sign begins a letter.
_PATTERNS = "*?[\\%"


def unfit(data: Path) -> str | None:
    """The first character of a data directory's path that not all who read there would take as it stands."""
    return next((sign for sign in _PATTERNS if sign in str(data)), None)


class Paths(msgspec.Struct, frozen=True):
    """What stands where under the data directory."""

    data: Path

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def derived(self) -> Path:
        return self.lake / "derived"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def serving(self) -> Path:
        return self.data / "serving"

    @property
    def catalog(self) -> Path:
        """The inbox of catalog files (``*.json`` of a Shopify store, ``*.csv`` of a product export)."""
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
