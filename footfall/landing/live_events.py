"""What was accepted or refused, as a person looks at it: what happened, whose it was, what the warehouse makes of it.

For the shop's owner and developers, on a screen. So it names no one: guest tokens and user ids are cut short (a token
is a key to its own data), values of traits and of a query string's parameters are hidden, and so is whatever a field's
name calls personal or secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from footfall.landing.following import Look
from footfall.landing.refusals import Refusal
from footfall.landing.segments import Envelope, decode_envelope
from footfall.wire.bots import bot_reason
from footfall.wire.schema import MAX_DEPTH, MAX_MESSAGE, WireError, check_message, text_id

#: Of a guest token or a user id, and what stands for the rest.
SHORT = 8
HIDDEN = "…"
#: Products of one event that are named: an order of more is told by its first ones.
MOST_PRODUCTS = 20
#: Characters of a text in the message as it is shown.
MOST_TEXT = 300
_IDS = frozenset({"anonymousId", "userId", "previousId", "groupId", "sessionId", "anonymous_id", "user_id"})
_PRIVATE = re.compile(
    r"(?i)mail|phone|token|signature|secret|passw|address|first_?name|last_?name|full_?name|birth|\bip$"
)
_QUERY_VALUE = re.compile(r"(?<==)[^&#]+")


class LiveProduct(Struct, kw_only=True):
    """A product that an event names. ``title`` and ``is_known`` are filled in by who has a catalogue."""

    product_id: str
    title: str | None = None
    is_known: bool | None = None


class LiveEvent(Struct, kw_only=True):
    """One event as it was accepted or refused."""

    at: datetime
    """When the collector received it, UTC."""
    outcome: Literal["accepted", "bot", "rejected", "refused"]
    """``accepted``: it counts. ``bot``: kept, counted nowhere. ``rejected``: one message of a request breaks the schema
    and is kept as a failed event. ``refused``: a whole request, of which nothing is kept."""
    reason: str | None = None
    """Why it is a bot's, was rejected or refused."""
    source: str | None = None
    """The write key's source; null for a refused request."""
    type: str | None = None
    event: str | None = None
    guest: str | None = None
    """The first characters of the guest token."""
    user: str | None = None
    """The first characters of the user id, of a visitor who is logged in."""
    is_proven: bool = False
    """The shop's server, or its signature, vouches for the user id."""
    zone: str | None = None
    url: str | None = None
    products: list[LiveProduct] = []
    message: dict[str, Any] | None = None
    """The message as it was sent, with what is personal hidden."""


def live_events(look: Look) -> list[LiveEvent]:
    """The events of a look, by time of arrival."""
    events = [event for _, _, payload in look.frames for event in _of_frame(payload)]
    events += [_of_refusal(refusal) for refusal in look.refusals]
    return sorted(events, key=lambda event: event.at)


def _of_frame(payload: bytes) -> Iterator[LiveEvent]:
    try:
        envelope = decode_envelope(payload)
    except msgspec.MsgspecError:  # of a newer collector: the loader keeps it as a failed event, and says so
        return
    for number, raw in enumerate(envelope.batch):
        yield _of_message(bytes(raw), envelope, number)
    for failed in envelope.failed:
        yield LiveEvent(
            at=envelope.received_at,
            outcome="rejected",
            reason=f"{failed.field}: {failed.reason}",
            source=envelope.source,
            **_outline(failed.raw),
        )


def _of_refusal(refusal: Refusal) -> LiveEvent:
    where = f" (from {refusal.origin})" if refusal.origin and refusal.origin not in refusal.detail else ""
    return LiveEvent(
        at=refusal.at,
        outcome="refused",
        reason=f"{refusal.status} {refusal.reason}: {refusal.detail}{where}",
        url=refusal.path,
    )


def _of_message(raw: bytes, envelope: Envelope, number: int) -> LiveEvent:
    try:
        message = check_message(raw)
    except WireError as error:  # of a collector that took more than this version does
        return LiveEvent(
            at=envelope.received_at,
            outcome="rejected",
            reason=f"{error.field}: {error.reason}",
            source=envelope.source,
            **_outline(raw),
        )
    context, properties = message.context, message.properties or {}
    # As the loader judges it (orchestration/lake/event_columns.py)
    bot = envelope.bot_reason or (bot_reason(context.user_agent) if context.user_agent else None)
    proven = envelope.proven
    page = context.page
    url = page.url if page and page.url else _text(properties.get("url"))
    return LiveEvent(
        at=envelope.received_at,
        outcome="bot" if bot else "accepted",
        reason=bot,
        source=envelope.source,
        type=message.type,
        event=message.event,
        guest=short((envelope.day_id if message.is_cookieless else None) or text_id(message.anonymous_id)),
        user=short(text_id(message.user_id)),
        is_proven=message.user_id is not None and (proven if isinstance(proven, bool) else number in proven),
        zone=_text(properties.get("zone")),
        url=_masked_text(url) if url else None,
        products=[LiveProduct(product_id=each) for each in _products(properties)],
        message=_masked(msgspec.json.decode(raw)),
    )


def _outline(raw: bytes) -> dict[str, Any]:
    """Type, event and guest of a message that breaks the schema, as far as it has them."""
    if len(raw) > MAX_MESSAGE:
        return {}
    try:
        message = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(message, dict):
        return {}
    return {
        "type": _text(message.get("type")),
        "event": _text(message.get("event")),
        "guest": short(_text(message.get("anonymousId"))),
        "message": _masked(message),
    }


def _products(properties: dict[str, Any]) -> list[str]:
    lines = properties.get("products")
    named = [properties.get("product_id")]
    if isinstance(lines, list):
        named += [line.get("product_id") for line in lines[:MOST_PRODUCTS] if isinstance(line, dict)]
    return list(dict.fromkeys(text for each in named if (text := _text(each))))[:MOST_PRODUCTS]


def short(value: str | None) -> str | None:
    """An id as it is shown."""
    return None if value is None else value if len(value) < SHORT else value[:SHORT] + HIDDEN


def is_of_guest(event: LiveEvent, token: str) -> bool:
    """Return whether an event may be of this guest, whose token is given whole or by its beginning."""
    shown = (event.guest or "").removesuffix(HIDDEN)
    return bool(shown) and (token.startswith(shown) or shown.startswith(token))


def _masked(value: Any, key: str = "", depth: int = 0) -> Any:
    if value is None:
        return None
    if depth > MAX_DEPTH or _PRIVATE.search(key):
        return HIDDEN
    if isinstance(value, dict):
        if key == "traits":
            return dict.fromkeys(value, HIDDEN)
        return {name: _masked(each, name, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, key, depth + 1) for each in value]
    if key in _IDS:
        return short(str(value))
    if key == "traits":
        return HIDDEN
    return _masked_text(value) if isinstance(value, str) else value


def _masked_text(text: str) -> str:
    """Without the values of a query string's parameters, and without what stands behind the ``#``."""
    if len(text) > MOST_TEXT:
        text = text[:MOST_TEXT] + HIDDEN
    address, mark, rest = text.partition("?")
    if mark and ("://" in address or not address or address[0] in "/."):
        query, hash_sign, _ = rest.partition("#")
        return f"{address}?{_QUERY_VALUE.sub(HIDDEN, query)}{hash_sign and '#' + HIDDEN}"
    if "://" in text and "#" in text:
        return f"{text.partition('#')[0]}#{HIDDEN}"
    return text


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) else str(value)[:MOST_TEXT]
