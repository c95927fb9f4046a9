"""The loader at a bucket: each shipped segment once, what is damaged where damaged local segments go."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.landing.object_store import DirectoryBucket, name_object
from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
from tests.object_store import MortalBucket, failure
from tests.orchestration.conftest import Seal, message
from tests.orchestration.lake.test_lake import message_ids, rows


@pytest.fixture
def bucket(tmp_path: Path) -> MortalBucket:
    (tmp_path / "bucket").mkdir()
    return MortalBucket(DirectoryBucket(f"file://{tmp_path}/bucket", tmp_path / "bucket"))


def ship(bucket: MortalBucket, segment: Path) -> str:
    """What a collector elsewhere would do: the segment leaves this disk for the bucket."""
    data = segment.read_bytes()
    segment.unlink()
    name = str(name_object(segment.stem, data))
    bucket.put_new(name, data)
    return name


def test_shipped_and_local_segments_go_to_one_lake(paths: Paths, seal: Seal, bucket: MortalBucket) -> None:
    ship(bucket, seal("s1", [message(1)]))
    ship(bucket, seal("s2", [message(2)]))
    seal("s3", [message(3)])
    told: list[str] = []
    report = load_sealed(paths, on_segment=lambda segment, *_: told.append(segment), bucket=bucket)
    assert (report.segments, report.events, report.bucket_error) == (3, 3, None)
    assert told == ["s3", "s1", "s2"]
    assert message_ids(paths) == ["m-1", "m-2", "m-3"]
    assert bucket.names() == []


def test_a_segment_that_is_shipped_again_after_it_was_loaded_counts_once(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    """A shipper that was killed before it could remove its file."""
    for _ in range(2):
        ship(bucket, seal("s1", [message(1)]))
        load_sealed(paths, bucket=bucket)
    assert message_ids(paths) == ["m-1"]
    assert bucket.names() == []


def test_where_segments_are_shipped_the_loader_leaves_them_alone(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    segment = seal("s1", [message(1)])
    assert load_sealed(paths, bucket=bucket, local=False).segments == 0
    assert segment.exists()


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_damaged_object_goes_to_quarantine_and_the_right_one_is_loaded_when_it_comes(
    paths: Paths, seal: Seal, bucket: MortalBucket, keep: int
) -> None:
    segment = seal("s1", [message(1), message(2)])
    whole = segment.read_bytes()
    name = ship(bucket, segment)
    bucket.replace(name, whole[:keep])
    ship(bucket, seal("s2", [message(3)]))
    report = load_sealed(paths, bucket=bucket)
    assert report.quarantined == [str(paths.landing / "quarantine" / name)]
    assert (paths.landing / "quarantine" / name).read_bytes() == whole[:keep]
    assert message_ids(paths) == ["m-3"]
    assert bucket.names() == []
    bucket.put_new(name, whole)
    load_sealed(paths, bucket=bucket)
    assert message_ids(paths) == ["m-1", "m-2", "m-3"]


def test_damage_that_came_from_the_collectors_disk_is_stepped_over(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    """The object is what the collector had: good frames are loaded and the rest is kept, as from a local disk."""
    ship(bucket, seal("s1", [message(1)], tail=b"torn"))
    report = load_sealed(paths, bucket=bucket)
    assert (report.events, report.failed, report.quarantined) == (1, 1, [])
    assert bytes(rows(paths, "failed_events")[0]["raw"]) == b"torn"


def test_another_segment_of_a_loaded_id_is_kept_for_a_person(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    """Two machines that run from one memory image: nothing tells their segments apart but what is in them."""
    ship(bucket, seal("s1", [message(1)]))
    load_sealed(paths, bucket=bucket)
    name = ship(bucket, seal("s1", [message(2)]))
    report = load_sealed(paths, bucket=bucket)
    assert report.quarantined == [str(paths.landing / "quarantine" / name)]
    assert message_ids(paths) == ["m-1"]
    # Under a name of its own it is a segment like any other.
    Path(report.quarantined[0]).rename(paths.landing / "sealed" / "s1_again.seg")
    load_sealed(paths)
    assert message_ids(paths) == ["m-1", "m-2"]


def test_two_segments_of_one_id_in_one_listing(paths: Paths, seal: Seal, bucket: MortalBucket) -> None:
    names = [ship(bucket, seal("s1", [message(number)])) for number in (1, 2)]
    report = load_sealed(paths, bucket=bucket)
    assert [Path(each).name for each in report.quarantined] == [sorted(names)[1]]
    assert len(message_ids(paths)) == 1


def test_what_grew_after_it_was_acknowledged_is_the_same_segment(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    """Recovery seals a file whose disk failed a second time, with frames that were never acknowledged."""
    ship(bucket, seal("s1", [message(1)]))
    load_sealed(paths, bucket=bucket)
    ship(bucket, seal("s1", [message(1)], [message(2)]))
    report = load_sealed(paths, bucket=bucket)
    assert report.quarantined == []
    assert message_ids(paths) == ["m-1"]
    assert bucket.names() == []


def test_a_bucket_that_is_down_keeps_nobody_from_the_local_segments(
    paths: Paths, seal: Seal, bucket: MortalBucket
) -> None:
    ship(bucket, seal("s1", [message(1)]))
    ship(bucket, seal("s2", [message(2)]))
    seal("s3", [message(3)])
    bucket.will(failure(), 6)  # list, read and delete of the first, each before and after: at the second
    report = load_sealed(paths, bucket=bucket)
    assert report.bucket_error == "the network is gone"
    assert message_ids(paths) == ["m-1", "m-3"]
    load_sealed(paths, bucket=bucket)
    assert message_ids(paths) == ["m-1", "m-2", "m-3"]


def test_objects_that_may_not_be_deleted_are_not_loaded_again(
    paths: Paths, seal: Seal, bucket: MortalBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_name: str) -> None:
        raise failure()

    monkeypatch.setattr(bucket, "delete", denied)
    ship(bucket, seal("s1", [message(1)]))
    ship(bucket, seal("s2", [message(2)]))
    for _ in range(2):
        report = load_sealed(paths, bucket=bucket)
        assert len(report.undeleted) == 2
    assert message_ids(paths) == ["m-1", "m-2"]


def test_what_no_collector_named_stays_where_it_is(paths: Paths, bucket: MortalBucket) -> None:
    bucket.put_new("notes.txt", b"mine")
    assert load_sealed(paths, bucket=bucket).strangers == ["notes.txt"]
    assert bucket.names() == ["notes.txt"]
