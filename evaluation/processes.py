"""One process or several: who am I, which device is mine, and starting the others."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cosmos_datasets.errors import CosmosError

#: How long ranks look for each other.
_MEETING = timedelta(minutes=10)
#: Ranks wait for the slowest at the end; the default of half an hour would end a long run there.
_PATIENCE = timedelta(days=30)
#: Seconds that ranks have to write what they have finished before they are killed.
_GRACE = 60.0
_POLL = 0.1


@dataclass(frozen=True)
class Process:
    """This process among its ranks.

    Attributes:
        rank: its number, from 0.
        ranks: how many there are.
        device: torch device for the model, as text.
        group: what the ranks meet in; ``None`` for a single process.
    """

    rank: int = 0
    ranks: int = 1
    device: str = "auto"
    group: Any = None

    def wait(self) -> None:
        """Wait for all ranks.

        Raises:
            CosmosError: if one of them has ended.
        """
        if self.group is None:
            return
        import torch.distributed

        try:
            torch.distributed.barrier(self.group)
        except RuntimeError as error:
            raise CosmosError("another process of this run has ended early; its own message says why.") from error


@contextmanager
def join(device: str, threads: int) -> Iterator[Process]:
    """Join the other ranks through accelerate, if this process was started as one of several.

    Args:
        device: ``auto``, ``cpu`` or a torch device; with several processes each takes its own accelerator.
        threads: CPU threads of this process. Set whatever the launcher chose: sums are split by thread, so the last
            digits of the logits, and now and then a pixel, depend on it.

    Raises:
        CosmosError: if several processes were started and do not find each other, or lack an accelerator.
    """
    import torch
    from accelerate import PartialState

    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        torch.set_num_threads(threads)
        yield Process(device=device)
        return
    with_accelerator = torch.accelerator.is_available()
    if device not in {"auto", "cpu"} and not with_accelerator:
        raise CosmosError(f"The device {device} cannot be used: this machine has no accelerator. Try cpu or auto.")
    try:
        state = PartialState(cpu=device == "cpu" or not with_accelerator, timeout=_MEETING)
    except (RuntimeError, ValueError) as error:
        raise CosmosError(f"{world} processes were to work together and did not meet ({error}). {_ADVICE}") from error
    if state.num_processes != world:
        raise CosmosError(
            f"WORLD_SIZE={world} asks for {world} processes, but accelerate sees {state.num_processes}: each would do "
            f"all of the work. {_ADVICE}"
        )
    torch.set_num_threads(threads)  # after accelerate, which sets what it holds best
    try:
        # Threads of the CPU wait here; a waiting GPU would spin.
        group = torch.distributed.new_group(backend="gloo", timeout=_PATIENCE)
        yield Process(state.process_index, world, str(state.device), group)
    finally:
        state.destroy_process_group()


_ADVICE = "Start them with: cosmos-eval run --processes N ..., or with torchrun or accelerate launch."


def is_launched() -> bool:
    """Whether this process was started as one of several already."""
    return "WORLD_SIZE" in os.environ


def launch(processes: int, arguments: Sequence[str]) -> int:
    """Run ``cosmos-eval`` with these arguments in several processes of this machine.

    If one fails or is interrupted, the others write what they have finished and end too.

    Args:
        processes: how many.
        arguments: of the command.

    Returns:
        The exit status of the first that failed, 130 after Ctrl-C; 0 if all succeeded.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    counts = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    # A number keeps accelerate from warning that there is none; join() sets the right one. Waiting threads must not
    # spin, because there may be more of them than cores.
    threads = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "cosmos_datasets.evaluation", *arguments]
    ranks: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(processes):
            own = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            # A session of their own: Ctrl-C reaches them once, through this process.
            environment = {**os.environ, **meeting, **counts, **threads, **own}
            ranks.append(subprocess.Popen(command, env=environment, start_new_session=True))
        return _wait(ranks)
    except KeyboardInterrupt:
        return 130
    finally:
        _stop(ranks)


def _wait(ranks: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait until all have succeeded or one has failed."""
    while True:
        states = [rank.poll() for rank in ranks]
        failed = [state for state in states if state not in {None, 0}]
        if failed:
            # Negative: ended by a signal, which shells report as 128 + its number.
            return next(state if state > 0 else 128 - state for state in failed if state is not None)
        if None not in states:
            return 0
        time.sleep(_POLL)


def _stop(ranks: Sequence[subprocess.Popen[bytes]]) -> None:
    """Interrupt what still runs, and kill it if that does not help."""
    running = [rank for rank in ranks if rank.poll() is None]
    for rank in running:
        # Not SIGINT, which what a shell script starts in the background ignores.
        rank.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for rank in running:
        try:
            rank.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            rank.kill()
            rank.wait()
