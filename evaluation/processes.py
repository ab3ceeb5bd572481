"""One process or several: who am I, which device is mine, and starting the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cosmos_datasets.errors import CosmosError

#: Ranks wait for the slowest at the end; the default of half an hour would end a long run there.
_PATIENCE = timedelta(days=30)


@dataclass(frozen=True)
class Process:
    """This process among its ranks.

    Attributes:
        rank: its number, from 0.
        ranks: how many there are.
        device: torch device for the model, as text.
        state: accelerate's state.
    """

    rank: int
    ranks: int
    device: str
    state: Any

    def wait(self) -> None:
        """Wait for all ranks."""
        self.state.wait_for_everyone()


def join(device: str, threads: int) -> Process:
    """Join the other ranks through accelerate, if this process was started as one of several.

    Args:
        device: ``auto``, ``cpu`` or a torch device; with several processes each takes its own accelerator.
        threads: CPU threads of this process. Set whatever the launcher chose: sums are split by thread, so the last
            digits of the logits, and now and then a pixel, depend on it.

    Raises:
        CosmosError: if several processes were started and do not find each other.
    """
    import torch
    from accelerate import PartialState

    torch.set_num_threads(threads)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    on_cpu = device == "cpu" or (device == "auto" and not torch.accelerator.is_available())
    state = PartialState(cpu=on_cpu, timeout=_PATIENCE) if world > 1 else PartialState(cpu=on_cpu)
    if state.num_processes != world:
        raise CosmosError(
            f"{world} processes were started, but accelerate sees {state.num_processes}: each would do all the work "
            "and overwrite the others. Start them with: cosmos-eval run --processes N ..."
        )
    own = str(state.device) if world > 1 or device == "auto" else device
    return Process(state.process_index, world, own, state)


def is_launched() -> bool:
    """Whether this process was started as one of several already."""
    return "WORLD_SIZE" in os.environ


def launch(processes: int, arguments: Sequence[str]) -> int:
    """Run ``cosmos-eval`` with these arguments in several processes of this machine.

    Args:
        processes: how many.
        arguments: of the command, without ``--processes``.

    Returns:
        The exit status; 0 if all succeeded.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    # Keeps the launcher from printing a banner about threads; join() sets their number. Threads that wait must not
    # spin, because there may be more of them than cores.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    child = subprocess.Popen([*command, "-m", "cosmos_datasets.evaluation", *arguments], env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # The terminal sent the interrupt to the ranks too; they write what they have finished.
            continue
