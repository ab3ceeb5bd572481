"""What a fine-tuning leaves: a plain checkpoint of transformers, and what is known about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from cosmos_datasets.build.files import atomic
from cosmos_datasets.evaluation.finetune.network import Network
from cosmos_datasets.evaluation.models import quiet
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.models.checkpoint import PROCESSOR_CONFIGS, Checkpoint

ADAPTER = "adapter"


def save_checkpoint(network: Network, base: Checkpoint, out: Path) -> None:
    """Write the model as ``save_pretrained()`` does, for lora merged, and its adapter beside it.

    Args:
        network: with the weights to keep; afterwards it cannot be trained any more.
        base: the untouched model, whose processor settings are kept.
        out: the folder.
    """
    model = network.adapter.model
    if network.peft is not None:
        for config in network.peft.peft_config.values():
            config.base_model_name_or_path = base.name  # not where it lies on this machine
        network.peft.save_pretrained(str(out / ADAPTER), save_embedding_layers=False)
        (out / ADAPTER / "README.md").unlink(missing_ok=True)  # an empty form
        model = network.peft.merge_and_unload()
    with quiet():
        model.save_pretrained(str(out), max_shard_size="100GB")
    _save_processor(base, network.adapter, out)


def _save_processor(base: Checkpoint, adapter: Adapter, out: Path) -> None:
    """Copy the settings of the processor, also under the name that the image processor alone is loaded from."""
    for name in PROCESSOR_CONFIGS:
        if (base.folder / name).is_file():
            shutil.copyfile(base.folder / name, out / name)
    if not (out / "preprocessor_config.json").is_file():
        write_json(out / "preprocessor_config.json", dict(base.processor) or _usual_processor(adapter))


def _usual_processor(adapter: Adapter) -> dict[str, Any]:
    """The settings that the family is evaluated with where its checkpoint has none."""
    side = adapter.image_size
    square = {"height": side, "width": side}
    pads = adapter.image_processor == "SamImageProcessor"
    return {
        "image_processor_type": adapter.image_processor,
        **({"size": {"longest_edge": side}, "pad_size": square} if pads else {"size": square}),
        **{"do_rescale": True, "rescale_factor": adapter.usual.rescale, "do_normalize": True},
        **{"image_mean": adapter.usual.mean, "image_std": adapter.usual.std},
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
