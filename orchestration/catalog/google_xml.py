"""Google Merchant's XML feed: RSS 2.0 (``channel/item``) or Atom (``entry``) with attributes in the namespace ``g``.

Read as a stream by expat behind defusedxml: no entities, no DTD, nothing loaded from elsewhere, and of a feed of any
size only the item at hand as text.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from orchestration.catalog.google_items import ATTRIBUTES, products_of
from orchestration.catalog.links import Shop
from orchestration.catalog.model import CatalogError, CatalogFile

_ROOTS = frozenset({"rss", "feed", "RDF", "channel"})
_ITEMS = frozenset({"item", "entry"})
_OURS = {names[0]: ours for ours, names in ATTRIBUTES.items()} | {"summary": "description"}


@dataclass(frozen=True)
class XmlFile:
    """An XML file that isn't parsed yet."""

    source_file: str
    content: bytes


class _Items(ContentHandler):
    """Collects the items: of each, the texts of its own elements, the first where one is repeated."""

    def __init__(self, source_file: str) -> None:
        super().__init__()
        self.found: list[tuple[int, Mapping[str, str], str | None]] = []
        self._source_file = source_file
        self._line = 0
        self._depth = 0
        self._item: dict[str, str] | None = None
        self._item_depth = 0
        self._name: str | None = None
        self._text: list[str] = []
        self._locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802 - SAX names its events so
        self._locator = locator

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        self._depth += 1
        local = name[1]
        if self._depth == 1 and local not in _ROOTS:
            raise CatalogError(
                f"{self._source_file}:1: no catalogue: an XML file is a Google Merchant feed, RSS or Atom; this one is"
                f" <{local[:40]}>"
            )
        if self._item is None:
            if local in _ITEMS:
                self._item, self._item_depth, self._line = {}, self._depth, self._locator.getLineNumber()
        elif self._depth == self._item_depth + 1:
            ours = _OURS.get(local)
            self._name = ours if ours is not None and not self._item.get(ours) else None
            self._text = []
            if self._name == "link" and (href := attrs.get((None, "href"))):
                # Atom has several: the page's own says no rel, or this one
                if attrs.get((None, "rel"), "alternate") == "alternate":
                    self._item["link"] = href.strip()
                self._name = None

    def characters(self, content: str) -> None:
        if self._name is not None:
            self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if self._item is not None and self._depth == self._item_depth:
            self.found.append((self._line, self._item, None))
            self._item = None
        elif self._item is not None and self._depth == self._item_depth + 1 and self._name is not None:
            if text := "".join(self._text).strip():
                self._item[self._name] = text
            self._name = None
        self._depth -= 1


def read_feed(file: XmlFile, shop: Shop) -> CatalogFile:
    """The products of an XML feed. Raises CatalogError with the line where it is not XML, or has a DTD."""
    handler = _Items(file.source_file)
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    try:
        parser.parse(io.BytesIO(file.content))
    except SAXParseException as error:
        raise CatalogError(
            f"{file.source_file}:{error.getLineNumber()}: invalid XML: {error.getMessage()}"
        ) from None
    except DefusedXmlException:
        raise CatalogError(
            f"{file.source_file}: has a DOCTYPE, which no feed needs, and which may load anything or grow to any size"
        ) from None
    except (SAXException, LookupError, ValueError) as error:  # an encoding that Python doesn't have
        raise CatalogError(f"{file.source_file}: unreadable XML: {error}") from None
    return products_of(handler.found, file.source_file, shop)
