"""Products of pages that no catalogue has, as the last publish counted them: for `footfall doctor` and the overview."""

from __future__ import annotations

import msgspec

from footfall.runtime.atomic_write import replace_file
from footfall.runtime.paths import Paths


class Unmatched(msgspec.Struct, frozen=True):
    """How many of the products that were seen within 30 days no catalogue has, and what one of them looks like."""

    unmatched: int
    seen: int
    example: str
    kind: str | None = None
    """Of the name that the example looks like: id, handle, sku or variant id; None where it looks like none."""
    name: str | None = None
    product_id: str | None = None

    @property
    def is_most(self) -> bool:
        """The ids of pages and catalogue are probably of two kinds."""
        return 2 * self.unmatched > self.seen

    def __str__(self) -> str:
        text = f"{self.unmatched:,} of {self.seen:,} products seen within 30 days are in no catalogue"
        if self.kind is None:
            return f"{text}, as '{self.example[:80]}'"
        of = f" of product {str(self.product_id)[:80]}" if self.kind != "id" else ""
        return f"{text}: '{self.example[:80]}' looks like {self.kind} '{str(self.name)[:80]}'{of}"


def unmatched_products(paths: Paths) -> Unmatched | None:
    """What the last publish counted; None where every product seen is in the catalogue, or there is none."""
    try:
        return msgspec.json.decode((paths.data / _NOTE).read_bytes(), type=Unmatched | None)
    except FileNotFoundError:
        return None


def note_unmatched(paths: Paths, found: Unmatched | None) -> None:
    """Replace the note."""
    content = msgspec.json.encode(found)
    replace_file(paths.data / _NOTE, lambda aside: aside.write_bytes(content))


_NOTE = "unmatched_products.json"
