"""From a landed request to rows of the lake: the wire's nesting laid flat, nothing lost.

``properties``, ``context`` and ``traits`` reach the lake as the JSON text that was sent; the columns beside them are
what most questions need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct

from footfall.landing.segments import Damage, Envelope, Frame, decode_envelope
from footfall.wire.bots import bot_reason
from footfall.wire.schema import Context, Message, Page, WireError, as_utc, check_message, text_id

# Tracking plan, "Clock skew": outside of these an event is kept and flagged.
AHEAD = timedelta(hours=1)
BEHIND = timedelta(days=5)

Row = dict[str, Any]


class _ContextTraits(Struct):
    """Where RudderStack's SDKs put the traits of ``identify``."""

    traits: Raw = Raw()


#: Fields at the top of a message that have columns of their own; the others go to ``rest``.
_COLUMNS = frozenset(
    {
        *("type", "event", "messageId", "anonymousId", "userId", "timestamp", "originalTimestamp", "sentAt"),
        *("context", "properties", "traits"),
    }
)
#: What a message says. A retry repeats these to the byte; its ``sentAt`` and its context (the network's state, say) may
#: differ.
_CONTENT = (
    *("type", "event", "anonymousId", "userId", "timestamp", "originalTimestamp"),
    *("properties", "traits", "groupId", "previousId"),
)
#: A message's fields as they were sent. The order of a dict is theirs.
_fields = msgspec.json.Decoder(dict[str, Raw])
_traits_of_context = msgspec.json.Decoder(_ContextTraits)


def occurred_at(
    happened_at: datetime | None, sent_at: datetime | None, received_at: datetime, *, trusted: bool
) -> tuple[datetime, str | None]:
    """When the event happened by our clock, and the flag ``ahead`` or ``behind`` where the client's is far off.

    The client's clock may be wrong, the time between its two stamps is not: received - (sent - happened).
    A trusted source's own time is kept as it is; far in the past it is history, far ahead it can't be meant.
    """
    if happened_at is None:
        return received_at, None
    if trusted:
        return happened_at, "ahead" if happened_at - received_at > AHEAD else None
    if sent_at is None or sent_at < happened_at:
        return received_at, "ahead" if happened_at - received_at > AHEAD else None
    moment = received_at - (sent_at - happened_at)
    return moment, "behind" if received_at - moment > BEHIND else None


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
        yield "failed_events", about | place | _failed("door", failed.field, failed.reason, failed.raw)
    for number, raw in enumerate(envelope.batch):
        place = {"message_no": number}
        try:
            row = _event(raw, envelope, received_at)
        except Exception as error:
            # A message that this code trips over must not hold up the shop: it is kept beside the refused ones, with
            # what happened, and can be sent again after a fix (`footfall failed`).
            if isinstance(error, WireError):
                field, reason = error.field, error.reason
            else:
                field, reason = "message", f"{type(error).__name__}: {error}"
            yield "failed_events", about | place | _failed("load", field, reason, bytes(raw))
            continue
        # A sender that names no message has no retries to recognise either: its place is its name.
        row["user_proven"] = (
            envelope.proven if isinstance(envelope.proven, bool) else number in envelope.proven
        )
        row["message_id"] = row["message_id"] or f"{segment_id}/{part.number}/{number}"
        yield "events", about | row | place


def _failed(stage: str, field: str, reason: str, raw: bytes) -> Row:
    return {"stage": stage, "field": field, "reason": reason, "raw": raw}


def _event(raw: Raw, envelope: Envelope, received_at: datetime) -> Row:
    message = check_message(raw)
    parts = _fields.decode(raw)
    rest = {name: value for name, value in parts.items() if name not in _COLUMNS}
    context = message.context
    page, consent = _page(message, context), context.consent
    properties = message.properties or {}
    element, element_raw = message.element, properties.get("element")
    # Cookieless: the page's own ids were made for this page alone, and end with it.
    daily = envelope.day_id if message.is_cookieless else None
    sent_at = as_utc(message.sent_at or envelope.sent_at)
    moment, clock_flag = occurred_at(message.happened_at, sent_at, received_at, trusted=envelope.trusted)
    # The collector judged the sender. A server that sends on behalf of visitors names the visitor's own agent here.
    bot = envelope.bot_reason or (bot_reason(context.user_agent) if context.user_agent else None)
    return {
        "trusted": envelope.trusted,
        "message_id": message.message_id,
        "content_hash": None if envelope.trusted else _content_hash(parts),
        "type": message.type,
        "event": message.event,
        "guest_token": daily or text_id(message.anonymous_id),
        "user_id": text_id(message.user_id),
        "session_token": None if daily else text_id(context.session_id),
        "page_view_id": text_id(context.page_view_id),
        "occurred_at": moment,
        "original_at": message.happened_at,
        "sent_at": sent_at,
        "clock_flag": clock_flag,
        "page_url": page.url,
        "page_path": page.path,
        "page_title": page.title,
        "page_referrer": page.referrer,
        "page_search": page.search,
        "campaign": _json(context.campaign),
        "element_text": element and element.text,
        "element_class": element and " ".join(element.classes),
        "element_tag": element and element.tag,
        "element_id": element and element.id,
        "element_href": element and element.href,
        "element": _json(element_raw),
        "zone": _text(properties.get("zone")),
        "product_id": _text(properties.get("product_id")),
        "variant_id": _text(properties.get("variant_id")),
        "properties": _as_sent(parts.get("properties")),
        "context": _as_sent(parts.get("context")),
        "traits": _as_sent(parts.get("traits")) or _traits_in_context(message, parts),
        "rest": msgspec.json.encode(rest).decode() if rest else None,
        "user_agent": context.user_agent or envelope.user_agent,
        "ip": envelope.ip,
        "is_bot": bot is not None,
        "bot_reason": bot,
        "gpc": envelope.gpc or bool(consent and consent.gpc),
        "consent_analytics": consent and consent.analytics,
        "consent_marketing": consent and consent.marketing,
    }


def _page(message: Message, context: Context) -> Page:
    """Where the visitor was. SDKs of servers tell a page in its properties alone, and some senders no path."""
    page = context.page or Page()
    if page.url is None and message.type == "page" and message.properties:
        said = message.properties
        page = Page(**{name: getattr(page, name) or _text(said.get(name)) for name in Page.__struct_fields__})
    if page.path is None and page.url is not None:
        page.path = _path(page.url)
    return page


def _path(url: str) -> str | None:
    try:
        return urlsplit(url).path or "/"
    except ValueError:  # "http://[": what a browser can't have opened
        return None


def _content_hash(parts: dict[str, Raw]) -> int:
    """Tells a retry from another message under the same id (tracking plan, "Dedup"). Signed, 64 bits.

    A trusted sender's ids are made from what a message is about, and need none: an order told by two webhooks is one.
    """
    content = b"\0".join(bytes(parts.get(name, b"")) for name in _CONTENT)
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


def _json(value: Any) -> str | None:
    return None if not value else msgspec.json.encode(value).decode()


def _as_sent(raw: Raw | None) -> str | None:
    """The JSON text of an object as it was sent; null for an absent or null one."""
    text = "" if raw is None else bytes(raw).decode()
    return text if text not in ("", "null") else None


def _traits_in_context(message: Message, parts: dict[str, Raw]) -> str | None:
    if message.type != "identify" or "context" not in parts:
        return None
    text = _as_sent(_traits_of_context.decode(parts["context"]).traits)
    return text if text and text.startswith("{") else None


def _text(value: Any) -> str | None:
    """A scalar property as text; ids come as numbers or strings, and a nested one is no id."""
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value)
