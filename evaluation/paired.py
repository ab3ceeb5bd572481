"""Two runs side by side: the masks that both evaluated, and what the runs were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.statistics.scores import read_results

Choice = Literal["predicted", "oracle"]
Metric = Literal["dice", "jac"]

#: What names a result within a run.
_KEY = ["image_id", "label", "instance", "rater", "strategy", "variant"]
_TEXTS = ["image_id", "label", "strategy", "variant", "source", "modality", "object", "group_id"]
_COLUMNS = [*_TEXTS, "instance", "rater", "area", "dice_blind"]


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        run: the name of its folder.
        model: what its user called the model.
        model_digest: of the model's files.
        dataset: name of the data set.
        revision: of the data.
        settings: what else decides results: protocol, parameters of the strategies, precision, preprocessing.
        only_here: results that the other run has not.
    """

    run: str
    model: str
    model_digest: str
    dataset: str
    revision: str
    settings: dict[str, Any]
    only_here: int = 0


@dataclass(frozen=True)
class Paired:
    """The results that both runs have.

    Attributes:
        a, b: the runs.
        frame: a row a result: ``source``, ``modality``, ``object``, ``label``, ``masks_are`` (``union`` or
            ``instances``), ``strategy``, ``variant``, ``group_id``, ``a`` and ``b`` (the scores), ``blind``.
        unlike: how many masks do not have the same number of reference pixels in both.
    """

    a: Side
    b: Side
    frame: pd.DataFrame
    unlike: int


def pair(run_a: Path, run_b: Path, *, choice: Choice, metric: Metric, strategies: tuple[str, ...] | None) -> Paired:
    """Read two finished runs and match their results by name.

    Args:
        run_a: folder as ``cosmos-eval run`` leaves it.
        run_b: another one.
        choice: the mask that the model prefers, or the best of its masks.
        metric: the score.
        strategies: only these; all by default.

    Raises:
        CosmosError: if a run is not finished or damaged, or the two have nothing in common.
    """
    score = f"{metric}_{choice}"
    a, b = (_results(run, score, strategies) for run in (run_a, run_b))
    in_a, in_b = _matches(a, b)
    if not len(in_a):
        raise CosmosError(
            f"{run_a} and {run_b} have no mask in common: both must be runs on the same data, with at least one "
            "strategy that both have" + (f" of {','.join(strategies)}." if strategies else ".")
        )
    frame = a.iloc[in_a].reset_index(drop=True)
    other = b.iloc[in_b].reset_index(drop=True)
    unlike = int((frame["area"] != other["area"]).sum())
    frame = frame.rename(columns={score: "a", "dice_blind": "blind"}).assign(b=other[score])
    if metric == "jac":
        frame["blind"] /= 2 - frame["blind"]
    frame["masks_are"] = np.where(frame["instance"] > 0, "instances", "union")
    frame = frame[frame["a"].notna() & frame["b"].notna()].reset_index(drop=True)
    if frame.empty:
        raise CosmosError(
            f"{run_a} and {run_b} have no mask of the model's own choice in common (in S1 no mask belongs to a "
            "target); use --choice oracle."
        )
    return Paired(_side(run_a, len(a) - len(in_a)), _side(run_b, len(b) - len(in_b)), frame, unlike)


def _results(run: Path, score: str, strategies: tuple[str, ...] | None) -> pd.DataFrame:
    chosen = pc.field("strategy").isin(strategies) if strategies else None
    return read_results(run, [*_COLUMNS, score], chosen)


def _matches(a: pd.DataFrame, b: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions in ``a`` and ``b`` of the results that both have, in the order of ``a``."""
    keys_a, keys_b = {}, {}
    for name in _KEY:
        if name in _TEXTS:  # the two columns number their words differently
            codes = union_categoricals([a[name], b[name]]).codes
            keys_a[name], keys_b[name] = codes[: len(a)], codes[len(a) :]
        else:
            keys_a[name], keys_b[name] = a[name].to_numpy(), b[name].to_numpy()
    left, right = pd.DataFrame(keys_a), pd.DataFrame(keys_b)
    if left.equals(right):
        everything = np.arange(len(left))
        return everything, everything
    joined = left.assign(at_a=np.arange(len(left))).merge(
        right.assign(at_b=np.arange(len(right))), on=_KEY, validate="one_to_one"
    )
    joined = joined.sort_values("at_a")
    return joined["at_a"].to_numpy(), joined["at_b"].to_numpy()


def _side(run: Path, only_here: int) -> Side:
    path = run / "run.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        inference = {name: facts["inference"][name] for name in ("dtype", "preprocess")}
        settings = {name: value for name, value in facts["settings"].items() if name != "strategies"}
        return Side(
            run=run.resolve().name,
            model=facts["model"]["name"],
            model_digest=facts["model"]["digest"],
            dataset=facts["data"]["dataset"],
            revision=facts["data"]["revision"],
            settings={"protocol": facts["protocol"], **settings, **inference},
            only_here=only_here,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CosmosError(f"{path} is missing or damaged; give the command of its run again.") from error
