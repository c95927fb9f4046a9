"""The shop's menus: main navigation with its dropdowns, and the footer. Plain data, so that a test can walk it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class Menu:
    label: str
    url: str
    links: list[Link] = field(default_factory=list)


def _collection(label: str, handle: str) -> Link:
    return Link(label, f"/collections/{handle}")


MAIN = [
    Menu("New in", "/collections/new-in"),
    Menu(
        "Wear",
        "/collections/jackets",
        [
            _collection("Jackets", "jackets"),
            _collection("Base layers", "base-layers"),
            _collection("Footwear", "footwear"),
            _collection("Merino", "merino"),
            _collection("Down", "down"),
        ],
    ),
    Menu(
        "Camp",
        "/collections/tents",
        [
            _collection("Tents", "tents"),
            _collection("Sleeping bags", "sleeping-bags"),
            _collection("Backpacks", "backpacks"),
            _collection("Ultralight", "ultralight"),
            _collection("Family", "family"),
        ],
    ),
    Menu(
        "Cook & brew",
        "/collections/camp-kitchen",
        [
            _collection("Camp kitchen", "camp-kitchen"),
            _collection("Coffee & tea", "coffee-and-tea"),
            _collection("Titanium", "titanium"),
            _collection("Fireside", "fireside"),
        ],
    ),
    Menu(
        "Home",
        "/collections/ceramics",
        [_collection("Ceramics", "ceramics"), _collection("Lamps", "lamps"), _collection("Gifts", "gifts")],
    ),
    Menu("Sale", "/collections/sale"),
]

FOOTER = [
    Menu(
        "Shop",
        "/collections",
        [
            _collection("New in", "new-in"),
            _collection("Gifts", "gifts"),
            _collection("Sale", "sale"),
            Link("All collections", "/collections"),
        ],
    ),
    Menu(
        "Help",
        "/pages/delivery",
        [
            Link("Delivery & returns", "/pages/delivery"),
            Link("Repairs", "/pages/repairs"),
            Link("Write to us", "/pages/contact"),
            Link("Your account", "/account"),
        ],
    ),
    Menu(
        "Alder & Tarn",
        "/pages/about",
        [Link("Our story", "/pages/about"), Link("About this demo", "/pages/demo")],
    ),
]
