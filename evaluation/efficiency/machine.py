"""What seconds depend on beside the model: the device, its threads, the versions, and what else runs."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets import __version__

if TYPE_CHECKING:
    import torch


def machine(device: torch.device) -> dict[str, Any]:
    """Device, threads and versions, for JSON; the threads are those that torch is set to now."""
    import torch

    cpu = device.type == "cpu"
    return {
        "device": {
            "type": device.type,
            "name": _name(device),
            "threads": torch.get_num_threads() if cpu else None,
            "cores": _cores() if cpu else None,
        },
        "versions": {
            "cosmos-datasets": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "transformers")},
            "cuda": torch.version.cuda if device.type == "cuda" else None,
        },
    }


def load_average() -> float | None:
    """How many processes wanted a core in the last minute, this one included; None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def described(facts: dict[str, Any]) -> str:
    """A line about :func:`machine`: ``NVIDIA H200 (cuda)``, ``Intel Xeon, 2 threads of 8 cores (cpu)``."""
    device = facts["device"]
    threads = f", {device['threads']} threads of {device['cores']} cores" if device["type"] == "cpu" else ""
    return f"{device['name']}{threads} ({device['type']})"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _name(device: torch.device) -> str:
    import torch

    if device.type != "cpu":
        module = torch.get_device_module(device)
        if hasattr(module, "get_device_name"):
            return str(module.get_device_name(device))
    return _processor() or platform.processor() or platform.machine()


def _processor() -> str:
    """The model of the processor as Linux names it; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
