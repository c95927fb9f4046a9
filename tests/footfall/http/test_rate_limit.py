"""Token buckets: what fits, what is refused, and when it fits again."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.http import rate_limit
from footfall.http.rate_limit import Buckets, Quota, QuotaSpentError


def test_without_rates_everything_fits() -> None:
    Quota(None, None).spend("192.0.2.0", 10**9)


def test_buckets_fill_and_addresses_have_their_own() -> None:
    now = [0.0]
    quota = Quota(10, 1, monotonic=lambda: now[0])
    quota.spend("192.0.2.0", 10)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend("192.0.2.0", 5)
    assert (caught.value.of, caught.value.retry_after) == ("address", 5)
    quota.spend("198.51.100.0", 10)  # what was refused cost nothing
    now[0] = 5.0
    quota.spend("192.0.2.0", 5)
    quota.spend(None, 95)  # an address that nobody knows is bound by the key alone
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend("203.0.113.0")
    assert caught.value.of == "key"


def test_a_batch_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for_afterwards() -> None:
    quota = Quota(10, None, burst=20, monotonic=lambda: 0.0)
    quota.spend(None, 500)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend(None, 1)
    assert caught.value.retry_after == 49


def test_nobody_waits_longer_than_an_hour() -> None:
    quota = Quota(0.001, None, monotonic=lambda: 0.0)
    quota.spend(None, 10**6)
    with pytest.raises(QuotaSpentError) as caught:
        quota.spend(None)
    assert caught.value.retry_after == rate_limit.MAX_WAIT


def test_where_addresses_are_too_many_the_one_that_is_full_soonest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit, "PLACES", 1)
    quota = Quota(None, 1, monotonic=lambda: 0.0)
    for number in range(rate_limit.TRIES):
        quota.spend(f"10.0.{number}.0", 10 if number != 3 else 9)
    with pytest.raises(QuotaSpentError):
        quota.spend("10.0.3.0", 2)
    quota.spend("10.1.0.0", 10)
    for number in (0, 1, 2, 4, 7):
        with pytest.raises(QuotaSpentError):
            quota.spend(f"10.0.{number}.0")
    quota.spend("10.0.3.0", 10)


def test_those_who_open_one_file_share_its_buckets(tmp_path: Path) -> None:
    """Keys keep to their own, and so does an address with each; a worker that comes later knows what was spent."""

    def worker(number: int) -> Quota:
        buckets = Buckets(2, tmp_path / "quotas")
        return Quota(1, 0.5, buckets=buckets, number=number, monotonic=lambda: 100.0)

    first, second, other = worker(0), worker(0), worker(1)
    first.spend("192.0.2.0", 3)
    second.spend("192.0.2.0", 2)
    with pytest.raises(QuotaSpentError) as caught:
        first.spend("192.0.2.0")
    assert caught.value.of == "address"
    other.spend("192.0.2.0", 5)
    second.spend("198.51.100.0", 5)
    with pytest.raises(QuotaSpentError) as caught:
        worker(0).spend(None)
    assert caught.value.of == "key"
    other.spend(None, 5)


def test_processes_that_spend_at_once_pass_no_more_than_the_quota_and_a_little(tmp_path: Path) -> None:
    """Each alone would pass all of it, three times the quota.

    One that loses its core between reading and writing gives back what the others spent meanwhile: on a busy machine
    1.6 times the quota passed.
    """
    context = multiprocessing.get_context("spawn")
    seconds, rate, burst = 1.0, 2_000.0, 200.0
    with context.Pool(3, _born, (context.Barrier(3),)) as pool:
        passed = pool.starmap(_spend_all, [(tmp_path / "quotas", rate, burst, seconds)] * 3, chunksize=1)
    assert 0.5 * burst < sum(passed) <= 2.5 * (burst + rate * seconds)


def _born(together: Barrier) -> None:
    """A process takes as long to start as the machine is busy: they begin when the last one is there."""
    global _together
    _together = together


def _spend_all(file: Path, rate: float, burst: float, seconds: float) -> int:
    quota = Quota(rate, None, burst, buckets=Buckets(1, file))
    _together.wait(120)
    passed, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(QuotaSpentError):
            quota.spend(None)
            passed += 1
    return passed


@given(
    rate=st.floats(0.1, 100),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 2)), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_filled_in_the_meantime(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    """Whichever of three workers is asked."""
    now = [0.0]
    buckets = Buckets(1)
    workers = [Quota(rate, None, buckets=buckets, monotonic=lambda: now[0]) for _ in range(3)]
    passed = 0
    for gap, worker in steps:
        quota = workers[worker]
        now[0] += gap
        try:
            quota.spend(None)
            passed += 1
        except QuotaSpentError as refused:
            later = now[0] + refused.retry_after
            now[0], before = later, now[0]
            quota.spend(None)  # what it was told to wait was enough
            passed += 1
            assert later - before >= 1
    assert passed <= max(1.0, rate * rate_limit.BURST_SECONDS) + rate * now[0] + 0.01


def test_the_room_for_quotas_is_taken_when_they_are_made(tmp_path: Path) -> None:
    # A file of holes in a full /dev/shm ends, by SIGBUS, the worker that writes to the first of them.
    file = tmp_path / "quotas"
    Buckets(3, file)
    stat = file.stat()
    assert stat.st_blocks * 512 >= stat.st_size > 0
