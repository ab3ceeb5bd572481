"""What moved prompts cost: the drop of a score against the same mask's unmoved prompt (the paper's Table 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.compare import UNITS
from cosmos_datasets.evaluation.jitter import Jitter
from cosmos_datasets.evaluation.resampling import interval
from cosmos_datasets.evaluation.statistics.measures import scores
from cosmos_datasets.evaluation.statistics.options import Choice
from cosmos_datasets.evaluation.statistics.scores import read_scores
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

OVERALL = "overall"
_KEY = ["image_id", "label", "instance", "rater", "strategy"]
_NAMES = ["source", "modality", "object", "group_id", "masks_are"]
_WAY = ["masks_are", "strategy", "low", "high", "who", "box"]
_TARGET = list(UNITS["target"])
_SCORES = ["unmoved", "moved"]


def drops(
    run: Path, *, choice: Choice = "oracle", metric: str = "dice", by: str = OVERALL, seed: int = 0
) -> pd.DataFrame:
    """The drop of every strategy and range.

    Args:
        run: folder of a finished run with moved prompts.
        choice: ``oracle`` (the best of the model's masks, the paper's rule) or ``predicted`` (the one it prefers).
        metric: ``dice`` or ``jac``, in 0..1.
        by: :data:`OVERALL`, or what a row is about, see :data:`cosmos_datasets.evaluation.compare.UNITS`.
        seed: of the bootstrap.

    Returns:
        One row a unit, ``masks_are`` (``union`` or ``instances``: never mixed), strategy and way to move: the unit's
        columns (``over`` for :data:`OVERALL`: over targets, each counts once, and over masks), ``strategy``,
        ``pixels`` (``10-20``), ``who``, ``box``, ``repeats``, ``masks``, ``groups`` (subjects), ``unmoved`` and
        ``moved`` (means over masks and repeats), ``drop`` (their difference; more than 0 is worse), ``drop_std`` (its
        population standard deviation over the repeats), ``drop_low`` and ``drop_high`` (95 % interval of the mean
        over repeats, bootstrap over subjects; NaN for a single one).

    Raises:
        CosmosError: if the run is not finished, is damaged, or moved no prompt.
    """
    if by != OVERALL and by not in UNITS:
        raise CosmosError(f"no drop by {by!r}; choose of {', '.join((OVERALL, *UNITS))}")
    pairs = _pairs(run, metric, choice)
    rows: list[dict[str, Any]] = []
    unit = [] if by == OVERALL else list(UNITS[by])
    for key, members in pairs.groupby([*unit, *_WAY], observed=True, sort=True):
        names: dict[str, Any] = dict(zip([*unit, *_WAY], key, strict=True))
        names |= {"pixels": f"{names.pop('low')}-{names.pop('high')}"}
        if by == OVERALL:
            rows += [{"over": over, **names, **_line(members, over, seed)} for over in (OVER_TARGETS, OVER_MASKS)]
        else:
            rows.append({**names, **_line(members, OVER_MASKS, seed)})
    return pd.DataFrame(rows)


def _pairs(run: Path, metric: str, choice: Choice) -> pd.DataFrame:
    """Every moved prompt beside its unmoved one."""
    frame = read_scores(run, metric, moved=True)
    frame = frame[[*_KEY, *_NAMES]].assign(score=scores(frame, metric, choice), variant=frame["variant"].astype(str))
    moved = frame[frame["variant"] != ""].rename(columns={"score": "moved"})
    if moved.empty:
        raise CosmosError(
            f"{run} holds no moved prompts; give the command of its run again with --jitter 0-10,10-20,20-30."
        )
    unmoved = frame.loc[frame["variant"] == "", [*_KEY, "score"]].rename(columns={"score": "unmoved"})
    pairs = moved.merge(unmoved, on=_KEY, validate="many_to_one")
    ways = {variant: Jitter.parse(variant) for variant in pairs["variant"].unique()}
    for name in ("low", "high", "who", "box", "seed"):
        pairs[name] = pairs["variant"].map({variant: getattr(way, name) for variant, way in ways.items()})
    return pairs.assign(drop=pairs["unmoved"] - pairs["moved"])


def _line(members: pd.DataFrame, over: str, seed: int) -> dict[str, Any]:
    apart = _TARGET if over == OVER_TARGETS else []
    # First every repeat by itself, as the study does; then their mean.
    repeats = members.groupby(["seed", *apart], observed=True)[_SCORES].mean().groupby("seed").mean()
    means, drop = repeats.mean(), repeats["unmoved"] - repeats["moved"]
    table = members.groupby(["group_id", *apart], observed=True)["drop"].agg(["sum", "count"])
    wide = table.unstack(apart, fill_value=0) if apart else table
    shape = (len(wide), -1)
    sums, counts = (wide[name].to_numpy(float).reshape(shape) for name in ("sum", "count"))
    low, high = interval(sums, counts, seed=seed) or (float("nan"), float("nan"))
    return {
        "repeats": len(repeats),
        "masks": len(members) // len(repeats),
        "groups": len(wide),
        "unmoved": means["unmoved"],
        "moved": means["moved"],
        "drop": drop.mean(),
        "drop_std": drop.std(ddof=0),
        "drop_low": low,
        "drop_high": high,
    }


def cells(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """For people: a row a unit and strategy, a column a way to move: the drop ± its deviation over the repeats.

    Args:
        table: see :func:`drops`.
        by: what it was made by.
    """
    unit = ["over"] if by == OVERALL else list(UNITS[by])
    lines = []
    for key, members in table.groupby([*unit, "masks_are", "strategy"], sort=False):
        *names, masks_are, strategy = map(str, key)
        name = ", ".join(names) + (" (instances)" if masks_are == "instances" else "")
        first = members.iloc[0]
        line = {by: name, "strategy": strategy, "masks": f"{first['masks']:,}", "unmoved": f"{first['unmoved']:.3f}"}
        lines.append(
            line | {_head(row): f"{row['drop']:.3f} ± {row['drop_std']:.3f}" for _, row in members.iterrows()}
        )
    return pd.DataFrame(lines)


def _head(row: pd.Series[Any]) -> str:
    who = ", all points" if row["who"] == "all" else ""
    box = ", box enlarged" if row["box"] == "enlarged" else ""
    return f"{row['pixels']} px{who}{box}"
