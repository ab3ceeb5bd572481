"""A fine-tuning from beginning to end: divide, prepare, train, export, evaluate before and after, compare."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.division import PARTS, Division, divide
from cosmos_datasets.evaluation.finetune.recipe import Recipe
from cosmos_datasets.evaluation.models.checkpoint import FINETUNED, find_checkpoint
from cosmos_datasets.evaluation.selection import Masks

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.compare import Comparison
    from cosmos_datasets.evaluation.finetune.network import Network
    from cosmos_datasets.evaluation.finetune.state import Position
    from cosmos_datasets.evaluation.processes import Process
    from cosmos_datasets.evaluation.run import Request
    from cosmos_datasets.load.access import CosmosDataset

_SETTINGS = "settings.json"


@dataclass(frozen=True)
class FinetuneRequest:
    """What the user asked for.

    Attributes:
        dataset, model: as for ``cosmos-eval run``.
        out: folder of the result.
        config, objects, modality, masks: which masks; objects separated by commas.
        test_fold, train_cases: see :func:`cosmos_datasets.evaluation.finetune.division.divide`.
        recipe: hyperparameters.
        strategies: of the evaluation.
        device, preprocess, threads: as for ``cosmos-eval run``.
        embeddings: folder for prepared images and embeddings that is kept; by default one in ``out``, removed at last.
        embeddings_dtype: ``float16`` or ``float32``.
        save_every: steps between two states.
        command: what was typed, for the report.
    """

    dataset: str
    model: str
    out: Path
    config: str = "all"
    objects: str | None = None
    modality: str | None = None
    masks: Masks = "all"
    test_fold: int = 0
    train_cases: int | None = None
    recipe: Recipe = field(default_factory=Recipe)
    strategies: tuple[str, ...] = ("S5",)
    device: str = "auto"
    preprocess: str = "sam"
    threads: int = 2
    embeddings: Path | None = None
    embeddings_dtype: str = "float16"
    save_every: int = 100
    command: str = ""

    @property
    def training(self) -> Path:
        """Folder of states and logs."""
        return self.out / "training"

    def evaluation(self, when: str, **query: Any) -> Request:
        """The evaluation ``before`` or ``after``, of all masks unless the query says of which."""
        from cosmos_datasets.evaluation.run import Request

        return Request(
            self.dataset,
            self.model if when == "before" else str(self.out),
            self.out / "evaluation" / when,
            config=self.config,
            modality=self.modality,
            object=self.objects,
            masks=self.masks,
            strategies=self.strategies,
            device=self.device,
            preprocess=self.preprocess,
            threads=self.threads,
            **query,
        )

    @cached_property
    def divided(self) -> tuple[CosmosDataset, Division]:
        """The data set, opened, and its division; raises :class:`CosmosError`."""
        data, selection = self.evaluation("before").selected
        division = divide(selection, test_fold=self.test_fold, train_cases=self.train_cases, seed=self.recipe.seed)
        return data, division

    def check(self) -> None:
        """Find out quickly, without torch, whether folder, data set, subjects and model will do.

        Raises:
            CosmosError: if one of them will not.
        """
        foreign = self.out.is_dir() and not (self.training / _SETTINGS).is_file() and any(self.out.glob("[!.]*"))
        if foreign or (self.out.exists() and not self.out.is_dir()):
            raise CosmosError(f"{self.out} exists and is not the folder of a fine-tuning; give --out a new folder.")
        _, division = self.divided
        find_checkpoint(self.model)
        self.evaluation("before", **division.test_query).check()


def finetune(
    request: FinetuneRequest,
    process: Process,
    *,
    progress: bool = True,
    announce: Callable[[str], None] = lambda _: None,
) -> Comparison | None:
    """Do what is left of a fine-tuning.

    Args:
        request: what the user asked for.
        process: this process among its ranks.
        progress: show bars on standard error.
        announce: called by the first rank with texts that say what is being done.

    Returns:
        The comparison, in the first process.

    Raises:
        CosmosError: for anything the user can put right.
    """
    from cosmos_datasets.evaluation.run import evaluate

    first = process.rank == 0
    say = announce if first else (lambda _: None)
    _, division = request.divided
    if not _is_trained(request):
        _train(request, process, progress, say)
    else:
        _keep_settings(request, division, find_checkpoint(request.model).digest, first)
    process.wait()
    for when in ("before", "after"):
        evaluate(request.evaluation(when, **division.test_query), process, progress=progress, announce=say)
    return _compare(request) if first else None


def _is_trained(request: FinetuneRequest) -> bool:
    """Whether the checkpoint is there, after as many epochs as asked for."""
    path = request.out / FINETUNED
    if not path.is_file():
        return False
    try:
        return bool(json.loads(path.read_text())["hyperparameters"]["epochs"] == request.recipe.epochs)
    except (ValueError, KeyError, TypeError) as error:
        raise CosmosError(f"{path} is damaged; delete it, and it is written anew.") from error


def _train(request: FinetuneRequest, process: Process, progress: bool, say: Callable[[str], None]) -> None:
    import torch

    from cosmos_datasets.evaluation.finetune.examples import Store
    from cosmos_datasets.evaluation.finetune.network import Network
    from cosmos_datasets.evaluation.finetune.report import plan, trained
    from cosmos_datasets.evaluation.finetune.training import Training
    from cosmos_datasets.evaluation.models import load_model

    data, division = request.divided
    recipe, first = request.recipe, process.rank == 0
    adapter = load_model(request.model, process.device, "float32", request.preprocess)
    _keep_settings(request, division, adapter.digest, first)
    say(plan(request, division, adapter, process))
    stored = request.embeddings or request.training / "embeddings"
    frozen = adapter if recipe.method == "decoder" else None
    store = Store(stored, division.selection.data_revision, frozen, getattr(torch, request.embeddings_dtype))
    train, validation = division.part("train"), division.part("validation")
    for part in (train, validation):
        store.prepare(
            data, part, rank=process.rank, ranks=process.ranks, wait=process.wait, progress=progress and first
        )
    network = Network(adapter, recipe)
    position = Training(
        network,
        recipe,
        store.entries(train),
        store.entries(validation),
        store.read,
        request.training,
        process,
        save_every=request.save_every,
        progress=progress,
    ).run()
    process.wait()
    if first:
        _export(request, division, network, position)
        say(trained(position, request))
        if request.embeddings is None:
            shutil.rmtree(stored, ignore_errors=True)


def _export(request: FinetuneRequest, division: Division, network: Network, position: Position) -> None:
    from cosmos_datasets.evaluation.finetune.export import save_checkpoint, write_json
    from cosmos_datasets.evaluation.finetune.report import report
    from cosmos_datasets.evaluation.finetune.state import BEST, load_weights

    base = find_checkpoint(request.model)
    # Of an earlier checkpoint, after fewer epochs.
    (request.out / FINETUNED).unlink(missing_ok=True)
    shutil.rmtree(request.out / "evaluation" / "after", ignore_errors=True)
    network.load(load_weights(request.training / BEST))
    facts = report(request, division, network, position, base)  # before lora is merged
    save_checkpoint(network, base, request.out)
    write_json(request.out / FINETUNED, facts)  # the last: it says that the rest is there


def _compare(request: FinetuneRequest) -> Comparison:
    from cosmos_datasets.evaluation.compare import compare
    from cosmos_datasets.evaluation.finetune.export import write_json

    folders = [request.out / "evaluation" / when for when in ("before", "after")]
    comparison = compare(*folders, choice="predicted", seed=request.recipe.seed)
    write_json(request.out / "comparison.json", comparison.to_json())
    return comparison


def _keep_settings(request: FinetuneRequest, division: Division, digest: str, first: bool) -> None:
    """Note what the training depends on, and refuse to go on with anything else; raises :class:`CosmosError`."""
    chosen = {name: getattr(request, name) for name in ("test_fold", "train_cases", "preprocess", "embeddings_dtype")}
    masks = {name: _digest(division.part(name).chunks) for name in PARTS}
    settings = {**asdict(request.recipe), **chosen, "model": digest, **masks}
    del settings["epochs"]  # more of them go on from where fewer ended
    path = request.training / _SETTINGS
    if not path.is_file():
        if first:
            from cosmos_datasets.evaluation.finetune.export import write_json

            write_json(path, settings)
        return
    try:
        earlier = json.loads(path.read_text())
        differing = [name for name, value in settings.items() if earlier.get(name) != value]
    except (ValueError, AttributeError) as error:
        raise CosmosError(f"{path} is damaged; give --out a new folder, or delete {request.out}.") from error
    if differing:
        what = ", ".join("masks for " + name if name in PARTS else name.replace("_", " ") for name in differing)
        raise CosmosError(
            f"{request.out} holds another fine-tuning (it differs in: {what}). Give --out a new folder, or delete "
            "this one if it is no longer needed."
        )


def _digest(chunks: Any) -> str:
    return hashlib.sha256("\n".join(f"{chunk.name} {chunk.digest}" for chunk in chunks).encode()).hexdigest()
