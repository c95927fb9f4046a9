"""Product pictures, drawn as SVG from the product's own data: what kind of thing it is, and in which colour.

``draw`` is a pure function: the same product, colour and view give the same bytes.
"""

# ruff: noqa: E501 - the data of a path has no good place to break

from __future__ import annotations

from functools import lru_cache

from demo.catalog.build import number_of
from demo.shop.catalogue import Product
from demo.shop.colours import TINTS, mix, shade, tint
from demo.shop.pictures import bags, beds, coffee, feet, fire, kitchen, lights, table, tents, wear
from demo.shop.pictures.pen import Look, Shape, ellipse, rect

_ROOMS = (wear, feet, bags, tents, beds, kitchen, fire, coffee, lights, table)
SHAPES: dict[str, Shape] = {kind: shape for room in _ROOMS for kind, shape in room.SHAPES.items()}
"""How to draw each kind (a product's first tag)."""

#: Colours of products that have no colour to choose: what they are made of decides.
_MATERIALS: list[tuple[str, str]] = [
    ("titanium", "#9a958f"), ("cast-iron", "#3b3d40"), ("carbon-steel", "#54585b"), ("wood", "#c79a5f"),
    ("terracotta", "#bf6d45"), ("porcelain", "#e4e4de"), ("beeswax", "#d9a441"), ("brass", "#c29a45"),
    ("copper", "#b8683c"), ("paper", "#eadfc4"), ("steel", "#a9b0b4"), ("aluminium", "#b9bec2"),
    ("wool", "#8c8478"), ("silk", "#d8c8ab"), ("down", "#3f6076"), ("earthenware", "#d3a22b"), ("stoneware", "#cdbfa6"),
    ("black-tea", "#8a4a2b"), ("green-tea", "#7d8f4e"), ("herbal", "#8aa06a"), ("fruity", "#a8476b"),
    ("dark-roast", "#3b2a22"), ("decaf", "#5f7f8c"), ("chocolate", "#7a4b33"), ("espresso", "#8c3f2b"),
]  # fmt: skip
_QUIET = ["#5d6f7b", "#6d7d45", "#b1552c", "#2f5140", "#2d3e5e", "#7a5a78", "#c08a3e"]


def draw(product: Product, *, colour: str = "", view: str = "whole") -> str:
    """A picture of 800 x 800 units.

    colour: one of the product's colours by name; anything else is its first. view: ``whole``, ``detail`` (closer), or
    ``material`` (a swatch of what it is made of).
    """
    name = colour if colour in product.tints else next(iter(product.tints), "")
    return _draw(product.id, product.kind, tuple(product.tags), main_colour(product, name), view)


def main_colour(product: Product, name: str) -> str:
    """The hex colour of a product in one of its colours, or of its material where it has none."""
    if name in TINTS:
        return tint(name)
    if material := next((colour for tag, colour in _MATERIALS if tag in product.tags), None):
        return material
    return _QUIET[number_of(f"colour|{product.handle}") % len(_QUIET)]


@lru_cache(maxsize=512)
def _draw(name: str, kind: str, tags: tuple[str, ...], colour: str, view: str) -> str:
    look = Look.of(colour, tags, number_of(f"look|{name}"))
    # a white cup on a white table can't be seen: pale things stand on a darker ground
    ground = mix(colour, "#9aa798", 0.55) if look.is_pale else mix(colour, "#f6f1e7", 0.83)
    floor = shade(ground, -0.06)
    if view == "material":
        return _page("0 0 800 800", _weave(look))
    scene = (
        rect(0, 0, 800, 800, 0, ground)
        + ellipse(400, 770, 620, 190, floor, opacity=0.55)
        + SHAPES[kind](look)
    )
    return _page("190 150 420 420" if view == "detail" else "0 0 800 800", scene)


def _page(box: str, inside: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="800" height="800">{inside}</svg>'


def _weave(look: Look) -> str:
    """A close look at cloth, clay or metal: fine lines or specks in the product's colour."""
    soft = {
        "merino",
        "wool",
        "cotton",
        "down",
        "silk",
        "waterproof",
        "synthetic",
        "recycled",
        "windproof",
    } & look.tags
    if soft:
        lines = "M0 0 24 24M24 0 0 24" if {"merino", "wool"} & soft else "M0 6h24M0 18h24M6 0v24M18 0v24"
        pattern = f'<path d="{lines}" stroke="{look.dark}" stroke-width="2.5" opacity=".35" fill="none"/>'
    else:
        pattern = f'<circle cx="6" cy="8" r="1.8" fill="{look.dark}"/><circle cx="17" cy="18" r="1.2" fill="{look.light}"/>'
    return (
        f'<defs><pattern id="w" width="24" height="24" patternUnits="userSpaceOnUse">{pattern}</pattern>'
        f'<linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{look.light}"/>'
        f'<stop offset="1" stop-color="{look.dark}"/></linearGradient></defs>'
        + rect(0, 0, 800, 800, 0, look.colour)
        + rect(0, 0, 800, 800, 0, "url(#g)", opacity=0.55)
        + rect(0, 0, 800, 800, 0, "url(#w)")
    )
