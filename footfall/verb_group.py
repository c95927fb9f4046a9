"""A click group whose list of verbs can be read: whole sentences, and a hint where a verb is mistyped."""

from __future__ import annotations

from difflib import get_close_matches

import click

#: Characters of a verb's first sentence; click's own limit is what is left of the line.
_SENTENCE = 200


class VerbGroup(click.Group):
    """Lists each verb with its whole first sentence, and knows what a mistyped one was to be."""

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
