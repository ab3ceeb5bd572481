"""Data-parallel training on CPU cores: one process and one thread a core, gradients averaged after every step.

On a busy machine two processes of one thread do about twice the work of one process with two threads, which wait for
each other within every layer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn


def run(work: Callable[..., None], ranks: int, folder: Path, *arguments: Any) -> None:
    """Call ``work(rank, ranks, *arguments)`` in every process, and wait for all.

    Args:
        work: a function of a module.
        ranks: number of processes.
        folder: for the file by which they find each other.
        arguments: passed on.
    """
    meeting = folder / "meeting"
    meeting.unlink(missing_ok=True)
    spawn(_start, args=(work, ranks, str(meeting), arguments), nprocs=ranks)


def _start(rank: int, work: Callable[..., None], ranks: int, meeting: str, arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=ranks)
    work(rank, ranks, *arguments)
    dist.destroy_process_group()


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes; a missing one counts as zero."""
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([parameter.grad.flatten() for parameter in parameters if parameter.grad is not None])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    start = 0
    for parameter in parameters:
        assert parameter.grad is not None
        parameter.grad.copy_(flat[start : start + parameter.numel()].view_as(parameter))
        start += parameter.numel()
