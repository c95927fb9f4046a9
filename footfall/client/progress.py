"""A progress bar for a send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from footfall.client.sender import SendReport


@contextmanager
def send_bar(
    title: str, total: int | None, console: Console | None = None
) -> Iterator[Callable[[SendReport], None]]:
    """A bar of messages. Give what it yields to ``send`` as ``on_progress``, and to it the final report.

    total: how many messages there are, or about; None: nobody knows before the end.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, rate="")
        sent = 0

        def show(report: SendReport) -> None:
            nonlocal sent
            sent = report.sent
            fresh = report.sent - report.skipped
            rate = f"{fresh / report.seconds:,.0f}/s" if report.seconds else ""
            progress.update(task, completed=sent, rate=rate)

        yield show
        progress.update(task, completed=sent, total=sent)
