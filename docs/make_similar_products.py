"""Write the page "Similar by text": twenty products of two catalogues with their neighbours, pictures of the first.

    python docs/make_similar_products.py [--online-retail online_retail.parquet]

The products are every n-th one by id, so nobody picked them. Writes docs/reference/similar-products.md and
docs/pictures/similar-products.png. Without the Parquet file (UCI Online Retail, CC BY 4.0) its half stays as it is.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from demo.cli import CATALOG
from demo.shop.catalogue import Catalogue
from demo.shop.views import HERE
from footfall.importing.online_retail import catalog_csv
from orchestration.catalog.formats import read_catalog
from orchestration.evaluation.catalog import catalog_texts
from orchestration.recommend.text_features import ProductText
from orchestration.recommend.text_similarity import product_text_similarity

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "reference" / "similar-products.md"
PICTURE = DOCS / "pictures" / "similar-products.png"
SHOWN, NEIGHBOURS = 20, 5

HEAD = """# Similar by text: what it finds

Every n-th product by id of two catalogues (nobody picked them) with the five that read most alike, by the settings that
every shop starts with. `python docs/make_similar_products.py --online-retail FILE` wrote this page. The number is the
cosine of the widened texts; below 0.1 nothing is called similar, so some have fewer. Measured over whole catalogues it
stands in [measurements](../measurements.md#recommendations).
"""
DEMO = "## The demo shop"
RETAIL = "## UCI Online Retail: descriptions of a few words, no other text"
LIMIT = """With four words and no description the method has only those words: a *standing* pole support meets a
newspaper *stand* and a mug that can't *stand* the heat, a cover of *lace* meets cake doilies. Type, tags and a sentence
of description, as the demo shop's products have them, keep such company away.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--online-retail", type=Path, metavar="FILE", help="the data set's order lines as Parquet"
    )
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("no chromium on this machine")

    demo = texts(CATALOG)
    shown = neighbours_of(demo)
    titles = {product.product_id: product.title for product in demo}
    parts = [HEAD, f"{DEMO}\n\n![The same in pictures](../pictures/{PICTURE.name})\n\n{table(shown, titles)}"]
    if chosen.online_retail:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "online-retail.csv"
            file.write_text(catalog_csv(chosen.online_retail)[0], encoding="utf-8")
            retail = texts(file)
        retail_titles = {product.product_id: product.title for product in retail}
        parts.append(f"{RETAIL}\n\n{LIMIT}\n{table(neighbours_of(retail), retail_titles)}")
    elif PAGE.exists() and (kept := re.search(rf"^{RETAIL}.*", PAGE.read_text(), re.DOTALL | re.MULTILINE)):
        parts.append(kept[0].rstrip())
    PAGE.write_text("\n".join(part.rstrip() + "\n" for part in parts), encoding="utf-8")
    print(PAGE.relative_to(DOCS.parent))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.set_content(sheet(shown, titles))
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    print(PICTURE.relative_to(DOCS.parent))
    return 0


def texts(catalogue: Path) -> list[ProductText]:
    """The products that are on sale, with what their text is made of."""
    return [product for product in catalog_texts(read_catalog(catalogue)) if product.is_available]


def neighbours_of(products: Sequence[ProductText]) -> dict[str, list[tuple[str, float]]]:
    """Of every n-th product by id the nearest, with their scores."""
    found = product_text_similarity(products)
    by_product: dict[str, list[tuple[str, float]]] = {}
    for key, other, score in zip(found.keys, found.others, found.scores.tolist(), strict=True):
        by_product.setdefault(key, []).append((other, score))
    ids = sorted(product.product_id for product in products)
    chosen = ids[:: len(ids) // SHOWN][:SHOWN]
    return {product_id: by_product.get(product_id, [])[:NEIGHBOURS] for product_id in chosen}


def table(shown: Mapping[str, Sequence[tuple[str, float]]], titles: Mapping[str, str]) -> str:
    """As Markdown."""
    rows = ["| product | reads like |", "| --- | --- |"]
    for product_id, others in shown.items():
        told = "; ".join(f"{_cell(titles[other])} {score:.2f}" for other, score in others)
        rows.append(f"| **{_cell(titles[product_id])}** | {told or 'nothing'} |")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def sheet(shown: Mapping[str, Sequence[tuple[str, float]]], titles: Mapping[str, str]) -> str:
    """As a page of pictures, a row each."""
    by_id = {str(number): product for number, product in Catalogue.load(CATALOG).by_id.items()}

    def card(product_id: str, score: float | None = None) -> str:
        note = f" <i>{score:.2f}</i>" if score is not None else ""
        title = html.escape(titles[product_id])
        picture = HERE / "static" / by_id[product_id].image.removeprefix("/")
        return f"<td><div>{picture.read_text()}</div>{title}{note}</td>"

    rows = "".join(
        f"<tr>{card(product_id)}<th>→</th>{''.join(card(*each) for each in others)}</tr>"
        for product_id, others in shown.items()
    )
    style = (
        "body{font:13px/1.3 sans-serif;margin:16px;background:#fff;color:#222}"
        "table{border-collapse:collapse;width:100%}td div{height:118px}svg{height:112px;width:112px}"
        "td{width:16%;text-align:center;vertical-align:top;padding:6px}"
        "tr{border-bottom:1px solid #ddd}th{font-size:20px;color:#888}i{color:#777}"
        "td:first-child{background:#f4f1ea;font-weight:bold}"
    )
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><table>{rows}</table>"


if __name__ == "__main__":
    sys.exit(main())
