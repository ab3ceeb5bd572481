"""How every command of this package ends: an error the user can act on is one message, never a traceback."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from cosmos_datasets.errors import CosmosError


class GuardedGroup(click.Group):
    """A group whose commands print :class:`CosmosError` as ``error: ...`` and exit with 1, and with 130 on Ctrl-C."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; see :meth:`click.Command.main`."""
        try:
            return super().main(*args, **kwargs)
        except BrokenPipeError:
            # The reader of a pipe has seen enough (`... | head`).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command of the group."""
        try:
            return super().invoke(ctx)
        except CosmosError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            name = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {name}{error.strerror or error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("interrupted; give the same command again to go on", err=True)
            ctx.exit(130)
