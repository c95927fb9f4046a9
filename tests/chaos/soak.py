"""What is lost when everything is killed: ``python -m tests.chaos.soak --kills 200``.

Clients send batches and write down every id whose batch was acknowledged; what was not they send again, as the pixel
does. Meanwhile the collector and the loader are SIGKILLed at random moments, each as often as asked. At the end one
clean start and one clean load, and then the audit: what was acknowledged is in the lake, what was refused is among
the failed events, no row was loaded twice, and the handler's own counts are the lake's.

Exit code 1 where one of these does not hold. The table it prints is the one of ``docs/operator/loss.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyarrow.dataset as ds

from footfall.landing.segments import HEADER
from footfall.runtime.paths import Paths

REPO = Path(__file__).resolve().parents[2]
KEY = "ff_demo_write_key"
#: One message in so many breaks the schema.
BAD_EVERY = 50
#: The loader's child tells when it is inside a load of waiting segments, so that kills that hit one can be counted.
LOADER = """
import sys, time
from pathlib import Path
from footfall.landing.directory import sealed
from footfall.runtime.paths import Paths
from orchestration.lake.loader import load_sealed
paths = Paths(Path(sys.argv[1]))
while True:
    if sealed(paths.landing):
        sys.stdout.write("B"); sys.stdout.flush()
        load_sealed(paths)
        sys.stdout.write("E"); sys.stdout.flush()
    time.sleep(0.01)
"""


@dataclass
class Sent:
    """What one client knows: the ids it tried, was told are on disk, and was told were refused."""

    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    retries: int = 0


def send(url: str, sent: Sent, stop: threading.Event, seed: int) -> None:
    """Send until told to stop; a batch that was not acknowledged is sent again, the last one to the end."""
    rng = random.Random(seed)
    with httpx.Client(base_url=url, timeout=3.0) as client:
        while not stop.is_set():
            ids = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(rng.choice((1, 1, 5, 20)))]
            bad = {one for one in ids if rng.randrange(BAD_EVERY) == 0}
            sent.tried |= set(ids)
            body = {
                "writeKey": KEY,
                "batch": [
                    {
                        "type": "track",
                        "event": None if one in bad else "Product Viewed",
                        "messageId": one,
                        "anonymousId": f"client-{seed}-of-the-soak-run",
                        "properties": {
                            "product_id": str(rng.randrange(1000)),
                            "note": "x" * rng.randrange(400),
                        },
                    }
                    for one in ids
                ],
            }
            while True:
                try:
                    answer = client.post("/v1/b", json=body)
                except httpx.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    refused = {one["messageId"] for one in answer.json()["rejected"]}
                    sent.refused |= refused
                    sent.acknowledged |= set(ids) - refused
                    break
                if stop.is_set():
                    break
                sent.retries += 1
                time.sleep(rng.uniform(0.01, 0.1))


class Collector:
    """A collector process that can be killed and started again on the same port."""

    def __init__(self, data: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.data, self.workers = data, workers
        self.log = data.parent / "collector.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from collector.cli import collect; collect()"),
                    *("--port", str(self.port), "--data", str(self.data), "--workers", str(self.workers)),
                ],
                cwd=REPO,
                env={**os.environ, "FOOTFALL_MIN_FREE_BYTES": "0", "FOOTFALL_SEAL_SECONDS": "0.4"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return
            time.sleep(0.02)
        raise SystemExit(f"the collector did not start, see {self.log}")

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def kill_loaders(data: Path, kills: int, stop: threading.Event, seed: int, result: Counter[str]) -> None:
    """Start the loader and kill it, so often; then let one run until told to stop."""
    rng = random.Random(seed)
    while not stop.is_set():
        child = subprocess.Popen(
            [sys.executable, "-c", LOADER, str(data)],
            cwd=REPO,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None
        told = child.stdout.read(1)  # its first load has begun
        if result["kills"] < kills:
            time.sleep(rng.choice((rng.uniform(0, 0.1), rng.uniform(0, 1), rng.uniform(0, 4))))
        else:
            stop.wait()
        child.kill()
        rest, _ = child.communicate()
        if result["kills"] < kills:
            result["kills"] += 1
            result["hits"] += (told + rest).endswith(b"B")


def rows(paths: Paths, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    found = ds.dataset(paths.lake / table, format="parquet").to_table(columns=columns).to_pydict()
    return list(zip(*(found[column] for column in columns), strict=True))


def audit(paths: Paths, clients: list[Sent]) -> list[tuple[str, int, bool]]:
    """The checks as (what, number, whether it is as it must be)."""
    tried = set().union(*(one.tried for one in clients))
    acknowledged = set().union(*(one.acknowledged for one in clients))
    refused = set().union(*(one.refused for one in clients))
    events = rows(paths, "events", ["segment_id", "frame_no", "message_no", "message_id", "load_id"])
    failed = rows(paths, "failed_events", ["stage", "message_id"])
    counts = rows(paths, "landing_counts", ["accepted", "rejected"])
    in_lake = {str(one[3]) for one in events}
    places = Counter(one[:3] for one in events)
    failed_ids = {str(one[1]) for one in failed}
    lost, lost_refused = acknowledged - in_lake, refused - failed_ids
    twice = sum(count - 1 for count in places.values())
    unbalanced = abs(sum(int(str(one[0])) for one in counts) - len(events))
    unbalanced_failed = abs(
        sum(int(str(one[1])) for one in counts) - sum(one[0] == "collector" for one in failed)
    )
    return [
        ("messages sent (distinct ids)", len(tried), True),
        ("acknowledged", len(acknowledged), True),
        ("acknowledged and not in the lake", len(lost), not lost),
        ("refused with a reason", len(refused), True),
        ("refused and not among the failed events", len(lost_refused), not lost_refused),
        ("runs of the loader that left rows in the lake", len({one[4] for one in events}), True),
        ("rows in the lake", len(events), True),
        ("ids in the lake", len(in_lake), True),
        ("ids in the lake that nobody sent", len(in_lake - tried), in_lake <= tried),
        ("rows more than ids: batches sent again, removed by messageId", len(events) - len(in_lake), True),
        ("rows loaded twice (same segment, frame and place)", twice, twice == 0),
        ("accepted by the collector minus rows in the lake", unbalanced, unbalanced == 0),
        ("rejected by the collector minus failed events", unbalanced_failed, unbalanced_failed == 0),
        ("damaged frames", sum(one[0] == "disk" for one in failed), True),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--kills", type=int, default=200, help="SIGKILLs of the collector")
    parser.add_argument(
        "--loader-kills", type=int, help="SIGKILLs of the loader (as many as the collector's)"
    )
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="leave the data where it is")
    chosen = parser.parse_args()
    loader_kills = chosen.kills if chosen.loader_kills is None else chosen.loader_kills

    root = Path(tempfile.mkdtemp(prefix="footfall-soak-"))
    paths = Paths(root / "data")
    paths.data.mkdir()
    rng = random.Random(chosen.seed)
    collector = Collector(paths.data, chosen.workers)
    started = time.monotonic()
    collector.start()
    stop_clients, stop_loader = threading.Event(), threading.Event()
    clients = [Sent() for _ in range(chosen.clients)]
    loads: Counter[str] = Counter()
    threads = [
        threading.Thread(target=send, args=(collector.url, sent, stop_clients, chosen.seed * 1000 + number))
        for number, sent in enumerate(clients)
    ]
    loader = threading.Thread(
        target=kill_loaders, args=(paths.data, loader_kills, stop_loader, chosen.seed, loads)
    )
    for thread in (*threads, loader):
        thread.start()
    try:
        for number in range(1, chosen.kills + 1):
            time.sleep(rng.uniform(0.02, 1.2))
            collector.kill()
            collector.start()
            if number % 20 == 0:
                print(f"  {number} kills of the collector, {loads['kills']} of the loader", file=sys.stderr)
        while loads["kills"] < loader_kills and loader.is_alive():
            time.sleep(0.1)
    finally:
        stop_clients.set()
        for thread in threads:
            thread.join()
        collector.stop()
        stop_loader.set()
        loader.join()
    from orchestration.lake.loader import load_sealed

    load_sealed(paths)
    checks = audit(paths, clients)
    # A worker that is stopped while it starts may leave an empty segment, which the next start removes.
    waiting = [*(paths.landing / "open").iterdir(), *(paths.landing / "sealed").iterdir()]
    left = sum(file.stat().st_size > len(HEADER) for file in waiting)
    print(f"\nseed {chosen.seed}, {time.monotonic() - started:.0f} s\n\n| what | number |\n| --- | ---: |")
    print(f"| SIGKILLs of the collector under {chosen.clients} clients | {chosen.kills} |")
    print(f"| SIGKILLs of the loader (in the middle of a load) | {loads['kills']} ({loads['hits']}) |")
    print(f"| batches that clients sent again | {sum(one.retries for one in clients)} |")
    for what, count, good in [*checks, ("segments with frames left behind", left, left == 0)]:
        print(f"| {what} | {count}{'' if good else ' **WRONG**'} |")
    if chosen.keep:
        print(f"\n{root}", file=sys.stderr)
    else:
        shutil.rmtree(root)
    return 0 if all(good for _, _, good in checks) and left == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
