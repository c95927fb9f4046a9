"""Shared by the commands of ``footfall``: how they are listed, and how they end where something is
wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import click

#: Characters of a command's first sentence; click's own limit is what is left of the line.
_SENTENCE = 200


@contextmanager
def in_words(*errors: type[Exception]) -> Iterator[None]:
    """End the command with the message of such an error, which says what to do, and without a traceback."""
    try:
        yield
    except errors as error:
        raise click.ClickException(str(error)) from None


class CommandGroup(click.Group):
    """Lists each command with its whole first sentence, and guesses which one a mistyped name meant."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, command.get_short_help_str(limit=_SENTENCE))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from None


def printable(text: str) -> str:
    """The text, escaped where it holds what a terminal would obey: a visitor may have chosen it."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
