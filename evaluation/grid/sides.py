"""The folders of a study: one run a side, and that all of them are of one model and one data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint
from cosmos_datasets.evaluation.run import Request, check_out


def run_folder(out: Path, side: int) -> Path:
    """The folder of the run of a side: ``OUT/grid-032``."""
    return out / f"grid-{side:03d}"


def of_side(request: Request, side: int) -> Request:
    """The request of the run of a side; ``request.out`` is the folder of the study."""
    return replace(request, strategies=("S1",), grid=side, out=run_folder(request.out, side))


def check(request: Request, sides: Sequence[int]) -> None:
    """Find out quickly, without torch, whether folder, data set, selection and model will do.

    Raises:
        CosmosError: if one of them will not, or the folder holds something else, or sides of other data or of another
            model.
    """
    out = request.out
    there = sorted(out.glob("grid-[0-9][0-9][0-9]/run.json"))
    if (out.exists() and not out.is_dir()) or (out.is_dir() and any(out.glob("[!.]*")) and not there):
        raise CosmosError(f"{out} exists and holds no grids; give --out a new folder.")
    for side in sides:
        check_out(run_folder(out, side))
    first = of_side(request, sides[0])
    first.check()
    if not there:
        return
    _, selection = first.selected
    mine = (selection.data_revision, find_checkpoint(request.model).digest)
    for path in there:
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            theirs, name = (facts["data"]["revision"], facts["model"]["digest"]), facts["model"]["name"]
        except (ValueError, LookupError, TypeError) as error:
            raise CosmosError(f"{path} is damaged; give --out a new folder, or delete {path.parent}.") from error
        if theirs != mine:
            what = "another model" if theirs[0] == mine[0] else "other data"
            raise CosmosError(f"{path.parent} is of {what} ({name}); give --out a new folder, or delete this one.")


def images_left(run: Path, image_ids: Iterable[str]) -> int:
    """Of how many images a run holds no results yet, finished or not; parts that cannot be read count as none."""
    left = set(image_ids)
    for path in sorted((run / "parts").glob("rank*.parquet")):
        try:
            left.difference_update(pc.unique(pq.read_table(path, columns=["image_id"])["image_id"]).to_pylist())
        except (pa.ArrowException, OSError):
            continue
    return len(left)
