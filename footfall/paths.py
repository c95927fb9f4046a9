"""The data directory: what stands where."""

from __future__ import annotations

from pathlib import Path

import msgspec


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
