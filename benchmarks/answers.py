"""The CPU time of one recommendation, without a server: the whole answer, and the running session's part in it.

    python benchmarks/answers.py [--products 10000] [--visitors 20000] [--sessions 500000] [--batches 25]

The same shop and the same guests as in ``benchmarks/serving.py``. The least mean of five rounds counts: other work on
the machine stretches seconds, CPU time less. After so many batches of clicks, each by a thousandth of the visitors, the
same is asked of a version whose changes stand beside its bases.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from api.items import recommend
from api.snapshots import Snapshot
from benchmarks.machine import describe_machine
from benchmarks.shop import add_sizes, guests, make_shop
from footfall.snapshot.blending import NEXT_DEPTH, RecommendationRequest

ROUNDS = 5


def cpu_of_answers(snapshot: Snapshot, asked: list[tuple[str, tuple[str, ...]]]) -> tuple[float, float]:
    """CPU milliseconds of one answer, and of what past sessions like this one saw next."""

    def answer(guest: str, viewed: tuple[str, ...]) -> object:
        return recommend(
            snapshot, RecommendationRequest(snapshot.visitor_of(f"guest:{guest}"), viewed, (), (), 8)
        )

    def session(_guest: str, viewed: tuple[str, ...]) -> object:
        return snapshot.next_products(viewed, NEXT_DEPTH)

    def least(call: Callable[[str, tuple[str, ...]], object]) -> float:
        rounds = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            for guest, viewed in asked:
                call(guest, viewed)
            rounds.append((time.process_time() - begin) / len(asked) * 1000)
        return min(rounds)

    return least(answer), least(session)


def main() -> None:
    """Publish the shop, make the answers, print what one takes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_sizes(parser)
    parser.add_argument("--batches", type=int, default=25, help="batches of clicks before the second version")
    options = parser.parse_args()
    print(describe_machine("duckdb", "numpy"))
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as directory:
        clicked = make_shop(
            Path(directory), options.products, options.visitors, options.sessions, options.batches
        )
        asked = guests(options.products, options.visitors, 2_000)
        for version in (clicked.with_name("bench"), clicked):
            snapshot = Snapshot(version)
            answer, session = cpu_of_answers(snapshot, asked)
            beside = sum(name.endswith(".changes.sqlite") for name in snapshot.manifest.files)
            print(
                f"{answer:.3f} ms of CPU an answer, {session:.3f} of them the running session"
                f" ({beside} tables with changes)"
            )


if __name__ == "__main__":
    main()
