"""``footfall failed``: the events that were refused, why, and a second try after a fix.

They stand in ``lake/failed_events``, raw, with field and reason. A second try goes through the collector like any other
message, with the id that it had, so trying twice counts once; what stays refused is a new failed event.
"""

from __future__ import annotations

import base64
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec
import pyarrow.compute as pc
import pyarrow.dataset as ds
from msgspec import Raw, Struct

from footfall.client.sender import batch_body
from footfall.runtime.terminal import CommandGroup, in_words
from footfall.settings import Settings, SettingsError, load_settings, settings_with_events
from footfall.wire.keys import webhook_signature
from footfall.wire.schema import BATCH_PATH, MAX_ID, MAX_MESSAGE, WEBHOOKS_PATH, WireError, check_message
from orchestration.lake.privacy import FORGOTTEN

#: One request of a second try: well under the collector's limits.
BATCH_MESSAGES = 100
BATCH_BYTES = 512 * 1024
_NULL = Raw(b"null")


class Failed(Struct, kw_only=True, omit_defaults=True):
    """One failed event, as a line of the export. Mend it in ``raw``; ``raw_base64``: bytes that are no text."""

    place: str
    """``segment/frame/message``: its name for ever."""
    source: str | None = None
    stage: str
    field: str | None = None
    reason: str | None = None
    message_id: str | None = None
    received_at: datetime | None = None
    raw: str | None = None
    raw_base64: str | None = None

    @property
    def body(self) -> bytes:
        """The raw bytes."""
        return base64.b64decode(self.raw_base64) if self.raw_base64 else (self.raw or "").encode()

    @property
    def is_forgotten(self) -> bool:
        """Return whether it was of somebody who has been forgotten: nothing is left of it."""
        return self.reason == FORGOTTEN and not self.body

    @property
    def topic(self) -> str | None:
        """The webhook's topic, where the whole delivery failed and not a message of it."""
        return (self.reason or "").partition(":")[0] if self.field == "webhook" else None


def read_failed(
    settings: Settings, *, source: str | None = None, reason: str | None = None, since: datetime | None = None
) -> Iterator[Failed]:
    """The failed events of the lake, oldest first. ``reason`` is a part of "field: reason", any case."""
    folder = settings.paths.lake / "failed_events"
    if not folder.exists():
        return
    chosen: Any = None
    if source is not None:
        chosen = pc.field("source") == source
    if since is not None:
        later = pc.field("received_at") >= since.replace(tzinfo=None)
        chosen = later if chosen is None else chosen & later
    files = sorted(folder.rglob("*.parquet"), key=lambda file: file.name)
    for batch in ds.dataset([str(file) for file in files], format="parquet").to_batches(filter=chosen):
        for row in batch.to_pylist():
            if reason and reason.lower() not in f"{row['field']}: {row['reason']}".lower():
                continue
            yield _failed(row)


def _failed(row: dict[str, Any]) -> Failed:
    raw = row["raw"] or b""
    try:
        text, encoded = raw.decode("utf-8"), None
    except UnicodeDecodeError:
        text, encoded = None, base64.b64encode(raw).decode("ascii")
    return Failed(
        place=f"{row['segment_id']}/{row['frame_no']}/{row['message_no']}",
        source=row["source"],
        stage=row["stage"],
        field=row["field"],
        reason=row["reason"],
        message_id=row["message_id"],
        received_at=row["received_at"],
        raw=text,
        raw_base64=encoded,
    )


class Retry(Struct):
    """The result of a second try."""

    accepted: int = 0
    rejected: Counter[str] = msgspec.field(default_factory=Counter)
    """Reason -> events that the collector refused again, or that can't be sent at all."""


def resubmit(
    events: Iterable[Failed], settings: Settings, client: httpx.Client | None, *, is_dry: bool = False
) -> Retry:
    """Send them through the collector, each with the key of its source; with ``is_dry`` only see what would pass.

    Raises httpx.HTTPError where the collector doesn't take a request: what was sent before stands, and all of it may be
    sent again.
    """
    result = Retry()
    keys = {key.source: key.key for key in settings.write_keys}
    waiting: dict[str, list[bytes]] = defaultdict(list)
    for event in events:
        if event.is_forgotten:
            continue
        if event.topic is not None:
            _webhook(event, settings, client, result, is_dry)
            continue
        key = keys.get(event.source or "")
        try:
            raw = _sendable(event)
            if key is None and not is_dry:
                raise WireError("source", f"no write key has the source {event.source}")
            if is_dry:
                check_message(raw)
        except WireError as error:
            result.rejected[f"{error.field}: {error.reason}"] += 1
            continue
        if is_dry:
            result.accepted += 1
            continue
        assert key is not None
        batch = waiting[key]
        if batch and (len(batch) >= BATCH_MESSAGES or sum(map(len, batch)) + len(raw) > BATCH_BYTES):
            _post(key, batch, client, result)
            batch.clear()
        batch.append(raw)
    for key, batch in waiting.items():
        if batch:
            _post(key, batch, client, result)
    return result


def _sendable(event: Failed) -> bytes:
    """The message's bytes, with an id: its place, where it had none. Raises WireError for what no fix makes JSON, and
    for what may be larger than a whole request: the collector would refuse all that is sent with it.
    """
    if event.stage == "disk" or event.field == "envelope":
        raise WireError("frame", "bytes of a damaged frame, not of a message")
    raw = event.body
    try:
        message = msgspec.json.decode(raw, type=dict[str, Raw])
        raw.decode("utf-8")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("message", f"still no JSON object: {error}") from None
    if len(raw) > MAX_MESSAGE:
        raise WireError("message", f"larger than {MAX_MESSAGE} bytes")
    if message.get("messageId", _NULL) != _NULL:
        return raw
    return msgspec.json.encode({**message, "messageId": f"failed/{event.place}"[:MAX_ID]})


def _post(key: str, batch: list[bytes], client: httpx.Client | None, result: Retry) -> None:
    assert client is not None
    answer = client.post(BATCH_PATH, content=batch_body(key, batch))
    answer.raise_for_status()
    body = answer.json()
    result.accepted += body["accepted"]
    for one in body["rejected"]:
        result.rejected[f"{one['field']}: {one['reason']}"] += 1


def _webhook(
    event: Failed, settings: Settings, client: httpx.Client | None, result: Retry, is_dry: bool
) -> None:
    """A delivery that no adapter could read goes to its own collector again, signed by us as Shopify had."""
    if not settings.shopify_secrets:
        result.rejected["webhook: FOOTFALL_SHOPIFY_SECRETS is not set"] += 1
        return
    if is_dry or client is None:
        result.rejected["webhook: only the collector can tell"] += 1
        return
    body = event.body
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": event.topic or "",
        "X-Shopify-Hmac-Sha256": webhook_signature(settings.shopify_secrets[0], body),
        "X-Shopify-Shop-Domain": _shop_of(body)
        or next(iter(settings.shopify_shops), "failed-events.invalid"),
        # Not one of Shopify's own, or the memory of deliveries would know it.
        "X-Shopify-Webhook-Id": f"failed/{event.place}",
    }
    answer = client.post(WEBHOOKS_PATH, content=body, headers=headers)
    answer.raise_for_status()
    told = answer.json()
    result.accepted += told["accepted"]
    if told.get("rejected") or told.get("duplicate"):
        result.rejected["webhook: still not readable, or delivered within the last 48 hours"] += 1


def _shop_of(body: bytes) -> str | None:
    """The shop that a privacy request names: the adapter holds the header against it."""
    try:
        shop = msgspec.json.decode(body, type=dict[str, Any]).get("shop_domain")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    # what no header may hold is not resent under it
    return shop if isinstance(shop, str) and re.fullmatch(r"[A-Za-z0-9.-]{1,255}", shop) else None


def _options(command: Any) -> Any:
    for option in (
        click.option("--since", type=click.DateTime(), help="Received at or after this time (UTC)."),
        click.option("--reason", help="Part of the field or the reason, ignoring case."),
        click.option("--source", help="Of this source only."),
    ):
        command = option(command)
    return command


def _settings(*, with_events: bool = True) -> Settings:
    with in_words(SettingsError):
        return settings_with_events() if with_events else load_settings()


@click.group(invoke_without_command=True, cls=CommandGroup)
@click.pass_context
def failed(context: click.Context) -> None:
    """Failed events: list them by reason, inspect them, export them, resubmit them after a fix.

    They appear here after the next run of the pipeline (`footfall run`, or the sensor of `make dev`).
    """
    if context.invoked_subcommand is None:
        context.invoke(list_failed)


@failed.command("list")
@_options
def list_failed(source: str | None = None, reason: str | None = None, since: datetime | None = None) -> None:
    """Count the failed events by source, field and reason."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    groups: dict[tuple[str, str, str, str], list[Failed]] = {}
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for event in read_failed(_settings(), source=source, reason=reason, since=since):
        # Numbers in a reason (sizes, offsets) would make a group of each.
        key = (
            event.source or "",
            event.stage,
            event.field or "",
            re.sub(r"\d{2,}", "#", event.reason or "")[:160],
        )
        counts[key] += 1
        groups.setdefault(key, []).append(event)
        del groups[key][1:-1]  # the first and the last tell enough
    if not counts:
        click.echo("No failed events in the lake; refused events arrive there with the next run.")
        return
    table = Table("events", "source", "where", "field", "reason", "last received", "for example")
    for key, count in counts.most_common():
        last = groups[key][-1]
        received = f"{last.received_at:%Y-%m-%d %H:%M}" if last.received_at else ""
        # As text: an id or a reason with brackets, whoever sent it, is no markup.
        cells = (f"{count:,}", *key, received, last.message_id or last.place)
        table.add_row(*map(Text, cells))
    Console(width=None if sys.stdout.isatty() else 180).print(table)


@failed.command()
@_options
@click.option(
    "--limit", type=click.IntRange(1), default=10, show_default=True, help="Show at most this many."
)
def show(source: str | None, reason: str | None, since: datetime | None, limit: int) -> None:
    """Print the raw events."""
    for number, event in enumerate(read_failed(_settings(), source=source, reason=reason, since=since)):
        if number >= limit:
            click.echo(f"... and more: --limit {limit * 10}, or `footfall failed export`")
            return
        click.secho(f"{event.place}  {event.source}  {event.field}: {event.reason}", bold=True)
        click.echo(event.raw if event.raw is not None else f"(base64) {event.raw_base64}")


@failed.command()
@_options
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def export(source: str | None, reason: str | None, since: datetime | None, file: Path) -> None:
    """Write them to FILE (`-`: standard output), one JSON object a line. Mend `raw` there and resubmit the file."""
    events = read_failed(_settings(), source=source, reason=reason, since=since)
    count = 0
    with click.open_file(str(file), "wb") as out:
        for event in events:
            out.write(msgspec.json.encode(event) + b"\n")
            count += 1
    click.echo(f"{count:,} failed events written to {file}", err=True)


def _not_forgotten(exported: list[Failed], settings: Settings, file: Path) -> list[Failed]:
    """Those of a file that the lake still has: whoever was forgotten since it was written doesn't come back by it."""
    gone = {each.place for each in read_failed(settings, reason=FORGOTTEN) if each.is_forgotten}
    kept = [each for each in exported if each.place not in gone]
    if count := len(exported) - len(kept):
        click.echo(f"{count:,} in {file} belong to people erased since: not sent. Remove the file")
    return kept


@failed.command("resubmit")
@_options
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, exists=True),
    help="An exported file after your corrections.",
)
@click.option("--url", help="The collector [FOOTFALL_COLLECTOR_HOST, _PORT].")
@click.option("--dry-run", is_flag=True, help="Only report which would be accepted now.")
def resubmit_command(
    source: str | None,
    reason: str | None,
    since: datetime | None,
    file: Path | None,
    url: str | None,
    dry_run: bool,
) -> None:
    """Send them through the collector again, with their original ids: accepted ones count once."""
    settings = _settings(with_events=file is None)
    events: Iterable[Failed]
    if file is not None:
        if source or reason or since:
            raise click.UsageError("--from sends the whole file: filter when you export")
        lines = file.read_bytes().splitlines()
        try:
            exported = [msgspec.json.decode(line, type=Failed) for line in lines if line.strip()]
        except msgspec.MsgspecError as error:
            raise click.ClickException(f"{file} is not an export of failed events: {error}") from None
        events = _not_forgotten(exported, settings, file)
    else:
        events = read_failed(settings, source=source, reason=reason, since=since)
    where = url or settings.collector_url
    try:
        with httpx.Client(base_url=where, timeout=30, trust_env=False) as client:
            result = resubmit(events, settings, client, is_dry=dry_run)
    except httpx.HTTPStatusError as error:
        raise click.ClickException(f"the collector at {where} refuses: {error.response.text[:300]}") from None
    except httpx.HTTPError as error:
        raise click.ClickException(f"no answer from the collector at {where}: {error}") from None
    click.echo(f"{result.accepted:,} {'would be ' if dry_run else ''}accepted")
    for why, count in result.rejected.most_common():
        click.echo(f"{count:,} refused: {why}")
    if result.rejected:
        sys.exit(1)
