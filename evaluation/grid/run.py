"""The study from beginning to end: a run for each side, their seconds, and the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cosmos_datasets.build.files import atomic
from cosmos_datasets.evaluation.efficiency.operations import WARM_GRID
from cosmos_datasets.evaluation.grid.plan import Step, describe
from cosmos_datasets.evaluation.grid.seconds import foreseen, measured
from cosmos_datasets.evaluation.grid.sides import images_left, of_side, run_folder
from cosmos_datasets.evaluation.grid.tables import grid_table, render
from cosmos_datasets.evaluation.run import Request, evaluate
from cosmos_datasets.evaluation.statistics.formats import records, to_text

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.processes import Process

FILES = ("grid.csv", "grid.json", "grid.md", "grid.png", "grid.pdf")


def plan(request: Request, sides: Sequence[int], process: Process, timed: int) -> str:
    """What the study is going to take, from one image; see :func:`cosmos_datasets.evaluation.grid.plan.describe`."""
    _, selection = request.selected
    image_ids = selection.table["image_id"].unique().tolist()
    steps = [
        Step(side, images_left(run_folder(request.out, side), image_ids), min(timed, len(image_ids))) for side in sides
    ]
    if not any(step.images for step in steps):
        return "All sides are evaluated."
    side = min(*sides, WARM_GRID)
    encoding, point = foreseen(request, process.device, side)
    return describe(steps, encoding, point, measured=side, processes=process.ranks)


def study(
    request: Request,
    sides: Sequence[int],
    process: Process,
    *,
    timed: int = 3,
    seed: int = 0,
    progress: bool = True,
    announce: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame | None:
    """Evaluate everything mode with every side; the first process then times them and writes the tables.

    Every side is a run of its own in ``OUT/grid-NNN``, and goes on where it stopped. Each of them encodes every image
    again: next to a fine grid that costs little, and a run stays what any other run is.

    Args:
        request: data, model and settings; ``out`` is the folder of the study.
        sides: points a side, ascending.
        process: this process among its ranks.
        timed: images on which everything mode is timed.
        seed: of the bootstrap.
        progress: show bars on standard error.
        announce: called by the first process with what is going to be done.

    Returns:
        In the first process the table, see :func:`cosmos_datasets.evaluation.grid.tables.grid_table`.

    Raises:
        CosmosError: for anything the user can put right.
    """
    first = process.rank == 0
    for side in sides:
        evaluate(of_side(request, side), process, progress=progress, announce=_about(side, announce))
    if not first:
        return None
    seconds = measured([of_side(request, side) for side in sides], process.device, timed, announce)
    folders = {side: run_folder(request.out, side) for side in sides}
    table = grid_table(folders, dict(zip(sides, seconds, strict=True)), seed)
    _write(request.out, table, _facts(folders, seconds))
    return table


def _about(side: int, announce: Callable[[str], None]) -> Callable[[str], None]:
    return lambda text: announce(f"{side} x {side} points: {text}")


def _facts(folders: dict[int, Path], seconds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the runs have in common, how they were timed, and where they are."""
    first = next(iter(folders.values()))
    facts = json.loads((first / "run.json").read_text(encoding="utf-8"))
    del facts["settings"]["grid"]
    runs = {
        str(side): {"run": folder.name, "load_average": one["load_average"]}
        for (side, folder), one in zip(folders.items(), seconds, strict=True)
    }
    return {**facts, "timed": seconds[0]["settings"], "sides": runs}


def _write(out: Path, table: pd.DataFrame, facts: dict[str, Any]) -> None:
    from cosmos_datasets.evaluation.grid.figure import draw

    texts = {
        "grid.csv": to_text(table, "csv"),
        "grid.json": json.dumps({**facts, "rows": records(table)}, indent=1) + "\n",
        "grid.md": render(table, "markdown"),
    }
    for name, text in texts.items():
        with atomic(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for name in ("grid.png", "grid.pdf"):
        draw(table, out / name, facts["model"]["name"])
