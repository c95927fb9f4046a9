"""Past sessions as the mart session_products has them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

CLICKS = pa.schema(
    {
        "session_id": pa.string(),
        "product_id": pa.string(),
        "place": pa.int32(),
        "ended_at": pa.timestamp("us"),
    }
)


def clicks_table(sessions: list[list[str]]) -> pa.Table:
    """Sessions of product ids, the newest last."""
    return pa.Table.from_pylist(
        [
            {
                "session_id": f"s{number}",
                "product_id": product,
                "place": place,
                "ended_at": datetime(2026, 11, 1) + timedelta(hours=number),
            }
            for number, session in enumerate(sessions)
            for place, product in enumerate(session, 1)
        ],
        schema=CLICKS,
    )
