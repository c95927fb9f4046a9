"""A catalogue file that can't be read costs only itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from footfall.commands.doctor_files import look_at_catalogue
from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from footfall.status.unreadable_catalogs import unread_files
from orchestration.catalog.inbox import inbox_state, read_state
from orchestration.defs.catalog.assets import CHECK, KEY, products
from orchestration.lake.schema import prepare_lake


def shop(*ids: str) -> bytes:
    return json.dumps({"products": [{"id": each, "title": f"Mug {each}"} for each in ids]}).encode()


def directory(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def link_to_nowhere(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file.parent / "gone")


def write(content: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(content)


BAD: dict[str, Callable[[Path], object]] = {
    "garbage": write(os.urandom(3000)),
    "empty": write(b""),
    "truncated": write(shop("1", "2")[:-20]),
    "wrong encoding": write(shop("1").decode().encode("utf-16-le")),
    "nested": write(b"[" * 200_000),
    "a number without end": write(b'{"products": [{"id": ' + b"9" * 5000 + b', "title": "x"}]}'),
    "another document": write(b'{"orders": []}'),
    "directory": directory,
    "link to nowhere": link_to_nowhere,
}


@pytest.fixture
def run(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dg.AssetCheckEvaluation]:
    """Materialize the catalogue; it must succeed. Returns what the check says."""
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    prepare_lake(paths)

    def once() -> dg.AssetCheckEvaluation:
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize([products], instance=instance)
        assert result.success
        (check,) = result.get_asset_check_evaluations()
        assert (check.asset_key, check.check_name) == (KEY, CHECK)
        assert check.severity is dg.AssetCheckSeverity.WARN, "it blocks nothing"
        return check

    return once


def sold(paths: Paths) -> set[str]:
    """Products that can be bought, by the newest version of each."""
    rows: dict[str, dict[str, Any]] = {}
    for file in sorted((paths.lake / "products").glob("*.parquet")):
        rows |= {row["product_id"]: row for row in pq.read_table(file).to_pylist()}
    return {key for key, row in rows.items() if row["available"]}


@pytest.mark.parametrize("name", BAD)
def test_the_last_version_of_a_file_that_went_bad_stands(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation], name: str
) -> None:
    settings = load_settings({"FOOTFALL_DATA": str(paths.data)})
    (paths.catalog / "shop.json").write_bytes(shop("1", "2"))
    (paths.catalog / "other.json").write_bytes(shop("3"))
    assert run().passed
    assert look_at_catalogue(settings) == []
    first = inbox_state(paths.catalog)
    BAD[name](paths.catalog / "shop.json")
    (paths.catalog / "other.json").write_bytes(shop("4"))
    assert inbox_state(paths.catalog) != first == read_state(paths), "the sensor notices it"
    check = run()
    assert not check.passed
    assert set(check.metadata) == {"shop.json"}
    assert sold(paths) == {"1", "2", "4"}
    ((good, said),) = look_at_catalogue(settings)
    assert not good
    assert "shop.json" in said
    assert "its products stay as of" in said
    (noted,) = unread_files(paths)
    assert not run().passed
    assert unread_files(paths) == [noted], "the same reason is as old as it was"
    if (paths.catalog / "shop.json").is_dir():
        (paths.catalog / "shop.json").rmdir()
    else:
        (paths.catalog / "shop.json").unlink()
    (paths.catalog / "shop.json").write_bytes(shop("2", "5"))
    assert run().passed
    assert sold(paths) == {"2", "4", "5"}
    assert look_at_catalogue(settings) == []


@pytest.mark.parametrize("name", BAD)
def test_a_new_shop_with_nothing_but_a_bad_file_has_no_catalogue_yet(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation], name: str
) -> None:
    BAD[name](paths.catalog / "shop.json")
    assert not run().passed
    assert sold(paths) == set()
    (noted,) = unread_files(paths)
    assert noted.stands is None
    assert "it was never read" in str(noted)


@pytest.mark.parametrize("name", ["garbage", "empty", "UTF-16 cut off", "a heading in no encoding"])
def test_a_bad_csv_costs_only_itself(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation], name: str
) -> None:
    cut = "Handle,Title\nmug,Mug\n".encode("utf-16")[:-7]
    content = {
        "garbage": os.urandom(3000),
        "empty": b"",
        "UTF-16 cut off": cut,
        "a heading in no encoding": b"Handle,Title \xff\xff\nmug,Mug\n",
    }[name]
    (paths.catalog / "export.csv").write_bytes(content)
    (paths.catalog / "shop.json").write_bytes(shop("1"))
    check = run()
    assert "1" in sold(paths)
    assert check.passed == (unread_files(paths) == [])
    assert not check.passed or name == "UTF-16 cut off"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_costs_only_itself(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation]
) -> None:
    (paths.catalog / "shop.json").write_bytes(shop("1"))
    assert run().passed
    (paths.catalog / "shop.json").chmod(0)
    assert not run().passed
    assert sold(paths) == {"1"}


def test_what_the_disk_refuses_to_read_costs_only_itself(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the tests run as root, whom no file's mode keeps out."""
    (paths.catalog / "shop.json").write_bytes(shop("1"))
    (paths.catalog / "other.json").write_bytes(shop("2"))
    assert run().passed
    read_bytes = Path.read_bytes

    def refuse(file: Path) -> bytes:
        if file.name == "shop.json":
            raise PermissionError(13, "Permission denied", str(file))
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert not run().passed
    assert sold(paths) == {"1", "2"}
    assert "Permission denied" in str(unread_files(paths)[0])


def test_a_name_in_no_encoding_costs_only_its_file(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation]
) -> None:
    (paths.catalog / "shop.json").write_bytes(shop("1"))
    (paths.catalog / os.fsdecode(b"caf\xe9.json")).write_bytes(shop("2"))
    assert inbox_state(paths.catalog)
    assert set(run().metadata) == {"caf?.json"}
    assert sold(paths) == {"1"}


def test_one_bad_file_of_ten(paths: Paths, run: Callable[[], dg.AssetCheckEvaluation]) -> None:
    for number in range(10):
        (paths.catalog / f"page-{number}.json").write_bytes(shop(str(number)))
    (paths.catalog / "page-4.json").write_bytes(b'{"products": [')
    check = run()
    assert set(check.metadata) == {"page-4.json"}
    assert sold(paths) == {str(number) for number in range(10) if number != 4}


def test_a_note_beside_the_catalogue_is_left_alone(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation]
) -> None:
    settings = load_settings({"FOOTFALL_DATA": str(paths.data)})
    (paths.catalog / "shop.json").write_bytes(shop("1"))
    (paths.catalog / "README.txt").write_text("Products, from the ERP.\nWritten hourly, at ten past.\n")
    (paths.catalog / "products.xlsx").write_bytes(b"PK\x03\x04")
    (paths.catalog / ".shop.json.swp").write_bytes(b"\0")
    assert run().passed
    assert sold(paths) == {"1"}
    found = look_at_catalogue(settings)
    assert all(good for good, _ in found)
    assert [said.split()[1] for _, said in found] == ["README.txt:1:", "products.xlsx"]
    assert all(said.endswith("it is left alone") for _, said in found)


def test_a_text_that_was_a_catalogue_is_no_note(
    paths: Paths, run: Callable[[], dg.AssetCheckEvaluation]
) -> None:
    (paths.catalog / "feed.txt").write_text("id\ttitle\n1\tMug\n")
    assert run().passed
    (paths.catalog / "feed.txt").write_text("Internal Server Error, try again\n")
    assert set(run().metadata) == {"feed.txt"}
    assert sold(paths) == {"1"}
