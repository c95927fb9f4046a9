from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.lake.schema import PAIRS, VISITOR_PAIRS
from orchestration.recommend.tables import PairsError, pairs_table, write_derived

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def pairs(key: list[str], other: list[str], score: list[float], when: datetime = NOW) -> pa.Table:
    return pairs_table(
        key=key,
        other=other,
        rank=np.arange(1, len(key) + 1),
        score=np.array(score),
        source="text",
        model_version="v1",
        computed_at=when,
    )


def test_shape_and_utc(tmp_path: Path) -> None:
    table = pairs(["a"], ["b"], [0.5], NOW.astimezone(timezone(timedelta(hours=5))))
    assert table.schema.equals(PAIRS)
    path = write_derived(tmp_path, "product_similarity", table)
    assert path == tmp_path / "product_similarity" / "product_similarity.parquet"
    assert pq.read_table(path).to_pylist() == [
        {
            "key": "a", "other": "b", "rank": 1, "score": 0.5, "source": "text", "model_version": "v1",
            "computed_at": datetime(2026, 3, 1, 12),
        }
    ]  # fmt: skip


def test_same_tables_same_bytes(tmp_path: Path) -> None:
    parts = [pairs(["a"], ["b"], [0.5]), pairs(["b"], ["a"], [0.5])]
    first = write_derived(tmp_path / "1", "product_similarity", iter(parts)).read_bytes()
    assert write_derived(tmp_path / "2", "product_similarity", iter(parts)).read_bytes() == first


def test_an_empty_result_is_a_file_with_the_schema(tmp_path: Path) -> None:
    path = write_derived(tmp_path, "visitor_affinity", [])
    assert pq.read_schema(path).equals(VISITOR_PAIRS)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (pairs(["a"], ["a"], [0.5]), "own neighbour"),
        (pairs(["a"], ["b"], [float("nan")]), "not a finite number"),
        (VISITOR_PAIRS.empty_table(), "must have the columns"),
    ],
)
def test_what_breaks_the_shape_leaves_the_old_file(tmp_path: Path, bad: pa.Table, why: str) -> None:
    path = write_derived(tmp_path, "product_similarity", pairs(["a"], ["b"], [0.5]))
    before = path.read_bytes()
    with pytest.raises(PairsError, match=why):
        write_derived(tmp_path, "product_similarity", [pairs(["c"], ["d"], [0.1]), bad])
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="product_similarity, product_also_liked, visitor_affinity"):
        write_derived(tmp_path, "nonsense", pairs([], [], []))
