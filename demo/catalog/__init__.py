"""The catalogue of the demo shop: hand-written goods (``data/*.toml``), and ``products.json`` built from them.

``products.json`` has the form in which a Shopify storefront publishes its catalogue; it is committed, and
``python -m demo.catalog.build`` writes it again after the TOML files were edited.
"""

from __future__ import annotations

from pathlib import Path

PRODUCTS_JSON = Path(__file__).with_name("products.json")
DATA = Path(__file__).with_name("data")

__all__ = ["DATA", "PRODUCTS_JSON"]
