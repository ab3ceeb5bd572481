"""Tables of scores: means with their intervals over subjects, beside what ignores the image."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cosmos_datasets.evaluation.results import NOTHING
from cosmos_datasets.evaluation.statistics.bounds import bounds
from cosmos_datasets.evaluation.statistics.options import Choice, Per, columns_of
from cosmos_datasets.evaluation.statistics.units import per_unit
from cosmos_datasets.evaluation.summary import OVER_TARGETS

_RUN, _KIND = ["model", "run"], ["masks_are", "strategy"]
_VALUES = ["value", "defined", "blind", "gain", "gap"]
#: What has an interval.
_BOUNDED = ["value", "gain"]
_COUNTED = {"images": "image_id", "cases": "case_id", "subjects": "group_id", "sources": "source", "raters": "rater"}
_FIGURES = [
    *("masks", *_COUNTED, "units", "mean", "low", "high", "median", "std", "mean_defined", "undefined", "blind"),
    *("gain", "gain_low", "gain_high", "gap", "empty", *(f"nothing_{reason}" for reason in NOTHING), "seen"),
]


def table(
    frame: pd.DataFrame,
    by: Sequence[str],
    per: Per = "mask",
    metric: str = "dice",
    choice: Choice = "oracle",
    seed: int = 0,
) -> pd.DataFrame:
    """One row a model, run, group, ``masks_are`` and strategy; runs in the order of the frame.

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        by: keys of :data:`~cosmos_datasets.evaluation.statistics.options.UNITS`; none for one row of everything.
        per: what the means are over, see :func:`~cosmos_datasets.evaluation.statistics.units.per_unit`.
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
        choice: ``oracle`` (the best of the model's masks, the paper's rule) or ``predicted`` (the one it prefers).
        seed: of the bootstrap.

    Returns:
        ``model``, ``run``, the columns of ``by``, ``masks_are`` (``union`` or ``instances``: never mixed),
        ``strategy``; ``masks``, ``images``, ``cases``, ``subjects``, ``sources``, ``raters``; ``units`` (of ``per``)
        with their ``mean``, ``median``, ``std`` (population), and ``low`` and ``high``, the 95 % bootstrap interval of
        the mean, whole subjects redrawn (NaN for a single one); in all of these a distance to an empty prediction
        counts as the image's diagonal; ``mean_defined`` leaves out what is ``undefined``, so many units;
        ``blind``; ``gain`` (mean minus blind) with ``gain_low`` and
        ``gain_high``; ``gap`` (mean of the oracle minus mean of the model's own choice; NaN for S1); ``empty`` (share
        of the masks whose prediction has no pixel); ``nothing_*`` (for how many masks S1 found nothing, by the reasons
        of :data:`cosmos_datasets.evaluation.results.NOTHING`; NA for other strategies); ``seen`` (``seen``,
        ``held out``, ``unknown``, or several of them joined by `` + ``).

    Raises:
        CosmosError: for an unknown or missing metric, unit or grouping.
    """
    apart = [*_RUN, *columns_of(by), *_KIND]
    units = _units(frame, by, per, metric, choice)
    ends, _ = bounds(units, apart, _BOUNDED, seed=seed)
    return _rows(frame, apart, _counts(frame, apart, choice), units, ends)


def overall(
    frame: pd.DataFrame, per: Per = "mask", metric: str = "dice", choice: Choice = "oracle", seed: int = 0
) -> pd.DataFrame:
    """The two means of each model, run, ``masks_are`` and strategy: over targets, and over masks (or ``per``).

    Returns:
        As :func:`table`, with ``over`` (``mean over targets``, each counts once; ``mean over masks``) and
        ``targets`` in place of the columns of ``by``. In the mean over targets the figures of a target are its means,
        and ``median`` and ``std`` are of these.
    """
    apart = [*_RUN, *_KIND]
    units = _units(frame, (), per, metric, choice)
    of_targets = units.groupby([*apart, "target"], observed=True)[_VALUES].mean().reset_index()
    ends = bounds(units, apart, _BOUNDED, within=["target"], seed=seed)
    counts = _counts(frame, apart, choice)
    means = {OVER_TARGETS: (of_targets, ends[0]), f"mean over {per}s": (units, ends[1])}
    targets = frame.groupby(apart, observed=True)["target"].nunique().rename("targets").reset_index()
    rows = pd.concat(
        _rows(frame, apart, counts, units, low_and_high, measured).assign(over=over).merge(targets, on=apart)
        for over, (measured, low_and_high) in means.items()
    )
    order = [*_RUN, "over", "targets", *_KIND]
    rows = rows[[*order, *(name for name in rows if name not in order)]]
    # Stable, so that the means stay in the order above, and runs and strategies in theirs.
    return rows.sort_values("masks_are", ascending=False, kind="stable", ignore_index=True)


def full_table(
    frame: pd.DataFrame,
    by: Sequence[str],
    per: Per = "mask",
    metric: str = "dice",
    choice: Choice = "oracle",
    seed: int = 0,
) -> pd.DataFrame:
    """A table and below it the means of everything; see :func:`table` and :func:`overall`.

    Returns:
        The columns of :func:`table` behind ``over``, which is empty for its rows.
    """
    means = overall(frame, per, metric, choice, seed).drop(columns="targets")
    if not columns_of(by):
        return means[["over", *(name for name in means if name != "over")]]
    rows = table(frame, by, per, metric, choice, seed)
    if "rater" in rows:
        rows["rater"] = rows["rater"].astype("Int64")  # which stays whole beside the means, which have none
    return pd.concat([rows.assign(over=""), means], ignore_index=True)[["over", *rows]]


def _units(frame: pd.DataFrame, by: Sequence[str], per: Per, metric: str, choice: Choice) -> pd.DataFrame:
    apart = [column for column in columns_of(by) if column in {"label", "rater"}]
    units = per_unit(frame, per, metric, choice, apart)
    return units.assign(gain=units["value"] - units["blind"], gap=units["oracle"] - units["predicted"])


def _rows(
    frame: pd.DataFrame,
    apart: list[str],
    counts: pd.DataFrame,
    units: pd.DataFrame,
    ends: pd.DataFrame,
    measured: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The rows of a table; ``measured`` is what the means are over where it is not the units."""
    groups = (units if measured is None else measured).groupby(apart, observed=True)
    of_units = units.groupby(apart, observed=True)["defined"].agg(["size", "count"])
    found = counts.assign(units=of_units["size"], undefined=of_units["size"] - of_units["count"])
    value = groups["value"]
    found = found.assign(mean=value.mean(), median=value.median(), std=value.std(ddof=0))
    found = found.join(groups[["blind", "gain", "gap"]].mean()).assign(mean_defined=groups["defined"].mean())
    found = found.join(ends.rename(columns={"value_low": "low", "value_high": "high"}))
    return in_order(found.reset_index(), frame, apart)[[*apart, *_FIGURES]]


def in_order(rows: pd.DataFrame, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Rows by their names, these as text: groups by the alphabet, unions first, runs as they are in the frame."""
    place = {run: n for n, run in enumerate(frame["run"].cat.categories)}
    last = ["masks_are", *(name for name in ("run", "strategy") if name in names)]
    order = [*(name for name in names if name not in {*last, "model"}), *last]
    return rows.astype({name: str for name in names if name != "rater"}).sort_values(
        order,
        ascending=[name != "masks_are" for name in order],
        key=lambda column: column.map(place) if column.name == "run" else column,
        ignore_index=True,
    )


def _counts(frame: pd.DataFrame, apart: list[str], choice: Choice) -> pd.DataFrame:
    """What a group is of: how many masks, images, subjects, and whether the model has seen them."""
    groups = frame.groupby(apart, observed=True)
    counts = pd.DataFrame({"masks": groups.size()})
    for name, column in _COUNTED.items():
        kept = frame[list(dict.fromkeys([*apart, column]))].drop_duplicates()
        counts[name] = kept.groupby(apart, observed=True).size()
    area = frame[f"pred_area_{choice}"]
    empty = (area == 0).astype(float).where(area.notna())
    counts["empty"] = frame[apart].assign(empty=empty).groupby(apart, observed=True)["empty"].mean()
    everything = groups["strategy"].first() == "S1"
    for reason in NOTHING:
        found = (
            frame[apart].assign(found=frame["nothing_found"] == reason).groupby(apart, observed=True)["found"].sum()
        )
        counts[f"nothing_{reason}"] = found.astype("Int64").where(everything)
    seen = frame[[*apart, "seen"]].drop_duplicates().groupby(apart, observed=True)["seen"]
    counts["seen"] = seen.agg(lambda words: " + ".join(sorted(words)))
    return counts
