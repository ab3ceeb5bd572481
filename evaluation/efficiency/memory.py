"""The most memory that is in use at a time: the accelerator's own count, or what this process holds in RAM."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: What to write to :data:`_CLEAR` to begin a new peak, see proc(5).
_NEW_PEAK = "5"


class Memory:
    """Peaks above what was in use when this was made, stage by stage.

    Args:
        device: of the model, which is not loaded yet.

    Attributes:
        how: what the figures are, in words.
        stages: name -> bytes of its highest peak; empty where nothing can be measured.
    """

    def __init__(self, device: torch.device) -> None:
        self._counter = _counter(device)
        self.how = self._counter.how
        self.stages: dict[str, int] = {}
        _give_back()
        self._counter.new_peak()
        self._base = self._counter.now()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note the peak of what is done inside; of a stage that comes again the higher one counts."""
        self._counter.new_peak()
        yield
        peak = self._counter.peak()
        if peak is not None and self._base is not None:
            self.stages[name] = max(self.stages.get(name, 0), peak - self._base)


class _OfAccelerator:
    """What torch has allocated; context and kernels of the driver (some hundred MB) are not in it."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self.how = f"torch.{device.type}.max_memory_allocated: tensors on the device, without the driver's own"
        self._module, self._device = module, device

    def new_peak(self) -> None:
        self._module.reset_peak_memory_stats(self._device)

    def now(self) -> int | None:
        return int(self._module.memory_allocated(self._device))

    def peak(self) -> int | None:
        return int(self._module.max_memory_allocated(self._device))


class _OfLinux:
    """VmRSS and VmHWM of the kernel: the peak can begin anew."""

    how = "growth of the process's resident set (VmHWM)"

    def new_peak(self) -> None:
        _CLEAR.write_text(_NEW_PEAK)

    def now(self) -> int | None:
        return self._read("VmRSS")

    def peak(self) -> int | None:
        return self._read("VmHWM")

    def _read(self, name: str) -> int:
        match = re.search(rf"^{name}:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
        assert match is not None
        return int(match[1]) * 1024


class _OfProcess:
    """``getrusage``: the peak since the process began, so that a later stage never has less than an earlier one."""

    how = "growth of the process's highest resident set since it began (getrusage): stages add to earlier ones"

    def new_peak(self) -> None:
        pass

    def now(self) -> int | None:
        return self.peak()

    def peak(self) -> int | None:
        import resource

        # Kilobytes, but bytes on a Mac.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class _Unknown:
    """No count to be had, as on mps."""

    how = "not measured: this device counts no peak"

    def new_peak(self) -> None:
        pass

    def now(self) -> int | None:
        return None

    peak = now


def _counter(device: torch.device) -> _OfAccelerator | _OfLinux | _OfProcess | _Unknown:
    import torch

    if device.type != "cpu":
        module = torch.get_device_module(device)
        return _OfAccelerator(module, device) if hasattr(module, "max_memory_allocated") else _Unknown()
    try:
        _CLEAR.write_text(_NEW_PEAK)
    except OSError:
        return _Unknown() if sys.platform == "win32" else _OfProcess()
    return _OfLinux()


def _give_back() -> None:
    """Give what earlier work freed back to the system, as it would hide the growth of what follows."""
    gc.collect()
    if hasattr(trim := ctypes.CDLL(None) if sys.platform == "linux" else None, "malloc_trim"):
        trim.malloc_trim(0)  # type: ignore[union-attr]
