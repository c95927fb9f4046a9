"""``footfall evaluate``: how it reads sessions, orders and catalogs in any coat, and what it says of public data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from orchestration.catalog.delimited import number_of
from orchestration.commands.evaluate import evaluate
from orchestration.evaluation.orders import evaluate_orders, read_orders
from orchestration.evaluation.readers import FileError, moments, numbers
from orchestration.evaluation.sessions import Sessions, read_sessions


def test_reading_sessions(tmp_path: Path) -> None:
    path = tmp_path / "clicks.txt"
    path.write_text("SessionId\tItemId\tTime\n1\t5\t20.0\n1\t6\t10.0\n2\t7\t1\n3\t8\t4\n3\t9\t4\n")
    assert read_sessions(path) == Sessions([[6, 5], [8, 9]], [20.0, 4.0])
    path.write_text("SessionId\tItemId\tDay\n")
    with pytest.raises(
        FileError, match=r"clicks\.txt:1: no column Time \(the header, by .*: SessionId, ItemId, Day"
    ):
        read_sessions(path)


def timed(lines: list[str], time: Callable[[int], str]) -> bytes:
    """The lines with other times, in the same order."""
    rows = [line.rsplit("\t", 1)[0] + "\t" + time(number) for number, line in enumerate(lines[1:])]
    return "\n".join([lines[0], *rows]).encode()


def test_the_same_sessions_in_every_coat(tmp_path: Path) -> None:
    """What exporters, spreadsheets and other systems do to a file changes nothing."""
    plain = "SessionId\tItemId\tTime\n" + "".join(
        f"{session}\t{item}\t{100 * session + n}\n"
        for session in range(1, 4)
        for n, item in enumerate((5, 6, 7))
    )
    lines = plain.splitlines()
    coats = {
        "plain": plain.encode(),
        "BOM": b"\xef\xbb\xbf" + plain.encode(),
        "CRLF": plain.replace("\n", "\r\n").encode(),
        "UTF-16": plain.encode("utf-16"),
        "commas, quoted": plain.replace("\t", '","')
        .replace("\n", '"\n"')
        .join('""')
        .encode()
        .removesuffix(b'""'),
        "semicolons": plain.replace("\t", ";").encode(),
        "another order of columns": "\n".join("\t".join(line.split("\t")[::-1]) for line in lines).encode(),
        "further columns": "\n".join(f"{line}\tx" for line in lines).encode(),
        "another spelling": plain.replace(
            "SessionId\tItemId\tTime", "session_id\titem_id\ttimestamp"
        ).encode(),
        "every row twice": "\n".join([lines[0], *(line for line in lines[1:] for _ in range(2))]).encode(),
        "blank lines": plain.replace("\n", "\n\n").encode(),
        "milliseconds": "\n".join(
            [
                lines[0],
                *(
                    f"{line.rsplit(chr(9), 1)[0]}\t{1592337718000 + n * 1000}"
                    for n, line in enumerate(lines[1:])
                ),
            ]
        ).encode(),
        "ISO times": "\n".join(
            [
                lines[0],
                *(
                    f"{line.rsplit(chr(9), 1)[0]}\t2026-03-01T12:00:{n:02d}Z"
                    for n, line in enumerate(lines[1:])
                ),
            ]
        ).encode(),
        "sessions of one click": (plain + "9\t5\t1\n8\t6\t2\n").encode(),
        "a broken row among many": (
            plain + "".join(f"{n}\t5\t1\n" for n in range(50, 90)) + "1\t5\n"
        ).encode(),
    }
    for name, content in coats.items():
        path = tmp_path / "clicks.txt"
        path.write_bytes(content)
        assert read_sessions(path).items == [[5, 6, 7]] * 3, name


def test_item_ids_that_are_no_numbers_have_the_same_one_in_both_files(tmp_path: Path) -> None:
    head = "SessionId\tItemId\tTime\n"
    (tmp_path / "a").write_text(head + "1\tred-cap\t1\n1\t007\t2\n2\t7\t3\n2\tred-cap\t4\n")
    (tmp_path / "b").write_text(head + "1\t007\t1\n1\tred-cap\t2\n1\tblue-cap\t3\n")
    names: dict[str, int] = {}
    [cap, agent], [seven, _] = read_sessions(tmp_path / "a", names).items
    assert seven == 7
    assert agent != seven
    [[first, second, third]] = read_sessions(tmp_path / "b", names).items
    assert [first, second] == [agent, cap]
    assert third not in (cap, agent, seven)


def test_numbers_that_a_sheet_made_of_item_ids_are_the_ids(tmp_path: Path) -> None:
    head = "SessionId\tItemId\tTime\n"
    (tmp_path / "a").write_text(head + "1\t5\t1\n1\t6\t2\n")
    (tmp_path / "b").write_text(head.replace("Time", "ts") + "1\t5.0\t1\n1\t6.0\t2\n")
    assert read_sessions(tmp_path / "b").items == read_sessions(tmp_path / "a").items == [[5, 6]]


def test_sessions_of_before_the_learned_ones_end_are_told(tmp_path: Path) -> None:
    head = "SessionId\tItemId\tTime\n"
    (tmp_path / "train").write_text(head + "1\t5\t100\n1\t6\t200\n")
    (tmp_path / "test").write_text(head + "2\t5\t150\n2\t6\t199\n3\t5\t190\n3\t6\t201\n")
    arguments = ["--sessions", str(tmp_path / "train"), "--test", str(tmp_path / "test")]
    result = CliRunner().invoke(evaluate, [*arguments, "--json", str(tmp_path / "out.json")])
    assert "test: 1 of 2 sessions ended before the last of train" in result.output
    [note] = json.loads((tmp_path / "out.json").read_text())["notes"]
    assert note.startswith("1 of 2 sessions ended before")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"SessionId\tItemId\tTime\n", "no row below the header"),
        (b"SessionId\tItemId\tTime\n1\t2\t3\n2\t3\t4\n", "no session has two clicks"),
        (
            b"SessionId\tItemId\tTime\n1\t2\tnoon\n1\t3\tnoon\n",
            "2 of 2 rows can't be read: 2 row.s. whose Time is",
        ),
        (b"1\t2\t3\n", "no column SessionId, ItemId, Time .*The first line must name the columns"),
        (b"\x00\x01\x02\xff\xfe", "no text file; expected are lines of SessionId, ItemId, Time"),
        (b"PAR1\x15\x04\x00", "a Parquet file; expected are lines of SessionId, ItemId, Time"),
        (b"PK\x03\x04\x14\x00\x06\x00", "an Excel workbook; save it as CSV UTF-8"),
        (b"\x1f\x8b\x08\x00", "a compressed file; unpack it"),
    ],
)
def test_what_is_no_file_of_sessions_is_refused_in_words(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "clicks.txt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=says):
        read_sessions(path)


ORDERS = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,22423,"A mug, ""big""
in two lines",2,12/1/2010 8:26,2.55,17850,UK
1,22424,Pot,1,12/1/2010 8:26,3.5,17850.0,UK
C2,22423,Pot,-1,12/2/2010 8:26,3.5,17850,UK
3,22423,Pot,1,12/2/2010 8:26,0,17850,UK
4,POST,Postage,1,12/2/2010 8:26,9,17850,UK
5,22423,Pot,1,12/2/2010 8:26,3.5,,UK
"""


@pytest.mark.parametrize("shift", range(3))
def test_a_letter_may_stand_where_the_look_at_a_files_head_ends(tmp_path: Path, shift: int) -> None:
    path = tmp_path / "orders.csv"
    description = "x" * shift + "紅" * 30_000
    path.write_text(f"{ORDERS.splitlines()[0]}\n1,茶壺,{description},1,12/1/2010 8:26,1,17850,UK\n", "utf-8")
    assert read_orders(path).item.tolist() == ["茶壺"]


def test_orders_as_their_makers_publish_them(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(ORDERS.replace("Pot,", "Thé,").encode("cp1252"))
    found = read_orders(path)
    assert found.customer.tolist() == ["17850", "17850"]
    assert found.item.tolist() == ["22423", "22424"]
    assert str(found.at[0]).startswith("2010-12-01T08:26")
    assert (
        found.notes == ("2 of 7 lines are goods sold to a known customer",) or "of 6 lines" in found.notes[-1]
    )
    path.write_text(ORDERS.splitlines()[0] + "\n")
    with pytest.raises(FileError, match="the file has no order line"):
        read_orders(path)
    path.write_text("InvoiceNo,StockCode\n1,2\n")
    with pytest.raises(FileError, match="no column quantity, invoice_date, unit_price, customer_id"):
        read_orders(path)


SHEET = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID
1,22423,Mug,2,12/24/2010 8:26,2.55,17850
2,22424,Pot,1000,1/2/2011 20:05,1299.5,17850
2,22425,Cup,1,1/2/2011 20:05,12,17851
"""


def saved(separator: str = ",", **columns: Callable[[str], str]) -> str:
    """The sheet with other cells by column."""
    names, *rows = [line.split(",") for line in SHEET.splitlines()]
    cells = [[columns.get(name, str)(cell) for name, cell in zip(names, row, strict=True)] for row in rows]
    return "\n".join(separator.join(f'"{cell}"' for cell in row) for row in (names, *cells))


def at(form: str) -> Callable[[str], str]:
    return lambda cell: datetime.strptime(cell, "%m/%d/%Y %H:%M").strftime(form)


def amount(form: str) -> Callable[[str], str]:
    def written(cell: str) -> str:
        comma, point = form[0], form[1]
        return f"{float(cell):,.2f}".translate(str.maketrans(",.", comma + point)) + form[2:]

    return written


@pytest.mark.parametrize(
    ("separator", "columns"),
    [
        (";", {"UnitPrice": amount(".,"), "InvoiceDate": at("%d.%m.%Y %H:%M")}),
        (";", {"UnitPrice": amount("\u202f, €"), "InvoiceDate": at("%d/%m/%Y %H:%M:%S")}),
        ("\t", {"UnitPrice": amount(",. USD"), "InvoiceDate": at("%m/%d/%y %I:%M %p")}),
        (",", {"UnitPrice": amount(",."), "Quantity": lambda cell: f"{int(cell):,}"}),
        (",", {"InvoiceDate": at("%Y/%m/%d %H:%M")}),
        (",", {"InvoiceDate": at("%m-%d-%Y, %H:%M:%S")}),
        (",", {"UnitPrice": amount("',  CHF"), "CustomerID": lambda cell: f"{cell}.0"}),
    ],
)
def test_orders_as_sheets_of_other_countries_save_them(
    tmp_path: Path, separator: str, columns: dict[str, Callable[[str], str]]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(SHEET)
    plain = read_orders(path)
    for text in (saved(separator, **columns), f"sep={separator}\n" + saved(separator, **columns)):
        path.write_text(text)
        found = read_orders(path)
        assert found.item.tolist() == plain.item.tolist() == ["22423", "22424", "22425"]
        assert found.customer.tolist() == plain.customer.tolist()
        assert found.at.tolist() == plain.at.tolist()


def test_days_alone_are_days(tmp_path: Path) -> None:
    found, broken = moments(pa.array(["24.12.2010", "2.1.11", "1/2/2011", "31.2.2011"]))
    assert broken.to_pylist() == [False, False, False, True]
    # Nothing says that 1/2 is the first of February
    assert [str(np.datetime64(each, "us"))[:10] for each in found.to_pylist()[:3]] == [
        "2010-12-24", "2011-01-02", "2011-01-02",
    ]  # fmt: skip


def test_a_column_of_both_ways_to_write_days_is_not_guessed_at() -> None:
    found, broken = moments(pa.array(["24/12/2010", "12/24/2010"]))
    assert broken.to_pylist() == [True, False]
    assert str(np.datetime64(found[1].as_py(), "us"))[:10] == "2010-12-24"


@given(st.decimals(0, 10**9, places=2), st.sampled_from([",.", ".,", " ,", "\xa0,", "'.", "’."]))
def test_amounts_are_read_back_however_they_are_written(value: Decimal, marks: str) -> None:
    text = f"{value:,.2f}".translate(str.maketrans(",.", marks))
    for written in (text, f"€ {text}", f"{text} kr.", f"R$ {text}", f"+{text}"):
        assert number_of(written) == value
        assert numbers(pa.array([written])).to_pylist() == [float(value)]


@pytest.mark.slow
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(["/", "-", "."]),
    st.booleans(),
)
def test_days_are_read_back_in_the_order_that_their_column_shows(
    moment: datetime, mark: str, day_first: bool
) -> None:
    day_first = day_first or mark == "."
    moment, sign = moment.replace(second=0, microsecond=0), datetime(2001, 12, 31)
    form = mark.join(["%d", "%m", "%Y"] if day_first else ["%m", "%d", "%Y"])
    for clock in (" %H:%M", " %I:%M %p", " %H:%M:%S"):
        found, broken = moments(pa.array([each.strftime(form + clock) for each in (moment, sign)]))
        assert not any(broken.to_pylist())
        assert found[0].as_py() == (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def test_a_quote_that_is_never_closed_costs_the_lines_it_takes_along(tmp_path: Path) -> None:
    """So many that the file is refused, or said."""
    path = tmp_path / "orders.csv"
    row = "1,22423,Mug,2,12/24/2010 8:26,2.55,17850\n"
    head = SHEET.splitlines()[0] + "\n"
    path.write_text(head + row * 50 + '1,22423,"Mug,2,12/24/2010 8:26,2.55,17850\n' + row * 50)
    with pytest.raises(FileError, match=r"51 of 101 rows can't be read: .*and 50 lines behind it"):
        read_orders(path)
    path.write_text(head + row * 99 + '1,22423,"Mug,2,12/24/2010 8:26,2.55,17850\n' + row * 2)
    assert "and 2 lines behind it" in read_orders(path).notes[0]


def test_orders_in_an_alphabet_of_another_country(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    for alphabet, name in (("cp932", "深煎りコーヒー、100グラム"), ("cp1251", "Кружка")):
        path.write_bytes(SHEET.replace("Mug", name).encode(alphabet))
        assert read_orders(path).item.tolist() == ["22423", "22424", "22425"]


def test_the_first_letter_beyond_ascii_may_be_far_down(tmp_path: Path) -> None:
    """Behind more than is read at once."""
    path = tmp_path / "orders.csv"
    plain = ORDERS + "6,22423,Pot,1,12/2/2010 8:26,3.5,17850,UK\n" * 2000
    path.write_bytes((plain + "7,22423,Pot £5,1,12/2/2010 8:26,3.5,Renée,UK\n").encode("cp1252"))
    assert read_orders(path).customer[-1] == "Renée"
    path.write_bytes((plain + "7,22423,Pot £5,1,12/2/2010 8:26,3.5,Renée,UK\n").encode())
    assert read_orders(path).customer[-1] == "Renée"


def test_orders_as_parquet_with_the_names_of_their_makers(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"  # what it is called is no matter
    table = pa.table({"InvoiceNo": ["1"], "StockCode": ["22423"], "Quantity": [2], "UnitPrice": [2.5],
                      "InvoiceDate": [datetime(2010, 12, 1, 8, 26)], "Customer ID": [17850.0]})  # fmt: skip
    pq.write_table(table, path)
    found = read_orders(path)
    assert (found.customer.tolist(), found.item.tolist()) == (["17850"], ["22423"])
    pq.write_table(table.drop_columns(["Quantity"]), path)
    with pytest.raises(FileError, match=r"no column quantity .there are: InvoiceNo, StockCode"):
        read_orders(path)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1592337718", datetime(2020, 6, 16, 20, 1, 58)),
        ("1592337718.25", datetime(2020, 6, 16, 20, 1, 58, 250_000)),
        ("1592337718000", datetime(2020, 6, 16, 20, 1, 58)),
        ("2020-06-16T20:01:58Z", datetime(2020, 6, 16, 20, 1, 58)),
        ("2020-06-16 20:01:58.5 UTC", datetime(2020, 6, 16, 20, 1, 58, 500_000)),
        ("2020-06-16T22:01:58.123456789+02:00", datetime(2020, 6, 16, 20, 1, 58, 123_456)),
        ("2020-06-16T14:31-0530", datetime(2020, 6, 16, 20, 1)),
        ("2020-06-16T14:31-05", datetime(2020, 6, 16, 19, 31)),
        ("2020-06-16", datetime(2020, 6, 16)),
        ("12/1/2010 8:26", datetime(2010, 12, 1, 8, 26)),
        ("2020-13-16T20:01:58Z", None),
        ("2020-02-30T20:01:58Z", None),
        ("1592337718000000", None),
        ("1592337718000000000", None),
        ("99999999999999999999", None),
        ("1e300", None),
        ("noon", None),
        ("", None),
    ],
)
def test_times_as_files_have_them(text: str, moment: datetime | None) -> None:
    found, broken = moments(pa.array([text, "noon"]))
    assert broken.to_pylist() == [moment is None, True]
    expected = None if moment is None else (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert found[0].as_py() == expected


EXPORT = """\ufeffHandle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant Price,Image Src
{rows}"""


def test_a_shopify_export_of_many_rows_a_product(tmp_path: Path) -> None:
    """Variants and images have rows of their own, descriptions have line breaks, some products have no type."""
    kinds = {"mug": "a mug of enamel for coffee", "tent": "a tent with poles and pegs", "": "a gift card"}
    rows = []
    for kind, text in kinds.items():
        for n in range(6):
            body = f'"<p>{text},\r\nnumber {n}</p>"'
            rows.append(
                f"{kind or 'gift'}-{n},{kind or 'gift'} {n},{body},Us,{kind},new,true,Size,S,9.00,http://x/{n}.jpg"
            )
            rows += [f"{kind or 'gift'}-{n},,,,,,,,{size},9.50," for size in ("M", "L")]
            rows += [f"{kind or 'gift'}-{n},,,,,,,,,,http://x/{n}-{k}.jpg" for k in range(5)]
    path = tmp_path / "products.csv"
    path.write_bytes(EXPORT.format(rows="\r\n".join(rows)).encode())
    ours = run(["--catalog", str(path), "--label", "type"], tmp_path / "out.json")["footfall"]
    assert ours["products"] == 12  # those without a type are not asked
    assert ours["share"] == 0.5  # five others of the type, of ten places
    assert ours["types"] == 2


def test_types_that_differ_in_case_or_blanks_alone_are_one(tmp_path: Path) -> None:
    kinds = {
        "Walking shoes": "shoe of leather",
        " WALKING  Shoes": "shoe of canvas",
        "Mugs": "mug",
        "mugs": "mug",
    }
    rows = [f"{kind.strip()}-{n},{title} {n},{kind}," for kind, title in kinds.items() for n in range(3)]
    path = tmp_path / "products.csv"
    path.write_text("Handle,Title,Type,Vendor\n" + "\n".join(rows))
    result = CliRunner().invoke(evaluate, ["--catalog", str(path), "--json", str(tmp_path / "out.json")])
    assert "2 of 4 types differ from another in case or blanks alone: the same type" in result.output
    numbers = json.loads((tmp_path / "out.json").read_text())
    assert numbers["notes"][0] == "2 of 4 types differ from another in case or blanks alone: the same type"
    ours = numbers["arms"][1]
    assert (ours["types"], ours["products"], ours["share"]) == (2, 12, 0.5)  # five others, of ten places


def test_a_catalog_without_descriptions_says_so(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    rows = "".join(f"{n},Mug {n},Mug,{{}}\n" for n in range(3))
    for text, is_told in (("", True), ("Of steel", False)):
        path.write_text("Handle,Title,Type,body_html\n" + rows.format(text, "", ""))
        said = CliRunner().invoke(evaluate, ["--catalog", str(path)]).output
        assert ("no product has a description" in said) is is_told


def test_a_catalog_without_types_says_so(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("Handle,Title\na,A\nb,B\n")
    result = CliRunner().invoke(evaluate, ["--catalog", str(path)])
    assert result.exit_code == 1
    assert "2 of 2 products have no type" in result.output
    assert (
        f"{path}: no product has a type that another product has too (2 products read; a type"
        in result.output
    )
    path.write_text("")
    assert "the file is empty" in CliRunner().invoke(evaluate, ["--catalog", str(path)]).output


def test_what_of_a_catalog_is_not_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    bad = "".join(f"bad-{n},,Mug\n" for n in range(12))
    path.write_text("Handle,Title,Type\na,Red mug,Mug\nb,Blue mug,Mug\n" + bad)
    result = CliRunner().invoke(evaluate, ["--catalog", str(path)])
    assert result.exit_code == 0
    assert "not read: products.csv:4: product bad-0: no row with a title" in result.output
    assert result.output.count("no row with a title") == 10
    assert "not read: 2 more" in result.output


def run(arguments: list[str], out: Path) -> dict[str, Any]:
    result = CliRunner().invoke(evaluate, [*arguments, "--json", str(out)])
    assert result.exit_code == 0, result.output
    numbers: dict[str, Any] = json.loads(out.read_text())
    return {arm["arm"]: arm for arm in numbers["arms"]}


@pytest.mark.parametrize(
    "arguments",
    [[], ["--sessions", __file__], ["--orders", __file__], ["--orders", __file__, "--catalog", __file__]],
)
def test_the_verb_says_what_goes_together(arguments: list[str]) -> None:
    assert CliRunner().invoke(evaluate, arguments).exit_code == 2


def test_the_verb_on_what_is_no_data(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n")
    for arguments in (
        ["--catalog"],
        ["--split", "2011-11-09", "--orders"],
        ["--test", str(wrong), "--sessions"],
    ):
        result = CliRunner().invoke(evaluate, [*arguments, str(wrong)])
        assert result.exit_code == 1
        assert "wrong.csv" in result.output


def test_sessions_of_serenade_beat_the_published_method(shared: Path, tmp_path: Path) -> None:
    data = shared / "data" / "serenade"
    if not (data / "train.txt").exists():
        pytest.skip("Serenade's files are not here")
    files = ["--sessions", str(data / "train.txt"), "--test", str(data / "valid.txt")]
    arms = run(files, tmp_path / "1.json")
    ours, published = arms["footfall"], arms["VMIS-kNN as published"]
    assert ours["mrr"]["mean"] > published["mrr"]["mean"] + 0.04
    assert ours["hit_rate"]["mean"] > published["hit_rate"]["mean"]
    assert ours["mrr_new"]["mean"] > published["mrr_new"]["mean"]


def test_orders_of_online_retail_are_above_the_references(shared: Path) -> None:
    file = shared / "data" / "online-retail" / "online_retail.parquet"
    if not file.exists():
        pytest.skip("online_retail.parquet is not here")
    [ours] = evaluate_orders(read_orders(file), datetime(2011, 11, 9), arms={"footfall"})
    assert ours.recall_all.mean >= 0.36
    assert ours.recall_new.mean >= 0.13


def test_the_catalog_of_the_demo_shop(tmp_path: Path) -> None:
    file = Path(__file__).resolve().parents[3] / "demo" / "catalog" / "products.json"
    arms = run(["--catalog", str(file), "--label", "type"], tmp_path / "1.json")
    run(["--catalog", str(file)], tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert arms["footfall"]["share"] > arms["plain field TF-IDF"]["share"] > arms["footfall"]["chance"]
