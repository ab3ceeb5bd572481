"""A folder as ``cosmos-eval finetune`` leaves it, within seconds: real models and real runs, without the training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from click.testing import CliRunner
from tiny_models import save, tiny_sam

from cosmos_datasets.evaluation.cli import main
from cosmos_datasets.evaluation.compare import compare
from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.registry import get_source

SIDE = 128
_PROCESSOR = {
    "image_processor_type": "SamImageProcessor",
    "size": {"longest_edge": SIDE},
    "pad_size": {"height": SIDE, "width": SIDE},
    "mask_size": {"longest_edge": SIDE // 4},
    "mask_pad_size": {"height": SIDE // 4, "width": SIDE // 4},
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    **{f"do_{what}": True for what in ("resize", "rescale", "normalize", "pad", "convert_rgb")},
}


def write_models(folder: Path) -> tuple[Path, Path]:
    """A base model, and the same with another mask decoder; each in a folder of its own."""
    model: Any = tiny_sam(6, SIDE)
    folders = (folder / "sam-tiny-random", folder / "tuned")
    for n, one in enumerate(folders):
        if n:
            with torch.no_grad():
                for parameter in model.mask_decoder.parameters():
                    parameter.add_(
                        torch.randn(parameter.shape, generator=torch.Generator().manual_seed(7)), alpha=0.05
                    )
        save(model, one)
        (one / "preprocessor_config.json").write_text(json.dumps(_PROCESSOR))
    return folders


def write_finetuned(folder: Path, data: Path, config: str = "all", *, options: Sequence[str] = ()) -> Path:
    """Write the folder of a fine-tuning on all of a data set's configuration; gives the folder."""
    base, tuned = write_models(folder)
    for when, model in (("before", base), ("after", tuned)):
        arguments = ["run", data, "--model", model, "--config", config, "--strategies", "S5", "--no-hd",
                     "--threads", 1, "--masks", "union", "--out", tuned / "evaluation" / when, *options]  # fmt: skip
        done = CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    comparison = compare(tuned / "evaluation" / "before", tuned / "evaluation" / "after")
    (tuned / "comparison.json").write_text(json.dumps(comparison.to_json()))
    index = open_dataset(data).index(config).to_pandas()
    sources = {name: get_source(name) for name in sorted(index["source"].unique())}
    report = {
        "base_model": base.name,
        "base_digest": find_checkpoint(str(base)).digest,
        "family": "SamModel",
        "method": "decoder",
        "dataset": {
            "location": data.name,
            "revision": comparison.a.revision,
            "config": config,
            "sources": {
                name: {key: getattr(one, key) for key in ("title", "licence", "redistributable", "citation")}
                for name, one in sources.items()
            },
            "objects": sorted(index["object"].unique()),
            "modalities": sorted(index["modality"].unique()),
        },
        "groups": {"train": 40, "validation": 10, "test": comparison.groups},
        "masks": {"train": 400, "validation": 100, "test": comparison.masks},
        "held_out": "fold 0",
        "hyperparameters": {
            **{"method": "decoder", "epochs": 20, "batch_size": 2, "learning_rate": 1e-4, "seed": 0, "peft": None},
            **{"prompts": "tight box", "preprocess": "sam"},
        },
        "best": {"epoch": 17, "validation_dice": 0.8125},
        "versions": {"cosmos-datasets": "0.1.0", "torch": torch.__version__.split("+")[0]},
        "command": f"cosmos-eval finetune {data.name} --config {config} --model {base.name} --out tuned",
    }
    (tuned / "finetune.json").write_text(json.dumps(report))
    return tuned
