"""The scores of runs as one data frame: a row a mask and strategy, unmoved prompts only."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation import facts
from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.statistics.measures import columns_of
from cosmos_datasets.evaluation.statistics.seen import seen_by

T = TypeVar("T")

#: Words of which a run has few, read as categories: a million rows take little memory and are grouped quickly.
_WORDS = (
    *("source", "modality", "object", "label", "image_id", "case_id", "group_id"),
    *("split", "strategy", "variant", "nothing_found"),
)
_PICTURES = ("mask_oracle", "mask_predicted")
#: What a mask is, whatever is asked of it.
_NAMES = [
    *("source", "modality", "object", "label", "instance", "rater", "image_id", "case_id", "group_id"),
    *("strategy", "variant", "area", "nothing_found", "pred_area_oracle", "pred_area_predicted"),
]


def read_scores(run: Path, metric: str | None = None, *, moved: bool = False) -> pd.DataFrame:
    """Read the scores of a finished run.

    Args:
        run: folder as ``cosmos-eval run`` leaves it.
        metric: what is going to be asked for: only the columns that it takes are read. All by default.
        moved: also the results of moved prompts, which have a ``variant``.

    Returns:
        A row a mask, strategy and variant: the columns of :data:`cosmos_datasets.evaluation.results.SCHEMA` but the
        pictures of masks, and as categories ``masks_are`` (``union`` or ``instances``), ``target`` (``liver, CT``),
        ``run`` (the folder's name), ``model`` (what its user called it), ``seen`` (``seen``, ``held out`` or
        ``unknown``: whether the model was trained on such masks, see :mod:`.seen`).

    Raises:
        CosmosError: if the run is not finished, is damaged, or is of an earlier version that measured less.
    """
    wanted = [name for name in SCHEMA.names if name not in _PICTURES]
    if metric is not None:
        wanted = [*_NAMES, *(name for name in columns_of(metric) if name not in _NAMES)]
    unmoved = pc.field("variant").is_null() | (pc.field("variant") == "")
    frame, (model, learnt) = read_results(run, wanted, None if moved else unmoved), _model(run)
    frame["masks_are"] = _categories(np.asarray(frame["instance"] > 0, np.int8), ["union", "instances"])
    frame["target"] = _named(frame, ["object", "modality"], lambda object_, modality: f"{object_}, {modality}")
    frame["run"] = _same(run.resolve().name, len(frame))
    frame["model"] = _same(model, len(frame))
    frame["seen"] = _named(frame, ["source", "object", "modality"], seen_by(model, learnt))
    return frame


def read_runs(runs: Sequence[Path], metric: str | None = None) -> pd.DataFrame:
    """Read the scores of several runs, one below the other; see :func:`read_scores`.

    Args:
        runs: their folders. Where two have one name, ``run`` holds as much of their paths as tells them apart.
        metric: see :func:`read_scores`.

    Raises:
        CosmosError: as :func:`read_scores`, or if a run is given twice.
    """
    names = _distinct_names(runs)
    return one_below_the_other({name: read_scores(run, metric) for run, name in zip(runs, names, strict=True)})


def one_below_the_other(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Stack the scores of runs; ``run`` is what each has as its key. The frames are used up, to save memory."""
    for name, frame in frames.items():
        frame["run"] = _same(name, len(frame))
    if len(frames) == 1:
        return next(iter(frames.values()))
    stacked: dict[Any, Any] = {}
    for column in map(str, list(next(iter(frames.values())))):
        parts = [frame.pop(column) for frame in frames.values()]
        if isinstance(parts[0].dtype, pd.CategoricalDtype):
            stacked[column] = union_categoricals(parts)  # concat() would make texts of categories
        else:
            stacked[column] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(stacked)


def read_results(run: Path, columns: Sequence[str], filters: pc.Expression | None = None) -> pd.DataFrame:
    """Some columns of a finished run, words as categories.

    Args:
        run: its folder.
        columns: of :data:`cosmos_datasets.evaluation.results.SCHEMA`.
        filters: which rows; all by default.

    Raises:
        CosmosError: if the run is not finished, is damaged, or is of an earlier version that lacks a column.
    """
    path = run / "results.parquet"
    if not path.is_file():
        raise CosmosError(f"{run} holds no finished run: it has no results.parquet. See: cosmos-eval run --help")
    try:
        if missing := set(columns) - set(pq.read_schema(path).names):
            raise CosmosError(
                f"{path} lacks {', '.join(sorted(missing))}: an earlier version made it. Give the command of its run "
                "again with a new --out."
            )
        words = [name for name in columns if name in _WORDS]
        table = pq.read_table(path, columns=list(columns), read_dictionary=words, filters=filters)
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{path} cannot be read ({error}); give the command of its run again.") from error
    frame: pd.DataFrame = table.to_pandas()
    for name in words:
        as_text: Any = frame[name].cat.categories.astype("str")  # a column of nulls has categories of no type
        frame[name] = frame[name].cat.rename_categories(as_text)
    if "variant" in frame and frame["variant"].isna().any():  # earlier versions wrote none for unmoved prompts
        frame["variant"] = (
            frame["variant"].cat.add_categories(list({""} - {*frame["variant"].cat.categories})).fillna("")
        )
    return frame


def settings_of(run: Path) -> dict[str, Any]:
    """What decided the scores of a run, see :func:`cosmos_datasets.evaluation.facts.settings_of`.

    Raises:
        CosmosError: if the run's own note of it is missing or damaged.
    """
    return noted(run, facts.settings_of)


def _model(run: Path) -> tuple[str, Any]:
    """The model's name, and what it was fine-tuned on, if it was."""
    return noted(run, lambda facts: (str(facts["model"]["name"]), facts["model"].get("learnt")))


def noted(run: Path, part: Callable[[dict[str, Any]], T]) -> T:
    """Read a part of what ``run.json`` says of a run.

    Raises:
        CosmosError: if it is missing or damaged.
    """
    path = run / "run.json"
    try:
        return part(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CosmosError(f"{path} is missing or damaged; give the command of its run again.") from error


def _named(frame: pd.DataFrame, columns: list[str], name: Callable[..., str]) -> Any:
    """What ``name`` makes of each row's values, asked once for each combination that occurs."""
    codes = frame.groupby(columns, observed=True, sort=False).ngroup().to_numpy()
    firsts = frame[columns].drop_duplicates().astype(str).itertuples(index=False, name=None)
    names = [name(*values) for values in firsts]
    words = sorted(set(names))
    return _categories(np.array([words.index(one) for one in names], dtype=np.int64)[codes], words)


def _same(word: str, rows: int) -> Any:
    return _categories(np.zeros(rows, dtype=np.int8), [word])


def _categories(codes: NDArray[np.signedinteger], words: list[str]) -> Any:
    return pd.Categorical.from_codes(codes, pd.Index(words))


def _distinct_names(runs: Sequence[Path]) -> list[str]:
    """The name of each folder, with so many of those above it that no two are alike."""
    parts = [run.resolve().parts for run in runs]
    if len(set(parts)) < len(parts):
        raise CosmosError("a run is given twice; name each run once.")
    names = []
    for one in parts:
        kept = next(n for n in range(1, len(one) + 1) if sum(other[-n:] == one[-n:] for other in parts) == 1)
        names.append("/".join(one[-kept:]))
    return names
