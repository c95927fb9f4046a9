"""The wire schema: one message format from the pixel to the lake.

It is the Segment/RudderStack HTTP tracking format, so their SDKs and our pixel speak one language. The rules and
their numbers are those of ``docs/reference/tracking-plan.md``. A batch is decoded in two steps: the frame of the
request strictly, each message on its own, so that one bad message costs its neighbours nothing. Where all are good,
``footfall.wire.fast_path`` takes them in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

#: Where a collector takes batches, and Shopify's deliveries.
BATCH_PATH = "/v1/batch"
WEBHOOKS_PATH = "/v1/shopify/webhooks"
#: Where a server pushes its catalogue.
CATALOG_PATH = "/v1/catalog"

# Limits of the tracking plan ("Request"). Bytes unless said.
MAX_MESSAGE = 32 * 1024
MAX_MESSAGES = 500
MAX_BODY = 2**20
MAX_INFLATED = 4 * 2**20
MAX_DEPTH = 10
#: Characters of an id (tracking plan, "Limits").
MAX_ID = 255
#: Years of a client's clock that can be meant; outside of them arithmetic on times overflows and no reader agrees.
PLAUSIBLE_YEARS = range(1990, 2101)

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
IdLike = Id | int
"""Some SDKs send numbers as ids; ``text_id`` makes text of them."""
Short = Annotated[str, Meta(max_length=255)]
Url = Annotated[str, Meta(max_length=4096)]
MessageType = Literal["track", "page", "screen", "identify", "alias", "group"]
MESSAGE_TYPES: tuple[str, ...] = ("track", "page", "screen", "identify", "alias", "group")


def _tree(levels: int) -> Any:
    """The type of a JSON object at most this deep. As a type the limit is checked while the bytes are parsed."""
    value: Any = str | int | float | bool | None
    for _ in range(levels - 1):
        value = str | int | float | bool | None | dict[str, value] | list[value]
    return dict[str, value]


if TYPE_CHECKING:
    Tree = dict[str, Any]
else:
    Tree = _tree(MAX_DEPTH)

#: Digits before the point that a property which is a number may have, as a number or as text: what shops' numbers have,
#: in any currency (10^12 rials are about a million euros). Sums of 10^12 messages then fit the warehouse's types
#: (docs/decisions/0039-bounds-of-numbers.md); its macro `property_number` holds what it reads to the same digits.
DIGITS: dict[str, int] = {
    **dict.fromkeys(("price", "list_price", "discount", "shipping", "tax"), 12),
    **dict.fromkeys(("value", "current_value", "subtotal", "total", "revenue"), 12),
    "quantity": 6,
    **dict.fromkeys(("position", "results_count", "field_order"), 9),
    "line_number": 15,
    **dict.fromkeys(("engaged_ms", "ms_spent"), 10),
    "scroll_depth": 3,
}
#: Text that reads as a number; all other text is a word, and no number to anybody.
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)

#: Ids that client code sends when it has none. One of them would glue all such visitors into one person. The last line
#: is what PostHog refuses besides.
PLACEHOLDER_IDS = frozenset(
    {
        "null", "nil", "none", "undefined", "nan", "n/a", "na", "anonymous", "anon", "guest", "user", "unknown",
        "true", "false", "-1", "[object object]", "not_set", "(not set)",
        "id", "email", "distinct_id", "distinctid", "not_authenticated",
    }
)  # fmt: skip


class WireError(Exception):
    """A message or request that breaks the schema: which field, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# gc=False here and below: what was JSON has no cycles to be searched for (0.1 of a click's 1.8 microseconds).
class Page(Struct, kw_only=True, gc=False):
    """The page that the visitor was on."""

    url: Url | None = None
    path: Url | None = None
    search: Url | None = None
    title: Annotated[str, Meta(max_length=2000)] | None = None
    referrer: Url | None = None


class Consent(Struct, kw_only=True, gc=False):
    """The visitor's consent; ``None`` is "not asked"."""

    analytics: bool | None = None
    marketing: bool | None = None
    gpc: bool | None = None


class Context(Struct, rename="camel", kw_only=True, gc=False):
    """The surroundings of a message. Unknown keys are let through and reach the lake in ``context``."""

    session_id: IdLike | None = None
    page_view_id: IdLike | None = None
    page: Page | None = None
    campaign: dict[str, Any] | None = None
    user_agent: Annotated[str, Meta(max_length=1000)] | None = None
    consent: Consent | None = None


class Element(Struct, kw_only=True, gc=False):
    """The element of a click; text and classes are two of the seven facts that get columns of their own."""

    tag: Short | None = None
    id: Short | None = None
    classes: Annotated[list[Short], Meta(max_length=20)] = []
    text: Short | None = None
    href: Url | None = None


def _number(digits: int) -> Any:
    """The type of a value with at most so many digits before the point. Of text it takes what can't have more: what it
    refuses may still be a word, or a small number in many characters (``_check_numbers``); so may a list or an object.
    """
    # They are left out: beside a pattern msgspec 0.22 frees what it does not own, and the process dies at its end.
    bounds = Meta(gt=-(10**digits), lt=10**digits)
    text = Annotated[str, Meta(pattern=rf"^[^eE]{{0,{digits}}}(\.\d{{0,9}})?$")]
    return Annotated[int, bounds] | Annotated[float, bounds] | text | bool | None


_NUMBERS = [(name, _number(digits), None) for name, digits in DIGITS.items()]
_Line = msgspec.defstruct("_Line", _NUMBERS, gc=False)
_Word = str | int | float | bool | list[Any] | None
#: The properties that have rules: of numbers, also in each of ``products``, and the element, where it is an object.
Known: Any = msgspec.defstruct(
    "Known",
    [
        *_NUMBERS,
        ("products", list[_Line | _Word] | str | int | float | bool | dict[str, Any] | None, None),  # type: ignore[valid-type]
        ("element", Element | _Word, None),
    ],
    gc=False,
)


class Message(Struct, rename="camel", kw_only=True, gc=False):
    """One checked message. Times without a zone are UTC."""

    type: MessageType
    message_id: Id | None = None
    event: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    anonymous_id: IdLike | None = None
    user_id: IdLike | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    surroundings: Tree = msgspec.field(name="context", default_factory=dict)
    properties: Tree | None = None
    traits: Tree | None = None

    @property
    def context(self) -> Context:
        """The known part of the surroundings. Raises msgspec.ValidationError where it breaks the schema."""
        return msgspec.convert(self.surroundings, Context)

    @property
    def is_cookieless(self) -> bool:
        """See ``says_cookieless``."""
        return says_cookieless(self.surroundings)

    @property
    def happened_at(self) -> datetime | None:
        """The client's own time of the event, in UTC."""
        return as_utc(self.original_timestamp or self.timestamp)

    @property
    def element(self) -> Element | None:
        """The element, where ``properties.element`` is an object: to an SDK's users it is a word like others."""
        raw = (self.properties or {}).get("element")
        return msgspec.convert(raw, Element) if isinstance(raw, dict) else None


class Undecoded(Message, gc=False):
    """A message whose surroundings are still bytes. Of two keys ``context`` only the last counts."""

    surroundings: Raw = msgspec.field(name="context", default=Raw(b"{}"))  # type: ignore[assignment]


class Batch(Struct, rename="camel", kw_only=True):
    """The body of a request; messages are still raw, each is checked on its own."""

    batch: list[Raw]
    write_key: Annotated[str, Meta(max_length=255)] | None = None
    sent_at: datetime | None = None


class Rejection(Struct, rename="camel", kw_only=True, omit_defaults=True):
    """The reason that a message of a batch was refused (its index in the batch counts from 0)."""

    index: int
    field: str
    reason: str
    message_id: str | None = None


class BatchAnswer(Struct, kw_only=True):
    """The answer to a batch: how many messages stand on disk, and which don't."""

    accepted: int
    rejected: list[Rejection] = []


_batch_decoder = msgspec.json.Decoder(Batch)
_message_decoder = msgspec.json.Decoder(Undecoded)
_surroundings_decoder = msgspec.json.Decoder(Tree)
_FIELD = re.compile(r" - at `\$\.?(?P<path>.*)`$")
#: What the parser says of an object or a list at the innermost level of a ``Tree``.
_INNERMOST = re.compile(r"Expected `[a-z| ]+`, got `(?:object|array)`$")


def says_cookieless(surroundings: Tree) -> bool:
    """Return whether a message's visitor keeps nothing in the browser, and gets an id for the day by the collector."""
    return surroundings.get("cookieless") is True


def as_utc(moment: datetime | None) -> datetime | None:
    """The moment with zone UTC; one without a zone is taken as UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def text_id(value: str | int | None) -> str | None:
    """An id as text, without surrounding blanks."""
    return None if value is None else str(value).strip()


def decode_batch(body: bytes) -> Batch:
    """The request's frame. Raises WireError where the body is not a batch; the messages in it are not yet checked."""
    try:
        if not body.isascii():
            # msgspec.Raw lets invalid UTF-8 through, and readers of the lake then refuse the file
            body.decode("utf-8")
        batch = _batch_decoder.decode(body)
    except UnicodeDecodeError as error:
        raise WireError("body", f"not UTF-8 (byte {error.start})") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _wire_error(error, "body") from None
    if batch.sent_at is not None and batch.sent_at.year not in PLAUSIBLE_YEARS:
        raise WireError("sentAt", f"not a plausible time (year {batch.sent_at.year})")
    if len(batch.batch) > MAX_MESSAGES:
        raise WireError("batch", f"{len(batch.batch)} messages, at most {MAX_MESSAGES} in a batch")
    return batch


def check_message(raw: bytes | Raw) -> Message:
    """Decode and check one message (UTF-8 JSON). Raises WireError with the field and the reason.

    The definition of a good message. ``footfall.wire.fast_path`` applies the same rules to many at once.
    """
    if len(memoryview(raw)) > MAX_MESSAGE:
        raise WireError("message", f"larger than {MAX_MESSAGE} bytes")
    try:
        message = _message_decoder.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _wire_error(error, "message") from None
    message.surroundings = check_surroundings(message.surroundings)  # type: ignore[assignment]
    if message.properties:
        _check_properties(message)
    check_rules([message])
    return message


def _check_properties(message: Message) -> None:
    properties = message.properties or {}
    try:
        msgspec.convert(properties, Known)
        return
    except msgspec.ValidationError:
        _check_numbers(properties, "properties")
        products = properties.get("products")
        for index, line in enumerate(products if isinstance(products, list) else ()):
            if isinstance(line, dict):
                _check_numbers(line, f"properties.products[{index}]")
    try:
        _ = message.element
    except msgspec.ValidationError as error:
        raise _wire_error(error, "properties.element", "properties.element.") from None


def _check_numbers(properties: Tree, where: str) -> None:
    for name, digits in DIGITS.items():
        value = properties.get(name)
        if isinstance(value, str):
            value = float(value) if _NUMBER.fullmatch(value) else None
        if isinstance(value, int | float) and not -(10**digits) < value < 10**digits:
            raise WireError(f"{where}.{name}", f"a number of more than {digits} digits before the point")


def check_surroundings(raw: Raw) -> Tree:
    """A message's ``context``, decoded; its known part is in order. Raises WireError."""
    try:
        tree = _surroundings_decoder.decode(raw)
        context = msgspec.convert(tree, Context)
    except msgspec.ValidationError as error:
        raise _wire_error(error, "context", "context.") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _wire_error(error, "message") from None
    if type(context.session_id) is int and len(str(context.session_id)) > MAX_ID:
        raise _long("context.sessionId")
    if type(context.page_view_id) is int and len(str(context.page_view_id)) > MAX_ID:
        raise _long("context.pageViewId")
    return tree


def check_rules(messages: Iterable[Message]) -> None:
    """Validate what the types can't express, of one message or many. Raises WireError for the first that breaks a rule.

    Written out, since it is run for every message and a call or a loop costs as much as what it would replace.
    """
    known: set[str | int] = set()
    for message in messages:
        moment = message.original_timestamp
        if moment is not None and moment.year not in PLAUSIBLE_YEARS:
            raise _implausible("originalTimestamp", moment)
        moment = message.timestamp
        if moment is not None and moment.year not in PLAUSIBLE_YEARS:
            raise _implausible("timestamp", moment)
        moment = message.sent_at
        if moment is not None and moment.year not in PLAUSIBLE_YEARS:
            raise _implausible("sentAt", moment)
        if not message.event and message.type == "track":
            raise WireError("event", "a track message needs an event name")
        guest, user = message.anonymous_id, message.user_id
        if guest is None and user is None:
            raise WireError("anonymousId", "a message needs an anonymousId or a userId")
        if guest is not None and guest not in known:
            text = str(guest)
            if is_placeholder(text):
                raise WireError("anonymousId", "a placeholder, not an id")
            if len(text) > MAX_ID:
                raise _long("anonymousId")
            known.add(guest)
        if user is not None and user not in known:
            text = str(user)
            if is_placeholder(text):
                raise WireError("userId", "a placeholder, not an id")
            if len(text) > MAX_ID:
                raise _long("userId")
            known.add(user)


def _long(field: str) -> WireError:
    # Of text the type says it: this is a number, and the parser takes thousands of digits.
    return WireError(field, f"a number of more than {MAX_ID} digits")


def _implausible(field: str, moment: datetime) -> WireError:
    return WireError(field, f"not a plausible time (year {moment.year})")


def is_placeholder(value: str) -> bool:
    """Return whether an id is what clients send when they have none."""
    bare = value.strip().lower()
    # (nothing but zeros and dashes: 0, the zero uuid with or without its dashes, a telephone's erased advertising id)
    return not bare.strip("0-") or bare in PLACEHOLDER_IDS


def _wire_error(error: Exception, where: str, prefix: str = "") -> WireError:
    if isinstance(error, RecursionError):
        return WireError(where, f"nested deeper than {MAX_DEPTH}")
    text = str(error)
    if found := _FIELD.search(text):
        path, reason = found["path"], text[: found.start()]
        # What has no name of its own is told by the name of what it lies in.
        path = prefix.removesuffix(".") + path if path.startswith("[") else prefix + path
        if "[...]" in path and _INNERMOST.match(reason):
            return WireError(path.partition("[")[0], f"nested deeper than {MAX_DEPTH}")
        return WireError(path or where, reason)
    return WireError(where, text)
