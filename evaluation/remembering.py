"""What the commands that start further processes share."""

from __future__ import annotations

import click

STRATEGIES = ("S1", "S2", "S3", "S4", "S5", "S6")


def strategies_option(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    """Parse comma separated strategies, into their usual order."""
    names = tuple(dict.fromkeys(name.strip().upper() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in STRATEGIES]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'} is no strategy; choose of {','.join(STRATEGIES)}")
    return tuple(name for name in STRATEGIES if name in names)


class Remembering(click.Command):
    """A command that knows its own arguments, to pass them on to further processes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the arguments; see :meth:`click.Command.parse_args`."""
        ctx.meta["arguments"] = [str(self.name), *args]
        return super().parse_args(ctx, args)
