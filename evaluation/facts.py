"""What a run was: written beside its results, and what of it decides whether further results belong to them."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets import __version__
from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.selection import CHUNK_ROWS, Selection

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.models.adapter import Adapter
    from cosmos_datasets.evaluation.run import Request

#: The file in the run's folder.
FACTS = "run.json"
_LIBRARIES = ("torch", "transformers", "accelerate", "datasets", "scipy")

Facts = dict[str, Any]


def facts_of(
    request: Request, selection: Selection, adapter: Adapter, *, protocol: str, settings: dict[str, Any]
) -> Facts:
    """The data, the model, the settings of the experiment, how it is computed and with which versions.

    Args:
        request: what the user asked for.
        selection: the masks.
        adapter: the model.
        protocol: version of the rules by which results are made.
        settings: the parameters of these rules.
    """
    return {
        "protocol": protocol,
        "data": request.data_facts(selection),
        "model": {
            "name": adapter.name,
            "digest": adapter.digest,
            "family": type(adapter).__name__,
            **({"learnt": dict(adapter.learnt)} if adapter.learnt else {}),
        },
        "settings": settings,
        "inference": {
            "dtype": request.dtype,
            "device": adapter.device.type,
            "preprocess": request.preprocess,
            "resizing": adapter.resizing,
            "batch_size": request.batch_size,
            "chunk_rows": CHUNK_ROWS,
            "threads": request.threads if adapter.device.type == "cpu" else None,
        },
        "versions": {
            "cosmos-datasets": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }


def settings_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What decided the scores of a run beside model and data, see :class:`.scoring.Settings`; ``images`` in words."""
    return {**facts["settings"], "images": preparation(facts["inference"])}


def preparation(inference: Mapping[str, Any]) -> str:
    """How images were prepared, in words."""
    resizing = inference.get("resizing")  # earlier versions noted none
    return f"preprocessing {inference['preprocess']}" + (f", resized in {resizing}" if resizing else "")


def write_facts(out: Path, facts: Facts) -> None:
    """Write ``run.json``."""
    with atomic(out / FACTS) as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def run_key(facts: Facts) -> str:
    """Names what results depend on: parts of another key are never mixed in."""
    return hashlib.sha256(json.dumps(_decisive(facts), sort_keys=True).encode()).hexdigest()


def _decisive(facts: Facts) -> dict[str, Any]:
    """What results depend on. Strategies, variants and the choice of masks are keys of rows and chunks."""
    return {
        "protocol": facts["protocol"],
        "data": facts["data"]["revision"],
        "model": facts["model"]["digest"],
        **{name: value for name, value in facts["settings"].items() if name != "strategies"},
        **facts["inference"],
    }


def refuse_other_run(out: Path, facts: Facts) -> None:
    """Results that something else decided are not mixed in; raises :class:`CosmosError` that says what differs."""
    path = out / FACTS
    if not path.is_file():
        return
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        old, new = _decisive(earlier), _decisive(facts)
        names = {
            "data": [
                f"{one['data']['dataset']} of revision {one['data']['revision'][:8]}" for one in (earlier, facts)
            ],
            "model": [f"{one['model']['name']} ({one['model']['digest'][:8]})" for one in (earlier, facts)],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CosmosError(f"{path} is damaged; give --out a new folder, or delete {out}.") from error
    differing = [name for name in new if old.get(name) != new[name]]
    if differing:
        pairs = [(name, *names.get(name, (old.get(name), new[name]))) for name in differing]
        changes = "; ".join(f"{name} {there} there, {here} here" for name, there, here in pairs)
        raise CosmosError(
            f"{out} holds results of another run ({changes}). Give --out a new folder, or delete this one if its "
            "results are no longer needed."
        )
