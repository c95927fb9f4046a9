"""The command ``footfall quality``: what the last evaluation of the shop said, and letting a fall through."""

from __future__ import annotations

import sys

import click

from footfall.runtime.terminal import in_words
from footfall.settings import SettingsError, load_settings


@click.command()
@click.option("--accept", "why", metavar="WHY", help="Accept the fall and publish again; give the reason.")
def quality(why: str | None) -> None:
    """Show the last evaluation of the shop's recommendations: the verdict and every arm's numbers.

    Exits with 1 while publishes are held back.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    from orchestration.evaluation.history import accept, held, read_history
    from orchestration.evaluation.report import tables

    with in_words(SettingsError):
        derived = load_settings().paths.derived
    if why is not None:
        if not why.strip():
            raise click.UsageError("--accept needs a reason: it is kept in the history")
        with in_words(ValueError):
            run = accept(derived, why.strip())
        click.echo(f"{run.run_id}: {run.reason}\nthe next run publishes again")
        return
    runs = read_history(derived)
    if not runs:
        raise click.ClickException("never measured: the full pipeline measures (`footfall run`)")
    run = runs[-1]
    console = Console(width=None if Console().is_terminal else 160)
    console.print(f"{run.verdict}: {run.reason}", markup=False)
    fallen = held(derived)
    if fallen is not None and fallen != run:
        console.print(f"{fallen.verdict} since {fallen.measured_at:%F %T}: {fallen.reason}", markup=False)
    console.print(
        f"measured {run.measured_at:%F %T}; learned from {run.since} on, asked {run.split} to {run.until}"
    )
    console.print(Markdown(tables(run.metrics)))
    if fallen is not None:
        sys.exit(1)
