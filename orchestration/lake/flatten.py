"""From a landed request to rows of the lake's tables, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from footfall.landing.segments import Damage, Frame, decode_envelope
from footfall.wire.schema import WireError, as_utc
from orchestration.lake.event_columns import event_row

Row = dict[str, Any]


def rows_of(segment_id: str, part: Frame | Damage, load_id: int) -> Iterator[tuple[str, Row]]:
    """The rows of one frame as (table, row). What can't be read becomes a row of ``failed_events``."""
    frame: Row = {"load_id": load_id, "segment_id": segment_id, "frame_no": part.number}
    if isinstance(part, Damage):
        yield "failed_events", frame | _failed("disk", "frame", part.reason, part.raw)
        return
    try:
        envelope = decode_envelope(part.payload)
    except msgspec.MsgspecError as error:
        yield "failed_events", frame | _failed("load", "envelope", str(error), part.payload)
        return
    received_at = as_utc(envelope.received_at)
    assert received_at is not None
    envelope.received_at = received_at
    yield (
        "landing_counts",
        {
            "load_id": load_id,
            "segment_id": segment_id,
            "source": envelope.source,
            "received_hour": received_at.replace(minute=0, second=0, microsecond=0),
            "frames": 1,
            "accepted": envelope.accepted,
            "rejected": envelope.rejected,
        },
    )
    about = frame | {"source": envelope.source, "received_at": received_at}
    for failed in envelope.failed:
        place = {"message_no": failed.index, "message_id": failed.message_id}
        yield "failed_events", about | place | _failed("collector", failed.field, failed.reason, failed.raw)
    for number, raw in enumerate(envelope.batch):
        try:
            row = event_row(raw, envelope, (load_id, segment_id, part.number, number))
        except Exception as error:
            # A message that this code trips over must not hold up the shop: it is kept beside the refused ones, with
            # what happened, and can be sent again after a fix (`footfall failed`).
            if isinstance(error, WireError):
                field, reason = error.field, error.reason
            else:
                field, reason = "message", f"{type(error).__name__}: {error}"
            place = {"message_no": number}
            yield "failed_events", about | place | _failed("load", field, reason, bytes(raw))
        else:
            yield "events", row


def _failed(stage: str, field: str, reason: str, raw: bytes) -> Row:
    return {"stage": stage, "field": field, "reason": reason, "raw": raw}
