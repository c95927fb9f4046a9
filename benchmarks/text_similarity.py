"""Time and memory of product text similarity at 1x, 10x and 100x of a small shop.

    python benchmarks/text_similarity.py [--products 500] [--scales 1 10 100]

Texts are drawn with a seed from a vocabulary with the shape of real shop texts: word frequencies after
Zipf, a head noun and adjectives of the product's kind in the title, forty to eighty words of description, a
care note a kind and one footer for all. Each scale runs in a process of its own, so that its peak of
memory is its own.
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
    cpu: float
    peak_mb: int
    pairs: int
    features: int


def run(count: int, threads: int) -> Measured:
    from orchestration.recommend.tables import write_derived
    from orchestration.recommend.text_similarity import TABLE, product_text_similarity

    products = shop_texts(count)
    with tempfile.TemporaryDirectory() as folder:
        begin, cpu = time.perf_counter(), time.process_time()
        found = product_text_similarity(products, threads=threads)
        write_derived(Path(folder), TABLE, found.table(datetime(2026, 3, 1)))
        clock, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(clock, cpu, peak, len(found.ranks), found.features)


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
        f"{'scale':>6} {'products':>9} {'seconds':>8} {'cpu s':>7} {'peak MB':>8} {'pairs':>10} {'features':>9}"
    )
    for scale in arguments.scales:
        count = arguments.products * scale
        found = in_own_process(run, count, arguments.threads)
        print(
            f"{scale:>5}x {count:>9,} {found.clock:>8.1f} {found.cpu:>7.1f} {found.peak_mb:>8,} "
            f"{found.pairs:>10,} {found.features:>9,}",
            flush=True,
        )


if __name__ == "__main__":
    main()
