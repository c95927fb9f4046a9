"""Bad input by the million: ``python -m tests.chaos.fuzz --inputs 1000000``.

Feeds generated input to the collector, its decoders and adapters, and to the reader of landing segments, and
exits with 1 on any of these:

- an exception that is not a documented refusal, or an answer that breaks a promise (``tests/chaos/checks.py``);
- an input that takes more than a second of CPU time;
- memory that grows by more than 32 MiB after the first tenth of the inputs, what malloc keeps for later not counted
  (the caches of user agents and addresses still fill up by then).

Input number N of a seed is always the same: ``--seed S --only N`` makes one again, with its traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import faulthandler
import gc
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType

from tests.chaos.inputs import targets

HANG_SECONDS = 1.0
MEMORY_BYTES = 32 * 2**20
#: Different failures that are shown before the run gives up.
MAX_FAILURES = 20


class HangError(Exception):
    """An input took more than a second of CPU."""


def _on_alarm(_: int, frame: FrameType | None) -> None:
    raise HangError(f"more than {HANG_SECONDS:.0f} s of CPU")


def resident_bytes(*, trim: bool = False) -> int:
    """Memory of this process; trimmed, what is free inside of it is given back before (glibc; elsewhere it stays)."""
    if trim:
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int, help="make this one input again, and show what it does")
    chosen = parser.parse_args()
    # CPU time, not time on the clock: what else runs on this machine is no hang. faulthandler cuts off what sleeps.
    signal.signal(signal.SIGPROF, _on_alarm)
    faulthandler.enable()
    with tempfile.TemporaryDirectory(prefix="footfall-fuzz-") as directory:
        plan = [(name, run) for name, share, run in targets(Path(directory)) for _ in range(share)]
        chance = random.Random()
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        failures: dict[str, str] = {}
        slowest = (0.0, 0)
        first = resident_bytes(trim=True)
        began = shown = time.monotonic()
        numbers = range(chosen.inputs) if chosen.only is None else [chosen.only]
        for number in numbers:
            chance.seed(chosen.seed * 2**40 + number)
            name, run = plan[number % len(plan)]
            before = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
            try:
                outcome = run(chance)
            except Exception as error:
                outcome = "FAILED"
                where = traceback.extract_tb(error.__traceback__)[-1]
                failures.setdefault(
                    f"{name}: {type(error).__name__} in {where.filename}:{where.lineno}",
                    f"input {number}\n{traceback.format_exc(limit=-6)}",
                )
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            slowest = max(slowest, (time.process_time() - before, number))
            counts[name][outcome] += 1
            if number == chosen.inputs // 10:
                first = resident_bytes(trim=True)
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                faulthandler.dump_traceback_later(120, exit=True)
                print(
                    f"  {number + 1:>10,} of {chosen.inputs:,}, {(number + 1) / (shown - began):,.0f} a second, "
                    f"{resident_bytes() / 2**20:.0f} MiB, {len(failures)} failures",
                    file=sys.stderr,
                    flush=True,
                )
            if len(failures) >= MAX_FAILURES:
                break
        faulthandler.cancel_dump_traceback_later()
        grown = resident_bytes(trim=True) - first
    outcomes = ("taken", "refused", "kept as failed", "damaged", "gone", "FAILED")
    print(
        f"\nseed {chosen.seed}, {time.monotonic() - began:.0f} s\n\n| input | inputs | {' | '.join(outcomes)} |"
    )
    print("| --- |" + " ---: |" * (len(outcomes) + 1))
    for name, of in counts.items():
        print(f"| {name} | {of.total():,} | {' | '.join(f'{of[one]:,}' for one in outcomes)} |")
    print(f"\nslowest input {slowest[0] * 1e3:.0f} ms of CPU (number {slowest[1]})")
    print(f"memory after the first tenth {first / 2**20:.0f} MiB, at the end {grown / 2**20:+.0f} MiB")
    for which, how in failures.items():
        print(
            f"\n{which}\n{how}again: python -m tests.chaos.fuzz --seed {chosen.seed} --only {how.split()[1]}"
        )
    has_grown = chosen.only is None and grown > MEMORY_BYTES
    if has_grown:
        print(f"memory grew by more than {MEMORY_BYTES // 2**20} MiB")
    return 1 if failures or has_grown else 0


if __name__ == "__main__":
    sys.exit(main())
