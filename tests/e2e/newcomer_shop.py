"""A shop that has never heard of Footfall: five static pages in markup of their own, with ids of their own, and
JSON-LD on one of its two templates for products.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Thing(NamedTuple):
    """A product as the shop knows it."""

    number: str
    name: str
    price: str
    colour: str
    text: str

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def page(self) -> str:
        return f"/{self.slug}.html"

    @property
    def picture(self) -> str:
        return f"/{self.slug}.svg"


KNITWEAR = (
    Thing("KN-501", "Wool hat", "19.00", "#8a5a44", "A hat of thick island wool, knitted by hand."),
    Thing("KN-502", "Wool scarf", "29.00", "#b5651d", "A scarf of soft island wool, two metres long."),
)
CHINA = (
    Thing("TW-7", "Tin mug", "12.50", "#4a6fa5", "A mug of enamelled tin, for tea at the fire."),
    Thing("TW-8", "Tea cup", "9.90", "#6b8f71", "A cup of thin porcelain, for tea at the table."),
)
THINGS = (*KNITWEAR, *CHINA)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 Georgia, serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem }}
.shelf {{ display: flex; gap: 1rem }} .shelf a {{ flex: 1 }} img {{ width: 100%; max-width: 240px }}
</style>{head}</head>
<body>
<div class="top"><a href="/">Fire and Table</a></div>
<div class="page">{body}</div>
</body></html>
"""
_DATA = """
<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "Product", "name": "{thing.name}",
"sku": "{thing.number}", "offers": {{"@type": "Offer", "price": "{thing.price}", "priceCurrency": "EUR"}}}}</script>"""
_SALE = """<img src="{thing.picture}" alt=""><h1>{thing.name}</h1><p>{thing.text}</p>
<p class="sum">EUR {thing.price}</p>"""
_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240">
<rect width="240" height="240" fill="{}"/></svg>"""


def write_shop(folder: Path) -> None:
    """Write the five pages and their pictures."""
    shelf = "".join(
        f'<a href="{each.page}"><img src="{each.picture}" alt="">{each.name}</a>' for each in THINGS
    )
    home = f'<h1>Fire and Table</h1><div class="shelf">{shelf}</div><h2>For you</h2>'
    (folder / "index.html").write_text(_PAGE.format(title="Fire and Table", head="", body=home))
    for thing in THINGS:
        head = _DATA.format(thing=thing) if thing in KNITWEAR else ""
        text = _PAGE.format(title=thing.name, head=head, body=_SALE.format(thing=thing))
        (folder / thing.page[1:]).write_text(text)
        (folder / thing.picture[1:]).write_text(_PICTURE.format(thing.colour))


def paste(folder: Path, tag: str, block: str, body: str) -> None:
    """Do what the documentation says: the tag into each head, the block into the home page, and ``body``, the page's of
    product 501, in the place of the ``<body>`` of pages that don't say which product they are about.
    """
    for file in folder.glob("*.html"):
        file.write_text(file.read_text().replace("</head>", f"{tag}\n</head>"))
    home = folder / "index.html"
    home.write_text(home.read_text().replace("</h2>", f"</h2>\n{block}\n"))
    for thing in CHINA:
        file = folder / thing.page[1:]
        file.write_text(file.read_text().replace("<body>", re.sub('"501"', f'"{thing.number}"', body)))


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: the test says what it opens."""


@contextmanager
def serve(folder: Path, port: int) -> Iterator[str]:
    """The shop at its address, as ``python -m http.server`` has it."""
    with ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
