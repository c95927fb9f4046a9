"""The columns of an event: their names and types, where the message says each, and how it is read.

The one declaration of an event. The lake's schema, the loader's rows, the tests' lakes and the table in
docs/reference/lake.md come from it; tests hold dbt's source and base model to it. ``properties``, ``context`` and
``traits`` reach the lake as the JSON text that was sent; the columns beside them are what most questions need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
from msgspec import Raw, Struct

from footfall.landing.segments import Envelope
from footfall.wire.bots import bot_reason
from footfall.wire.schema import Consent, Element, Message, Page, as_utc, check_message, text_id

# Tracking plan, "Clock skew": outside of these an event is kept and flagged.
AHEAD = timedelta(hours=1)
BEHIND = timedelta(days=5)

TS = pa.timestamp("us")
TEXT, FLAG = pa.string(), pa.bool_()


class _ContextTraits(Struct):
    """Where RudderStack's SDKs put the traits of ``identify``."""

    traits: Raw = Raw()


#: What a message says. A retry repeats these to the byte; its ``sentAt`` and its context (the network's state, say) may
#: differ.
_CONTENT = (
    *("type", "event", "anonymousId", "userId", "timestamp", "originalTimestamp"),
    *("properties", "traits", "groupId", "previousId"),
)
#: A message's fields as they were sent. The order of a dict is theirs.
_fields = msgspec.json.Decoder(dict[str, Raw])
_traits_of_context = msgspec.json.Decoder(_ContextTraits)


class LandedMessage:
    """A message of a landed request, checked, with what the collector knows of its sender."""

    def __init__(self, raw: Raw, envelope: Envelope, place: tuple[int, str, int, int]) -> None:
        self.load_id, self.segment_id, self.frame_no, self.message_no = place
        self.envelope = envelope
        self.message = message = check_message(raw)
        self.fields = _fields.decode(raw)
        self.context = context = message.context
        self.consent = context.consent or Consent()
        self.page = _page(message, context.page or Page())
        self.properties = message.properties or {}
        self.element = message.element or Element()
        # Cookieless: the page's own ids were made for this page alone, and end with it.
        self.day_id = envelope.day_id if message.is_cookieless else None
        self.sent_at = as_utc(message.sent_at or envelope.sent_at)
        self.occurred_at, self.clock_flag = occurred_at(
            message.happened_at, self.sent_at, envelope.received_at, trusted=envelope.trusted
        )
        # The collector judged the sender. A server that sends on behalf of visitors names the visitor's own agent here.
        self.bot_reason = envelope.bot_reason or (
            bot_reason(context.user_agent) if context.user_agent else None
        )


class Column(Struct, frozen=True):
    """A column of the lake's events."""

    name: str
    type: pa.DataType
    path: str
    """Where the message says it, with a comma between alternatives; empty for what the collector or the loader adds."""
    read: Callable[[LandedMessage], Any]


EVENT_COLUMNS = (
    # Where the row came from: with the last three a row's place in its segment is known for ever.
    Column("load_id", pa.int64(), "", lambda m: m.load_id),
    Column("segment_id", TEXT, "", lambda m: m.segment_id),
    Column("frame_no", pa.int32(), "", lambda m: m.frame_no),
    Column("message_no", pa.int32(), "", lambda m: m.message_no),
    Column("source", TEXT, "", lambda m: m.envelope.source),
    Column("trusted", FLAG, "", lambda m: m.envelope.trusted),
    Column("message_id", TEXT, "messageId", lambda m: _message_id(m)),
    Column("content_hash", pa.int64(), "", lambda m: _content_hash(m)),
    Column("type", TEXT, "type", lambda m: m.message.type),
    Column("event", TEXT, "event", lambda m: m.message.event),
    Column("guest_token", TEXT, "anonymousId", lambda m: m.day_id or text_id(m.message.anonymous_id)),
    Column("user_id", TEXT, "userId", lambda m: text_id(m.message.user_id)),
    # Null in files from before logins could be proven.
    Column("user_proven", FLAG, "", lambda m: _is_proven(m)),
    Column("session_token", TEXT, "context.sessionId", lambda m: _session_token(m)),
    Column("page_view_id", TEXT, "context.pageViewId", lambda m: text_id(m.context.page_view_id)),
    Column("occurred_at", TS, "originalTimestamp, timestamp", lambda m: m.occurred_at),
    Column("original_at", TS, "originalTimestamp, timestamp", lambda m: m.message.happened_at),
    Column("sent_at", TS, "sentAt", lambda m: m.sent_at),
    Column("received_at", TS, "", lambda m: m.envelope.received_at),
    Column("clock_flag", TEXT, "", lambda m: m.clock_flag),
    Column("page_url", TEXT, "context.page.url", lambda m: m.page.url),
    Column("page_path", TEXT, "context.page.path", lambda m: m.page.path),
    Column("page_title", TEXT, "context.page.title", lambda m: m.page.title),
    Column("page_referrer", TEXT, "context.page.referrer", lambda m: m.page.referrer),
    Column("page_search", TEXT, "context.page.search", lambda m: m.page.search),
    Column("campaign", TEXT, "context.campaign", lambda m: _json(m.context.campaign)),
    Column("element_text", TEXT, "properties.element.text", lambda m: m.element.text),
    Column("element_class", TEXT, "properties.element.classes", lambda m: _classes(m)),
    Column("element_tag", TEXT, "properties.element.tag", lambda m: m.element.tag),
    Column("element_id", TEXT, "properties.element.id", lambda m: m.element.id),
    Column("element_href", TEXT, "properties.element.href", lambda m: m.element.href),
    Column("element", TEXT, "properties.element", lambda m: _json(m.properties.get("element"))),
    Column("zone", TEXT, "properties.zone", lambda m: _text(m.properties.get("zone"))),
    Column("product_id", TEXT, "properties.product_id", lambda m: _text(m.properties.get("product_id"))),
    Column("variant_id", TEXT, "properties.variant_id", lambda m: _text(m.properties.get("variant_id"))),
    Column("properties", TEXT, "properties", lambda m: _as_sent(m.fields.get("properties"))),
    Column("context", TEXT, "context", lambda m: _as_sent(m.fields.get("context"))),
    Column("traits", TEXT, "traits, context.traits", lambda m: _traits(m)),
    Column("rest", TEXT, "", lambda m: _rest(m)),
    Column("user_agent", TEXT, "context.userAgent", lambda m: m.context.user_agent or m.envelope.user_agent),
    Column("ip", TEXT, "", lambda m: m.envelope.ip),
    Column("is_bot", FLAG, "", lambda m: m.bot_reason is not None),
    Column("bot_reason", TEXT, "", lambda m: m.bot_reason),
    Column("gpc", FLAG, "context.consent.gpc", lambda m: m.envelope.gpc or bool(m.consent.gpc)),
    Column("consent_analytics", FLAG, "context.consent.analytics", lambda m: m.consent.analytics),
    Column("consent_marketing", FLAG, "context.consent.marketing", lambda m: m.consent.marketing),
)
#: Fields at the top of a message that columns are read from; the others go to ``rest``.
_WITH_COLUMNS = frozenset(
    path.partition(".")[0] for column in EVENT_COLUMNS for path in column.path.split(", ") if path
)


def event_row(raw: Raw, envelope: Envelope, place: tuple[int, str, int, int]) -> dict[str, Any]:
    """The row of a message in the lake's events. ``place`` is its load, segment, frame and number in the frame.

    Raises WireError where the message breaks the schema.
    """
    message = LandedMessage(raw, envelope, place)
    return {column.name: column.read(message) for column in EVENT_COLUMNS}


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


def _message_id(m: LandedMessage) -> str:
    """A sender that names no message has no retries to recognise either: its place is its name."""
    return m.message.message_id or f"{m.segment_id}/{m.frame_no}/{m.message_no}"


def _is_proven(m: LandedMessage) -> bool:
    """Return whether the user's signature, or the shop's server, vouches for the user id."""
    proven = m.envelope.proven
    return proven if isinstance(proven, bool) else m.message_no in proven


def _session_token(m: LandedMessage) -> str | None:
    return None if m.day_id else text_id(m.context.session_id)


def _classes(m: LandedMessage) -> str | None:
    return " ".join(m.element.classes) if isinstance(m.properties.get("element"), dict) else None


def _page(message: Message, page: Page) -> Page:
    """Where the visitor was. SDKs of servers tell a page in its properties alone, and some senders no path."""
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


def _content_hash(m: LandedMessage) -> int | None:
    """Tells a retry from another message under the same id (tracking plan, "Dedup"). Signed, 64 bits.

    A trusted sender's ids are made from what a message is about, and need none: an order told by two webhooks is one.
    """
    if m.envelope.trusted:
        return None
    content = b"\0".join(bytes(m.fields.get(name, b"")) for name in _CONTENT)
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


def _rest(m: LandedMessage) -> str | None:
    rest = {name: value for name, value in m.fields.items() if name not in _WITH_COLUMNS}
    return msgspec.json.encode(rest).decode() if rest else None


def _traits(m: LandedMessage) -> str | None:
    if traits := _as_sent(m.fields.get("traits")):
        return traits
    if m.message.type != "identify" or "context" not in m.fields:
        return None
    text = _as_sent(_traits_of_context.decode(m.fields["context"]).traits)
    return text if text and text.startswith("{") else None


def _json(value: Any) -> str | None:
    return None if not value else msgspec.json.encode(value).decode()


def _as_sent(raw: Raw | None) -> str | None:
    """The JSON text of an object as it was sent; null for an absent or null one."""
    text = "" if raw is None else bytes(raw).decode()
    return text if text not in ("", "null") else None


def _text(value: Any) -> str | None:
    """A scalar property as text; ids come as numbers or strings, and a nested one is no id."""
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value)
