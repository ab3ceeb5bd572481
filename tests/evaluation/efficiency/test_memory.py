"""Peaks of memory: of a process, of an accelerator, and where there is nothing to ask."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cosmos_datasets.evaluation.efficiency import memory as module
from cosmos_datasets.evaluation.efficiency.memory import Memory

CPU = torch.device("cpu")
MB = 1_000_000


def fill(megabytes: int) -> None:
    np.ones(megabytes * MB, dtype=np.uint8).sum()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak cannot begin anew")
def test_every_stage_has_its_own_peak() -> None:
    memory = Memory(CPU)
    with memory.stage("large"):
        fill(200)
    with memory.stage("small"):
        fill(40)
    assert "VmHWM" in memory.how
    assert 190 * MB < memory.stages["large"] < 400 * MB
    assert 35 * MB < memory.stages["small"] < 150 * MB
    with memory.stage("small"):
        pass
    assert memory.stages["small"] > 35 * MB, "the higher peak counts"


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
def test_without_the_kernel_s_help_peaks_only_rise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_CLEAR", tmp_path / "none" / "clear_refs")
    memory = Memory(CPU)
    with memory.stage("large"):
        # More than this process ever held.
        fill(100 + memory._counter.peak() // MB)  # type: ignore[operator]
    with memory.stage("small"):
        fill(1)
    assert "getrusage" in memory.how
    assert memory.stages["small"] >= memory.stages["large"] > 90 * MB


class Counter:
    """torch.cuda, as far as memory goes."""

    def __init__(self) -> None:
        self.used = self.highest = 100

    def take(self, size: int) -> None:
        self.used += size
        self.highest = max(self.highest, self.used)

    def reset_peak_memory_stats(self, device: Any) -> None:
        self.highest = self.used

    def memory_allocated(self, device: Any) -> int:
        return self.used

    def max_memory_allocated(self, device: Any) -> int:
        return self.highest


def test_an_accelerator_counts_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter()
    monkeypatch.setattr(torch, "get_device_module", lambda device: counter)
    memory = Memory(torch.device("cuda"))
    for name, size in (("loading", 50), ("encoding", 30), ("prompts", 7)):
        with memory.stage(name):
            counter.take(size)
            counter.take(0 if name == "loading" else -size)
    assert memory.how.startswith("torch.cuda.max_memory_allocated")
    assert memory.stages == {"loading": 50, "encoding": 80, "prompts": 57}


def test_a_device_without_a_count_gets_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_device_module", lambda device: object())
    memory = Memory(torch.device("mps"))
    with memory.stage("encoding"):
        pass
    assert memory.how.startswith("not measured") and memory.stages == {}
