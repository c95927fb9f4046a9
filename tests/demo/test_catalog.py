"""The catalogue: in step with what was written, and written well enough to compare products by."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from demo.catalog import PRODUCTS_JSON
from demo.catalog.build import CatalogError, build, handle_of, render
from demo.shop.catalogue import Catalogue


def test_products_json_is_what_the_written_goods_give() -> None:
    assert render(build()) == PRODUCTS_JSON.read_text(encoding="utf-8"), "run: python -m demo.catalog.build"


def test_there_are_goods_enough(catalogue: Catalogue) -> None:
    assert 220 <= len(catalogue.products) <= 260
    assert len(catalogue.categories) == 10
    assert min(len(category.products) for category in catalogue.categories) >= 20


def test_ids_and_handles_are_unique(catalogue: Catalogue) -> None:
    variants = [v.id for p in catalogue.products for v in p.variants]
    for values in (list(catalogue.by_id), list(catalogue.by_handle), variants):
        assert max(Counter(values).values()) == 1
    assert len(catalogue.by_id) == len(catalogue.by_handle) == len(catalogue.products)
    skus = Counter(v.sku for p in catalogue.products for v in p.variants)
    assert max(skus.values()) == 1, [sku for sku, n in skus.items() if n > 1]


def test_texts_are_long_enough_and_no_two_are_alike(catalogue: Catalogue) -> None:
    word_sets = {}
    for product in catalogue.products:
        words = re.findall(r"[a-z]+", product.text.lower())
        assert len(words) >= 18, product.title
        assert len(re.findall(r"[.?!](?:\s|$)", product.text)) >= 2, product.title
        word_sets[product.title] = frozenset(words)
    titles = list(word_sets)
    for i, one in enumerate(titles):
        for other in titles[i + 1 :]:
            a, b = word_sets[one], word_sets[other]
            assert len(a & b) / len(a | b) < 0.5, f"{one} reads like {other}"


def test_every_product_has_shop_boilerplate_under_its_text(catalogue: Catalogue) -> None:
    for product in catalogue.products:
        assert "Delivery and returns" in product.body_html
        assert "Delivery and returns" not in product.text


def test_variants_are_all_combinations_of_the_options(catalogue: Catalogue) -> None:
    for product in catalogue.products:
        expected = 1
        for option in product.options:
            assert len(option.values) == len(set(option.values)), product.title
            expected *= len(option.values)
        assert len(product.variants) == expected, product.title
        assert all(v.price > 0 for v in product.variants)
    options = Counter(option.name for p in catalogue.products for option in p.options)
    assert options["Size"] > 50
    assert options["Colour"] > 100


def test_some_things_are_out_of_stock(catalogue: Catalogue) -> None:
    gone = [p for p in catalogue.products if not p.available]
    assert 5 <= len(gone) <= 20
    variants = [v for p in catalogue.products for v in p.variants]
    assert 0.03 < sum(not v.available for v in variants) / len(variants) < 0.2


def test_every_collection_in_the_menus_has_goods(catalogue: Catalogue) -> None:
    for collection in catalogue.collections.values():
        assert len(collection.products) >= 4, collection.title


@pytest.mark.parametrize(
    ("title", "handle"),
    [("Stoneware Cafetière", "stoneware-cafetiere"), ("Fell Runner's Windshirt", "fell-runners-windshirt")],
)
def test_handles_are_plain(title: str, handle: str) -> None:
    assert handle_of(title) == handle


def test_a_mistake_in_the_written_goods_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "01.toml").write_text(
        'category = "Hats"\nnote = "wool"\n[[products]]\ntitle = "Hat"\nvendor = "V"\nprice = 3\ntags = ["hat"]\n'
        'text = "A hat."\nextra = { "XL" = 2 }\n'
    )
    with pytest.raises(CatalogError, match=r"01.toml, Hat: extra price for \['XL'\]"):
        build(tmp_path)


def test_search_finds_what_is_on_the_shelf(catalogue: Catalogue) -> None:
    assert catalogue.search("kettles")[0].kind in {"kettle", "gooseneck-kettle"}
    assert all("merino" in p.tags for p in catalogue.search("merino socks")[:2])
    assert catalogue.search("kayak") == []
    assert catalogue.search("  ") == []
    down = catalogue.search("down")
    assert {"Eider 800 Down Jacket", "Nattly Owl 400 Down Bag"} <= {p.title for p in down}
