"""What a mean is over: masks, images, cases, volumes or subjects."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.statistics.measures import blind, check_held, defined, of_counts, scores
from cosmos_datasets.evaluation.statistics.options import CHOICES, METRICS, OF_COUNTS, PER, Choice, Per

#: What names the unit in the results.
_ID = {"mask": "image_id", "image": "image_id", "case": "case_id", "volume": "case_id", "subject": "group_id"}
_APART = ["run", "model", "source", "modality", "object", "target", "masks_are", "strategy"]
_VALUES = ["oracle", "predicted", "blind", "defined"]


def per_unit(
    frame: pd.DataFrame,
    per: Per = "mask",
    metric: str = "dice",
    choice: Choice = "oracle",
    apart: Sequence[str] = (),
) -> pd.DataFrame:
    """Scores of units.

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        per: ``mask``; ``image``, ``case`` or ``subject``: the mean over the unit's masks of a target; ``volume``: the
            3D score of a label in a case, from counts of pixels that are summed over the evaluated slices. A slice
            without a reference mask was not evaluated, so what is predicted there does not count; each slice brings
            the mask that was chosen for it. Each rater and each instance is a volume of its own.
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
        choice: what ``value`` is of.
        apart: ``label`` and ``rater``: masks that differ in them are not averaged either.

    Returns:
        One row a unit and strategy: ``run``, ``model``, ``source``, ``modality``, ``object``, ``target``, ``label``
        (null for several), ``masks_are``, ``strategy``, ``group_id``, what is kept ``apart``, ``unit`` (id of the
        image, case or subject), ``value``, ``defined`` (of the same without what counts in place of an undefined
        distance, see :mod:`.measures`), ``blind`` (NaN for a volume and for metrics without one), ``oracle``,
        ``predicted``, ``masks``.

    Raises:
        CosmosError: for an unknown unit or metric, one that a run does not hold, or one without a 3D form.
    """
    if per not in PER:
        raise CosmosError(f"no unit {per!r}; choose of {', '.join(PER)}")
    check_held(frame, metric)
    if per == "volume":
        units = _volumes(frame, metric)
        units["defined"] = units[choice]
    else:
        values = {str(one): scores(frame, metric, one) for one in CHOICES}
        values |= {"blind": blind(frame, metric), "defined": defined(frame, metric, choice)}
        masks = frame[list(dict.fromkeys([*_APART, "label", "group_id", *apart]))].assign(
            unit=frame[_ID[per]], **values
        )
        units = masks.assign(masks=1) if per == "mask" else _means(masks, apart)
    return units.assign(value=units[choice])


def _means(masks: pd.DataFrame, apart: Sequence[str]) -> pd.DataFrame:
    keys = [*_APART, *apart, "group_id", "unit"]
    groups = masks.assign(code=masks["label"].cat.codes).groupby(keys, observed=True, sort=False)
    units = groups[_VALUES].mean().assign(masks=groups.size())
    if "label" not in apart:
        codes = groups["code"].agg(["min", "max"])
        single = codes["min"].where(codes["min"] == codes["max"], -1)
        units["label"] = pd.Categorical.from_codes(single.to_numpy(), masks["label"].cat.categories)
    return units.reset_index()


def _volumes(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    if metric not in OF_COUNTS:
        raise CosmosError(
            f"{METRICS[metric]} of a volume does not follow from its slices; --per volume has {', '.join(OF_COUNTS)}."
        )
    keys = [*_APART, "label", "instance", "rater", "group_id", "case_id"]
    counts = ["area", *(f"{count}_{choice}" for count in ("tp", "pred_area") for choice in CHOICES)]
    groups = frame.groupby(keys, observed=True, sort=False)
    # What no slice has (S1 has no choice of its own) has no sum either.
    total = groups[counts].sum(min_count=1)
    for choice in CHOICES:
        total[choice] = of_counts(total, metric, choice)
    units = total[list(CHOICES)].assign(blind=float("nan"), masks=groups.size())
    return units.reset_index().rename(columns={"case_id": "unit"})
