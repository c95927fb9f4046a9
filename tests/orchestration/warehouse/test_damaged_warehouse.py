"""A warehouse whose bytes are not DuckDB's is set aside; one that is in use, newer or unreadable stays."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from footfall.commands.doctor_files import look_at_warehouse
from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from orchestration.storage.duckdb_files import (
    WarehouseDamaged,
    begin,
    damage_of,
    is_whole,
    models_file,
    note_whole,
    reading,
    waits_for_rebuild,
)
from orchestration.storage.personal_data import PLACES, Goes, remove

pytestmark = pytest.mark.slow

#: Of a DuckDB file before its first block.
HEADERS = 12_288


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A warehouse whose list of tables stands before the rows of one, so that a cut there leaves it readable."""
    file = tmp_path_factory.mktemp("sound") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        for statement in (
            "create table a as select range as i, 'text ' || range * 7919 % 1000003 as s from range(400000)",
            "checkpoint",
            "create table b as select * from a",
            "checkpoint",
            "drop table a",
            "checkpoint",
            "create table z as select 1 as i",
        ):
            connection.execute(statement)
    return file.read_bytes()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def test_a_sound_warehouse_stays(paths: Paths, sound: bytes) -> None:
    paths.warehouse.write_bytes(sound)
    assert begin(paths) is None
    assert is_whole(paths)
    assert paths.warehouse.read_bytes() == sound
    assert look_at_warehouse(load_settings({"FOOTFALL_DATA": str(paths.data)})) == []


def test_one_cut_to_any_length_is_set_aside(paths: Paths, sound: bytes) -> None:
    """At once, or by the first query that reads what is gone."""
    settings = load_settings({"FOOTFALL_DATA": str(paths.data)})
    lengths = [0, 1, 100, 4096, HEADERS - 1, HEADERS, HEADERS + 1, *range(20_000, len(sound), 150_000)]
    at_once = 0
    for length in [*lengths, len(sound) - 4096, len(sound) - 1]:
        paths.warehouse.write_bytes(sound[:length])
        models_file(paths).write_text("{}")
        said = begin(paths)
        at_once += said is not None
        if said is None:
            with pytest.raises(WarehouseDamaged), reading(settings) as connection:
                connection.execute("select sum(hash(i, s)) from b").fetchall()
            begin(paths)
        assert not paths.warehouse.exists(), f"cut to {length} of {len(sound)} bytes"
        assert not models_file(paths).exists()
        assert waits_for_rebuild(paths)
        (aside,) = paths.damaged_warehouses()
        assert aside.read_bytes() == sound[:length], "nothing of it is lost, and one is kept at most"
        paths.warehouse_unfinished.unlink()
    assert 15 < at_once < len(lengths), "this one has both kinds"


def test_a_file_that_lost_its_free_end_is_sound(paths: Paths) -> None:
    """DuckDB cuts free blocks off, and counts them still in its header."""
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("create table a as select range as i, hash(range) as h from range(400000)")
    long = paths.warehouse.stat().st_size
    with duckdb.connect(str(paths.warehouse)) as connection:
        for statement in ("alter table a drop column h", "checkpoint", "drop table a"):
            connection.execute(statement)
    assert paths.warehouse.stat().st_size < long
    assert damage_of(paths) is None


@pytest.mark.parametrize("seed", range(40))
def test_a_bit_that_flips_in_its_headers_is_noticed_or_says_nothing(
    paths: Paths, sound: bytes, seed: int
) -> None:
    place = random.Random(seed)
    data = bytearray(sound)
    data[place.randrange(HEADERS)] ^= 1 << place.randrange(8)
    paths.warehouse.write_bytes(data)
    assert damage_of(paths)


@pytest.mark.parametrize("content", [os.urandom(20_000), b"hello " * 4000])
def test_what_is_no_warehouse_is_set_aside(paths: Paths, content: bytes) -> None:
    paths.warehouse.write_bytes(content)
    assert begin(paths)
    assert not paths.warehouse.exists()


WRITES_AND_DIES = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("pragma disable_checkpoint_on_shutdown")
connection.execute("insert into b select range, 'new' from range(3000)")
os._exit(0)
"""


def test_a_write_ahead_log_is_judged_and_goes_with_its_warehouse(paths: Paths, sound: bytes) -> None:
    wal = paths.warehouse.with_name("warehouse.duckdb.wal")
    paths.warehouse.write_bytes(sound)
    subprocess.run([sys.executable, "-c", WRITES_AND_DIES, str(paths.warehouse)], check=True)
    written = wal.read_bytes()
    assert damage_of(paths) is None, "a killed run leaves one"
    for length in (0, 7, len(written) // 2, len(written) - 1):
        wal.write_bytes(written[:length])
        assert damage_of(paths) is None, (
            "a torn end is what a power cut leaves: DuckDB takes what is before it"
        )
    data = bytearray(written)
    data[len(data) // 2] ^= 4
    wal.write_bytes(data)
    assert begin(paths)
    assert not paths.warehouse.exists()
    assert not wal.exists()
    assert [file.read_bytes() for file in paths.damaged_warehouses()] == [sound, bytes(data)]


HOLDS = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_one_that_another_process_has_open_is_not_taken_for_a_damaged_one(paths: Paths, sound: bytes) -> None:
    paths.warehouse.write_bytes(sound)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(paths.warehouse)], stdout=subprocess.PIPE
    ) as holder:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == b"open\n"
            with pytest.raises(duckdb.IOException, match="lock"):
                duckdb.connect(str(paths.warehouse), read_only=True)
            assert begin(paths) is None
        finally:
            holder.kill()
    assert paths.warehouse.read_bytes() == sound


def test_one_of_a_newer_duckdb_is_not_taken_for_a_damaged_one(paths: Paths, sound: bytes) -> None:
    data = bytearray(sound)
    assert data[8:12] == b"DUCK"
    data[12:20] = struct.pack("<Q", 9999)
    # DuckDB's checksum of a block, in the block's first eight bytes.
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", data[8:4096]):
        checksum ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    data[:8] = struct.pack("<Q", checksum)
    paths.warehouse.write_bytes(data)
    with pytest.raises(duckdb.IOException, match="version number 9999"):
        duckdb.connect(str(paths.warehouse), read_only=True)
    assert begin(paths) is None
    assert paths.warehouse.exists()


def test_a_folder_in_its_place_is_no_damage(paths: Paths) -> None:
    paths.warehouse.mkdir()
    assert damage_of(paths) is None


def test_a_damaged_block_is_noticed_when_it_is_read(paths: Paths, sound: bytes) -> None:
    settings = load_settings({"FOOTFALL_DATA": str(paths.data)})
    data = bytearray(sound)
    data[len(data) - 262_144 + 5000] ^= 1
    paths.warehouse.write_bytes(data)
    assert begin(paths) is None, "a look at each block would cost as much as a look at all rows"
    with (
        pytest.raises(WarehouseDamaged, match=r"set aside as .*footfall run"),
        reading(settings) as connection,
    ):
        connection.execute("select sum(hash(i, s)) from b").fetchall()
    assert waits_for_rebuild(paths)
    ((good, said),) = look_at_warehouse(settings)
    assert not good
    assert "footfall run builds it" in said
    paths.warehouse.write_bytes(sound)
    note_whole(paths)
    ((good, said),) = look_at_warehouse(settings)
    assert good
    assert "a new one was built from the lake" in said


def test_an_error_in_a_query_is_no_damage(paths: Paths, sound: bytes) -> None:
    paths.warehouse.write_bytes(sound)
    with (
        pytest.raises(duckdb.CatalogException),
        reading(load_settings({"FOOTFALL_DATA": str(paths.data)})) as connection,
    ):
        connection.execute("select * from nowhere")
    assert is_whole(paths)


def test_whoever_is_forgotten_is_gone_from_a_warehouse_that_was_set_aside(paths: Paths, sound: bytes) -> None:
    paths.warehouse.write_bytes(sound[:100_000])
    begin(paths)
    (aside,) = paths.damaged_warehouses()
    assert remove(paths, (place for place in PLACES if place.retained is Goes.REMOVED)) == [aside]
    assert paths.damaged_warehouses() == []
