"""Bad input led by coverage: ``python -m tests.chaos.guided --seconds 600``.

Atheris (libFuzzer) changes inputs and keeps those that reach code which no other reached; the first ones are good
bodies, deliveries and segments. What must hold is in ``tests/chaos/checks.py``. Each target runs in a process of its
own. Exits with 1 where one fails, and prints the input; with 0, and a word, where Atheris is not installed (the extra
``fuzz``; there are wheels for Linux on x86-64).

    python -m tests.chaos.guided --again batch 7b7d     # one input again, in hex, with its traceback
"""

from __future__ import annotations

import argparse
import base64
import gzip
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TARGETS = ("batch", "pieces", "single", "gzip", "image", "delivery", "segment")
#: Seconds for one input, megabytes for the process: past them libFuzzer calls it a failure.
INPUT_SECONDS = 5
MEMORY_MB = 1024
MAX_BYTES = 6000
_STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")


def check_of(target: str, directory: Path) -> Callable[[bytes], Any]:
    """What is done with an input of this target; files are written below ``directory``."""
    from collector.adapters import SHOPIFY
    from footfall.wire import fast_path
    from footfall.wire.schema import MESSAGE_TYPES
    from tests.chaos import checks

    topics = sorted(SHOPIFY)
    if target == "pieces":
        fast_path.PIECE = 300  # short inputs, and yet cut
    return {
        "batch": lambda data: checks.check_body(data, None),
        "pieces": lambda data: checks.check_body(data, None),
        "single": lambda data: checks.check_body(data[1:], MESSAGE_TYPES[sum(data[:1]) % len(MESSAGE_TYPES)]),
        "gzip": checks.check_gzip,
        "image": lambda data: checks.check_image(
            base64.b64encode(data).decode(), data[:40].decode("latin-1"), None
        ),
        "delivery": lambda data: checks.check_delivery(topics[sum(data[:1]) % len(topics)], data[1:]),
        "segment": lambda data: checks.check_segment(data, directory / "fuzzed.seg"),
    }[target]


def seeds_of(target: str) -> list[bytes]:
    """Good inputs to begin with."""
    from collector.adapters import SHOPIFY
    from footfall.landing.segments import HEADER
    from tests.chaos.inputs import DELIVERY, FRAMES, GOOD

    good = json.dumps(GOOD).encode()
    batches = [
        json.dumps(
            {"batch": [GOOD] * count, "writeKey": "k", "sentAt": "2026-11-24T10:00:01Z"}, indent=indent
        ).encode()
        for count, indent in ((0, None), (1, None), (3, None), (2, 1))
    ]
    delivery = json.dumps(DELIVERY).encode()
    return {
        "batch": batches,
        "pieces": batches,
        "single": [b"\0" + good, b'\1{"userId":"u"}'],
        "gzip": [
            gzip.compress(batches[1], mtime=0),
            gzip.compress(b"", mtime=0) * 2 + gzip.compress(batches[2], mtime=0),
        ],
        "image": [good, b'{"writeKey":"k"}'],
        "delivery": [bytes([number]) + delivery for number in range(len(SHOPIFY))],
        "segment": [
            HEADER,
            HEADER + b"".join(map(bytes, FRAMES[:3])),
            HEADER + bytes(FRAMES[0][:-4]) + bytes(FRAMES[1]),
        ],
    }[target]


def words_of() -> list[bytes]:
    """What is put in, besides bytes of any kind: coverage can't lead into a parser that is written in C."""
    from tests.chaos.inputs import GOOD, MORSELS

    keys = [json.dumps(key).encode() + b":" for key in [*GOOD, "element", "page", "cookieless", "batch"]]
    return [*keys, *(morsel for morsel in MORSELS if len(morsel) <= 64)]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def fuzz(target: str, seconds: int, directory: Path) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["collector", "footfall"], enable_loader_override=False):
        check = check_of(target, directory)
    corpus = directory / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds_of(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = directory / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in words_of()))
    options = {
        "dict": words,
        "max_total_time": seconds,
        "max_len": MAX_BYTES,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": MEMORY_MB,
        "print_final_stats": 1,
        "artifact_prefix": f"{directory}/failure-",
    }
    atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(corpus)], check)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=int, default=70, help="for all targets together")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--again", nargs=2, metavar=("TARGET", "HEX"), help="check one input")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        fuzz(chosen.target, chosen.seconds, chosen.child)
    if importlib.util.find_spec("atheris") is None:
        print("not led by coverage: Atheris is not installed here (pip install 'footfall[fuzz]')")
        return 0
    targets = [chosen.target] if chosen.target else TARGETS
    print(
        "\n| input | inputs | a second | code reached (edges) | failures |\n| --- | ---: | ---: | ---: | ---: |"
    )
    told = []
    with tempfile.TemporaryDirectory(prefix="footfall-guided-") as directory:
        if chosen.again:
            print(check_of(chosen.again[0], Path(directory))(bytes.fromhex(chosen.again[1])))
            return 0
        for target in targets:
            place = Path(directory) / target
            place.mkdir()
            failure = run(target, max(1, chosen.seconds // len(targets)), place)
            if failure:
                told.append(failure)
    print("\n".join(told))
    return 1 if told else 0


def run(target: str, seconds: int, place: Path) -> str:
    """Fuzz one target in a process, print its line of the table; returns what failed, or nothing."""
    command = [sys.executable, "-m", "tests.chaos.guided", "--target", target, "--seconds", str(seconds)]
    began = time.monotonic()
    done = subprocess.run([*command, "--child", str(place)], capture_output=True, text=True, errors="replace")
    took = time.monotonic() - began
    statistics = dict(_STATISTIC.findall(done.stderr))
    reached = _COVERAGE.findall(done.stderr)
    count = int(statistics.get("number_of_executed_units", 0))
    is_good = done.returncode == 0 and count > 0 and bool(reached)
    edges = reached[-1][0] if reached else "0"
    print(f"| {target} | {count:,} | {count / took:,.0f} | {edges} | {0 if is_good else 1} |", flush=True)
    if is_good:
        return ""
    inputs = [f"again: python -m tests.chaos.guided --again {target} {file.read_bytes().hex()}"
              for file in place.glob("failure-*")]  # fmt: skip
    return "\n".join(
        [f"\n{target} ended with {done.returncode}", (done.stdout + done.stderr)[-4000:], *inputs]
    )


if __name__ == "__main__":
    sys.exit(main())
