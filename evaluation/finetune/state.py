"""Where a training stands, in one safetensors file: written whole or not at all, and read without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError

STATE = "state.safetensors"
BEST = "best.safetensors"
_SLOTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class Position:
    """How far a training has come. Nothing is drawn from a generator that has a state of its own.

    Attributes:
        epoch: the one that is under way, from 1.
        step: steps of it that are done.
        total: steps of all epochs that are done.
        untouched: validation DICE of the untouched model.
        best_epoch, best_dice: of the best epoch so far.
        scaler: state of the scaler of fp16.
    """

    epoch: int = 1
    step: int = 0
    total: int = 0
    untouched: float | None = None
    best_epoch: int = 0
    best_dice: float = -1.0
    scaler: dict[str, Any] | None = None


def save_state(
    folder: Path, position: Position, weights: Mapping[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> None:
    """Write weights, the optimiser's moments and the position."""
    tensors = {f"weight/{name}": parameter.detach() for name, parameter in weights.items()}
    for name, parameter in weights.items():
        slots = optimiser.state.get(parameter, {})
        tensors |= {f"{slot}/{name}": slots[slot] for slot in _SLOTS if slot in slots}
    _save(tensors, folder / STATE, {"position": json.dumps(asdict(position))})


def load_state(
    folder: Path, weights: Mapping[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> Position | None:
    """Go back to where a training stood; ``None`` if it has not begun.

    Raises:
        CosmosError: if the file is damaged or belongs to another model.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    tensors, metadata = _load(path)
    try:
        position = Position(**json.loads(metadata["position"]))
        with torch.no_grad():
            for name, parameter in weights.items():
                parameter.copy_(tensors[f"weight/{name}"])
                slots = {slot: tensors[f"{slot}/{name}"] for slot in _SLOTS if f"{slot}/{name}" in tensors}
                if slots:
                    # Memory of their own, aligned as torch aligns it: the last digits may depend on it.
                    devices = {"step": torch.device("cpu")}
                    optimiser.state[parameter] = {
                        slot: value.to(devices.get(slot, parameter.device), copy=True) for slot, value in slots.items()
                    }
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(path) from error
    return position


def save_weights(path: Path, weights: Mapping[str, torch.nn.Parameter]) -> None:
    """Write the trained parameters alone."""
    _save({name: parameter.detach() for name, parameter in weights.items()}, path, {})


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read what :func:`save_weights` wrote."""
    return _load(path)[0]


def _save(tensors: Mapping[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    with atomic(path) as temporary:
        save_file({name: one.contiguous().cpu() for name, one in tensors.items()}, temporary, metadata=metadata)


def _load(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> CosmosError:
    return CosmosError(f"{path} is damaged or of another training; delete its folder to begin anew.")
