"""``footfall catalog``: the catalogues that are fetched from addresses."""

from __future__ import annotations

import sys

import click

from footfall.runtime.terminal import in_words
from footfall.settings import SettingsError, load_settings
from orchestration.catalog.fetching import fetch_sources


@click.group("catalog")
def catalog_group() -> None:
    """The shop's catalogue (docs/developer/catalog.md)."""


@catalog_group.command()
@click.argument("name", required=False)
def fetch(name: str | None) -> None:
    """Fetch the catalogue NAME of catalog_sources now, or all of them, as Dagster does on its schedule."""
    with in_words(SettingsError):
        settings = load_settings()
    sources = [source for source in settings.catalog_sources if name in (None, source.name)]
    if not sources:
        known = ", ".join(source.name for source in settings.catalog_sources) or "none"
        raise click.ClickException(
            f"no such source: catalog_sources has {known} (docs/developer/catalog.md#fetch-it)"
        )
    done = fetch_sources(settings, sources)
    for each in done:
        if each.error:
            click.echo(str(each), err=True)
        elif each.fetched_at == each.checked_at:
            click.echo(f"{each.name}: new, in {settings.paths.catalog / str(each.file)}")
        else:
            click.echo(f"{each.name}: unchanged since {each.fetched_at:%F %H:%M} UTC")
    if any(each.error for each in done):
        sys.exit(1)
