"""A model failed on data: the search names the events, and where it can't, why."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.commands.doctor import _look_at_diagnosis
from footfall.runtime.paths import Paths
from footfall.settings import load_settings
from footfall.status.diagnosis import Diagnosis, diagnosis_file, read_diagnosis, told
from orchestration.lake.events import Choice, set_events_aside
from orchestration.lake.loader import load_sealed
from orchestration.storage.environment import DBT_PROJECT
from orchestration.warehouse import diagnosis
from orchestration.warehouse.dbt_runner import DbtFailed, close_warehouse, invoke
from orchestration.warehouse.diagnosis import culprits, explain, resolve, search
from tests.orchestration.conftest import Seal, message

pytestmark = pytest.mark.slow

MODELS = {
    "own_pages": "select case when page_path = '/bad' then error('not this page') else page_path end as path",
    "own_sum": "select cast(100 as tinyint) + cast(30 as tinyint) * cast(count(*) - 4 as tinyint) as total",
    "own_slip": "select cast('text ' || count(*) as integer) as number",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a shop's own marts."""
    place = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(DBT_PROJECT, place, ignore=shutil.ignore_patterns("target", "logs"))
    for name, sql in MODELS.items():
        model = f"{sql} from {{{{ ref('stg_footfall__events') }}}}"
        (place / "models" / "marts" / "quality" / f"{name}.sql").write_text(model)
    return place


@pytest.fixture
def shop(paths: Paths, seal: Seal, project: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Three loads; the second has two messages of a bad page."""
    monkeypatch.setenv("FOOTFALL_DATA", str(paths.data))
    monkeypatch.setenv("FOOTFALL_MIN_FREE_BYTES", "0")
    monkeypatch.setattr(diagnosis, "dbt_project", lambda: project)
    bad = {"context": {"page": {"url": "https://shop/bad", "path": "/bad"}}}
    seal("s1", [message(0), message(1)])
    load_sealed(paths)
    seal("s2", [message(2), message(3, **bad), message(4)], [message(5, **bad)])
    load_sealed(paths)
    seal("s3", [message(6)])
    load_sealed(paths)
    return paths


def failure(project: Path, model: str) -> DbtFailed:
    close_warehouse()
    with pytest.raises(DbtFailed) as raised:
        invoke(project, ["run", "--full-refresh", "--select", f"+{model}"])
    close_warehouse()
    return raised.value


def look(model: str, seconds: float = 300) -> Diagnosis | None:
    return search(load_settings(), model, seconds)


def test_every_event_that_breaks_a_model_is_named(
    shop: Paths, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = failure(project, "own_pages")
    assert broken.on_data == ("own_pages", "Invalid Input Error: not this page")
    searched = []

    def search_here(paths: Paths, begun: Diagnosis) -> None:
        searched.append(begun.model)
        look(begun.model)

    monkeypatch.setattr(diagnosis, "_search_apart", search_here)
    said = explain(shop, broken, lambda text: None)
    assert said is not None
    assert "the model own_pages fails on data: Invalid Input Error: not this page" in said
    assert "it fails on events of load 2:" in said
    assert "message id m-3 at s2/0/1\n  message id m-5 at s2/1/0\n" in said
    assert "footfall events set-aside s2/0/1 s2/1/0 --reason 'breaks own_pages'" in said
    assert not (shop.data / "diagnosis" / "scratch").exists()
    assert _look_at_diagnosis(load_settings()) == [(False, said)]
    assert explain(shop, broken, lambda text: None) == said
    assert searched == ["own_pages"], "the same failure is not searched again"

    set_events_aside(shop, Choice(message_ids=("m-3", "m-5")), "bad pages")
    invoke(project, ["run", "--full-refresh", "--select", "+own_pages"])
    close_warehouse()
    resolve(shop, {"another"})
    assert read_diagnosis(shop) is not None
    resolve(shop, {"own_pages"})
    assert _look_at_diagnosis(load_settings()) == []
    assert look("own_pages") is None, "what is set aside is not searched"


def test_what_fails_only_together_is_named_by_its_loads(shop: Paths) -> None:
    found = look("own_sum")  # 100 + 30 * (events - 4) ends a tinyint at five
    assert found is not None
    assert (found.loads, found.is_joint, found.events) == ([3, 2], True, [])
    assert "load 3 and 2 together" in told(found)
    assert "set-aside --load=3 --load=2 --reason" in told(found)


def test_a_model_that_fails_without_events_blames_none(shop: Paths) -> None:
    found = look("own_slip")
    assert found is not None
    assert found.loads == []
    assert "without any event" in str(found.problem)
    assert "set-aside" not in told(found)


def test_a_search_ends_with_its_time_and_with_the_disk(shop: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    found = look("own_pages", seconds=0.5)
    assert found is not None
    assert "the time was over" in str(found.problem)
    assert time.monotonic() - begun < 60
    monkeypatch.setattr(diagnosis, "EVENT_BYTES", 2**60)
    found = look("own_pages")
    assert found is not None
    assert "may not fit on the disk" in str(found.problem)


def test_a_search_that_hangs_is_killed_and_one_that_breaks_says_so(
    shop: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = DbtFailed("", {"model.footfall.own_pages": "Conversion Error: no number\nLINE 1"})
    monkeypatch.setattr(diagnosis, "footfall_command", lambda *_: ["sleep", "600"])
    monkeypatch.setattr(diagnosis, "MINUTES", 0.0)
    monkeypatch.setattr(diagnosis, "GRACE_SECONDS", 0.2)
    said = explain(shop, broken, lambda text: None)
    assert said is not None
    assert "the model own_pages fails on data: Conversion Error: no number\n" in said
    assert "the events are not known: the search was cut off" in said
    diagnosis_file(shop).unlink()
    monkeypatch.setattr(diagnosis, "GRACE_SECONDS", 60.0)
    monkeypatch.setattr(diagnosis, "footfall_command", lambda *_: ["sh", "-c", "echo no luck >&2; exit 3"])
    assert "the search failed: no luck" in str(explain(shop, broken, lambda text: None))


@pytest.mark.parametrize(
    "message",
    [
        "Compilation Error\n  no such column",
        "Binder Error: no column",
        "Out of Memory Error: failed to allocate",
        "IO Error: Could not set lock on file",
        "IO Error: No space left on device",
    ],
)
def test_what_is_no_matter_of_data_is_not_searched(paths: Paths, message: str) -> None:
    assert explain(paths, DbtFailed(message, {"model.footfall.m": message}), lambda text: None) is None
    assert (
        explain(paths, DbtFailed("", {"test.footfall.m": "Conversion Error: x"}), lambda text: None) is None
    )


@given(st.sets(st.integers(0, 200)), st.integers(1, 200))
def test_each_culprit_is_found(bad: set[int], count: int) -> None:
    bad = {each for each in bad if each < count}
    asked = 0

    def fails(part: tuple[int, ...]) -> bool:
        nonlocal asked
        asked += 1
        return bool(bad & set(part))

    if bad:
        found: list[Any] = list(culprits(range(count), fails))
        assert found == [[each] for each in sorted(bad)]
        assert asked <= 2 * len(bad) * max(1, count.bit_length())


def test_what_fails_together_is_one_group() -> None:
    fails: Callable[[tuple[int, ...]], bool] = lambda part: {3, 4} <= set(part)  # noqa: E731
    assert list(culprits(range(8), fails)) == [[0, 1, 2, 3, 4, 5, 6, 7]]
