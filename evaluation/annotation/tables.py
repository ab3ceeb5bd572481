"""The annotation study as tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cosmos_datasets.evaluation.resampling import interval
from cosmos_datasets.evaluation.statistics.formats import BLANK

#: What ``--by`` groups the masks by.
UNITS: dict[str, tuple[str, ...]] = {
    "target": ("object", "modality"),
    "modality": ("modality",),
    "source": ("source",),
}
_MEANS = [
    *(f"{count}{whose}" for count in ("hce", "points", "regions") for whose in ("", "_blind", "_nothing")),
    *("seconds_prompt", "seconds", "seconds_blind", "seconds_nothing"),
]


def group(measured: pd.DataFrame, by: str = "target") -> pd.DataFrame:
    """Means of each group and strategy, unions and single instances apart.

    Args:
        measured: see :func:`cosmos_datasets.evaluation.annotation.measure.measure`.
        by: a key of :data:`UNITS`.

    Returns:
        One row a group: the unit's columns, ``masks_are`` (``union`` or ``instances``), ``strategy``, ``variant``,
        ``masks``, ``groups`` (subjects); the means over masks of clicks and seconds; ``hce_saved``, nothing minus
        predicted, and its 95 % bootstrap interval over subjects (NaN for a single one); ``hce_saved_share`` and
        ``hce_saved_share_blind``, shares of the effort from nothing, at most 1, below 0 where correcting costs
        more; ``worse``, how many masks cost more than nothing; ``thin``, how many references are
        relaxed down to their skeleton; ``seconds_saved``.
    """
    frame = measured.assign(masks_are=np.where(measured["instance"] > 0, "instances", "union"))
    keys = [*UNITS[by], "masks_are", "strategy", "variant"]
    rows: list[dict[str, Any]] = []
    for key, members in frame.groupby(keys, sort=True):
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        row |= {"masks": len(members), "groups": members["group_id"].nunique()}
        row |= {name: float(members[name].mean()) for name in _MEANS}
        row["hce_saved"] = row["hce_nothing"] - row["hce"]
        row["hce_saved_low"], row["hce_saved_high"] = _interval(members)
        row["hce_saved_share"] = _share(row["hce_saved"], row["hce_nothing"])
        row["hce_saved_share_blind"] = _share(row["hce_nothing"] - row["hce_blind"], row["hce_nothing"])
        row["worse"] = int((members["hce"] > members["hce_nothing"]).sum())
        row["thin"] = int(members["thin"].sum())
        row["seconds_saved"] = row["seconds_nothing"] - row["seconds"]
        rows.append(row)
    ascending = [name != "masks_are" for name in keys]
    return pd.DataFrame(rows).sort_values(keys, ascending=ascending, kind="stable", ignore_index=True)


def _interval(members: pd.DataFrame) -> tuple[float, float]:
    saved = (members["hce_nothing"] - members["hce"]).groupby(members["group_id"]).agg(["sum", "count"])
    found = interval(saved[["sum"]].to_numpy(float), saved[["count"]].to_numpy(float))
    return found or (float("nan"), float("nan"))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def cells(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """The table for people: clicks, then seconds; each predicted, blind and from nothing."""
    lines = []
    for row in table.to_dict("records"):
        line = {name: str(row[name]) for name in UNITS[by]}
        line["strategy"] = " ".join(filter(None, (str(row["strategy"]), str(row["variant"] or ""))))
        if row["masks_are"] == "instances":
            line["strategy"] += " (instances)"
        line |= {"masks": f"{row['masks']:,}", "subjects": f"{row['groups']:,}"}
        line |= {
            "HCE": f"{row['hce']:.1f}",
            "blind": f"{row['hce_blind']:.1f}",
            "nothing": f"{row['hce_nothing']:.1f}",
        }
        line["saved"] = _percent(row["hce_saved_share"])
        line["clicks saved (95 %)"] = f"{row['hce_saved']:.1f}" + _between(row)
        line |= {"worse": f"{row['worse']:,}", "thin": f"{row['thin']:,}"}
        line |= {"s": f"{row['seconds']:.0f}", "s blind": f"{row['seconds_blind']:.0f}"}
        line |= {"s nothing": f"{row['seconds_nothing']:.0f}"}
        lines.append(line)
    return pd.DataFrame(lines)


def _percent(share: float) -> str:
    return BLANK if pd.isna(share) else f"{100 * share:.0f} %"


def _between(row: dict[Any, Any]) -> str:
    low, high = row["hce_saved_low"], row["hce_saved_high"]
    return "" if pd.isna(low) else f" ({low:.1f} to {high:.1f})"
