"""Seconds: what is timed, how often, and that the device is waited for."""

from __future__ import annotations

import statistics
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.evaluation.efficiency.timing import Spread, measure

CPU = torch.device("cpu")


def test_work_is_timed_after_a_warm_up() -> None:
    done: list[str] = []

    def work() -> None:
        done.append("work")
        time.sleep(0.02)

    seconds = measure(work, CPU, repeats=3, warm_up=lambda: done.append("warm-up"))
    assert done == ["warm-up", "work", "work", "work"]
    assert len(seconds) == 3 and min(seconds) >= 0.02
    done.clear()
    assert len(measure(work, CPU, repeats=1)) == 1
    assert done == ["work", "work"]


def test_an_accelerator_is_waited_for_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: events.append(device.type))
    measure(lambda: events.append("work"), torch.device("cuda"), repeats=2, warm_up=lambda: events.append("warm-up"))
    assert events == ["warm-up", "cuda", "work", "cuda", "cuda", "work", "cuda"]
    events.clear()
    measure(lambda: events.append("work"), CPU, repeats=1)
    assert events == ["work", "work"]


def test_what_an_accelerator_does_after_the_call_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: time.sleep(0.02))
    (seconds,) = measure(lambda: None, torch.device("cuda"), repeats=1)
    assert seconds >= 0.02


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=20))
def test_the_spread_agrees_with_the_standard_library(values: list[float]) -> None:
    spread = Spread.of(values)
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    assert (spread.q1, spread.median, spread.q3) == pytest.approx(quartiles, abs=1e-9)
    assert spread.measurements == len(values)


def test_a_single_measurement_has_no_spread() -> None:
    assert Spread.of([0.5]) == Spread(0.5, 0.5, 0.5, 1)
