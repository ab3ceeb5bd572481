"""A run from beginning to end: what it depends on, its folder, the work of this process, and the tables."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import evaluate_share
from cosmos_datasets.evaluation.facts import FACTS, facts_of, refuse_other_run, run_key, write_facts
from cosmos_datasets.evaluation.jitter import BoxRule, Who, variants, with_variants
from cosmos_datasets.evaluation.parts import Wanted, missing, stored_chunks
from cosmos_datasets.evaluation.prompts import PROMPTED, PROTOCOL_VERSION
from cosmos_datasets.evaluation.results import merge
from cosmos_datasets.evaluation.selection import Chunk, Masks, Selection, select, shards_of
from cosmos_datasets.evaluation.subset import class_name, described
from cosmos_datasets.load.access import CosmosDataset, open_dataset

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.processes import Process


#: What chooses the masks of a run.
_CHOICE = ("config", "split", "modality", "object", "masks", "limit", "fold", "subset", "subset_seed")


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        dataset: folder or Hub id of a built data set.
        model: folder or Hub id of a model.
        out: the run's folder.
        config, split, modality, object, masks, limit, fold, subset, subset_seed: which masks, see
            :func:`cosmos_datasets.evaluation.selection.select`.
        strategies, grid, iou_threshold, stability_threshold, nms_threshold, convention, distances, tolerance,
            tolerance_mm: see :class:`cosmos_datasets.evaluation.scoring.Settings`.
        jitter: ranges of pixels by which prompts are moved, beside the unmoved ones.
        repeats: how often each of them, with other draws.
        who, box: which points move, and how a box; see :mod:`cosmos_datasets.evaluation.jitter`.
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
    fold: int | None = None
    subset: int | None = None
    subset_seed: int = 0
    strategies: tuple[str, ...] = ("S1", "S2", "S3", "S4", "S5", "S6")
    grid: int = 32
    iou_threshold: float | None = None
    stability_threshold: float = 0.95
    nms_threshold: float = 0.7
    convention: str = "standard"
    distances: bool = True
    tolerance: float = 2.0
    tolerance_mm: float = 2.0
    jitter: tuple[tuple[int, int], ...] = ()
    repeats: int = 3
    who: Who = "centre"
    box: BoxRule = "moved"
    dtype: str = "float32"
    device: str = "auto"
    preprocess: str = "sam"
    batch_size: int = 1
    threads: int = 2
    save_masks: bool = False

    @property
    def variants(self) -> tuple[str, ...]:
        """The moved prompts, as results name them; raises :class:`CosmosError`."""
        return variants(self.jitter, self.repeats, self.who, self.box)

    @cached_property
    def selected(self) -> tuple[CosmosDataset, Selection]:
        """The data set, opened, and the chosen masks; raises :class:`CosmosError`."""
        data = open_dataset(self.dataset)
        selection = select(
            data,
            config=self.config,
            split=self.split,
            modality=self.modality,
            object_=self.object,
            masks=self.masks,
            limit=self.limit,
            fold=self.fold,
            subset=self.subset,
            subset_seed=self.subset_seed,
        )
        return data, selection

    def data_facts(self, selection: Selection) -> dict[str, Any]:
        """What ``run.json`` says of the data: which they are, what was asked for, and what that gave."""
        return {
            "dataset": Path(self.dataset).name,
            "revision": selection.data_revision,
            **{name: getattr(self, name) for name in _CHOICE},
            "images": selection.images,
            "masks_selected": len(selection.table),
            "subset_short": {class_name(one): count for one, count in selection.short.items()},
        }

    def check(self) -> None:
        """Find out quickly, without torch, whether ``out``, data set, selection and model will do.

        Raises:
            CosmosError: if one of them will not.
        """
        from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint

        check_out(self.out)
        if self.variants and not set(self.strategies).intersection(PROMPTED):
            raise CosmosError(f"{','.join(self.strategies)} has no prompt to move; --jitter needs one of S2 to S6.")
        if not all(0 <= tolerance < math.inf for tolerance in (self.tolerance, self.tolerance_mm)):
            raise CosmosError("--tolerance and --tolerance-mm are distances of 0 or more.")
        thresholds = (self.iou_threshold or 0, self.stability_threshold, self.nms_threshold)
        if not all(0 <= threshold <= 1 for threshold in thresholds):
            raise CosmosError("--iou-threshold, --stability-threshold and --nms-threshold are between 0 and 1.")
        data, _ = self.selected
        for shard in shards_of(data, self.config, self.split):
            path = Path(data.root) / shard.path
            if path.parent.is_dir() and (not path.is_file() or path.stat().st_size != shard.bytes):
                raise CosmosError(
                    f"{shard.path} in {data.location} is missing or not whole; run cosmos-datasets verify."
                )
        find_checkpoint(self.model)


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        evaluated: images that this process evaluated now; the others were there already or are other ranks'.
        seconds: of evaluating, model loading left out.
    """

    evaluated: int
    seconds: float


def evaluate(
    request: Request, process: Process, *, progress: bool = True, announce: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Evaluate this process's share; the first rank then merges the parts and writes the tables.

    Args:
        request: what the user asked for.
        process: this process among its ranks.
        progress: show a bar on standard error.
        announce: called once by the first rank, with a text that says what is going to be done.

    Raises:
        CosmosError: for anything the user can put right.
    """
    from cosmos_datasets.evaluation.metrics import check_convention
    from cosmos_datasets.evaluation.models import load_model
    from cosmos_datasets.evaluation.scoring import Settings

    data, selection = request.selected
    names = with_variants(request.strategies, request.variants)
    check_convention(request.convention)
    adapter = load_model(request.model, process.device, request.dtype, request.preprocess)
    asked = {one.name: getattr(request, one.name) for one in fields(Settings)} | {"strategies": names}
    if request.iou_threshold is None:
        asked["iou_threshold"] = adapter.iou_threshold
    settings = Settings(**asked)
    parameters = {**asdict(settings), "strategies": request.strategies}
    facts = facts_of(request, selection, adapter, protocol=PROTOCOL_VERSION, settings=parameters)
    if request.variants:
        facts["variants"] = request.variants
    refuse_other_run(request.out, facts)
    key = run_key(facts)
    pictures = frozenset(selection.table["image_id"]) if request.save_masks else selection.gallery
    wanted = Wanted(selection.chunks, names, pictures)
    left = missing(stored_chunks(request.out / "parts", key), wanted)
    first = process.rank == 0
    if first:
        announce(_plan(facts, process, left))
        write_facts(request.out, facts)
    began = time.monotonic()
    evaluated = evaluate_share(
        data,
        wanted,
        adapter,
        settings,
        request.out,
        run_key=key,
        mean_areas=selection.mean_areas,
        rank=process.rank,
        ranks=process.ranks,
        batch_size=request.batch_size,
        wait=process.wait,
        progress=progress and first,
    )
    seconds = time.monotonic() - began
    process.wait()
    if first:
        from cosmos_datasets.evaluation.summary import write_summary

        merge(request.out, key, wanted)
        write_summary(request.out, facts)
    return Outcome(evaluated, seconds)


def _plan(facts: dict[str, Any], process: Process, left: Sequence[tuple[Chunk, tuple[str, ...]]]) -> str:
    """What is going to be done, and what would do it faster."""
    images, to_do = facts["data"]["images"], sum(len(chunk.rows) for chunk, _ in left)
    processes = f"{process.ranks} processes" if process.ranks > 1 else "1 process"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    useful = cores // (facts["inference"]["threads"] or cores)
    hint = f"\n--processes {useful} would use all {cores} cores." if process.ranks == 1 and useful > 1 else ""
    done = f", {images - to_do:,} of them done already" if to_do < images else ""
    model, inference = facts["model"]["name"], facts["inference"]
    moved = f" and {plural(len(facts['variants']), 'time')} with moved prompts" if "variants" in facts else ""
    strategies, masks = ",".join(facts["settings"]["strategies"]), facts["data"]["masks_selected"]
    return (
        f"{model} on {inference['device']} ({inference['dtype']}, {processes}): "
        f"{strategies} for {plural(masks, 'mask')} of {plural(images, 'image')}{moved}{done}"
        f"{described(facts['data'])}{hint}"
    )


def check_out(out: Path) -> None:
    """Refuse a folder that holds something else; raises :class:`CosmosError`."""
    foreign = out.is_dir() and not (out / FACTS).is_file() and any(out.glob("[!.]*"))
    if foreign or (out.exists() and not out.is_dir()):
        raise CosmosError(f"{out} exists and is not the folder of a run; give --out a new folder.")
