"""`footfall check` and `footfall dbt-init`: a dbt project of the shop's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from footfall.runtime.terminal import in_words
from footfall.settings import SettingsError, load_settings
from footfall.settings.file import DEFAULT_FILE


@click.command()
@click.argument("project", required=False, type=click.Path(path_type=Path, file_okay=False))
def check(project: Path | None) -> None:
    """Check funnels, segments, numbers and models of a dbt project in seconds, without a build or data.

    PROJECT is the one that the setting dbt_project names unless said. Prints file and line of what is wrong.
    """
    from orchestration.warehouse.project_check import check_project

    with in_words(SettingsError):
        project = (project or load_settings().dbt_project).absolute()
        problems, read = check_project(project)
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo(f"{len(problems)} of {project} to correct", err=True)
        sys.exit(1)
    click.echo(f"{project}: {read} declarations and models are fine")


@click.command("dbt-init")
@click.argument("folder", default="rules", type=click.Path(path_type=Path, file_okay=False))
def dbt_init(folder: Path) -> None:
    """Begin a dbt project of the shop's own in FOLDER (default: rules), which has Footfall's as a package.

    Files that exist stay as they are.
    """
    from orchestration.warehouse.shop_project import PROJECT_FILE, new_project

    folder = folder.absolute()  # the pipeline may be started elsewhere
    try:
        with in_words(SettingsError):
            written = new_project(folder)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}") from None
    for file in written:
        click.echo(f"wrote {file}")
    click.echo(
        f'Put it into force at the top of {DEFAULT_FILE}: dbt_project = "{folder}"\n'
        f"Funnels and segments go into {folder}/{PROJECT_FILE}, models into {folder}/models. Then: footfall check"
    )
