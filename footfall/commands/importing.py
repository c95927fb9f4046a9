"""The commands ``footfall import`` and ``footfall replay``."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import click
import msgspec
from rich.console import Console

from footfall.client.progress import send_bar
from footfall.client.sender import Checkpoint, SendError, SendReport, check_collector, send
from footfall.runtime.terminal import CommandGroup, in_words
from footfall.settings import Settings, SettingsError, load_settings

#: Without markup: names of files and what the collector says of a message may have brackets.
console = Console(highlight=False, soft_wrap=True, markup=False)
patience_option = click.option(
    "--patience",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Give up after this many seconds without an answer.",
)


def _write_key(settings: Settings, given: str | None) -> tuple[str, str]:
    """The key to send with and the source that the collector will file its events under. Raises SettingsError."""
    key = given or settings.trusted_key.key
    return key, next((k.source for k in settings.write_keys if k.key == key), "unknown")


def _run(
    title: str, total: int | None, run: Callable[[Callable[[SendReport], None]], SendReport]
) -> SendReport:
    """Run a send under a progress bar; failures become click errors that say what to do."""
    try:
        with in_words(SendError), send_bar(title, total, console) as show:
            report = run(show)
            show(report)
    except KeyboardInterrupt:
        raise click.ClickException("stopped; run the same command again to continue") from None
    return report


def _print_totals(report: SendReport) -> None:
    fresh = report.sent - report.skipped
    skipped = f" ({report.skipped:,} of them by the interrupted run before)" if report.skipped else ""
    console.print(
        f"sent {report.sent:,}{skipped}, accepted {report.accepted:,}, rejected {report.rejected:,}; "
        f"{report.seconds:.1f} s, {fresh / max(report.seconds, 1e-9):,.0f} messages/s, "
        f"{report.requests:,} requests, {report.retries} retries"
    )
    for rejection in report.rejections:
        console.print(f"  rejected: message {rejection.index + 1}, {rejection.field}: {rejection.reason}")


@click.group("import", cls=CommandGroup)
def import_group() -> None:
    """Import history: send a shop's existing data through the collector."""


@import_group.command("online-retail")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--url", help="Address of the collector.  [default: from the settings]")
@click.option("--write-key", help="A trusted write key.  [default: the first trusted one of the settings]")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N order lines.")
@patience_option
def online_retail(
    file: Path, url: str | None, write_key: str | None, limit: int | None, patience: float
) -> None:
    """Send the order lines of UCI Online Retail (a Parquet FILE), one message a line.

    Also puts the catalog of its stock codes into the catalog inbox, and writes a ledger of what was sent by
    hour, which the mart import_reconciliation compares with the lake. May be killed and started again, or
    run twice: message ids depend on the file alone, so the warehouse has every line once.
    """
    # pyarrow loads in a quarter of a second: not for every `footfall --help`
    from footfall.importing import ledger
    from footfall.importing import online_retail as reader

    with in_words(SettingsError):
        settings = load_settings()
        key, source = _write_key(settings, write_key)
    url = url or settings.collector_url
    with in_words(reader.ImportFileError, SendError):
        rows = reader.open_file(file).metadata.num_rows
        total = min(rows, limit or rows)
        check_collector(url)
        id_ = ledger.import_id("online-retail", file, source)
        catalog, products = reader.write_catalog(file, settings.paths.catalog)
        console.print(f"catalog: {products:,} products in {catalog}")
        checkpoint = Checkpoint(settings.paths.ledgers / f"{id_}.progress.json")
        report = _run(
            f"order lines to {url}",
            total,
            lambda show: send(
                (reader.message(line) for line in reader.read_lines(file, limit)),
                url=url, write_key=key, on_progress=show, checkpoint=checkpoint, patience=patience,
            ),
        )  # fmt: skip
        written = ledger.write_ledger(settings.paths.ledgers, id_, source, report.by_hour)
    _print_totals(report)
    kept = "" if written else " (kept: it covers more lines than this run)"
    console.print(f"ledger:  {ledger.ledger_file(settings.paths.ledgers, id_)}{kept}")
    _print_next(settings)


def _print_next(settings: Settings) -> None:
    console.print(f"Next, the pipeline: {settings.dagster_url}. The API: {settings.api_url}")


class _Lines:
    """The messages of a file, one a line; lines that are not JSON objects are set aside with their number."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.bad: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[bytes]:
        decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        for number, line in enumerate(self.stream, start=1):
            if not (line := line.strip()):
                continue
            try:
                line.decode("utf-8")
                decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self.bad.append((number, str(error)))
                continue
            yield line


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.option("--url", help="Address of the collector.  [default: from the settings]")
@click.option("--write-key", help="Write key to send with.  [default: the first trusted one of the settings]")
@patience_option
def replay(file: Path, url: str | None, write_key: str | None, patience: float) -> None:
    """Send the wire messages of FILE, one JSON object a line (.ndjson, also .ndjson.gz; - is standard input).

    Lines that are not JSON objects are reported and skipped, and the exit code is then 1. May be killed and
    started again: messages with a messageId count once.
    """
    from footfall.importing import ledger

    with in_words(SettingsError):
        settings = load_settings()
        key, source = _write_key(settings, write_key)
    url = url or settings.collector_url
    is_stdin = str(file) == "-"
    if not is_stdin and not file.exists():
        raise click.ClickException(f"{file} does not exist")
    with in_words(SendError):
        check_collector(url)
    checkpoint = None
    if not is_stdin:
        id_ = ledger.import_id("replay", file, source)
        checkpoint = Checkpoint(settings.paths.ledgers / f"{id_}.progress.json")
    with _open(file, is_stdin) as stream:
        lines = _Lines(stream)
        try:
            report = _run(
                f"messages to {url}",
                None,
                lambda show: send(
                    lines, url=url, write_key=key, on_progress=show, checkpoint=checkpoint, patience=patience
                ),
            )
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise click.ClickException(
                f"{file} is not a gzip file, or a cut one: {error}. What was read up to there may have been sent"
            ) from None
    _print_totals(report)
    for number, reason in lines.bad[:20]:
        console.print(f"  not sent: {file}:{number}: {reason}", style="red")
    _print_next(settings)
    if lines.bad:
        raise click.ClickException(f"{len(lines.bad)} lines of {file} are not JSON objects and were not sent")


def _open(file: Path, is_stdin: bool) -> BinaryIO:
    if is_stdin:
        return click.get_binary_stream("stdin")
    return cast(BinaryIO, gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")
