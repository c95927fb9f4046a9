"""Names of colours, glazes and materials, as the swatches show them."""

from __future__ import annotations

TINTS: dict[str, str] = {
    "Amber": "#d99a3a", "Aluminium": "#b9bec2", "Beech": "#d9b27c", "Black": "#2b2b2d", "Brass": "#c29a45",
    "Brown": "#6b4a2f", "Charcoal": "#45474b", "Clear": "#dfe9ea", "Copper": "#b8683c", "Ember": "#cf4b2a",
    "Forest": "#2f5140", "Graphite": "#4e545a", "Lichen": "#a9b58a", "Lime": "#a7bf3a", "Linen": "#e0d4bd",
    "Midnight": "#26324f", "Moss": "#6d7d45", "Mustard": "#d3a22b", "Navy": "#2d3e5e", "Neutral": "#d8c9a8",
    "Oak": "#c79a5f", "Oatmeal": "#d8c8ab", "Olive": "#6a6a3c", "Olive wood": "#a97f4a", "Oxblood": "#6e2b2b",
    "Peat": "#5a4232", "Plum": "#6e3f5c", "Rust": "#b1552c", "Sand": "#cdb78f", "Sky": "#7fa9c0", "Slate": "#5d6f7b",
    "Smoke": "#7d7a78", "Steel": "#a9b0b4", "Titanium": "#9a958f", "Walnut": "#6f4a30", "White": "#f1ede4",
}  # fmt: skip
FALLBACK = "#8f9a8a"


def tint(name: str) -> str:
    """The hex colour of a name; one that is not a colour gets a quiet green-grey."""
    return TINTS.get(name, FALLBACK)
