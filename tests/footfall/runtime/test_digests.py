"""A file of the lake whose bytes change by themselves is found; one that was written again is not."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from footfall.commands.main import main
from footfall.runtime.atomic_write import replace_file
from footfall.runtime.digests import check_lake, note_digests
from footfall.runtime.paths import Paths


def written(paths: Paths, name: str, rows: int = 40) -> Path:
    path = paths.lake / name
    table = pa.table({"n": list(range(rows)), "text": [f"row {number}" for number in range(rows)]})
    replace_file(path, lambda aside: pq.write_table(table, aside, compression="zstd"))
    return path


def flip(path: Path, bit: int) -> None:
    """Change one bit as a disk does: neither size nor time tell."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_every_single_flipped_bit_is_found(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    path = written(paths, "events/received_date=2026-11-01/000000000001-a.parquet")
    whole = path.read_bytes()
    note_digests(paths)

    @given(st.integers(0, len(whole) * 8 - 1))
    def search(bit: int) -> None:
        flip(path, bit)
        assert list(check_lake(paths).damaged) == ["events/received_date=2026-11-01/000000000001-a.parquet"]
        flip(path, bit)
        assert check_lake(paths).good == 1

    search()


def test_a_file_that_was_written_again_gets_a_new_note(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    written(paths, "events/a.parquet")
    assert note_digests(paths) == 1
    assert note_digests(paths) == 0
    written(paths, "events/a.parquet", rows=41)
    assert (check_lake(paths).unnoted, check_lake(paths).damaged) == (1, {})
    assert note_digests(paths) == 1
    assert check_lake(paths).good == 1
    (paths.lake / "events" / "a.parquet").unlink()
    assert note_digests(paths) == 0
    assert b"events" not in paths.digests.read_bytes()


def test_a_lake_of_an_earlier_version_has_no_notes_and_no_findings(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    written(paths, "events/a.parquet")
    found = check_lake(paths)
    assert (found.good, found.unnoted, found.damaged) == (0, 1, {})
    paths.digests.write_bytes(b"{torn")
    assert check_lake(paths).unnoted == 1


def test_doctor_names_the_damaged_file_and_what_to_do(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    good, bad = written(paths, "events/good.parquet"), written(paths, "events/bad.parquet")
    note_digests(paths)
    flip(bad, 300)
    env = {"FOOTFALL_DATA": str(tmp_path), "FOOTFALL_CONFIG": os.devnull}
    told = CliRunner().invoke(main, ["doctor", "--deep"], env=env).output
    assert "lake/events/bad.parquet: its bytes differ from those written" in told
    assert "restore the file from a backup" in told
    assert "lake: 1 files are unchanged since they were written" in told
    assert good.name not in told
    assert "bad.parquet" not in CliRunner().invoke(main, ["doctor"], env=env).output
