"""The few strokes that all pictures are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.shop.colours import mix, shade

LEATHER, WOOD, STEEL, IRON, BRASS, CREAM, RUBBER = (
    "#8a5a34", "#c79a5f", "#b4babd", "#3b3d40", "#c29a45", "#f3ead6", "#2e2b29",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """The colours of one picture, from the product's own colour, and what its tags say about it."""

    colour: str
    dark: str
    deep: str
    light: str
    pale: str
    accent: str
    tags: frozenset[str]
    chance: int
    """A number of the product's own, for small differences between two of a kind."""

    @classmethod
    def of(cls, colour: str, tags: tuple[str, ...], chance: int) -> Look:
        accents = ["#c8743a", "#d3a22b", "#5f8a86", "#8c4a3a", "#e6dcc6"]
        return cls(
            colour=colour,
            dark=shade(colour, -0.22),
            deep=shade(colour, -0.42),
            light=mix(colour, "#ffffff", 0.2),
            pale=mix(colour, "#ffffff", 0.42),
            accent=accents[chance % len(accents)],
            tags=frozenset(tags),
            chance=chance,
        )

    @property
    def is_pale(self) -> bool:
        return min(int(self.colour[i : i + 2], 16) for i in (1, 3, 5)) > 0xD8

    def has(self, *tags: str) -> bool:
        return any(tag in self.tags for tag in tags)


Shape = Callable[[Look], str]


def path(d: str, fill: str, *, opacity: float = 1) -> str:
    return f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>'


def line(d: str, colour: str, width: float, *, opacity: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linecap="round" '
        f'stroke-linejoin="round"{dashes}{_opacity(opacity)}/>'
    )


def rect(x: float, y: float, w: float, h: float, r: float, fill: str, *, opacity: float = 1) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" fill="{fill}"{_opacity(opacity)}/>'


def ellipse(cx: float, cy: float, rx: float, ry: float, fill: str, *, opacity: float = 1) -> str:
    return f'<ellipse cx="{cx:g}" cy="{cy:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"{_opacity(opacity)}/>'


def circle(cx: float, cy: float, r: float, fill: str, *, opacity: float = 1) -> str:
    return ellipse(cx, cy, r, r, fill, opacity=opacity)


def shadow(cx: float, cy: float, rx: float) -> str:
    """What the thing casts on the floor."""
    return ellipse(cx, cy, rx, rx * 0.09, "#1d1a14", opacity=0.16)


def flame(x: float, y: float, size: float = 1) -> str:
    """A flame that stands on the point (x, y)."""
    return (
        f'<g transform="translate({x} {y}) scale({size})">'
        + path("M0-60c26 26 34 48 20 68-14 16-40 14-46-4-8-20 8-36 26-64Z", "#e08a35")
        + path("M2-28c12 16 14 28 6 36-8 6-20 4-22-6-2-12 8-16 16-30Z", "#ffe3a0")
        + "</g>"
    )


def moved(inside: str, x: float = 0, y: float = 0, *, turn: float = 0, scale: float = 1) -> str:
    """The strokes shifted, turned about the middle of the picture, and scaled from its corner."""
    steps = [f"translate({x:g} {y:g})" if x or y else "", f"rotate({turn:g} 400 400)" if turn else ""]
    if scale != 1:
        steps.append(f"translate(400 400) scale({scale:g}) translate(-400 -400)")
    return f'<g transform="{" ".join(step for step in steps if step)}">{inside}</g>'


def _opacity(value: float) -> str:
    return "" if value == 1 else f' opacity="{value:g}"'
