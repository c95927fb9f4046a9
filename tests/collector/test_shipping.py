"""Shipping: a sealed segment is on this disk until the bucket has shown that it has it, and then it is there once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from collector.app import create_app
from collector.landing import writer_name
from collector.ship_cli import ShippingCompanion, ship
from collector.shipping import Shipper, ShipperBusy, only_shipper
from footfall.landing.directory import oldest_sealed
from footfall.landing.object_store import (
    Bucket,
    BucketError,
    DirectoryBucket,
    check_bucket_url,
    name_object,
    open_bucket,
    parse_object_name,
)
from footfall.runtime.paths import Paths
from footfall.settings import Settings, load_settings
from tests.conftest import new_port
from tests.object_store import Killed, MortalBucket, failure, s3_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with s3_server("lake") as env:
        yield env


@pytest.fixture(params=["file", "s3"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    """An empty bucket: a directory, and a prefix in an S3 server."""
    if request.param == "file":
        (tmp_path / "bucket").mkdir()
        return open_bucket(f"file://{tmp_path}/bucket")
    request.getfixturevalue("s3")
    return open_bucket(f"s3://lake/{tmp_path.name}")


def seal(paths: Paths, segment_id: str, data: bytes = b"a segment") -> Path:
    path = paths.landing / "sealed" / f"{segment_id}.seg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def contents(bucket: Bucket) -> dict[str, bytes | None]:
    return {name.split(".")[0]: bucket.read(name) for name in bucket.names()}


def test_what_is_sealed_is_in_the_bucket_and_no_longer_here(bucket: Bucket, paths: Paths) -> None:
    seal(paths, "s1", b"one")
    seal(paths, "s2", b"two")
    shipper = Shipper(paths.data, bucket)
    assert shipper.ship_sealed() == 2
    assert contents(bucket) == {"s1": b"one", "s2": b"two"}
    assert oldest_sealed(paths.landing, 0)[0] == 0
    assert shipper.ship_sealed() == 0


def test_a_segment_of_the_default_size_goes_in_one_put(bucket: Bucket, paths: Paths) -> None:
    """Above 5 MiB obstore would upload in parts, which know no if-absent."""
    data = os.urandom(2**20) * 12
    seal(paths, "s1", data)
    assert Shipper(paths.data, bucket).ship_sealed() == 1
    [name] = bucket.names()
    assert bucket.read(name) == data
    assert not bucket.put_new(name, b"other")


@pytest.mark.parametrize("step", range(4))
def test_killed_at_any_step_and_run_again(bucket: Bucket, paths: Paths, step: int) -> None:
    """Before the put, after it, before the look, after it: the local file stays until the look has shown the bytes."""
    path = seal(paths, "s1")
    mortal = MortalBucket(bucket)
    mortal.will(Killed(), step)
    with pytest.raises(Killed):
        Shipper(paths.data, mortal).ship_sealed()
    assert path.exists()
    assert Shipper(paths.data, bucket).ship_sealed() == 1
    assert contents(bucket) == {"s1": b"a segment"}
    assert not path.exists()


def test_a_damaged_object_is_replaced_by_the_right_one(bucket: Bucket, paths: Paths) -> None:
    seal(paths, "s1", b"whole segment")
    name = str(name_object("s1", b"whole segment"))
    bucket.replace(name, b"whole s")
    assert Shipper(paths.data, bucket).ship_sealed() == 1
    assert bucket.read(name) == b"whole segment"


class LyingBucket(MortalBucket):
    """Says that it took everything, and gives back what it likes."""

    def __init__(self, real: Bucket, gives: bytes | None) -> None:
        super().__init__(real)
        self.gives = gives

    def read(self, name: str) -> bytes | None:
        return self.gives


@pytest.mark.parametrize("gives", [None, b"", b"a segm", b"a Segment"])
def test_nothing_is_removed_on_a_buckets_word(tmp_path: Path, paths: Paths, gives: bytes | None) -> None:
    path = seal(paths, "s1", b"a segment")
    shipper = Shipper(paths.data, LyingBucket(DirectoryBucket("file:///x", tmp_path), gives))
    for tries in (1, 2):
        assert shipper.ship_sealed() == 0
        assert shipper.state.failures_in_a_row == tries
    assert path.read_bytes() == b"a segment"
    assert "s1" in shipper.state.last_error


def test_a_segment_that_never_passes_holds_up_no_other(tmp_path: Path, paths: Paths) -> None:
    stuck = seal(paths, "a_first", b"x")
    stuck.chmod(0)
    if os.access(stuck, os.R_OK):  # root reads everything: let it be a folder
        stuck.unlink()
        stuck.mkdir()
    seal(paths, "b_second", b"y")
    shipper = Shipper(paths.data, DirectoryBucket("file:///x", tmp_path))
    assert [shipper.ship_sealed() for _ in range(3)] == [0, 1, 0]
    assert contents(shipper.bucket)["b_second"] == b"y"
    assert (shipper.state.segments, shipper.state.failures) == (1, 3)


def test_waits_grow_with_failures_and_end_with_success(tmp_path: Path, paths: Paths) -> None:
    seal(paths, "s1")
    bucket = MortalBucket(DirectoryBucket("file:///x", tmp_path))
    shipper = Shipper(paths.data, bucket)
    waits = []
    for _ in range(9):
        bucket.will(failure(), 0)
        shipper.ship_sealed()
        waits.append(shipper.seconds_to_next_look())
    assert 2 / 3 <= waits[0] <= 4 / 3
    assert 5 < waits[3] < 11
    assert 40 <= waits[-1] <= 80
    assert shipper.ship_sealed() == 1
    assert shipper.seconds_to_next_look() == 1.0


def test_a_directory_that_is_not_mounted_is_an_error_and_is_not_made(tmp_path: Path, paths: Paths) -> None:
    path = seal(paths, "s1")
    shipper = Shipper(paths.data, open_bucket(f"file://{tmp_path}/not-mounted"))
    assert shipper.ship_sealed() == 0
    assert "mount it" in shipper.state.last_error
    assert path.exists()
    assert not (tmp_path / "not-mounted").exists()


def test_a_directory_gets_no_half_written_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed put leaves is invisible to the loader, and the next put of the same name removes it."""
    bucket = DirectoryBucket("file:///x", tmp_path)

    def killed(fd: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        patch.setattr(Path, "unlink", lambda *_args, **_options: None)
        with pytest.raises(Killed):
            bucket.put_new("s1.seg", b"one")
    assert bucket.names() == []
    assert len(list(tmp_path.iterdir())) == 1
    assert bucket.put_new("s1.seg", b"one")
    assert [each.name for each in tmp_path.iterdir()] == ["s1.seg"]


def test_one_shipper_at_a_time(paths: Paths) -> None:
    with only_shipper(paths.landing), pytest.raises(ShipperBusy), only_shipper(paths.landing):
        pass
    with only_shipper(paths.landing):
        pass


def test_names_say_which_bytes_they_are_of() -> None:
    name = name_object(f"20261125T104340123Z_{writer_name()}_000001", b"data")
    assert parse_object_name(str(name)) == name
    assert name.fits(b"data")
    assert not name.fits(b"dat")
    for other in ("s1.seg", "notes.txt", "a/s1." + "0" * 32 + ".seg", "s1." + "0" * 31 + ".seg"):
        assert parse_object_name(other) is None


def test_writers_of_equal_host_and_process_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert len({writer_name() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("lake", "is not a bucket"),
        ("https://bucket.example/x", "is not a bucket"),
        ("file://relative/x", "file:///absolute/path"),
        ("s3://key:secret@bucket/x", "in the environment"),
    ],
)
def test_a_url_that_is_no_bucket_is_refused_before_anything_starts(url: str, says: str) -> None:
    with pytest.raises(BucketError, match=says) as caught:
        check_bucket_url(url)
    assert "secret@" not in str(caught.value)


def test_credentials_in_addresses_are_in_no_message(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the bucket, and of the endpoint that the environment names."""
    with pytest.raises(BucketError) as caught:
        check_bucket_url("https://me:hunter2@bucket.example/x?sig=hunter2")
    assert "hunter2" not in str(caught.value)
    seal(paths, "s1")
    for name, value in (
        ("AWS_ENDPOINT", f"http://me:hunter2@127.0.0.1:{new_port()}"),
        ("AWS_ACCESS_KEY_ID", "me"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ):
        monkeypatch.setenv(name, value)
    for url in ("s3://bucket/x?sig=hunter2", f"file://{tmp_path}/missing?sig=hunter2"):
        shipper = Shipper(paths.data, open_bucket(url, seconds=2))
        assert shipper.ship_sealed() == 0
        with pytest.raises(BucketError) as caught:  # the loader says it as it is
            shipper.bucket.names()
        for told in (shipper.state.url, shipper.state.last_error, str(caught.value), caplog.text):
            assert told
            assert "hunter2" not in told


def test_errors_of_the_store_are_one_line_for_people(s3: dict[str, str], paths: Paths) -> None:
    path = seal(paths, "s1")
    shipper = Shipper(paths.data, open_bucket("s3://nowhere/x"))
    assert shipper.ship_sealed() == 0
    assert "s3://nowhere/x" in shipper.state.last_error
    assert "NoSuchBucket: The specified bucket does not exist" in shipper.state.last_error
    assert "\n" not in shipper.state.last_error
    assert path.exists()


def test_the_command_ships_once_and_says_what_it_did(tmp_path: Path, paths: Paths) -> None:
    (tmp_path / "bucket").mkdir()
    seal(paths, "s1", b"x" * 2**20)
    options = ["--data", str(paths.data), "--to", f"file://{tmp_path}/bucket"]
    done = CliRunner().invoke(ship, options)
    assert done.exit_code == 0, done.output
    assert "shipped s1 (1.00 MiB), 0 wait" in done.output
    assert len(list((tmp_path / "bucket").iterdir())) == 1
    assert "no bucket given" in CliRunner().invoke(ship, options[:2]).output
    assert "is not a bucket" in CliRunner().invoke(ship, [*options[:2], "--to", "lake"]).output


def test_the_command_fails_where_segments_stay(
    tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.shipping.LOOK_SECONDS", 0.001)
    seal(paths, "s1")
    done = CliRunner().invoke(ship, ["--data", str(paths.data), "--to", f"file://{tmp_path}/bucket"])
    assert done.exit_code == 1
    assert "mount it" in done.output
    assert "1 wait here" in done.output


def test_a_companion_that_is_stopped_while_it_starts_ships_what_is_sealed(
    tmp_path: Path, paths: Paths
) -> None:
    """As it is where a collector is stopped a moment after its start, or its shipper died a moment before its end."""
    (tmp_path / "bucket").mkdir()
    path = seal(paths, "s1")
    settings = load_settings(
        {"FOOTFALL_DATA": str(paths.data), "FOOTFALL_SHIP_TO": f"file://{tmp_path}/bucket"}
    )
    with ShippingCompanion(settings):
        pass
    assert contents(open_bucket(settings.ship_to)) == {"s1": b"a segment"}
    assert not path.exists()


def test_metrics_show_what_waits_and_how_shipping_fares(tmp_path: Path, settings: Settings) -> None:
    from litestar.testing import TestClient

    path = seal(settings.paths, "s1")
    os.utime(path, (path.stat().st_mtime - 100,) * 2)
    settings = load_settings(
        {"FOOTFALL_DATA": str(settings.data), "FOOTFALL_SHIP_TO": f"file://{tmp_path}/bucket"}
    )
    shipper = Shipper(settings.paths.data, open_bucket(settings.ship_to))
    shipper.ship_sealed()
    with TestClient(create_app(settings)) as client:
        text = client.get("/metrics").text
    values = dict(line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    assert values["footfall_collector_sealed_waiting"] == "1"
    assert 100 <= float(values["footfall_collector_oldest_sealed_seconds"]) < 160
    assert values["footfall_collector_shipping_failures"] == "1"
    assert values["footfall_collector_shipped_segments"] == "0"
