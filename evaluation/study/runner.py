"""Running a command in a process of its own, so that memory and accelerators are free again when it has ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from cosmos_datasets.build.files import atomic

#: Arguments of ``python -m``, and a file for what is printed -> exit status.
Runner = Callable[[Sequence[str], Path | None], int]

#: Seconds that an interrupted command has to write what it has finished: more than it gives its own processes.
_GRACE = 90.0


def run_module(arguments: Sequence[str], output: Path | None = None) -> int:
    """Run ``python -m`` with these arguments.

    After Ctrl-C the command is interrupted once and waited for: it writes what it has finished. Whoever calls must
    not ignore SIGINT, which its commands would inherit.

    Args:
        arguments: the module, and what it is given.
        output: file that gets what it prints, if it succeeds; without one it prints where this process does.

    Returns:
        Its exit status; negative for the signal that ended it.
    """
    if output is None:
        return _run(arguments, None)
    with TemporaryFile() as printed:
        status = _run(arguments, printed.fileno())
        if status == 0:
            printed.seek(0)
            with atomic(output) as temporary:
                temporary.write_bytes(printed.read())
    return status


def _run(arguments: Sequence[str], stdout: int | None) -> int:
    # A session of its own: Ctrl-C reaches it once, through this process.
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=stdout, start_new_session=True)
    try:
        return process.wait()
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a command that still runs, and kill it if that does not help."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
