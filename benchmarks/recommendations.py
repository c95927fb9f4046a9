"""Measures everything that recommends at 1x, 10x and 100x of a small shop: seconds and memory of each rebuild.

    python benchmarks/recommendations.py [--scales 1 10 100]

At 100x: 50,000 products, 1,000,000 visitors with an affinity, 2,500,000 sessions of 18 million clicks, and 20 million
events for the models that dbt builds, then 1 % more. Each part is a script of its own, called here with the scale; what
each is compared with, and how its data are made, stands there. Well over half an hour on two cores.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Script -> (option, its value at 1x).
PYTHON = {
    "text_similarity.py": ("--products", 500),
    "visitor_similarity.py": ("--visitors", 10_000),
    "also_liked.py": ("--visitors", 10_000),
    "session_neighbours.py": ("--sessions", 25_000),
}
EVENTS = 200_000
#: The models on the way from events to lists; what else the fast lane builds is not shown.
MODELS = re.compile(
    r"^fast|int_device_product_days|int_visitor_product_|visitor_product_affinity|category_affinity|trending|"
    r"product_co_|visitor_recommendations"
)


def call(script: str, *arguments: object, shown: re.Pattern[str] | None = None) -> None:
    """Run a script and pass on what it prints, or the lines that match. Raises CalledProcessError."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if shown is None or shown.search(line):
                print(line, end="", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10, 100])
    scales = parser.parse_args().scales
    for script, (option, at_one) in PYTHON.items():
        print(f"== {script}")
        call(script, option, at_one, "--scales", *scales)
    print("== warehouse.py, the models that recommend")
    events = [part for scale in scales for part in ("--events", EVENTS * scale)]
    call("warehouse.py", *events, shown=MODELS)


if __name__ == "__main__":
    main()
