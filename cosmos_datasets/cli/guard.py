"""How every command of this package ends: an error is one message, never a traceback."""

from __future__ import annotations

import io
import os
import sys
import traceback
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import click

from cosmos_datasets.cli.printing import say
from cosmos_datasets.errors import CosmosError, in_a_line
from cosmos_datasets.plain_text import printable_lines

#: Set to anything, it lets tracebacks through.
TRACEBACK = "COSMOS_TRACEBACK"


class GuardedGroup(click.Group):
    """A group whose commands end whatever is raised as ``error: ...`` and with 1, and Ctrl-C with 130."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; see :meth:`click.Command.main`."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal that has no sign for a letter shows its number.
                stream.reconfigure(errors="backslashreplace")
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
        except (BrokenPipeError, click.Abort, click.exceptions.Exit):
            raise
        except click.ClickException as error:
            # The subclasses format it on their way out, so it has to be this very error.
            error.message = printable_lines(error.message)  # type: ignore[misc]
            raise
        except KeyboardInterrupt:
            say("interrupted; give the same command again to go on", err=True)
            ctx.exit(130)
        except (Exception, SystemExit) as error:
            if os.environ.get(TRACEBACK):
                raise
            say(f"error: {_in_words(error)}", err=True)
            raise click.exceptions.Exit(1) from error


def _in_words(error: BaseException) -> str:
    if isinstance(error, CosmosError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {in_a_line(error)}" if error.filename else in_a_line(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"the Python package {package} is not installed here; install it: pip install {package}"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # of torch, on a device
        return "there is not enough memory for this; use fewer processes or workers, or choose less data."
    if isinstance(error, BrokenExecutor):
        return "a worker process was ended, most likely for want of memory; use fewer workers."
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__} in {Path(last.filename).name}, line {last.lineno} ({in_a_line(error)}). "
        "A file that the command has read may be damaged: fetch or make it again. If none is, please report this with "
        f"what the command prints after `export {TRACEBACK}=1`."
    )
