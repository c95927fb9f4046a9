"""A catalogue that the shop's server pushed: the last whole one, with the changes since put onto it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from footfall.landing.pushed_catalogs import PUSHED, Pushed, in_force, pushes
from orchestration.catalog.formats import read_catalog, read_content
from orchestration.catalog.links import Shop
from orchestration.catalog.model import CatalogError, CatalogFile, FailedProduct, Product

#: A new whole removes what it replaces, maybe between our look at the names and the reading.
_TRIES = 3


class _Changes(msgspec.Struct):
    products: list[msgspec.Raw] = []
    deleted: list[str | int] = []


def is_pushed(path: Path) -> bool:
    """Return whether this is a source's folder of pushes, and not a file."""
    return path.suffix == PUSHED


def read_pushed(folder: Path, shop: Shop) -> CatalogFile:
    """The products of a pushed source. A product that a change can't say stays as it was.

    Raises CatalogError where the last whole can't be read; of changes that can't be, the first says so among the
    failed products, and no product is taken for gone on their account.
    """
    for _ in range(_TRIES - 1):
        try:
            return _read(folder, shop)
        except FileNotFoundError:
            pass
    try:
        return _read(folder, shop)
    except OSError as error:
        raise CatalogError(f"{folder.name}: {error.strerror}") from None


def _read(folder: Path, shop: Shop) -> CatalogFile:
    parts = in_force(pushes(folder))
    if not parts:
        raise CatalogError(f"{folder.name}: nothing was pushed yet")
    products: dict[str, Product] = {}
    failed: dict[str | None, FailedProduct] = {}
    for part in parts:
        deleted: list[str] = []
        name = f"{folder.name}/{part.path.name}"
        try:
            read, deleted = _whole(part, shop) if part.mode == "whole" else _changes(part, name, shop)
        except CatalogError as error:
            if part.mode == "whole":
                raise CatalogError(f"{folder.name}/{error}") from None
            failed.setdefault(None, FailedProduct(name, None, None, str(error)))
            continue
        for product in read.products:
            products[product.product_id] = product
            failed.pop(product.product_id, None)
        for key in deleted:
            products.pop(key, None)
            failed.pop(key, None)
        failed |= {each.key: each for each in read.failed}
    result = CatalogFile(folder.name, failed=list(failed.values()))
    for product in products.values():
        result.add(product, None)
    return result


def _whole(part: Pushed, shop: Shop) -> tuple[CatalogFile, list[str]]:
    if not part.path.exists():
        raise FileNotFoundError(part.path)
    return read_catalog(part.path, shop), []


def _changes(part: Pushed, name: str, shop: Shop) -> tuple[CatalogFile, list[str]]:
    content = part.path.read_bytes()
    try:
        said = msgspec.json.decode(content, type=_Changes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(f"{name}: {error}") from None
    read = read_content(content, name, shop) if said.products else CatalogFile(name)
    return read, [str(key) for key in said.deleted]
