"""What has arrived of a new shop, step by step, from the tag to the first recommendation, and what is still to do.

Read off files alone (landing, lake, snapshot) and the servers' metrics: nothing is opened for writing, so it may be
asked while everything runs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pyarrow.parquet as pq

from footfall.landing.directory import sealed as sealed_segments
from footfall.landing.directory import unsealed
from footfall.landing.segments import Frame, SegmentError, decode_envelope, read_segment
from footfall.settings import Settings
from footfall.snapshot.format import SnapshotError, read_pointer
from footfall.status.first_day import waiting_for

#: Events by the step they tick off.
CART = frozenset({"Product Added", "Cart Viewed", "Cart Updated"})
ORDER = "Order Completed"
BLOCK_SEEN = "Recommendation Viewed"
PRODUCT = frozenset({"Product Viewed", "Product Clicked", "Product Added"})
#: Products of pages that are remembered, to name some that are in no catalogue.
_MOST_PRODUCTS = 1000
_SETTLED_SECONDS = 2.0
_LAKE_COLUMNS = ["source", "type", "event", "product_id", "page_url", "is_bot", "bot_reason"]
_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)
_HANDLE = re.compile(r"/products?/([^/?#]+)")


class Step(msgspec.Struct, frozen=True):
    """One of the things that a new shop waits for."""

    title: str
    done: bool
    text: str
    """Where it is done, what was seen; else what to do."""


class _Event(msgspec.Struct, frozen=True):
    """As the lake has it."""

    source: str | None = None
    type: str | None = None
    event: str | None = None
    product_id: str | None = None
    page_url: str | None = None
    is_bot: bool | None = None
    bot_reason: str | None = None


class _Message(msgspec.Struct):
    """As much of a landed message as counts here. What stands in its objects is the sender's."""

    type: str
    event: str | None = None
    context: dict[str, Any] = {}
    properties: dict[str, Any] | None = None


_messages = msgspec.json.Decoder(_Message)


class Arrivals:
    """Reads what is new at each look. Events in the lake are read from the newest file back, and only until every step
    that events can tick off is.
    """

    def __init__(self, settings: Settings, collector: str | None = None, api: str | None = None) -> None:
        """``collector`` and ``api``: addresses, where they are not on this machine."""
        self._settings = settings
        self._collector = (collector or settings.collector_url).rstrip("/")
        self._api = (api or settings.api_url).rstrip("/")
        self._pages = {key.source for key in settings.write_keys if not key.is_of_a_server}
        self._frames: dict[str, int] = {}
        lake = settings.paths.lake
        self._events = _Files(lake / "events", "received_date=*")
        self._catalogue = CatalogueNames(lake)
        self._known = self._catalogue.names
        self._products: dict[str, bool] = {}
        self._seen: dict[str, str] = {}
        self._bots: str | None = None

    def look(self) -> list[Step]:
        """The steps, in the order in which a shop comes to them."""
        self._catalogue.look()
        for event in self._new_events():
            self._take(event)
        refused = _metrics(self._collector)
        answered = _metrics(self._api)
        return [
            self._tag(refused),
            self._view(),
            self._matched(),
            self._of("A cart", "cart", "Put something into the cart. Not seen? Open the page with ?ff_debug=1: "
                     "it says what the click is taken for (docs/developer/pixel.md#helping-it)."),
            self._of("An order", "order", "Buy something, or let the shop's server report an order "
                     "(docs/developer/your-own-shop.md#orders)."),
            self._published(),
            self._recommended(answered),
        ]  # fmt: skip

    def _take(self, event: _Event) -> None:
        if event.source in self._pages:
            self._seen.setdefault("tag", f"from {event.page_url or 'a page'}")
        if event.is_bot:
            self._bots = event.bot_reason
            return
        name = event.event
        if event.type == "page":
            self._seen.setdefault("view", event.page_url or "a page")
        elif name == ORDER:
            self._seen.setdefault("order", f"by {event.source}")
        elif name == BLOCK_SEEN:
            self._seen.setdefault("block", f"a visitor saw it on {event.page_url or 'a page'}")
        if name in CART:
            self._seen.setdefault("cart", str(name))
        if name in PRODUCT and event.product_id and len(self._products) < _MOST_PRODUCTS:
            handle = _HANDLE.search(event.page_url or "")
            names = {event.product_id, unquote(handle[1]) if handle else event.product_id}
            self._products[event.product_id] = self._products.get(event.product_id) or bool(
                names & self._known
            )

    def _tag(self, metrics: dict[str, float] | None) -> Step:
        title = "The tag"
        if "tag" in self._seen:
            return Step(title, True, self._seen["tag"])
        if metrics is None:
            return Step(
                title,
                False,
                f"The collector does not answer at {self._collector}: footfall start runs it.",
            )
        for reason, remedy in (
            ("origin", "Their page's address is none of the write key's origins: add it in footfall.toml"),
            ("unknown_key", "Their write key is none of write_keys: footfall init --show prints the tag"),
        ):
            count = metrics.get(f'footfall_collector_requests_refused_total{{reason="{reason}"}}', 0)
            if count:
                return Step(title, False, f"Requests refused: {count:.0f}. {remedy}.")
        return Step(
            title,
            False,
            "Put it into the head of every page (footfall init --show prints it), and open one in a browser.",
        )

    def _view(self) -> Step:
        title = "A page view"
        if "view" in self._seen:
            return Step(title, True, self._seen["view"])
        if self._bots is not None:
            return Step(
                title,
                False,
                f"All that came is taken for a bot's ({self._bots}), which is kept and counts nowhere: open a page in "
                "a usual browser.",
            )
        return Step(title, False, "Open a page of the shop in a browser.")

    def _matched(self) -> Step:
        title = "A product of the catalogue"
        matched = [name for name, known in self._products.items() if known or name in self._known]
        strange = [name for name in self._products if name not in matched]
        of = f"{len(matched)} of {len(self._products)} products seen are in the catalogue"
        if matched:
            return Step(title, True, of + (f"; not {_some(strange)}" if strange else ""))
        inbox = self._settings.paths.catalog
        if not self._known:
            has_files = inbox.is_dir() and any(inbox.iterdir())
            later = (
                "The first full pipeline reads it." if has_files else f"Put the shop's products into {inbox}."
            )
            return Step(title, False, f"No catalogue is read yet. {later}")
        if not self._products:
            return Step(
                title,
                False,
                "Open the page of a product. Was it one? Without JSON-LD its markup has to say so "
                "(docs/developer/ten-minutes.md#the-tag-and-the-block).",
            )
        return Step(
            title,
            False,
            f"{of}: the pages say {_some(strange)}, the catalogue {_some(sorted(self._known))}. Let pages say the "
            "catalogue's ids, in data-product-id (docs/developer/catalog.md#its-ids-are-those-of-the-pages).",
        )

    def _of(self, title: str, name: str, todo: str) -> Step:
        return Step(title, name in self._seen, self._seen.get(name, todo))

    def _published(self) -> Step:
        title = "The first publish"
        try:
            pointer = read_pointer(self._settings.paths.serving)
        except SnapshotError as error:
            return Step(title, False, f"{error}. footfall run publishes a new version.")
        if pointer is None:
            todo = waiting_for(self._settings).todo
            return Step(title, False, f"{todo[0].upper()}{todo[1:]}.")
        return Step(title, True, f"{pointer.version}, {pointer.published_at:%F %H:%M} UTC")

    def _recommended(self, metrics: dict[str, float] | None) -> Step:
        title = "A recommendation"
        if "block" in self._seen:
            return Step(title, True, self._seen["block"])
        if metrics is None:
            return Step(title, False, f"The API does not answer at {self._api}: footfall start runs it.")
        route = 'footfall_api_requests_total{route="/v1/recommendations",status="%s"}'
        if count := metrics.get(route % 200, 0):
            return Step(title, True, f"lists answered: {count:.0f}")
        if metrics.get(route % 503, 0):
            return Step(
                title, False, "A block asked before anything was published: open its page again after that."
            )
        if metrics.get(route % 401, 0) or metrics.get(route % 403, 0):
            return Step(
                title,
                False,
                "A block's request was refused: are data-api-key and the page's address among api_public_keys and "
                "api_origins?",
            )
        return Step(title, False, "Put a block into a page (footfall init --show prints one), and open it.")

    def _new_events(self) -> Iterator[_Event]:
        landing = self._settings.paths.landing
        for segment in [*sealed_segments(landing), *unsealed(landing)]:
            with suppress(FileNotFoundError, SegmentError):  # loaded meanwhile: then it is in the lake
                yield from self._of_segment(segment)
        for file in reversed(self._events.new()):
            if {"tag", "view", "cart", "order", "block"} <= self._seen.keys() and self._products:
                return
            with suppress(FileNotFoundError):  # merged with others of its day, which are read next time
                table = pq.read_table(file, columns=_LAKE_COLUMNS, partitioning=None)
                yield from (_Event(**row) for row in table.to_pylist())

    def _of_segment(self, segment: Path) -> Iterator[_Event]:
        after = self._frames.get(segment.name, 0)
        for part in read_segment(segment):
            if not isinstance(part, Frame) or part.number < after:
                continue  # the end of a segment may be half-written: it is whole at a later look
            self._frames[segment.name] = part.number + 1
            with suppress(msgspec.MsgspecError):  # of a newer Footfall
                envelope = decode_envelope(part.payload)
                for raw in envelope.batch:
                    message = _messages.decode(raw)
                    page = message.context.get("page")
                    yield _Event(
                        source=envelope.source,
                        type=message.type,
                        event=message.event,
                        product_id=_text((message.properties or {}).get("product_id")),
                        page_url=_text(page.get("url")) if isinstance(page, dict) else None,
                        is_bot=envelope.bot_reason is not None,
                        bot_reason=envelope.bot_reason,
                    )


def _text(value: Any) -> str | None:
    """An id or an address; nothing for what is neither."""
    return str(value) if value and isinstance(value, str | int) and not isinstance(value, bool) else None


class CatalogueNames:
    """The ids and handles of all catalogue files that were ever loaded, as the lake has them."""

    def __init__(self, lake: Path) -> None:
        self._files = _Files(lake, "products")
        self.names: set[str] = set()

    def look(self) -> None:
        """Read the files that are new."""
        for file in self._files.new():
            with suppress(FileNotFoundError):  # merged meanwhile
                table = pq.read_table(file, columns=["product_id", "handle"])
                for column in table.columns:
                    self.names.update(str(name) for name in column.to_pylist() if name)


class _Files:
    """The files below a folder that are new since the last look. A lake of years has a million in a folder a day: only
    folders that changed are listed.
    """

    def __init__(self, folder: Path, pattern: str) -> None:
        self._folder, self._pattern = folder, pattern
        self._changed_at: dict[Path, float] = {}
        self._seen: set[Path] = set()

    def new(self) -> list[Path]:
        """By name, the oldest first: names begin with the number of their load."""
        found: set[Path] = set()
        for folder in self._folder.glob(self._pattern):
            changed_at = folder.stat().st_mtime
            if self._changed_at.get(folder) == changed_at:
                continue
            found.update(folder.glob("*.parquet"))
            # Another file of the same moment would not change it once more
            if time.time() - changed_at > _SETTLED_SECONDS:
                self._changed_at[folder] = changed_at
        new = sorted(found - self._seen, key=lambda file: file.name)
        self._seen.update(new)
        return new


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _metrics(server: str) -> dict[str, float] | None:
    """A server's counters by series; None where it does not answer."""
    try:
        answer = httpx.get(f"{server}/metrics", timeout=2, trust_env=False).raise_for_status()
    except httpx.HTTPError:
        return None
    return {
        match["name"] + (f"{{{match['labels']}}}" if match["labels"] else ""): float(match["value"])
        for match in _SAMPLE.finditer(answer.text)
    }
