"""The shell of the ``footfall`` command.

Each package brings its own commands by the entry-point group ``footfall.commands``; a package that is not installed is
named in the help instead of breaking it.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click
import msgspec

from footfall import __version__
from footfall.commands.doctor import doctor, look_at_variables
from footfall.runtime.terminal import CommandGroup, in_words
from footfall.settings import SECRETS, Setting, SettingsError, explain_settings
from footfall.settings.masking import mask, without_credentials
from footfall.status.notices import notify

#: What to do about an error of the operating system, as far as that is the same wherever it happens.
_ADVICE = {
    errno.EACCES: "change its owner, or choose another directory with FOOTFALL_DATA",
    errno.EPERM: "change its owner, or choose another directory with FOOTFALL_DATA",
    errno.EROFS: "choose another directory with FOOTFALL_DATA",
    errno.ENOSPC: "free space and run it again: finished work is kept (docs/operator/running.md, Disk)",
    errno.EDQUOT: "free space and run it again: finished work is kept (docs/operator/running.md, Disk)",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)

# The order in which a newcomer meets them.
_ORDER = [
    "demo",
    "init",
    "start",
    "dev",
    "collect",
    "ship",
    "ui",
    "run",
    "catalog",
    "dbt-init",
    "check",
    "compact",
    "retain",
    "publish",
    "serve",
    "import",
    "replay",
    "failed",
    "events",
    "person",
    "evaluate",
    "quality",
    "tuning",
    "config",
    "notify",
    "tail",
    "doctor",
]


class FootfallCommands(CommandGroup):
    """A click group whose commands are found by entry point and imported only when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {*self.commands, *_commands()}
        return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        if (entry := _commands().get(cmd_name)) is None:
            return None
        try:
            command = entry.load()
        except ModuleNotFoundError as error:
            return _missing(cmd_name, error)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a full disk or a directory of somebody else's raises is said in words."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in _ADVICE or not (error.filename or error.errno in _FULL):
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror}; {_ADVICE[error.errno]}") from error


def _commands() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="footfall.commands")}


def _missing(name: str, error: ModuleNotFoundError) -> click.Command:
    hint = (
        f"`footfall {name}` needs the package {error.name}: pip install 'footfall[demo]' brings every package"
    )

    @click.command(
        name,
        help=f"(not installed: needs {error.name})",
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("anything", nargs=-1, type=click.UNPROCESSED)
    def explain(anything: tuple[str, ...]) -> None:
        raise click.ClickException(hint)

    return explain


@click.group(
    cls=FootfallCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="footfall")
def main() -> None:
    """Clickstream for online shops: from a visitor's click to what the shop shows next.

    Settings come from FOOTFALL_* variables and ./footfall.toml; `footfall config` shows the current values.
    """
    # All that is written, by this process and those it starts: directories 0750, files 0640, or stricter.
    os.umask(os.umask(0o077) | 0o027)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def config(as_json: bool) -> None:
    """Print every setting, its value, and where it came from."""
    from rich.console import Console
    from rich.table import Table

    with in_words(SettingsError):
        _, rows = explain_settings()
    rows = [_masked(row) for row in rows]
    if as_json:
        shown = {row.name: {"value": row.value, "origin": row.origin} for row in rows}
        click.echo(msgspec.json.format(msgspec.json.encode(shown, enc_hook=str)))
        return
    table = Table(
        "setting", "value", "from", "what it is", title="Footfall's settings (set one with FOOTFALL_<NAME>)"
    )
    for row in rows:
        table.add_row(row.name, _text(row), row.origin, row.description)
    Console(width=None if sys.stdout.isatty() else 150).print(table)
    for _, text in look_at_variables():
        click.secho(text, fg="yellow", err=True)


def _text(row: Setting) -> str:
    if row.name == "write_keys":
        return "\n".join(f"{key.source}: {key.key}{' (trusted)' if key.trusted else ''}" for key in row.value)
    if row.name == "catalog_sources":
        return "\n".join(f"{source.name}: {source.url}" for source in row.value)
    return ", ".join(row.value) if isinstance(row.value, tuple) else str(row.value)


def _masked(row: Setting) -> Setting:
    """Secrets don't belong on a screen or in a log; their first letters tell which one is active."""
    value = row.value
    if row.name in SECRETS:
        value = tuple(map(mask, value))
    elif row.name == "write_keys":  # those of pages are public, those of servers are not
        value = tuple(
            msgspec.structs.replace(key, key=mask(key.key)) if key.is_of_a_server else key for key in value
        )
    elif row.name == "catalog_sources":
        value = tuple(
            msgspec.structs.replace(
                source,
                url=without_credentials(source.url),
                headers={name: mask(secret) for name, secret in source.headers.items()},
            )
            for source in value
        )
    elif isinstance(value, str):
        value = without_credentials(value)
    return msgspec.structs.replace(row, value=value)


main.add_command(doctor)
main.add_command(notify)


if __name__ == "__main__":
    main()
