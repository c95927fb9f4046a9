"""A failed run tells the operator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.attacks.conftest import Shop
from tests.sinks import webhook_sink

pytestmark = pytest.mark.pipeline


def test_a_failed_run_tells_the_operator_once(open_shop: Callable[..., Shop]) -> None:
    with webhook_sink() as hook:
        shop = open_shop(FOOTFALL_NOTIFY_WEBHOOK=hook.url)
        broken = shop.settings.paths.lake / "events" / "received_date=2026-01-01" / "canary.parquet"
        broken.parent.mkdir(parents=True)
        broken.write_bytes(b"no Parquet" * 100)
        shop.footfall("run", fails=True)
        (text,) = hook.texts
        assert "full_pipeline failed: lake__" in text
        assert "ValueError: invalid literal for int() with base 10: ..." in text
        assert "canary" not in text, "the error quotes it"
        shop.footfall("run", fails=True)
        assert len(hook.texts) == 1, "the same failure again"
