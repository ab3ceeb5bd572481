"""Find a model: a local folder or a Hub id becomes a checked folder of config.json and safetensors weights.

Nothing here imports torch, so a mistyped model is reported within seconds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_datasets.errors import CosmosError

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
# The former holds the settings of the image processor under "image_processor", the latter at its top level.
PROCESSOR_CONFIGS = ("processor_config.json", "preprocessor_config.json")
#: Beside the weights of a model that ``cosmos-eval finetune`` made: how, and what it learnt from.
FINETUNED = "finetune.json"
WANTED = (CONFIG, WEIGHTS, INDEX, "model-*-of-*.safetensors", *PROCESSOR_CONFIGS, FINETUNED)
#: Names of the models that come with the package -> their folder in it, and their full name.
PACKAGED = {"tiny": ("cosmos_sam_tiny", "cosmos-sam-tiny")}
PICKLED = (".bin", ".ckpt", ".pkl", ".pt", ".pth")

# Without a network the Hub client retries for most of a minute; one short question decides first.
PROBE_SECONDS = 5.0

_HUB_ID = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)?", re.ASCII)
_BLOCK = 1 << 20
#: Of a model: layers of one part, and any other number in its configuration.
_MOST_LAYERS, _LARGEST = 1_000, 1_000_000
_SHARD = re.compile(r"[\w-][\w.-]*\.safetensors", re.ASCII)


class ModelError(CosmosError):
    """A model cannot be found, is of a kind that is not supported, or is incomplete."""


@dataclass(frozen=True)
class Checkpoint:
    """A model's files.

    Attributes:
        name: what the user called the model: the Hub id, or the folder's name; of a packaged model its full name.
        folder: where the files lie.
        config: the contents of ``config.json``.
        processor: the settings of the image processor; empty where the folder has none.
        weights: the safetensors files, sorted by name.
    """

    name: str
    folder: Path
    config: Mapping[str, Any]
    processor: Mapping[str, Any]
    weights: tuple[Path, ...]

    @property
    def digest(self) -> str:
        """SHA-256 in hex over ``config.json``, the settings of the image processor and the weight files."""
        settings = [self.folder / name for name in PROCESSOR_CONFIGS]
        files = [self.folder / CONFIG, *(path for path in settings if path.is_file()), *self.weights]
        total = hashlib.sha256()
        for path in files:
            total.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    total.update(block)
        return total.hexdigest()


def read_learnt(folder: Path) -> dict[str, Any] | None:
    """What a fine-tuned model learnt from; ``None`` for a folder that ``cosmos-eval finetune`` did not make.

    Returns:
        ``base_model``, and of the masks that it was trained on ``sources``, ``objects``, ``modalities`` and how many
        ``subjects``.

    Raises:
        ModelError: if what the fine-tuning left is damaged.
    """
    path = folder / FINETUNED
    if not path.is_file():
        return None
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        data = report["dataset"]
        return {
            "base_model": str(report["base_model"]),
            **{name: sorted(data[name]) for name in ("sources", "objects", "modalities")},
            "subjects": int(report["groups"]["train"]),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged; give the command of the fine-tuning again.") from error


def find_checkpoint(model: str) -> Checkpoint:
    """Find the files of a model and check that none is missing.

    Args:
        model: ``tiny`` for the model that comes with the package (a folder of that name is ``./tiny``), a local
            folder, or a Hub id such as ``facebook/sam-vit-base``, which is downloaded into the Hub's cache.

    Raises:
        ModelError: there is no such model, the Hub cannot be reached and the cache does not hold it, or the folder
            lacks ``config.json`` or safetensors weights.
    """
    if model in PACKAGED:
        folder, name = PACKAGED[model]
        return read_checkpoint(Path(__file__).parents[1] / folder, name)
    path = Path(model).expanduser()
    if path.is_dir():
        return read_checkpoint(path, path.resolve().name)
    if path.exists():
        raise ModelError(f"{model} is a file. Name the folder that holds {CONFIG} and {WEIGHTS}.")
    if not _HUB_ID.fullmatch(model):
        raise ModelError(f"There is no folder {model}, and the name is not a Hub id (owner/name).")
    return read_checkpoint(_download(model), model)


def read_checkpoint(folder: Path, name: str) -> Checkpoint:
    """Read and check the folder of a model.

    Raises:
        ModelError: ``config.json`` or weights are missing or cannot be read.
    """
    if not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder} has no {CONFIG}. A model is a folder as written by save_pretrained(): {CONFIG} and {WEIGHTS}."
        )
    config = _read_json(folder / CONFIG)
    if announced := next(_impossible(config), None):
        raise ModelError(f"{folder / CONFIG}: {announced} is no size of such a model. Download the model again.")
    return Checkpoint(name, folder, config, _processor(folder), _weights(folder))


def _impossible(config: Any) -> Iterator[str]:
    """Sizes in a configuration that would fill the memory before a weight is read."""
    if isinstance(config, dict):
        for name, value in config.items():
            if isinstance(value, int) and value > (_MOST_LAYERS if "layers" in name else _LARGEST):
                yield f"{name} = {value}"
            yield from _impossible(value)
    elif isinstance(config, list):
        for value in config:
            yield from _impossible(value)


def _weights(folder: Path) -> tuple[Path, ...]:
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if (folder / INDEX).is_file():
        shards = _read_json(folder / INDEX).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelError(f"{folder / INDEX} lists no weight files. Download the model again.")
        names = sorted({str(name) for name in shards.values()})
        if other := [name for name in names if not _SHARD.fullmatch(name)]:
            raise ModelError(
                f"{folder / INDEX} names {other[0]!r}; weights are *.safetensors in the same folder, nothing else is "
                "opened. Download the model again."
            )
        paths = tuple(folder / name for name in names)
        if missing := [path.name for path in paths if not path.is_file()]:
            raise ModelError(f"{folder} lacks {', '.join(missing)}, named in {INDEX}. Download the model again.")
        return paths
    raise ModelError(_no_weights(str(folder), [path.name for path in folder.iterdir()]))


def _no_weights(where: str, names: list[str]) -> str:
    if pickled := sorted(name for name in names if name.endswith(PICKLED)):
        return (
            f"{where} has its weights only as {', '.join(pickled)}: a pickle, which can run code when it is opened. "
            "Load it with transformers where you trust it and write it anew with save_pretrained(FOLDER)."
        )
    return f"{where} has no weights: neither {WEIGHTS} nor {INDEX}."


def _processor(folder: Path) -> Mapping[str, Any]:
    for name in PROCESSOR_CONFIGS:
        if (folder / name).is_file():
            settings = _read_json(folder / name)
            nested = settings.get("image_processor", settings)
            if isinstance(nested, dict):
                return nested
    return {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Download the model again.") from error
    if not isinstance(contents, dict):
        raise ModelError(f"{path} is not a JSON object. Download the model again.")
    return contents


def _download(model: str) -> Path:
    """The folder in the Hub's cache that holds the newest files of ``model``; the cached ones without a network."""
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from huggingface_hub.utils import httpx  # the client that this version of huggingface_hub uses

    if constants.HF_HUB_OFFLINE:
        return _cached(model, "HF_HUB_OFFLINE is set")
    try:
        info = HfApi().model_info(model, timeout=PROBE_SECONDS)
    except HFValidationError as error:
        raise ModelError(f"There is no folder {model}, and the name is not a Hub id (owner/name).") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status >= 500 or status == 429:
            return _cached(model, f"the Hub answered {status}")
        raise ModelError(
            f"There is no folder {model}, and the Hub does not give out a model of that name (it answered {status}). "
            "Check the spelling; for a gated or private model accept its terms and log in with `hf auth login`."
        ) from error
    except (httpx.HTTPError, OSError) as error:
        return _cached(model, f"the Hub cannot be reached ({type(error).__name__})")

    names = [file.rfilename for file in info.siblings or []]
    if not {WEIGHTS, INDEX} & set(names):
        raise ModelError(_no_weights(f"{model} on the Hub", names))
    try:
        return Path(snapshot_download(model, allow_patterns=list(WANTED)))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise ModelError(f"{model} could not be downloaded: {error}. Try again.") from error


def _cached(model: str, reason: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=list(WANTED), local_files_only=True))
    except HFValidationError as error:
        raise ModelError(f"There is no folder {model}, and the name is not a Hub id (owner/name).") from error
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"There is no folder {model}, {reason}, and the Hub's cache does not hold the model. "
            f"Download it where there is a network with `hf download {model}`, or name a local folder."
        ) from error
