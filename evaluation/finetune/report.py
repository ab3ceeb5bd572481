"""What is said of a fine-tuning: before, after, and in ``finetune.json``."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets import __version__
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.finetune.division import PARTS, Division
from cosmos_datasets.evaluation.finetune.loss import IOU_WEIGHT
from cosmos_datasets.evaluation.finetune.network import Network
from cosmos_datasets.evaluation.finetune.recipe import LORA
from cosmos_datasets.evaluation.finetune.state import STATE, Position
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.models.checkpoint import WEIGHTS, Checkpoint
from cosmos_datasets.evaluation.processes import Process
from cosmos_datasets.load.location import is_hub_id

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.finetune.run import FinetuneRequest


def report(
    request: FinetuneRequest, division: Division, network: Network, position: Position, base: Checkpoint
) -> dict[str, Any]:
    """The content of ``finetune.json``: what the model is, what it learnt from, how, and how well it did."""
    return {
        "base_model": base.name,
        "base_digest": base.digest,
        "family": type(network.adapter.model).__name__,
        "method": request.recipe.method,
        "dataset": _dataset(request, division),
        "groups": division.counts("group_id"),
        "masks": division.counts(),
        "held_out": division.held_out,
        "hyperparameters": _hyperparameters(request, network),
        "best": {
            "epoch": position.best_epoch,
            "validation_dice": position.best_dice,
            "validation_dice_untouched": position.untouched,
        },
        "versions": {
            "cosmos-datasets": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "transformers", "accelerate", "peft")},
        },
        "command": request.command,
    }


def _dataset(request: FinetuneRequest, division: Division) -> dict[str, Any]:
    data, _ = request.divided
    table = division.selection.table
    known = ("title", "licence", "redistributable", "citation")
    return {
        # No report names the folders of a machine.
        "location": request.dataset if is_hub_id(request.dataset) else Path(request.dataset).resolve().name,
        "revision": division.selection.data_revision,
        "config": request.config,
        "sources": {
            source: {name: getattr(data.manifest.sources[source], name) for name in known}
            for source in sorted(table["source"].unique())
        },
        "objects": sorted(table["object"].unique()),
        "modalities": sorted(table["modality"].unique()),
    }


def _hyperparameters(request: FinetuneRequest, network: Network) -> dict[str, Any]:
    recipe = request.recipe
    return {
        **asdict(recipe),
        "peft": (recipe.peft or LORA) if recipe.method == "lora" else None,
        "optimiser": "AdamW",
        "loss": f"Dice + cross-entropy of the best of three masks + {IOU_WEIGHT:g} x error of the IoU estimates",
        "prompts": f"boxes, edges moved by up to {recipe.jitter} pixels" if recipe.jitter else "tight boxes",
        "trained_parameters": sum(one.numel() for one in network.trained.values()),
        "parameters": sum(one.numel() for one in network.adapter.model.parameters()),
        "train_cases": request.train_cases,
        "preprocess": request.preprocess,
        "embeddings_dtype": request.embeddings_dtype if recipe.method == "decoder" else None,
    }


def plan(request: FinetuneRequest, division: Division, adapter: Adapter, process: Process) -> str:
    """What is going to be done."""
    subjects, masks = division.counts("group_id"), division.counts()
    parts = ", ".join(f"{name} {plural(subjects[name], 'subject')} ({plural(masks[name], 'mask')})" for name in PARTS)
    goes_on = " (goes on)" if (request.training / STATE).is_file() else ""
    processes = f"{process.ranks} processes" if process.ranks > 1 else "1 process"
    text = (
        f"{adapter.name} on {adapter.device.type} ({processes}): "
        f"{request.recipe.method}, {plural(request.recipe.epochs, 'epoch')}{goes_on}\n{parts}; "
        f"held out: {division.held_out}"
    )
    untested = sorted(set(division.selection.table["source"]) - set(division.test["source"]))
    return text + (f"\nwithout held-out masks, trained on only: {', '.join(untested)}" if untested else "")


def trained(position: Position, request: FinetuneRequest) -> str:
    """What the training reached."""
    untouched = position.untouched or 0.0
    text = (
        f"validation DICE {untouched:.4f} untouched, {position.best_dice:.4f} after epoch {position.best_epoch}, "
        f"which is kept: {request.out / WEIGHTS}"
    )
    worse = "\nwarning: no epoch was better than the untouched model; try a smaller --learning-rate or more cases"
    return text + (worse if position.best_dice <= untouched else "")
