"""A chart shows what its page's table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import make_charts


def test_the_charts_are_those_of_the_tables(tmp_path: Path) -> None:
    make_charts.draw(tmp_path)
    for name in make_charts.CHARTS:
        committed = make_charts.DOCS / "pictures" / name
        # Not in the assertion: pytest would explain at length where 60 KB of outlines differ
        is_same = committed.read_bytes() == (tmp_path / name).read_bytes()
        assert is_same, f"{name}: run docs/make_charts.py"


def test_a_table_that_is_missing_is_named() -> None:
    with pytest.raises(LookupError, match="has no table"):
        list(make_charts.table("measurements.md", "| nothing like it |"))


@pytest.mark.parametrize(
    ("cell", "value"), [("1,300 CPU-s (887 s), 8.6 GB", 1300.0), ("x0.79", 0.79), ("0.5 s", 0.5)]
)
def test_the_first_number_of_a_cell(cell: str, value: float) -> None:
    assert make_charts.number(cell) == value
