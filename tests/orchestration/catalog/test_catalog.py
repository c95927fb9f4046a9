"""Catalog files of Shopify shops: the forms, and what is wrong with real ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestration.catalog.formats import read_catalog
from orchestration.catalog.json_records import read_records
from orchestration.catalog.links import Links, Shop
from orchestration.catalog.model import CatalogError, CatalogFile
from orchestration.catalog.shopify_json import read_products
from orchestration.catalog.versions import latest_version, withdraw_missing, write_products
from orchestration.lake.schema import PRODUCTS

NOW = datetime(2026, 3, 1, 12)


def product(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": 7000 + number,
        "title": f"Mug {number}",
        "handle": f"mug-{number}",
        "body_html": "<p>Enamel.</p><p>350 ml.</p>",
        "vendor": "Skarn",
        "product_type": "Camp Kitchen",
        "tags": ["mug", "enamel"],
        "variants": [
            {"id": 1, "title": "Red / S", "option1": "Red", "option2": "S", "price": "14.00", "sku": "R",
             "available": False},
            {"id": 2, "title": "Blue / S", "option1": "Blue", "option2": "S", "price": "15.50", "sku": "B",
             "available": True},
        ],
        "options": [{"name": "Colour", "position": 1}, {"name": "Size", "position": 2}],
        "images": [{"src": "https://cdn.example/mug.svg"}],
        "published_at": "2026-01-05T10:00:00+02:00",
    } | more  # fmt: skip


def read_json(tmp_path: Path, content: Any, name: str = "products.json") -> CatalogFile:
    path = tmp_path / name
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_catalog(path, Shop(Links("https://shop.example"), "GBP"))


def test_storefront_json(tmp_path: Path) -> None:
    [mug] = read_json(tmp_path, {"products": [product(1)]}).products
    assert mug.product_id == "7001"
    assert mug.url == "https://shop.example/products/mug-1"
    assert mug.body_text == "Enamel.\n350 ml."
    assert mug.tags == ("mug", "enamel")
    assert mug.price == Decimal("15.50")  # the red one can't be bought
    assert (mug.available, mug.currency, mug.image_url) == (True, "GBP", "https://cdn.example/mug.svg")
    assert mug.published_at == datetime(2026, 1, 5, 8)
    assert mug.variants[0].options == {"Colour": "Red", "Size": "S"}


@pytest.mark.parametrize(
    "content",
    [
        [product(1), product(2)],
        [{"products": [product(1)]}, {"products": [product(2)]}],
        json.dumps({"products": [product(1)]}) + "\n" + json.dumps({"products": [product(2)]}) + "\n",
        "\ufeff" + json.dumps({"products": [product(1), product(2)]}),
        {"products": [product(1), product(2)]},
    ],
)
def test_forms_of_json(tmp_path: Path, content: Any) -> None:
    assert [p.product_id for p in read_json(tmp_path, content).products] == ["7001", "7002"]
    assert [p.product_id for p in read_json(tmp_path, {"product": product(3)}).products] == ["7003"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "no id"),
        ({"title": " "}, "no title"),
        ({"variants": "none"}, "variants is not a list"),
        ({"variants": [7]}, "a variant is not an object"),
        ({"variants": [{"price": "cheap"}]}, "price 'cheap' is not a number"),
        ({"variants": [{"price": "12,5000"}]}, "price '12,5000' is not a number"),
        ({"variants": [{"price": "12 50"}]}, "price '12 50' is not a number"),
        ({"variants": [{"price": "$ -12"}]}, "is not a price"),
        ({"variants": [{"price": "USD"}]}, "price 'USD' is not a number"),
        ({"variants": [{"price": "-1"}]}, "is not a price"),
        ({"published_at": "yesterday"}, "is not a time"),
        ({"title": {"en": "Mug"}}, "title is not text"),
        ({"id": 7001}, "another product with this id"),
    ],
)
def test_a_bad_product_does_not_lose_the_others(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    catalog = read_json(tmp_path, {"products": [product(1), product(2, **change), product(3)]})
    assert [p.product_id for p in catalog.products] == ["7001", "7003"]
    [failed] = catalog.failed
    assert reason in failed.reason
    assert str(failed).startswith("products.json:1: product ")


def test_bytes_that_are_no_utf8_cost_their_own_product(tmp_path: Path) -> None:
    text = json.dumps({"products": [product(1), product(2, title="Caf#"), product(3)]})
    catalog = read_json(tmp_path, text.encode().replace(b"Caf#", b"Caf\xe9"))
    assert [p.product_id for p in catalog.products] == ["7001", "7003"]
    assert [f.reason for f in catalog.failed] == ["not UTF-8"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"products": [\n{"id": 1,\n]}', "products.json:3: invalid JSON"),
        ('{"items": []}', "products.json:1: no products: a catalogue in JSON is"),
        ("", "products.json:1: invalid JSON"),
        ('{"products": []}\n{"products"', "products.json:2: invalid JSON"),
        ("[" * 200_000, "products.json:1: "),
    ],
)
def test_what_is_no_catalog_names_file_and_line(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(CatalogError) as failure:
        read_json(tmp_path, text)
    assert str(failure.value).startswith(where)


def test_admin_json(tmp_path: Path) -> None:
    admin = product(
        1,
        tags="mug, enamel , ,gift",
        status="active",
        image={"src": "https://cdn.example/first.svg"},
        variants=[
            {"id": 1, "price": "9.90", "inventory_management": "shopify", "inventory_policy": "deny",
             "inventory_quantity": 0},
            {"id": 2, "price": "12.00", "inventory_management": None, "inventory_quantity": 0},
        ],
    )  # fmt: skip
    draft = product(2, status="draft")
    unpublished = product(3, published_at=None)
    one, two, three = read_json(tmp_path, {"products": [admin, draft, unpublished]}).products
    assert one.tags == ("mug", "enamel", "gift")
    assert one.price == Decimal("12.00")
    assert one.image_url == "https://cdn.example/first.svg"
    assert (one.available, two.available, three.available) == (True, False, False)


HEADER = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
    "Variant SKU", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
    "Variant Price", "Image Src", "Image Position", "Status",
]  # fmt: skip
MUG = [
    'mug,Enamel Mug,"<p>Of steel,\n""rolled"" rim.</p>",Skarn,Kitchen,"mug, gift",true,Colour,Red,M-R,',
    "shopify,0,deny,14.00,https://i/2.png,2,active\n",
]
CSV = (
    ",".join(HEADER)
    + "\n"
    + "".join(MUG)
    + """\
mug,,,,,,,,Blue,M-B,shopify,3,deny,15.00,https://i/1.png,1,
mug,,,,,,,,,,,,,,https://i/3.png,3,
lamp,Lamp,,,,,false,Title,Default Title,L,,,,"1,299.00",,,active
tent,Tent,,,,,true,Title,Default Title,T,shopify,0,deny,10,,,archived
"""
)


def read_csv(tmp_path: Path, text: str | bytes, name: str = "export.csv") -> CatalogFile:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_catalog(path, Shop(currency="GBP"))


def test_product_export(tmp_path: Path) -> None:
    mug, lamp, tent = read_csv(tmp_path, CSV).products
    assert (mug.product_id, mug.handle, mug.title) == ("mug", "mug", "Enamel Mug")
    assert mug.body_text == 'Of steel, "rolled" rim.'
    assert mug.tags == ("mug", "gift")
    assert mug.image_url == "https://i/1.png"
    assert [(v.sku, v.options, v.price, v.available) for v in mug.variants] == [
        ("M-R", {"Colour": "Red"}, Decimal("14.00"), False),
        ("M-B", {"Colour": "Blue"}, Decimal("15.00"), True),
    ]
    assert (mug.available, mug.price, mug.url) == (True, Decimal("15.00"), "/products/mug")
    assert (lamp.available, lamp.price) == (False, Decimal("1299.00"))
    assert tent.available is False
    assert [p.position for p in (mug, lamp, tent)] == [1, 2, 3]


def test_newer_template_and_ids(tmp_path: Path) -> None:
    text = "ID,Title,URL handle,Description,Published on online store,Price,Product category,SKU\r\n"
    text += '11,Mug,mug,Of steel,TRUE,14,"Home > Kitchen > Mugs",M\r\n'
    [mug] = read_csv(tmp_path, text).products
    assert (mug.product_id, mug.handle, mug.body_text, mug.product_type) == ("11", "mug", "Of steel", "Mugs")


@pytest.mark.parametrize(
    ("bad", "key", "line", "reason"),
    [
        ("axe,,,,,,,,,,,,,,,,\n", "axe", 6, "no row with a title"),
        (",Nameless,,,,,,,,,,,,,,,\n", None, 6, "no handle"),
        ("axe,Axe,,,,,,,,A,,,,dear,,,\n", "axe", 6, "price 'dear' is not a number"),
        ("axe,Axe,,,,,,,,A,shopify,many,deny,1,,,\n", "axe", 6, "stock 'many' is not a number"),
        ("axe,Axe\n", "axe", 6, "line 6: 2 fields, the header has 17"),
        ('axe,"Axe"x,,,,,,,,,,,,,,,\n', None, 6, "no CSV: ',' expected"),
    ],
)
def test_bad_rows_of_an_export(tmp_path: Path, bad: str, key: str | None, line: int, reason: str) -> None:
    text = CSV.replace("lamp,", bad + "lamp,")
    catalog = read_csv(tmp_path, text)
    assert [p.handle for p in catalog.products] == ["mug", "lamp", "tent"]
    [failed] = catalog.failed
    assert (failed.key, failed.line) == (key, line)
    assert reason in failed.reason


def test_a_quote_that_is_never_closed_keeps_what_stands_before_it(tmp_path: Path) -> None:
    catalog = read_csv(tmp_path, CSV + 'axe,"Axe,,,\nsaw,Saw,,,\n')
    assert [p.handle for p in catalog.products] == ["mug", "lamp", "tent"]
    assert [(f.line, "no CSV" in f.reason) for f in catalog.failed] == [(8, True)]


def test_a_damaged_letter_of_an_export_costs_its_own_product(tmp_path: Path) -> None:
    damaged = CSV.replace("Tent", "Zelt für zwei").encode().replace(b"lamp,Lamp", b"lamp,L\xe4mp")
    catalog = read_csv(tmp_path, damaged)
    assert [p.handle for p in catalog.products] == ["mug", "tent"]
    assert [(f.key, f.reason) for f in catalog.failed] == [("lamp", "not UTF-8")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_make_of_an_export(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    rows = list(csv.reader(io.StringIO(CSV)))
    rows[-1][1] = "Zelt „Größe 2“"
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end).writerows([[], *rows])
    catalog = read_csv(tmp_path, out.getvalue().encode(encoding))
    assert catalog.failed == []
    mug, lamp, tent = catalog.products
    assert (mug.body_text, mug.tags) == ('Of steel, "rolled" rim.', ("mug", "gift"))
    assert (lamp.price, tent.title) == (Decimal("1299.00"), "Zelt „Größe 2“")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (CSV.replace("Lamp", "コーヒー、深煎り").encode("cp932"), "neither UTF-8 nor Windows-1252"),
        (CSV.replace("Lamp", "マグカップ 職人が作った器です。毎日の暮らしに").encode("cp932"), "neither"),
        (CSV.replace("Lamp", "Théière Île d'été, fêlée").encode("mac-roman"), "neither"),
        (CSV.replace("Lamp", "Кружка эмалированная").encode("cp1251"), "neither UTF-8 nor Windows-1252"),
        (CSV.replace("Lamp", "Κούπα εμαγιέ").encode("cp1253"), "neither UTF-8 nor Windows-1252"),
        (CSV.replace("Lamp", "搪瓷杯，适合露营使用").encode("gb18030"), "neither UTF-8 nor Windows-1252"),
        (b"PK\x03\x04\x14\x00\x06\x00" + CSV.encode(), "an Excel workbook; save it as CSV"),
        (CSV.encode("utf-16-le"), "no text file"),
    ],
)
def test_what_cannot_be_read_as_text_is_refused_and_not_guessed_at(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(CatalogError, match=rf"^export\.csv: {why}"):
        read_csv(tmp_path, content)


def test_western_letters_in_a_row_are_western(tmp_path: Path) -> None:
    """What quotes, dashes and blanks of a typesetter stand beside is no foreign word."""
    names = ["«\xa0Île d’été\xa0»\xa0–\xa0L’Œuvre", "Größe “M”…", "Ærøskøbing", "£5\xa0–\xa0€6"]
    text = "Handle,Title\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names))
    assert [p.title for p in read_csv(tmp_path, text.encode("cp1252")).products] == names


@pytest.mark.parametrize(
    "spelling", [str.lower, str.upper, lambda name: name.replace(" ", "_"), lambda n: f" {n}  "]
)
def test_columns_are_found_by_their_letters(tmp_path: Path, spelling: Callable[[str], str]) -> None:
    """A description that is in the column body_html must not be missed without a word."""
    head, _, rest = CSV.replace("Body (HTML)", "Body HTML").partition("\n")
    catalog = read_csv(tmp_path, ",".join(spelling(name) for name in head.split(",")) + "\n" + rest)
    assert catalog.products == read_csv(tmp_path, CSV).products


def test_the_line_in_which_excel_names_the_separator(tmp_path: Path) -> None:
    out = io.StringIO("sep=;\r\n", newline="")
    out.seek(0, io.SEEK_END)
    csv.writer(out, delimiter=";").writerows(csv.reader(io.StringIO(CSV)))
    catalog = read_csv(tmp_path, out.getvalue() + "axe;Axe\r\n")
    assert [p.handle for p in catalog.products] == ["mug", "lamp", "tent"]
    assert [(f.key, f.line) for f in catalog.failed] == [("axe", 9)]


@pytest.mark.parametrize("word", ["FALSE", "falsch", "FAUX", "Falso", "ONWAAR", "no"])
def test_a_product_that_is_not_published_in_the_language_of_the_sheet(tmp_path: Path, word: str) -> None:
    text = f"Handle,Title,Published\nmug,Mug,{word}\npot,Pot,WAHR\n"
    assert [p.available for p in read_csv(tmp_path, text).products] == [False, True]


def test_rows_that_end_with_their_last_filled_cell(tmp_path: Path) -> None:
    text = "\n".join(line.rstrip(",") for line in CSV.splitlines())
    whole = text + "\n" + "\n".join(f"axe-{n},Axe {n},,,Tools" for n in range(3))
    catalog = read_csv(tmp_path, whole + "\nsaw,Sa")
    assert [p.handle for p in catalog.products] == ["mug", "lamp", "tent", "axe-0", "axe-1", "axe-2"]
    assert [(f.key, f.reason) for f in catalog.failed] == [("saw", "line 11: 2 fields, the header has 17")]


def test_stock_as_a_sheet_of_another_country_saves_it(tmp_path: Path) -> None:
    text = "Handle;Title;Variant Price;Variant Inventory Tracker;Variant Inventory Qty\n"
    text += "mug;Mug;1;shopify;1.000,0\npot;Pot;1;shopify;0,0\ncup;Cup;1;shopify;-3\n"
    assert [p.available for p in read_csv(tmp_path, text).products] == [True, False, False]


def test_columns_lined_up_with_blanks(tmp_path: Path) -> None:
    text = 'Handle ,Title     ,Body (HTML)          ,Tags\nmug    ,Enamel Mug,"<p>Of ""steel"" , </p>"   ,"a, b"  \n'
    [mug] = read_csv(tmp_path, text).products
    assert (mug.handle, mug.title, mug.body_text, mug.tags) == (
        "mug", "Enamel Mug", 'Of "steel" ,', ("a", "b"),
    )  # fmt: skip


def test_uncategorized_is_no_type(tmp_path: Path) -> None:
    text = "Handle,Title,Product Category,Type\na,A,Uncategorized,\nb,B,Home > Mugs,\nc,C,Uncategorized,Mug\n"
    assert [p.product_type for p in read_csv(tmp_path, text).products] == [None, "Mugs", "Mug"]


@pytest.mark.parametrize(
    ("price", "value"),
    [
        ("12,50", "12.50"),
        ("12,50 kr.", "12.50"),
        ("kr 1 299,50", "1299.50"),
        ("Rs. 1,299.00", "1299.00"),
        ("US$12.50", "12.50"),
        ("R$ 12,50", "12.50"),
        ("12,50zł", "12.50"),
        ("₫12", "12.00"),
        ("12,5", "12.50"),
        ("1.299,00", "1299.00"),
        ("1,299", "1299.00"),
        ("0,9", "0.90"),
        ("$12", "12.00"),
        ("€ 12,50", "12.50"),
        ("1.299,00 €", "1299.00"),
        ("¥1,200", "1200.00"),
        ("₹1,00,000.50", "100000.50"),
        ("12.00 USD", "12.00"),
        ("CHF 1'299.90", "1299.90"),
        ("1 299,00", "1299.00"),
        ("12\u00a0345\u202f678,90\u00a0€", "12345678.90"),
    ],
)
def test_prices_as_the_world_writes_them(tmp_path: Path, price: str, value: str) -> None:
    [mug] = read_csv(tmp_path, f"Handle;Title;Variant Price\nmug;Mug;{price}\n").products
    assert mug.price == Decimal(value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "export.csv:1: the file is empty"),
        ("a,b\n1,2\n", "export.csv:1: unknown catalogue format: its columns are a, b. One has the columns"),
    ],
)
def test_what_is_no_export(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(CatalogError) as failure:
        read_csv(tmp_path, text)
    assert str(failure.value).startswith(where)


def test_other_endings_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"ends in \.json, "):
        read_csv(tmp_path, "x", "products.xlsx")
    with pytest.raises(CatalogError, match=r"gone\.json: No such file"):
        read_catalog(tmp_path / "gone.json")


def catalog_of(*numbers: int, **more: Any) -> CatalogFile:
    text = json.dumps({"products": [product(n, **more) for n in numbers]})
    return read_products(read_records(text, "products.json"), Shop(currency="GBP"))


def rows(path: Path | None) -> dict[str, bool]:
    assert path is not None
    return {row["product_id"]: row["available"] for row in pq.read_table(path).to_pylist()}


def test_a_version_is_written_once_and_unchanged_content_never_again(tmp_path: Path) -> None:
    first = write_products(tmp_path, catalog_of(1, 2), load_id=7, captured_at=NOW)
    assert first is not None
    assert first.name.startswith("000000000007-")
    assert pq.read_schema(first).equals(PRODUCTS)
    assert write_products(tmp_path, catalog_of(1, 2), load_id=8, captured_at=NOW) is None
    assert write_products(tmp_path, catalog_of(1, 2, vendor="Other"), load_id=9, captured_at=NOW) is not None
    # Back to what once was is a new version too
    assert write_products(tmp_path, catalog_of(1, 2), load_id=10, captured_at=NOW) is not None
    assert len(list(tmp_path.iterdir())) == 3


def test_same_input_same_bytes(tmp_path: Path) -> None:
    one = write_products(tmp_path / "a", catalog_of(1, 2), load_id=7, captured_at=NOW)
    two = write_products(tmp_path / "b", catalog_of(1, 2), load_id=7, captured_at=NOW)
    assert one is not None
    assert two is not None
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())


def test_a_product_taken_out_is_written_once_more_as_not_available(tmp_path: Path) -> None:
    write_products(tmp_path, catalog_of(1, 2, 3), load_id=1, captured_at=NOW)
    assert rows(write_products(tmp_path, catalog_of(1, 3), load_id=2, captured_at=NOW)) == {
        "7001": True, "7002": False, "7003": True,
    }  # fmt: skip
    assert write_products(tmp_path, catalog_of(1, 3), load_id=3, captured_at=NOW) is None
    assert rows(write_products(tmp_path, catalog_of(1, 4), load_id=4, captured_at=NOW)) == {
        "7001": True, "7003": False, "7004": True,
    }  # fmt: skip


def test_a_product_that_could_not_be_read_is_not_taken_for_gone(tmp_path: Path) -> None:
    write_products(tmp_path, catalog_of(1, 2, 3), load_id=1, captured_at=NOW)
    broken = catalog_of(1, 3)
    broken.fail(1, "7002", "no title")
    assert rows(write_products(tmp_path, broken, load_id=2, captured_at=NOW))["7002"] is True
    unknown = catalog_of(1)
    unknown.fail(1, None, "no id")
    assert write_products(tmp_path, unknown, load_id=3, captured_at=NOW) is None  # any may be the one
    assert rows(write_products(tmp_path, catalog_of(1), load_id=4, captured_at=NOW)) == {
        "7001": True, "7002": False, "7003": False,
    }  # fmt: skip


def test_files_do_not_take_each_others_products_out(tmp_path: Path) -> None:
    other = read_csv(tmp_path, CSV)
    lake = tmp_path / "lake"
    write_products(lake, catalog_of(1), load_id=1, captured_at=NOW)
    assert rows(write_products(lake, other, load_id=2, captured_at=NOW)).keys() == {"mug", "lamp", "tent"}
    assert write_products(lake, catalog_of(1), load_id=3, captured_at=NOW) is None


def named(name: str, *numbers: int, **more: Any) -> CatalogFile:
    catalog = catalog_of(*numbers, **more)
    products = [replace(product, source_file=name) for product in catalog.products]
    return CatalogFile(name, products, catalog.failed)


def test_a_file_that_is_taken_out_of_the_inbox_takes_out_what_it_alone_named(tmp_path: Path) -> None:
    """An export of each day has its date in its name."""
    days = [NOW + timedelta(days=number) for number in range(5)]
    write_products(tmp_path, named("monday.json", 1, 2, 3), load_id=1, captured_at=days[0])
    write_products(tmp_path, named("tuesday.json", 1, 3, vendor="Other"), load_id=2, captured_at=days[1])
    assert withdraw_missing(tmp_path, {"monday.json", "tuesday.json"}, load_id=3, captured_at=days[2]) == []
    assert withdraw_missing(tmp_path, set(), load_id=3, captured_at=days[2]) == [], (
        "an empty inbox says nothing"
    )
    assert withdraw_missing(tmp_path, {"tuesday.json"}, load_id=3, captured_at=days[2]) == ["monday.json"]
    withdrawn = latest_version(tmp_path, "monday.json")
    assert rows(withdrawn) == {"7001": True, "7002": False, "7003": True}
    # Newest of all now: of what another file names it says what that one does.
    told = pq.read_table(withdrawn).to_pylist()
    assert [row["vendor"] for row in told] == ["Other", "Skarn", "Other"]
    assert {(row["source_file"], row["captured_at"], row["load_id"]) for row in told} == {
        ("monday.json", days[2], 3)
    }
    assert withdraw_missing(tmp_path, {"tuesday.json"}, load_id=4, captured_at=days[3]) == [], "once"
    back = write_products(tmp_path, named("monday.json", 1, 2, 3), load_id=4, captured_at=days[3])
    assert rows(back) == {"7001": True, "7002": True, "7003": True}
    assert withdraw_missing(tmp_path, {"tuesday.json"}, load_id=5, captured_at=days[4]) == ["monday.json"]


def test_the_demo_catalog_reads_whole() -> None:
    path = Path(__file__).resolve().parents[3] / "demo" / "catalog" / "products.json"
    catalog = read_catalog(path, Shop(currency="GBP"))
    assert catalog.failed == []
    assert len(catalog.products) >= 200
