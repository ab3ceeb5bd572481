"""Tables of the interactive experiment: DICE after each click, the clicks that a DICE takes, and the area."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tabulate import tabulate

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.interactive.figure import curve_columns, draw
from cosmos_datasets.evaluation.interactive.store import RESULTS
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS, records, to_csv

#: DICE in percent for which clicks are counted.
LEVELS = (80, 85, 90)
#: What the user saw first; then the best of the masks that the model gave at the same clicks.
CHOICES = ("predicted", "oracle")
_KEY = ["object", "modality", "masks_are"]
_TEXTS = ["object", "modality", "image_id", "case_id"]
#: Clicks whose DICE the text shows.
_SHOWN = (1, 2, 3, 5, 10, 20)


def clicks_needed(curves: NDArray[np.float64], level: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """NoC: the first click after which DICE is at least ``level`` (it may fall again later).

    Args:
        curves: DICE 0 to 1, ``(masks, N)``.
        level: 0 to 1.

    Returns:
        int64 ``(masks,)``, 1 to N, N also where it is never reached, as the literature counts; and bool ``(masks,)``,
        whether it is never reached.
    """
    reached = curves >= level
    failed = np.asarray(~reached.any(axis=1))
    needed = np.where(failed, curves.shape[1], reached.argmax(axis=1) + 1)
    return needed.astype(np.int64), failed


def area_under(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area under DICE against clicks 1 to N by trapezoids, over N - 1: 0 to 1; for N = 1 the DICE itself."""
    n = curves.shape[1]
    return curves[:, 0] if n == 1 else np.trapezoid(curves, axis=1) / (n - 1)


def summarise(results: Path) -> pd.DataFrame:
    """Means of every target (each mask counts once), then over targets and over masks.

    Args:
        results: ``RUN/clicks.parquet``.

    Returns:
        Two rows a target: ``choice`` is ``predicted`` (the mask that the user saw) or ``oracle`` (the best of the
        model's masks at the same clicks). Columns ``object`` (or the kind of mean), ``modality``, ``masks_are``
        (``union`` or ``instances``: never added up), ``choice``, ``masks``, ``images``, ``cases``, ``noc_80`` …
        (mean clicks), ``failed_80`` … (share of masks, 0 to 1), ``auc``, ``dice_blind``, ``dice_1`` … ``dice_N``.
    """
    columns = [*_TEXTS, "instance", "click", "dice_blind", *(f"dice_{choice}" for choice in CHOICES)]
    try:
        frame = pq.read_table(results, columns=columns, read_dictionary=_TEXTS).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{results} cannot be read ({error}); give the command of its run again.") from error
    frame["masks_are"] = (frame["instance"] > 0).map({True: "instances", False: "union"})
    n = int(frame["click"].max())
    lines = []
    for key, group in frame.groupby(_KEY, observed=True, sort=True):
        of_masks = group[group["click"] == 1]
        head = dict(zip(_KEY, key, strict=True))
        counts = {"masks": len(of_masks), "images": of_masks["image_id"].nunique()}
        counts["cases"] = of_masks["case_id"].nunique()
        for choice in CHOICES:
            # N rows a mask, in order of the clicks.
            curves = group[f"dice_{choice}"].to_numpy(dtype=np.float64).reshape(-1, n)
            blind = of_masks["dice_blind"].mean()
            lines.append({**head, "choice": choice, **counts, **_scores(curves), "dice_blind": blind, **_mean(curves)})
    targets = pd.DataFrame(lines)
    return pd.concat([targets, _means(targets)], ignore_index=True)


def _scores(curves: NDArray[np.float64]) -> dict[str, float]:
    line: dict[str, float] = {}
    for level in LEVELS:
        needed, failed = clicks_needed(curves, level / 100)
        line[f"noc_{level}"], line[f"failed_{level}"] = float(needed.mean()), float(failed.mean())
    return {**line, "auc": float(area_under(curves).mean())}


def _mean(curves: NDArray[np.float64]) -> dict[str, float]:
    return {f"dice_{k}": float(mean) for k, mean in enumerate(curves.mean(axis=0), start=1)}


def _means(targets: pd.DataFrame) -> pd.DataFrame:
    """Over targets (each counts once) and over masks; instances apart from unions."""
    counts = ["masks", "images", "cases"]
    figures = [name for name in map(str, targets.columns) if name not in {*_KEY, "choice", *counts}]
    lines: list[dict[str, Any]] = []
    for masks_are in sorted(targets["masks_are"].unique(), reverse=True):
        for over in (OVER_TARGETS, OVER_MASKS):
            for choice in CHOICES:
                group = targets[(targets["masks_are"] == masks_are) & (targets["choice"] == choice)]
                weights = group["masks"] if over == OVER_MASKS else np.ones(len(group))
                means = {name: float(np.average(group[name], weights=weights)) for name in figures}
                line = {"object": over, "modality": "", "masks_are": masks_are, "choice": choice}
                # Images and cases of several targets are not disjoint: no sum of theirs would be a count.
                lines.append({**line, "masks": int(group["masks"].sum()), "images": pd.NA, "cases": pd.NA, **means})
    return pd.DataFrame(lines)


def name_of(row: dict[str, Any]) -> str:
    """What a row of the summary is about, for people."""
    name = f"{row['object']}, {row['modality']}" if row["modality"] else str(row["object"])
    return f"{name} (instances)" if row["masks_are"] == "instances" else name


def render(summary: pd.DataFrame, style: str = "simple") -> str:
    """The summary as text, failures in brackets; ``style`` is one of tabulate's, ``github`` for Markdown.

    The means are left out where they would only repeat a single target.
    """
    n = len(curve_columns(summary))
    shown = [k for k in sorted({*_SHOWN, n}) if k <= n]
    lines = []
    targets = summary[summary["modality"] != ""].groupby("masks_are").size() // len(CHOICES)
    for row in records(summary):
        if not row["modality"] and targets[row["masks_are"]] == 1:
            continue
        first = row["choice"] == CHOICES[0]
        line = {"target": name_of(row) if first else "", "masks": f"{row['masks']:,}" if first else ""}
        line |= {"DICE after clicks:": row["choice"], **{str(k): f"{row[f'dice_{k}']:.3f}" for k in shown}}
        for level in LEVELS:
            line[f"NoC@{level}"] = f"{row[f'noc_{level}']:.2f} ({row[f'failed_{level}']:.0%})"
        lines.append({**line, "area": f"{row['auc']:.3f}", "blind": f"{row['dice_blind']:.3f}" if first else ""})
    alignment = ["left", "right", "left", *["right"] * (len(lines[0]) - 3)]
    return tabulate(lines, headers="keys", tablefmt=style, disable_numparse=True, colalign=alignment)


def write_summary(run: Path, facts: dict[str, Any]) -> pd.DataFrame:
    """Write ``summary.json``, ``table.csv``, ``table.md`` and ``curves.png`` beside the results of a run.

    Args:
        run: the run's folder, with ``clicks.parquet``.
        facts: what the run was: data, model, settings, versions; goes into ``summary.json``.

    Returns:
        The summary, see :func:`summarise`.
    """
    summary = summarise(run / RESULTS)
    texts = {
        "summary.json": json.dumps({**facts, "targets": records(summary)}, indent=1) + "\n",
        "table.csv": to_csv(summary),
        "table.md": render(summary, "github") + "\n",
    }
    for name, text in texts.items():
        with atomic(run / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    draw(summary, run / "curves.png", facts["model"]["name"])
    return summary
