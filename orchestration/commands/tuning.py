"""The command ``footfall tuning``: search, show, accept."""

from __future__ import annotations

import os
from typing import Any

import click

from footfall.runtime.terminal import CommandGroup, in_words
from footfall.settings import Settings, SettingsError, load_settings


@click.group(cls=CommandGroup)
def tuning() -> None:
    """Search for better settings on this shop's own history."""


@tuning.command()
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="Time budget; default: the setting tuning_seconds.",
)
def search(seconds: float | None) -> None:
    """Search, and write a proposal if something better is found. Nothing is activated."""
    from orchestration.evaluation.backtest import TooLittle
    from orchestration.evaluation.run import propose
    from orchestration.evaluation.tuning import as_plain
    from orchestration.storage.environment import export

    settings = _settings()
    export(settings, os.environ)
    with in_words(TooLittle):
        proposal = propose(settings, seconds or settings.tuning_seconds, tell=click.echo)
    click.echo(f"tried {proposal.tried} in {proposal.seconds:.0f} s")
    _show(as_plain(proposal))
    if not proposal.has_changes:
        click.echo("nothing better was found: no proposal was written, and an earlier one stays as it is")


@tuning.command()
def show() -> None:
    """The last proposal."""
    _show(_read(_settings()))


@tuning.command()
@click.option("--anyway", is_flag=True, help="Accept a proposal even if it is not significantly better.")
def accept(anyway: bool) -> None:
    """Write the significantly better part of the proposal, lists or sessions, into dbt_project.yml."""
    from orchestration.evaluation.tuning import accept as apply
    from orchestration.evaluation.tuning import accepted_changes
    from orchestration.storage.environment import dbt_project

    proposal = _read(_settings())
    if not proposal["changes"] and not proposal["session_changes"]:
        raise click.ClickException("the proposal changes no var")
    changes = accepted_changes(proposal, anyway=anyway)
    if not changes:
        raise click.ClickException(
            "neither lists nor sessions are significantly better on the test half; --anyway accepts them all the same"
        )
    with in_words(ValueError):
        done = apply(changes, dbt_project() / "dbt_project.yml")
    click.echo("\n".join(done))
    click.echo("dbt_project.yml was changed; the next full pipeline evaluates the change before it publishes")


def _settings() -> Settings:
    with in_words(SettingsError):
        return load_settings()


def _read(settings: Settings) -> dict[str, Any]:
    import yaml

    from orchestration.evaluation.tuning import proposal_file

    path = proposal_file(settings.paths.data)
    if not path.exists():
        raise click.ClickException(f"no proposal in {path}: footfall tuning search")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _show(proposal: dict[str, Any]) -> None:
    for title, part, changes in (
        ("lists", proposal["lists"], proposal["changes"]),
        ("visits", proposal["sessions"], proposal["session_changes"]),
    ):
        if not part:
            click.echo(f"{title}: nothing to ask")
            continue
        gain = part["gain"]
        click.echo(
            f"{title}: {part['before']:.4f} -> {part['after']:.4f} on {gain['cases']:,} cases that took no part in the "
            f"search; gain {gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        )
        for name, (before, after) in changes.items():
            click.echo(f"  {name}: {before:g} -> {after:g}")
