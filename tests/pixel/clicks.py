"""Walks through a page by a table of clicks, and reads what the pixel said about each of them.

A row: what to do, and then event, zone, product_id, text and first class of the element (None: there must be none).
The tables are complete: an event that no row expects fails the test as much as a missing one. A row without an event
is a click that nobody is to see.
"""

from __future__ import annotations

import re
from typing import Any

from footfall.settings import REPO
from tests.pixel.conftest import Shop, pause

#: What is said for markup that the pixel does not know by itself.
DOCUMENT = REPO / "docs" / "developer" / "platforms.md"

#: Events that follow from waiting or from the pages doing nothing, not from one click.
BESIDE = {"Dead Click", "Rage Click", "Page Left", "Web Vitals", "Product Added"}

Row = tuple[str, str, str, str | None, str, str | None]
Facts = tuple[str, str | None, str | None, str, str | None]


def act(page: Any, what: str) -> None:
    """A click on a selector, or ``select:<selector>=<value>``."""
    if what.startswith("select:"):
        selector, _, value = what.removeprefix("select:").rpartition("=")
        page.select_option(selector, value)
    else:
        page.click(what, force=True)


def facts(message: dict[str, Any]) -> Facts:
    """What a table expects of a click."""
    properties = message["properties"]
    element = properties["element"]
    classes = element["classes"]
    return (
        message["event"],
        properties.get("zone"),
        properties.get("product_id"),
        element.get("text", ""),
        classes[0] if classes else None,
    )


def walk(shop: Shop, page: Any, path: str, table: list[Row]) -> None:
    """Does what the table says on the page at ``path``, and fails unless the pixel said just what it expects."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    # a native post of a form would end the page, and with it the table
    page.add_init_script("addEventListener('submit', e => e.preventDefault())")
    shop.visit(page, path)
    for what, *_ in table:
        act(page, what)
        pause(page, 20)
    page.evaluate("footfall('flush')")

    def clicks() -> list[Facts]:
        return [
            facts(m)
            for m in shop.messages
            if m["type"] == "track" and m["event"] not in BESIDE and "element" in m["properties"]
        ]

    expected = [row[1:] for row in table if row[1]]
    shop.wait(lambda: len(clicks()) >= len(expected))
    assert clicks() == expected
    assert errors == []


def script(heading: str) -> str:
    """The script of a section of the documentation."""
    text = DOCUMENT.read_text(encoding="utf-8")
    [section] = [
        part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.lower().startswith(heading)
    ]
    [code] = re.findall(r"```html\n(.*?)```", section, re.DOTALL)
    return str(code)
