"""``footfall ship``: send sealed segments to a bucket, once or for good. ``footfall collect`` keeps one running."""

from __future__ import annotations

import logging.config
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import click

from collector.shipping import Shipper, ShipperBusy, only_shipper
from footfall.http.reloading import SettingsInForce
from footfall.http.workers import STOPS
from footfall.landing.directory import SEALED, oldest_sealed
from footfall.landing.object_store import BucketError, open_bucket
from footfall.runtime.logs import log_config
from footfall.runtime.supervisor import footfall_command
from footfall.runtime.terminal import in_words
from footfall.settings import Settings, SettingsError

log = logging.getLogger("footfall.collector")

#: Without --watch a failure is tried again this often.
TRIES = 4
#: What a stopping watch takes for what was sealed last. A transfer under way may take longer; killing it is harmless.
LAST_PASS_SECONDS = 15.0
#: A watch that ended by itself is started again after this; so is one that another process keeps waiting.
AGAIN_SECONDS = 1.0


@click.command()
@click.option(
    "--watch", is_flag=True, help="Keep running: ship each segment as it is sealed, until Ctrl-C or SIGTERM."
)
@click.option("--to", help="Bucket, for instance s3://bucket/prefix or file:///mnt/lake [FOOTFALL_SHIP_TO].")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data directory [FOOTFALL_DATA]."
)
@click.option("--parent", type=int, hidden=True, help="End when this process is no longer the parent.")
def ship(watch: bool, to: str | None, data: Path | None, parent: int | None) -> None:
    """Send sealed segments to a bucket, from which another machine's loader takes them.

    A segment leaves this disk only after it was read back from the bucket byte by byte. With FOOTFALL_SHIP_TO set,
    `footfall collect` runs this automatically.
    """
    with in_words(SettingsError, BucketError):
        settings = SettingsInForce({"ship_to": to, "data": data}, ()).settings
        if not settings.ship_to:
            raise click.ClickException(
                "no bucket given: set FOOTFALL_SHIP_TO or pass --to, for instance --to s3://bucket/prefix"
            )
        bucket = open_bucket(settings.ship_to)
    landing = settings.paths.landing

    def tell(segment: str, size: int) -> None:
        waiting, _ = oldest_sealed(landing, time.time())
        click.echo(f"shipped {segment} ({size / 2**20:,.2f} MiB), {waiting} wait")

    shipper = Shipper(settings.paths.data, bucket, on_shipped=tell)
    logging.config.dictConfig(log_config(settings.log_format))
    if watch:
        _watch(shipper, parent)
    else:
        _ship_once(shipper)


def _ship_once(shipper: Shipper) -> None:
    with in_words(ShipperBusy), only_shipper(shipper.landing):
        for _ in range(TRIES):
            shipper.ship_sealed()
            if not shipper.state.failures_in_a_row:
                break
            time.sleep(shipper.seconds_to_next_look())
    waiting, _ = oldest_sealed(shipper.landing, time.time())
    click.echo(
        f"{shipper.state.segments} segments ({shipper.state.bytes / 2**20:,.2f} MiB) are in {shipper.bucket.url}, "
        f"{waiting} wait here"
    )
    if shipper.state.failures_in_a_row:
        raise click.ClickException(shipper.state.last_error)


def _watch(shipper: Shipper, parent: int | None) -> None:
    stopped = threading.Event()
    for number in STOPS:
        signal.signal(number, lambda _number, _frame: stopped.set())
    # A companion was born deaf to them, see ShippingCompanion.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    click.echo(f"shipping {shipper.landing / SEALED} to {shipper.bucket.url}")

    def goes_on() -> bool:
        return not stopped.is_set() and (parent is None or os.getppid() == parent)

    waits = False
    while goes_on():
        try:
            with only_shipper(shipper.landing):
                _watch_as_only_one(shipper, stopped, goes_on)
                return
        except ShipperBusy as error:
            if not waits:
                log.warning("%s; taking over when it ends", error)
            waits = True
            stopped.wait(AGAIN_SECONDS)
    _last_pass_before_its_turn(shipper)


def _last_pass_before_its_turn(shipper: Shipper) -> None:
    """Stopped while it was starting, or while another shipper was at work, one whose collector was killed for instance:
    what was sealed last is owed all the same, once that other one has noticed and gone.
    """
    deadline = time.monotonic() + LAST_PASS_SECONDS
    while True:
        try:
            with only_shipper(shipper.landing):
                return _last_pass(shipper)
        except ShipperBusy as error:
            if time.monotonic() > deadline:
                return log.warning("%s; the next start ships the rest", error)
        time.sleep(0.1)


def _watch_as_only_one(shipper: Shipper, stopped: threading.Event, goes_on: Callable[[], bool]) -> None:
    while goes_on():
        shipper.ship_sealed(goes_on=goes_on)
        # In steps of a second: the parent's death has no event.
        deadline = time.monotonic() + shipper.seconds_to_next_look()
        while goes_on() and (left := deadline - time.monotonic()) > 0:
            stopped.wait(min(left, 1.0))
    _last_pass(shipper)


def _last_pass(shipper: Shipper) -> None:
    deadline = time.monotonic() + LAST_PASS_SECONDS
    shipper.ship_sealed(goes_on=lambda: time.monotonic() < deadline)


class ShippingCompanion:
    """The watch beside a running collector: started with it, started again should it die, stopped after it.

    A process of its own, since the collector's parent forks its workers and must stay without threads of the
    store's client.
    """

    def __init__(self, settings: Settings) -> None:
        self._command = footfall_command(
            "ship",
            "--watch",
            "--parent",
            str(os.getpid()),
            "--to",
            settings.ship_to,
            "--data",
            str(settings.data),
        )
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="footfall-shipping", daemon=True)

    def __enter__(self) -> ShippingCompanion:
        self._process = self._start()
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """After the workers sealed: what they sealed last is shipped, or stays for the next start."""
        self._stopping.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(LAST_PASS_SECONDS + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        # Born deaf to what stops it, until it listens: a collector that is stopped a second after its start would else
        # end it while it is still loading, and leave behind what was sealed.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            # A session of its own: Ctrl-C at the terminal must not stop it before the workers have sealed.
            return subprocess.Popen(self._command, start_new_session=True)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _keep(self) -> None:
        while True:
            process = self._process
            assert process is not None
            code = process.wait()
            if self._stopping.wait(AGAIN_SECONDS):
                return
            log.error("`footfall ship --watch` ended with code %s; starting it again", code)
            self._process = self._start()
