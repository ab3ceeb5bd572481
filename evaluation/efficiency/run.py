"""The measurement from beginning to end: which models, what is measured already, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from cosmos_datasets.build.files import atomic
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.efficiency.tables import frame, render
from cosmos_datasets.evaluation.statistics.formats import to_text
from cosmos_datasets.evaluation.efficiency.machine import load_average, machine
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.checkpoint import Checkpoint, find_checkpoint

if TYPE_CHECKING:
    import torch

    from cosmos_datasets.evaluation.run import Request
    from cosmos_datasets.evaluation.sample import Sample

REPORT = "efficiency.json"
#: Seconds of everything mode for which no warning is due.
_SHORT = 60.0

Report = dict[str, Any]


def measure_models(
    request: Request,
    models: Sequence[str],
    *,
    images: int = 5,
    repeats: int = 3,
    progress: bool = True,
    announce: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure models on the same images; ``efficiency.json``, ``.csv`` and ``.md`` are written after each.

    A model that the folder holds measured in the same way is not measured again.

    Args:
        request: data, folder, ``grid`` of everything mode, dtype, device and preprocessing. The threads are set
            already, and its model is not looked at.
        models: Hub ids, folders, or ``tiny``.
        images: on how many images, spread over those chosen.
        repeats: how often on each, after a warm-up.
        progress: show a bar on standard error.
        announce: called with what is going to be done.

    Returns:
        What ``efficiency.json`` holds: ``settings`` (data, images, device, versions, …) and ``models``, each with
        ``rows``: ``quantity``, ``strategy``, ``prompts_at_once``, ``per``, ``unit`` (``s``, ``B`` for bytes, or
        nothing for a count), ``median``, ``q1``, ``q3``, ``measurements``.

    Raises:
        CosmosError: for anything the user can put right.
    """
    from cosmos_datasets.evaluation.efficiency.images import spread_images

    earlier = read_report(request.out)
    checkpoints = {one.digest: one for one in map(find_checkpoint, models)}
    samples = spread_images(request, images)
    # The small model knows which device the name means, and brings along the imports that all models need.
    device = load_model("tiny", request.device).device
    report: Report = {"settings": _settings(request, samples, repeats, device), "models": []}
    held = {} if earlier is None else _held(earlier, report["settings"], request.out)
    for digest, checkpoint in checkpoints.items():
        if digest in held:
            model = held[digest]
            announce(f"{model['name']}: measured {model['measured'][:10]}; delete {request.out} to measure it again")
        else:
            announce(f"{checkpoint.name}: {plural(len(samples), 'image')}, every operation {plural(repeats, 'time')}")
            model = _measure(request, checkpoint, digest, samples, repeats, device, progress, announce)
        held[digest] = model
        report["models"] = list(held.values())
        write_report(request.out, report)
    return report


def _held(earlier: Report, settings: dict[str, Any], out: Path) -> dict[str, Any]:
    """The models that a folder holds, by digest; raises :class:`CosmosError` if they were measured in another way."""
    there, here = earlier["settings"], json.loads(json.dumps(settings))
    if differing := sorted(name for name in {*there, *here} if there.get(name) != here.get(name)):
        raise CosmosError(
            f"{out} holds measurements of another kind ({', '.join(differing)} differ). Give --out a new folder, or "
            "delete this one if its results are no longer needed."
        )
    return {model["digest"]: model for model in earlier["models"]}


def read_report(out: Path) -> Report | None:
    """What a folder holds; None if it is new.

    Raises:
        CosmosError: if the folder holds something else, or is damaged.
    """
    path = out / REPORT
    if not path.is_file():
        if (out.is_dir() and any(out.glob("[!.]*"))) or (out.exists() and not out.is_dir()):
            raise CosmosError(f"{out} exists and holds no {REPORT}; give --out a new folder.")
        return None
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        render(report)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CosmosError(f"{path} is damaged; delete {out} and give the command again.") from error
    return dict(report)


def write_report(out: Path, report: Report) -> None:
    """Write the report and its two tables, each whole or not at all."""
    texts = {
        REPORT: json.dumps(report, indent=1) + "\n",
        "efficiency.csv": to_text(frame(report), "csv"),
        "efficiency.md": render(report, "markdown"),
    }
    for name, text in texts.items():
        with atomic(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _settings(request: Request, samples: Sequence[Sample], repeats: int, device: torch.device) -> dict[str, Any]:
    """What figures depend on beside the model."""
    from cosmos_datasets.evaluation.efficiency.memory import Memory
    from cosmos_datasets.evaluation.scoring import PROMPTS_AT_ONCE

    _, selection = request.selected
    return {
        "data": {"dataset": Path(request.dataset).name, "revision": selection.data_revision},
        "images": [
            {"image_id": one.row["image_id"], "height": one.height, "width": one.width, "masks": len(one.targets)}
            for one in samples
        ],
        "repeats": repeats,
        "grid": request.grid,
        "prompts_at_once": PROMPTS_AT_ONCE,
        "dtype": request.dtype,
        "preprocess": request.preprocess,
        "memory": Memory(device).how,
        **machine(device),
    }


def _measure(
    request: Request,
    checkpoint: Checkpoint,
    digest: str,
    samples: Sequence[Sample],
    repeats: int,
    device: torch.device,
    progress: bool,
    announce: Callable[[str], None],
) -> dict[str, Any]:
    from cosmos_datasets.evaluation.efficiency.memory import Memory
    from cosmos_datasets.evaluation.efficiency.operations import STEPS, WARM_GRID, Stopwatch, time_grid
    from cosmos_datasets.evaluation.efficiency.timing import Spread, measure

    def load() -> Any:
        # From its folder: whether the Hub has a newer one is not part of loading.
        return load_model(str(checkpoint.folder), str(device), request.dtype, request.preprocess)

    before = load_average()
    loading = measure(load, device, repeats=repeats)
    memory = Memory(device)
    with memory.stage("loading"):
        adapter = load()
    one_batch = time_grid(adapter, samples[:1], WARM_GRID).everything[0]
    foreseen = one_batch * (request.grid / WARM_GRID) ** 2 * len(samples) * repeats
    if foreseen > _SHORT:
        announce(f"Everything mode will take some {foreseen / 60:.0f} min; less with a smaller --grid or --images.")
    with tqdm(total=STEPS * len(samples), unit="step", desc="measure", disable=None if progress else True) as bar:
        watch = Stopwatch(adapter, request.grid, repeats, memory, bar.update)
        for sample in samples:
            watch.time(sample)
    counts = {"parameters": ("", sum(one.numel() for one in adapter.model.parameters()))}
    counts |= {f"memory: {name}": ("B", peak) for name, peak in memory.stages.items()}
    plain = {"strategy": "", "prompts_at_once": 0, "per": "model"}
    return {
        "name": checkpoint.name,
        "digest": digest,
        "family": type(adapter).__name__,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average": [before, load_average()],
        "rows": [
            {"quantity": "loading", **plain, "unit": "s", **asdict(Spread.of(loading))},
            *watch.rows(),
            *(
                {"quantity": name, **plain, "unit": unit, **asdict(Spread.of([n]))}
                for name, (unit, n) in counts.items()
            ),
        ],
    }
