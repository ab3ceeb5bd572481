"""Models by one name: a local folder or a Hub id becomes an adapter that encodes images and decodes prompts."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cosmos_datasets.evaluation.models.checkpoint import Checkpoint, ModelError, find_checkpoint, read_learnt

if TYPE_CHECKING:
    import torch

    from cosmos_datasets.evaluation.models.adapter import Adapter

__all__ = ["DTYPES", "FAMILIES", "PROFILES", "ModelError", "load_model", "quiet"]

DTYPES = ("float32", "bfloat16", "float16")
#: Preprocessing profile -> what it does.
PROFILES = {
    "sam": "as the model's own code does",
    "medsam": "scaled to 0-1, for MedSAM's weights",
    "percentile": "after the clip of the paper's released code",
    "transformers": "SAM 2 and EdgeTAM: resized in 8 bits as transformers does, not in floating point",
}

# model_type in config.json -> family. The published checkpoints of SAM 2, EdgeTAM and SAM 3 are video models, the last
# one a detector besides; their promptable image part is used.
FAMILIES = {
    "sam": "sam",
    "sam_hq": "sam_hq",
    "sam2": "sam2",
    "sam2_video": "sam2",
    "edgetam": "edgetam",
    "edgetam_video": "edgetam",
    "sam3_tracker": "sam3",
    "sam3_tracker_video": "sam3",
    "sam3_video": "sam3",
}


def load_model(model: str, device: str = "auto", dtype: str = "float32", preprocess: str = "sam") -> Adapter:
    """Load a model for the experiments.

    Args:
        model: ``tiny`` for the packaged cosmos-sam-tiny, a local folder as written by ``save_pretrained()``, or a Hub
            id; weights as safetensors.
        device: ``auto`` (an accelerator if there is one, else the CPU), or a torch device such as ``cuda:1``.
        dtype: type of the weights and of the arithmetic, one of `DTYPES`.
        preprocess: ``sam`` (the family's own), ``medsam`` (what MedSAM's weights expect; family ``sam`` only),
            ``percentile`` (the percentile clip of the released code of the paper, then the family's own) or
            ``transformers`` (resized in 8 bits, for a family whose own code resizes in floating point).

    Raises:
        ModelError: the model cannot be found or loaded, is of another family or lacks weights or a package; there is
            no such device, dtype or profile, or the profile does not go with the family.
    """
    _one_of("dtype", dtype, DTYPES)
    _one_of("preprocessing profile", preprocess, tuple(PROFILES))
    checkpoint = find_checkpoint(model)
    family = _family(checkpoint)
    if preprocess == "medsam" and family != "sam":
        raise ModelError(f"The profile medsam is for SAM fine-tunes; {checkpoint.name} is of the family {family}.")

    if family == "edgetam":
        _check_timm(checkpoint)

    import torch

    from cosmos_datasets.evaluation.models.preprocess import Normalisation

    adapter = _adapter(family)
    if preprocess == "transformers" and adapter.rounds:
        raise ModelError(
            f"The profile transformers is for SAM 2 and EdgeTAM; {checkpoint.name} is of the family {family}, resized "
            "in 8 bits anyway."
        )
    try:
        normalisation = Normalisation.from_processor(checkpoint.processor, adapter.usual)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{checkpoint.folder}: the settings of the image processor are broken: {error}.") from error
    target = _device(device)
    return adapter(
        _load(_architecture(adapter.architecture), checkpoint),
        name=checkpoint.name,
        digest=checkpoint.digest,
        device=target,
        dtype=getattr(torch, dtype),
        normalisation=normalisation,
        preprocess=preprocess,
        learnt=read_learnt(checkpoint.folder),
    )


def _one_of(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ModelError(f"There is no {what} {value}: choose {', '.join(choices)}.")


def _family(checkpoint: Checkpoint) -> str:
    model_type = checkpoint.config.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise ModelError(
            f"{checkpoint.name} is a model of type {model_type}. Supported types: {', '.join(FAMILIES)} "
            "(SAM and its fine-tunes such as MedSAM, SAM-HQ, SAM 2, EdgeTAM, and SAM 3 with its tracker)."
        )
    return FAMILIES[model_type]


def _adapter(family: str) -> type[Adapter]:
    from cosmos_datasets.evaluation.models.edgetam import EdgeTamAdapter
    from cosmos_datasets.evaluation.models.sam import SamAdapter
    from cosmos_datasets.evaluation.models.sam2 import Sam2Adapter
    from cosmos_datasets.evaluation.models.sam3 import Sam3Adapter
    from cosmos_datasets.evaluation.models.sam_hq import SamHQAdapter

    adapters: dict[str, type[Adapter]] = {
        "sam": SamAdapter,
        "sam_hq": SamHQAdapter,
        "sam2": Sam2Adapter,
        "edgetam": EdgeTamAdapter,
        "sam3": Sam3Adapter,
    }
    return adapters[family]


def _check_timm(checkpoint: Checkpoint) -> None:
    """EdgeTAM's encoder comes from the package timm, which is no dependency: it needs torchvision."""
    vision = checkpoint.config.get("vision_config")
    backbone = vision.get("backbone_config") if isinstance(vision, dict) else None
    if isinstance(backbone, dict) and backbone.get("model_type", "timm_wrapper") != "timm_wrapper":
        return
    try:
        importlib.import_module("timm")
    except (ImportError, RuntimeError) as error:  # the latter from a torchvision that was built for another torch
        raise ModelError(
            f"The image encoder of {checkpoint.name} is of the package timm, which cannot be imported ({error}). Give "
            "`pip install timm`: it brings torchvision, which must be of the release and build (CPU, CUDA) of torch."
        ) from error


def _device(name: str) -> torch.device:
    import torch

    if name == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"The device {name} cannot be used: {reason}. Try cpu or auto.") from error
    return device


def _architecture(name: str) -> Any:
    import transformers

    try:
        return getattr(transformers, name)
    except ImportError as error:
        raise ModelError(
            f"transformers cannot provide {name} ({error.__cause__ or error}). If that names torchvision: it is of "
            "another release or build than torch. Install the one that fits, or remove it: only EdgeTAM needs it."
        ) from error


def _load(architecture: Any, checkpoint: Checkpoint) -> Any:
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        with quiet():
            model, report = architecture.from_pretrained(
                checkpoint.folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
    except SafetensorError as error:
        raise ModelError(f"{checkpoint.folder}: a weight file is broken ({error}). Download it again.") from error
    except (AttributeError, KeyError, OSError, RuntimeError, StrictDataclassError, TypeError, ValueError) as error:
        raise ModelError(f"{checkpoint.folder}: the model cannot be built: {error}") from error
    # transformers fills what is missing with random numbers; a table made from those would look like a result.
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"{checkpoint.name} lacks {len(missing)} of {len(model.state_dict())} tensors "
            f"({', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}): it is only a part of a model."
        )
    if broken := [name for name, one in model.named_parameters() if not torch.isfinite(one).all()]:
        raise ModelError(
            f"{checkpoint.name}: {len(broken)} of its tensors, the first {broken[0]}, hold values that are no numbers "
            "(NaN or infinite). Download the model again."
        )
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and its table of missing weights off the terminal: `_load` reports those."""
    from transformers.utils import logging as messages

    logger = logging.getLogger("transformers")
    level = logger.level
    bars = messages.is_progress_bar_enabled()
    logger.setLevel(logging.CRITICAL)
    messages.disable_progress_bar()
    try:
        yield
    finally:
        logger.setLevel(level)
        if bars:
            messages.enable_progress_bar()
