"""The correction effort of every result of a run, beside that of the blind baseline and from nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from itertools import islice, starmap
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from tqdm import tqdm

from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.encoding import decode_mask
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.annotation.efforts import Crop, TargetEfforts
from cosmos_datasets.evaluation.annotation.reading import (
    IDENTITY,
    Choice,
    Row,
    Work,
    check_kept,
    results_of,
)
from cosmos_datasets.evaluation.annotation.time_model import Seconds
from cosmos_datasets.evaluation.evaluated import evaluated, reader_of
from cosmos_datasets.evaluation.gallery_rows import KEY
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.selection import Chunk, Class


def measure(
    run: Path,
    dataset: str,
    *,
    choice: Choice,
    seconds: Seconds,
    gamma: int,
    epsilon: float,
    workers: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Measure every result of a run that kept its masks.

    Args:
        run: the run's folder.
        dataset: folder or Hub id of the data set that the run was made from.
        choice: the mask of highest DICE, or the one that the model prefers (S1 has none).
        seconds: of the time model.
        gamma: of :func:`~cosmos_datasets.evaluation.annotation.hce.correction_effort`.
        epsilon: of the same.
        workers: processes.
        progress: show a bar on standard error.

    Returns:
        One row a result: its identity; ``hce``, ``hce_blind``, ``hce_nothing`` and their ``points*`` and ``regions*``
        in clicks; ``thin``, whether relaxation leaves but the
        skeleton of the reference; ``seconds_prompt``, and with it ``seconds``, ``seconds_blind``; ``seconds_nothing``.

    Raises:
        CosmosError: the run is not finished, did not keep its masks, is damaged, or was made from other data.
    """
    data, chosen = evaluated(run, dataset)
    results = run / "results.parquet"
    try:
        total = check_kept(results, choice)
        job = partial(_of_chunk, data.location, chosen.mean_areas, choice, seconds, gamma, epsilon)
        rows: list[Row] = []
        work = results_of(chosen.chunks, results, choice)
        with (
            worker_pool(workers) as pool,
            tqdm(total=total, unit="mask", desc="annotation", disable=None if progress else True) as bar,
        ):
            for found in _done(pool, job, work, 4 * workers):
                rows += found
                bar.update(len(found))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise CosmosError(f"{run} is damaged ({error}); give the command of its run again.") from error
    return pd.DataFrame(rows)


def _done(
    pool: Executor | None, job: Callable[[Chunk, list[Row]], list[Row]], work: Iterator[Work], ahead: int
) -> Iterator[list[Row]]:
    """The answers in order, with a few chunks under way: the masks of a whole run would not fit into memory."""
    if pool is None:
        yield from starmap(job, work)
        return
    waiting = deque(pool.submit(job, *one) for one in islice(work, ahead))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(job, *one) for one in islice(work, 1))


def _of_chunk(
    location: str,
    mean_areas: Mapping[Class, float],
    choice: Choice,
    seconds: Seconds,
    gamma: int,
    epsilon: float,
    chunk: Chunk,
    rows: list[Row],
) -> list[Row]:
    targets: dict[tuple[Any, ...], TargetEfforts] = {}
    for sample in reader_of(location).read(chunk):
        targets |= _efforts(sample, mean_areas, gamma, epsilon)
    return [
        _measured(row, targets[tuple(row[name] for name in KEY)], choice, seconds)
        for row in rows
        if row[f"pred_area_{choice}"] is not None
    ]


def _efforts(
    sample: Sample, mean_areas: Mapping[Class, float], gamma: int, epsilon: float
) -> dict[tuple[Any, ...], TargetEfforts]:
    image_id, modality = sample.row["image_id"], sample.row["modality"]
    return {
        (image_id, target.label, target.instance, target.rater): TargetEfforts(
            target,
            sample.height,
            sample.width,
            mean_area=mean_areas[target.object, modality, target.instance > 0],
            gamma=gamma,
            epsilon=epsilon,
        )
        for target in sample.targets
    }


def _measured(row: Row, target: TargetEfforts, choice: Choice, seconds: Seconds) -> Row:
    stored = row[f"mask_{choice}"]
    predicted: Crop | None = None if stored is None else (decode_mask(stored["png"]), tuple(stored["bbox"]))
    efforts = {"": target.of(predicted), "_blind": target.of_blind(row["strategy"], row["prompt"])}
    efforts["_nothing"] = target.nothing
    line: Row = {name: row[name] for name in IDENTITY}
    line["thin"] = target.is_thin
    line["seconds_prompt"] = seconds.of_prompt(row["prompt"])
    for name, effort in efforts.items():
        line |= {f"hce{name}": effort.hce, f"points{name}": effort.points, f"regions{name}": effort.regions}
        prompting = 0.0 if name == "_nothing" else line["seconds_prompt"]
        line[f"seconds{name}"] = prompting + seconds.of_correction(effort)
    return line
