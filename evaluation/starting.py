"""How a command becomes one process or several, and how it ends when it is interrupted."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.processes import Process


@contextmanager
def started(processes: int, device: str, threads: int) -> Iterator[Process]:
    """Start a command's processes, unless a launcher has, and join them.

    In the process that starts others nothing of the block is run: it ends with their exit status. Check what the user
    gave before: mistakes are cheaper to find before torch is loaded and before several processes start.

    Args:
        processes: how many were asked for.
        device: see :func:`cosmos_datasets.evaluation.processes.join`.
        threads: of each process on a CPU.

    Yields:
        This process among its ranks.
    """
    from cosmos_datasets.evaluation.processes import is_launched, join, launch

    # A batch system that ends a job gets what Ctrl-C gets: results so far are written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    context = click.get_current_context()
    if processes > 1 and not is_launched():
        context.exit(launch(processes, context.meta["arguments"]))
    with join(device, threads) as process:
        try:
            yield process
        except KeyboardInterrupt:
            if process.rank > 0:
                context.exit(130)  # the first one says it for all
            raise
