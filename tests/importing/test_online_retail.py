"""Online Retail: order lines to messages, stock codes to a catalog, and the commands end to end."""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from footfall.client.sender import _encoder, send
from footfall.commands.importing import import_group, replay
from footfall.importing import ledger
from footfall.importing.online_retail import (
    ImportFileError,
    OrderLine,
    catalog_csv,
    message,
    read_lines,
    write_catalog,
)
from footfall.wire.schema import check_message

SCHEMA = pa.schema(
    [
        ("invoice_no", pa.string()), ("stock_code", pa.string()), ("description", pa.string()),
        ("quantity", pa.int32()), ("invoice_date", pa.timestamp("us")), ("unit_price", pa.float64()),
        ("customer_id", pa.int64()), ("country", pa.string()),
    ]
)  # fmt: skip
MONDAY = datetime(2010, 12, 6, 9, 30)
#: (what the row is an example of, row)
ROWS = [
    ("plain sale", ("536365", "85123A", "WHITE HEART HOLDER", 6, MONDAY, 2.55, 17850, "United Kingdom")),
    ("same line twice", ("536365", "85123A", "WHITE HEART HOLDER", 6, MONDAY, 2.55, 17850, "United Kingdom")),
    ("guest", ("536366", "85123A", "WHITE HEART  HOLDER ", 1, MONDAY, 2.95, None, "France")),
    ("cancellation", ("C536367", "85123A", "WHITE HEART HOLDER", -2, MONDAY, 2.55, 17850, "United Kingdom")),
    ("write-off", ("536368", "85123A", "damaged", -30, MONDAY, 0.0, None, "United Kingdom")),
    ("no description", ("536369", "DCGS0055", None, 1, MONDAY, 0.0, None, "United Kingdom")),
    ("bad debt", ("A563187", "B", "Adjust bad debt", 1, MONDAY, -11062.06, None, "United Kingdom")),
    ("postage", ("536370", "POST", "POSTAGE", 3, MONDAY, 18.0, 12583, "France")),
    ("other case", ("536371", "85123a", "WHITE HEART HOLDER", 1, MONDAY, 2.55, None, "EIRE")),
    ("never sold", ("536372", "21412", "VINTAGE GOLD TINSEL REEL", 5, MONDAY, 0.0, None, "EIRE")),
    (
        "blank and letters in a code",
        ("536373", "BANK CHARGES", "Bank Charges", 1, MONDAY, 15.0, None, "EIRE"),
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "online_retail.parquet"
    columns = list(zip(*(row for _, row in ROWS), strict=True))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), path)
    return path


def by_example(file: Path) -> dict[str, dict[str, Any]]:
    return {name: message(line) for (name, _), line in zip(ROWS, read_lines(file), strict=True)}


def test_every_line_becomes_a_message_that_the_wire_accepts(file: Path) -> None:
    messages = by_example(file)
    assert len(messages) == len(ROWS)
    for each in messages.values():
        checked = check_message(_encoder.encode(each))
        assert checked.happened_at is not None
        assert checked.happened_at.isoformat() == "2010-12-06T09:30:00+00:00"
    assert len({each["messageId"] for each in messages.values()}) == len(ROWS)


def test_ids_depend_on_the_line_alone(file: Path) -> None:
    first, again = by_example(file), by_example(file)
    assert first == again
    # Pinned: a change would make every shop's second import a second history.
    assert first["plain sale"]["messageId"] == "91a15806-d35a-5bf4-af7f-f356caedf624"


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Kolkata", "-05:00"])
def test_a_date_that_names_its_zone_is_the_same_moment(file: Path, tmp_path: Path, zone: str) -> None:
    table = pq.read_table(file)
    place = table.schema.get_field_index("invoice_date")
    zoned = tmp_path / "zoned.parquet"
    in_zone = pc.assume_timezone(table["invoice_date"], "UTC").cast(pa.timestamp("us", zone))
    pq.write_table(table.set_column(place, "invoice_date", in_zone), zoned)
    assert by_example(zoned) == by_example(file)


def test_sale_guest_and_return(file: Path) -> None:
    messages = by_example(file)
    sale = messages["plain sale"]
    assert sale["event"] == "Order Completed"
    assert sale["userId"] == "17850"
    assert "anonymousId" not in sale
    assert sale["properties"] == {
        "order_id": "536365",
        "line_number": 1,
        "value": Decimal("15.30"),
        "currency": "GBP",
        "country": "United Kingdom",
        "products": [
            {"product_id": "85123A", "price": Decimal("2.55"), "quantity": 6, "name": "WHITE HEART HOLDER"}
        ],
    }
    assert messages["same line twice"]["properties"]["line_number"] == 2
    assert messages["guest"]["anonymousId"] == "invoice-536366"
    assert "userId" not in messages["guest"]
    for name in ("cancellation", "write-off"):
        assert messages[name]["event"] == "Order Refunded"
        assert messages[name]["properties"]["products"][0]["quantity"] > 0
    assert messages["bad debt"]["properties"]["value"] == Decimal("-11062.06")
    assert "name" not in messages["no description"]["properties"]["products"][0]


def test_catalog_has_every_code_once(file: Path) -> None:
    text, products = catalog_csv(file)
    rows = {row["Handle"]: row for row in csv.DictReader(io.StringIO(text))}
    assert products == len(rows) == 7
    heart = rows["85123A"]
    assert (heart["Title"], heart["Variant Price"], heart["Published"]) == (
        "WHITE HEART HOLDER",
        "2.55",
        "TRUE",
    )
    assert rows["85123a"]["Title"] == "WHITE HEART HOLDER"
    assert rows["DCGS0055"]["Title"] == "DCGS0055"
    assert rows["21412"]["Title"] == "VINTAGE GOLD TINSEL REEL"
    assert {code for code, row in rows.items() if row["Published"] == "FALSE"} == {
        "B", "POST", "BANK CHARGES", "DCGS0055", "21412",
    }  # fmt: skip


def test_catalog_of_the_same_content_is_left_alone(file: Path, tmp_path: Path) -> None:
    target, _ = write_catalog(file, tmp_path / "inbox")
    before = target.stat()
    write_catalog(file, tmp_path / "inbox")
    assert target.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in target.parent.iterdir()] == ["online-retail.csv"]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="does not exist"):
        list(read_lines(tmp_path / "missing.parquet"))
    (tmp_path / "text.parquet").write_text("invoice_no,stock_code\n")
    with pytest.raises(ImportFileError, match="not a Parquet file"):
        list(read_lines(tmp_path / "text.parquet"))
    pq.write_table(pa.table({"invoice_no": ["1"]}), tmp_path / "few.parquet")
    with pytest.raises(ImportFileError, match="no column stock_code; it has invoice_no"):
        list(read_lines(tmp_path / "few.parquet"))


def run(command: Any, arguments: list[str], data: Path) -> Any:
    return CliRunner().invoke(command, arguments, env={"FOOTFALL_DATA": str(data)})


def ledgers(data: Path) -> list[dict[str, Any]]:
    return [
        row
        for path in sorted((data / "ledgers").glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]


def test_import_writes_messages_catalog_and_ledger(collector: Any, file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    result = run(import_group, ["online-retail", str(file), "--url", collector.url], data)
    assert result.exit_code == 0, result.output
    assert f"sent {len(ROWS)}, accepted {len(ROWS)}, rejected 0" in result.output
    assert set(collector.messages.values()) == {1}
    assert (data / "catalog" / "online-retail.csv").exists()
    [row] = ledgers(data)
    assert row["import_id"].startswith("online-retail-")
    assert row | {"import_id": ""} == {
        "import_id": "", "source": "history", "occurred_hour": datetime(2010, 12, 6, 9),
        "sent": len(ROWS), "accepted": len(ROWS), "rejected": 0,
    }  # fmt: skip
    again = run(import_group, ["online-retail", str(file), "--url", collector.url], data)
    assert again.exit_code == 0, again.output
    assert ledgers(data) == [row]
    assert set(collector.messages.values()) == {2}


def test_killed_by_a_signal_and_started_again(collector: Any, tmp_path: Path) -> None:
    """SIGKILL in the middle of the real command; the second run ends with what one run would have had."""
    file, data = tmp_path / "many.parquet", tmp_path / "data"
    one = dict(zip(SCHEMA.names, ROWS[0][1], strict=True))
    rows = pa.Table.from_pylist([one | {"invoice_no": f"{n // 7}"} for n in range(6000)], schema=SCHEMA)
    pq.write_table(rows, file)
    # The batches come in no order: the collector answers until progress is written down, then nothing until the command
    # is dead
    dead = threading.Event()
    collector.on_batch = lambda n: not list(data.glob("ledgers/*.progress.json")) or dead.wait(120)
    command = [sys.executable, "-c", "from footfall.commands.importing import import_group as i; i()"]
    environment = os.environ | {"FOOTFALL_DATA": str(data), "FOOTFALL_CONFIG": os.devnull}
    process = subprocess.Popen(
        [*command, "online-retail", str(file), "--url", collector.url],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list(data.glob("ledgers/*.progress.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    dead.set()
    assert 0 < len(collector.messages) < 6000
    assert ledgers(data) == []
    collector.on_batch = lambda n: None
    result = run(import_group, ["online-retail", str(file), "--url", collector.url], data)
    assert result.exit_code == 0, result.output
    assert "by the interrupted run before" in result.output
    assert [(row["sent"], row["accepted"]) for row in ledgers(data)] == [(6000, 6000)]
    assert len(collector.messages) == 6000
    assert not list(data.glob("ledgers/*.progress.json"))


def test_a_shorter_run_does_not_take_the_ledger_back(collector: Any, file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(import_group, ["online-retail", str(file), "--url", collector.url], data)
    result = run(import_group, ["online-retail", str(file), "--url", collector.url, "--limit", "3"], data)
    assert result.exit_code == 0, result.output
    assert "it covers more lines" in result.output
    assert [row["sent"] for row in ledgers(data)] == [len(ROWS)]


def test_import_without_a_collector_says_what_to_do(file: Path, tmp_path: Path, free_port: int) -> None:
    data = tmp_path / "data"
    result = run(import_group, ["online-retail", str(file), "--url", f"http://127.0.0.1:{free_port}"], data)
    assert result.exit_code == 1
    assert "footfall collect" in result.output
    assert not data.exists()


def test_replay_sends_what_is_json_and_names_what_is_not(collector: Any, file: Path, tmp_path: Path) -> None:
    lines = [_encoder.encode(message(line)) for line in read_lines(file)]
    replayed = tmp_path / "messages [of May].ndjson"
    deep = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    replayed.write_bytes(
        b"\n".join([*lines[:5], b"{broken", b"", b"\xff{}", b"[1]", deep, *lines[5:]]) + b"\n"
    )
    result = run(replay, [str(replayed), "--url", collector.url], tmp_path / "data")
    assert result.exit_code == 1
    assert "4 lines" in " ".join(result.output.split())  # wrapped where the folder's name is long
    assert "messages [of May].ndjson:6" in result.output
    assert set(collector.messages) == {message(line)["messageId"] for line in read_lines(file)}
    replayed.write_bytes(b"\n".join(lines))
    assert run(replay, [str(replayed), "--url", collector.url], tmp_path / "data").exit_code == 0


def test_half_a_gzip_file_is_said_in_words(collector: Any, file: Path, tmp_path: Path) -> None:
    whole = gzip.compress(b"\n".join(_encoder.encode(message(line)) for line in read_lines(file)))
    replayed = tmp_path / "messages.ndjson.gz"
    for content in (whole[:-20], b"no gzip at all", whole[:20] + bytes(40)):
        replayed.write_bytes(content)
        result = run(replay, [str(replayed), "--url", collector.url], tmp_path / "data")
        assert result.exit_code == 1
        assert "is not a gzip file, or a cut one" in result.output


def test_import_id_is_of_content_and_source(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"abc")
    other.write_bytes(b"abc")
    assert ledger.import_id("k", one, "history") == ledger.import_id("k", other, "history")
    assert ledger.import_id("k", one, "history") != ledger.import_id("k", one, "erp")


def test_the_real_file_line_by_line(shared: Path) -> None:
    """All 541,909 lines have a message of their own; the first 3,000 pass the wire schema."""
    real = shared / "data" / "online-retail" / "online_retail.parquet"
    if not real.exists():
        pytest.skip("online_retail.parquet is not here")
    invoices: Counter[str] = Counter()
    lines = 0
    for line in read_lines(real):
        lines += 1
        invoices[line.invoice_no] = max(invoices[line.invoice_no], line.line_number)
        if lines <= 3000:
            check_message(_encoder.encode(message(line)))
    assert lines == 541_909
    assert sum(invoices.values()) == lines  # numbered without gaps, so (invoice, number) is unique
    assert len(invoices) == 25_900


def test_order_line_is_what_it_says() -> None:
    line = OrderLine("C1", 1, "x", None, -1, MONDAY, 1.0, None, None)
    assert line.is_return


def test_send_takes_what_the_reader_gives(collector: Any, file: Path) -> None:
    report = send(
        (message(line) for line in read_lines(file)), url=collector.url, write_key="ff_trusted_write_key"
    )
    assert report.accepted == len(ROWS)
