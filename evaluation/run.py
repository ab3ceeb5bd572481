"""A run from beginning to end: what it depends on, its folder, the work of this process, and the tables."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets import __version__
from cosmos_datasets.build.spool import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import evaluate_share
from cosmos_datasets.evaluation.prompts import PROTOCOL_VERSION
from cosmos_datasets.evaluation.results import merge, stored_chunks
from cosmos_datasets.evaluation.selection import CHUNK_ROWS, Masks, Selection, select
from cosmos_datasets.load.access import CosmosDataset, open_dataset

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.models.adapter import Adapter
    from cosmos_datasets.evaluation.processes import Process
    from cosmos_datasets.evaluation.scoring import Settings


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        dataset: folder or Hub id of a built data set.
        model: folder or Hub id of a model.
        out: the run's folder.
        config, split, modality, object, masks, limit: which masks, see
            :func:`cosmos_datasets.evaluation.selection.select`.
        strategies, grid, convention, distances: see :class:`cosmos_datasets.evaluation.scoring.Settings`.
        dtype, device, preprocess: see :func:`cosmos_datasets.evaluation.models.load_model`.
        batch_size: images encoded together.
        threads: CPU threads of each process.
        save_masks: keep every predicted mask.
    """

    dataset: str
    model: str
    out: Path
    config: str = "all"
    split: str | None = None
    modality: str | None = None
    object: str | None = None
    masks: Masks = "all"
    limit: int | None = None
    strategies: tuple[str, ...] = ("S1", "S2", "S3", "S4", "S5", "S6")
    grid: int = 32
    convention: str = "standard"
    distances: bool = True
    dtype: str = "float32"
    device: str = "auto"
    preprocess: str = "sam"
    batch_size: int = 1
    threads: int = 2
    save_masks: bool = False

    def select(self) -> tuple[CosmosDataset, Selection]:
        """Open the data set and choose the masks."""
        data = open_dataset(self.dataset)
        selection = select(
            data,
            config=self.config,
            split=self.split,
            modality=self.modality,
            object_=self.object,
            masks=self.masks,
            limit=self.limit,
        )
        return data, selection


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        images, masks: of the whole selection.
        evaluated: images that this process evaluated now; the others were there already or are other ranks'.
        seconds: of evaluating, model loading left out.
    """

    images: int
    masks: int
    evaluated: int
    seconds: float


def evaluate(request: Request, process: Process, *, progress: bool = True) -> Outcome:
    """Evaluate this process's share; the first rank then merges the parts and writes the tables.

    Raises:
        CosmosError: for anything the user can put right.
    """
    from cosmos_datasets.evaluation.models import load_model
    from cosmos_datasets.evaluation.scoring import Settings

    data, selection = request.select()
    settings = Settings(request.strategies, request.grid, _convention(request.convention), request.distances)
    adapter = load_model(request.model, process.device, request.dtype, request.preprocess)
    facts = _facts(request, selection, adapter, settings)
    run_key = _run_key(facts)
    stored_chunks(request.out / "parts", run_key)
    if process.rank == 0:
        with atomic(request.out / "run.json") as temporary:
            temporary.write_text(json.dumps(facts, indent=1) + "\n")
    began = time.monotonic()
    evaluated = evaluate_share(
        data,
        selection,
        adapter,
        settings,
        request.out,
        run_key=run_key,
        rank=process.rank,
        ranks=process.ranks,
        batch_size=request.batch_size,
        keep_all_masks=request.save_masks,
        wait=process.wait,
        progress=progress and process.rank == 0,
    )
    seconds = time.monotonic() - began
    process.wait()
    if process.rank == 0:
        from cosmos_datasets.evaluation.summary import write_summary

        merge(request.out, run_key, selection.chunks, request.strategies)
        write_summary(request.out, facts)
    return Outcome(selection.images, len(selection.table), evaluated, seconds)


def _convention(name: str) -> Any:
    from cosmos_datasets.evaluation.metrics import check_convention

    check_convention(name)
    return name


def _facts(request: Request, selection: Selection, adapter: Adapter, settings: Settings) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL_VERSION,
        "data": {
            "dataset": Path(request.dataset).name,
            "revision": selection.data_revision,
            **{name: getattr(request, name) for name in ("config", "split", "modality", "object", "masks", "limit")},
            "images": selection.images,
            "masks_selected": len(selection.table),
        },
        "model": {"name": adapter.name, "digest": adapter.digest, "family": type(adapter).__name__},
        "settings": asdict(settings),
        "inference": {
            "dtype": request.dtype,
            "device": adapter.device.type,
            "preprocess": request.preprocess,
            "batch_size": request.batch_size,
            "chunk_rows": CHUNK_ROWS,
            "threads": request.threads if adapter.device.type == "cpu" else None,
        },
        "versions": {
            "cosmos-datasets": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "transformers", "accelerate", "datasets")},
        },
    }


def _run_key(facts: dict[str, Any]) -> str:
    """What results depend on. Strategies and the choice of masks are keys of single rows and chunks instead."""
    settings = {name: value for name, value in facts["settings"].items() if name != "strategies"}
    decisive = [
        facts["protocol"],
        facts["data"]["revision"],
        facts["model"]["digest"],
        settings,
        facts["inference"],
    ]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def check_out(out: Path) -> None:
    """Refuse a folder that holds something else; raises :class:`CosmosError`."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "run.json").is_file())):
        raise CosmosError(f"{out} exists and is not the folder of a run; give --out a new folder.")
