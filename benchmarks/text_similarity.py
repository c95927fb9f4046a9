"""Time and memory of product text similarity at 1x, 10x and 100x of a small shop.

    python benchmarks/text_similarity.py [--products 500] [--scales 1 10 100]

Texts are drawn with a seed from a vocabulary with the shape of real shop texts: word frequencies after
Zipf, a head noun and adjectives of the product's kind in the title, forty to eighty words of description, a
care note a kind and one footer for all. Then one product in a hundred gets the text of another of its shop's kinds,
and one in thirty (a day of a shop that keeps a month): the pairs on disk are brought up to date. Last, ten such days in
a row, each run counted, those too that learn all: what a day of them costs. Each scale runs in a process of its own, so
that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import describe_machine, in_own_process

#: A day is one in so many of the days that a shop keeps.
DAY = 30
DAYS = 10
#: Digits as letters: a number is no part of a word, and vowels could be endings that stemming takes off.
_LETTERS = str.maketrans("0123456789", "bcdfghjklm")


def shop_texts(count: int, seed: int = 1) -> list:
    """``count`` products of kinds that grow with the shop (a kind has about 25 products)."""
    from orchestration.recommend.text_features import ProductText

    dice = np.random.default_rng(seed)
    kinds = max(8, count // 25)
    general = np.array([f"word{_lettered(n)}" for n in range(20_000)])
    weights = 1.0 / np.arange(1, len(general) + 1)
    weights /= weights.sum()
    products = []
    for number in range(count):
        kind = int(dice.integers(kinds))
        thing = f"thing{_lettered(kind)}"
        own = np.array([f"kind{_lettered(kind)}adj{_lettered(n)}" for n in range(30)])
        title = f"{dice.choice(own)} {dice.choice(own)} {thing} {dice.choice(general[:500])}"
        words = dice.choice(general, size=int(dice.integers(40, 80)), p=weights)
        detail = " ".join(dice.choice(own, size=6))
        body = f"{' '.join(words[:30])}. {' '.join(words[30:])}. {detail}. Care for your {thing} like this. "
        products.append(
            ProductText(
                f"p{number:07}",
                title,
                body + "Free delivery over 75.",
                thing,
                (f"tag{_lettered(kind % 40)}",),
                "v",
            )
        )
    return products


def _lettered(number: int) -> str:
    return str(number).translate(_LETTERS)


class Measured(NamedTuple):
    """One scale: seconds by the clock, CPU seconds, megabytes."""

    clock: float
    whole: float
    peak_mb: int
    pairs: int
    features: int
    more: float
    made: int
    changed: int
    day: float
    nothing: float
    state_mb: float
    by_days: float
    learned: int


def run(count: int, threads: int) -> Measured:
    from orchestration.recommend.tables import text_state_file
    from orchestration.recommend.text_refresh import refresh
    from orchestration.recommend.text_similarity import TextSimilarityConfig

    config = TextSimilarityConfig(relearn_below=0)
    products, others = shop_texts(count), shop_texts(count, seed=2)
    now = datetime(2026, 3, 1)
    with tempfile.TemporaryDirectory() as folder:
        begin, cpu = time.perf_counter(), time.process_time()
        first = refresh(Path(folder), products, now, config=config, threads=threads)
        seconds, whole = time.perf_counter() - begin, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        took = []
        # A hundredth, and then what is missing to another thirtieth.
        for one_in, first_of in ((100, 0), (DAY, 1)):
            for number in range(first_of, count, one_in):
                products[number] = others[number]
            cpu = time.process_time()
            done = refresh(Path(folder), products, now, config=config, threads=threads)
            took.append((time.process_time() - cpu, done.lists, done.changed))
            assert done.why_whole is None
        assert first.why_whole is not None
        cpu = time.process_time()
        assert refresh(Path(folder), products, now, config=config, threads=threads).lists == 0
        nothing = time.process_time() - cpu
        size = text_state_file(Path(folder)).stat().st_size / 2**20
        # Texts that no day of before had: the rest are others already.
        by_days, learned = days(Path(folder), products, shop_texts(count, seed=3), config, threads)
    assert first.similarity is not None
    pairs, features = len(first.similarity.ranks), first.similarity.features
    (more, made, changed), (day, _, _) = took
    numbers = seconds, whole, peak, pairs, features, more, made, changed, day, nothing, size
    return Measured(*numbers, by_days, learned)


def days(folder: Path, products: list, others: list, config: object, threads: int) -> tuple[float, int]:
    """(CPU seconds of a day, in how many of them all was learned)."""
    from orchestration.recommend.text_refresh import refresh

    took, learned = 0.0, 0
    for number in range(DAYS):
        products[number::DAY] = others[number::DAY]
        begin = time.process_time()
        done = refresh(folder, products, datetime(2026, 3, 2 + number), config=config, threads=threads)  # type: ignore[arg-type]
        took += time.process_time() - begin
        learned += done.why_whole is not None
    return took / DAYS, learned


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=500, help="products at 1x")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print(describe_machine("numpy", "scipy", "sparse-dot-topn"))
    print(
        f"{'scale':>6} {'products':>9} {'seconds':>8} {'cpu s':>7} {'peak MB':>8} {'pairs':>10} {'features':>9} "
        f"{'+1 % cpu s':>11} {'share':>6} {'lists made':>11} {'changed':>8} "
        f"{'+1/30':>6} {'share':>6} {'+0 cpu s':>9} {'state MB':>9} {'a day':>6} {'share':>6} {'whole':>6}"
    )
    for scale in arguments.scales:
        count = arguments.products * scale
        found = in_own_process(run, count, arguments.threads)
        print(
            f"{scale:>5}x {count:>9,} {found.clock:>8.1f} {found.whole:>7.1f} {found.peak_mb:>8,} "
            f"{found.pairs:>10,} {found.features:>9,} {found.more:>11.2f} {found.more / found.whole:>6.1%} "
            f"{found.made:>11,} {found.changed:>8,} {found.day:>6.2f} "
            f"{found.day / found.whole:>6.1%} {found.nothing:>9.2f} {found.state_mb:>9.1f} "
            f"{found.by_days:>6.2f} {found.by_days / found.whole:>6.1%} {found.learned:>6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
