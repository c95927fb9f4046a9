"""Segments for the loader, made with the format's own writer functions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from msgspec import Raw

from footfall.landing.segments import HEADER, Envelope, encode_frame
from footfall.runtime.paths import Paths

RECEIVED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Seal = Callable[..., Path]


def message(number: int, **changes: Any) -> dict[str, Any]:
    """A product click; ``number`` names it."""
    return {
        "type": "track",
        "event": "Product Clicked",
        "messageId": f"m-{number}",
        "anonymousId": f"g-{number % 3}",
        "originalTimestamp": "2026-03-01T11:59:58.000Z",
        "context": {
            "sessionId": "s-1",
            "page": {"url": "https://shop/x", "path": "/x"},
            "odd": {"kept": [1]},
        },
        "properties": {
            "product_id": 7,
            "zone": "collection_card",
            "element": {"tag": "a", "text": "Cap", "classes": ["card", "link"]},
        },
    } | changes


def seal_segment(
    paths: Paths,
    name: str,
    *frames: Sequence[dict[str, Any]],
    received_at: datetime = RECEIVED,
    tail: bytes = b"",
    **about: Any,
) -> Path:
    """Seal a segment of frames; a frame is a list of messages (one request)."""
    folder = paths.landing / "sealed"
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEADER]
    for frame in frames:
        envelope = Envelope(
            received_at=received_at,
            source=about.get("source", "shop_pixel"),
            trusted=about.get("trusted", False),
            sent_at=about.get("sent_at"),
            day_id=about.get("day_id"),
            bot_reason=about.get("bot_reason"),
            accepted=len(frame),
            rejected=len(about.get("failed", [])),
            failed=about.get("failed", []),
            batch=[Raw(json.dumps(each).encode()) for each in frame],
        )
        parts.append(encode_frame(envelope))
    path = folder / f"{name}.seg"
    path.write_bytes(b"".join(parts) + tail)
    return path


@pytest.fixture
def seal(paths: Paths) -> Seal:
    """``seal_segment`` into this test's landing folder."""
    return partial(seal_segment, paths)


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Iterator[dg.Definitions]:
    """The definitions over an empty data directory. Of several processes the first parses the dbt project for all."""
    before = os.environ.get("FOOTFALL_DATA")
    os.environ["FOOTFALL_DATA"] = str(run_folder / "definitions")
    try:
        from orchestration.definitions import defs

        os.environ["FOOTFALL_DATA"] = str(tmp_path_factory.mktemp("data"))
        yield defs
    finally:
        if before is None:
            del os.environ["FOOTFALL_DATA"]
        else:
            os.environ["FOOTFALL_DATA"] = before
