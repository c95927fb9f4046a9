"""The shop that benchmarks of the API serve: a mart that changed must not break what nobody runs for weeks."""

from pathlib import Path

import pytest

from api.items import recommend
from api.snapshots import Snapshot
from benchmarks.shop import guests, make_shop
from footfall.snapshot.blending import RecommendationRequest

pytestmark = pytest.mark.slow


def test_the_shop_of_the_benchmarks_answers(tmp_path: Path) -> None:
    snapshot = Snapshot(make_shop(tmp_path, products=60, visitors=80, sessions=600, batches=2))
    for guest, viewed in guests(60, 80, 5):
        visitor = snapshot.visitor_of(f"guest:{guest}")
        assert visitor is not None
        assert len(recommend(snapshot, RecommendationRequest(visitor, viewed, (), (), 8))) == 8
