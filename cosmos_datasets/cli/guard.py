"""How every command of this package ends: an error the user can act on is one message, never a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import click

from cosmos_datasets.errors import CosmosError, in_a_line
from cosmos_datasets.finding import printable

#: Set to anything, it lets tracebacks through.
TRACEBACK = "COSMOS_TRACEBACK"


class GuardedGroup(click.Group):
    """A group whose commands print every error as ``error: ...`` and exit with 1, and with 130 on Ctrl-C."""

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
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            # What is printed may be of a file that somebody else made.
            lines = map(printable, f"error: {_in_words(error)}".split("\n"))
            click.echo("\n".join(lines), err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("interrupted; give the same command again to go on", err=True)
            ctx.exit(130)


def _in_words(error: Exception) -> str:
    if isinstance(error, CosmosError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {in_a_line(error)}" if error.filename else in_a_line(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # of torch, on a device
        return "there is not enough memory for this; use fewer processes or workers, or choose less data."
    if isinstance(error, BrokenExecutor):
        return "a worker process was ended, most likely for want of memory; use fewer workers."
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} in {Path(last.filename).name}, line {last.lineno} ({in_a_line(error)}). A "
        "file that the command has read may be damaged: fetch or make it again. If none is, please report this with "
        f"what the command prints after `export {TRACEBACK}=1`."
    )
