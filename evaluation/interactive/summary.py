"""Tables of the interactive experiment: DICE after each click, the clicks that an IoU takes, and the area."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.interactive import RULES, SCORES, Score
from cosmos_datasets.evaluation.interactive.figure import curve_columns, draw
from cosmos_datasets.evaluation.interactive.store import RESULTS
from cosmos_datasets.evaluation.statistics.formats import Style, records, to_text
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

#: IoU and DICE in percent for which clicks are counted.
LEVELS = (80, 85, 90)
#: What the user saw first; then the best of the masks that the model gave at the same clicks.
CHOICES = ("predicted", "oracle")
_KEY = ["object", "modality", "masks_are"]
_TEXTS = ["object", "modality", "image_id", "case_id"]
#: Clicks whose DICE the text shows.
_SHOWN = (1, 2, 3, 5, 10, 20)


def clicks_needed(curves: NDArray[np.float64], level: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """NoC: the first click after which a score is at least ``level`` (it may fall again later).

    Args:
        curves: IoU or DICE, 0 to 1, ``(masks, N)``.
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
        (``union`` or ``instances``: never added up), ``choice``, ``masks``, ``images``, ``cases``, ``noc_iou_80`` …
        and ``noc_dice_80`` … (mean clicks until that IoU or DICE in percent), ``failed_iou_80`` … (share of masks that
        never reach it, 0 to 1), ``auc``, ``dice_blind``, ``dice_1`` … ``dice_N``; ``rule`` and ``previous_mask``, see
        :class:`~cosmos_datasets.evaluation.interactive.Clicking`.

    Raises:
        CosmosError: the results cannot be read, or an earlier version made them.
    """
    counted = [f"{name}_{choice}" for name in ("dice", "tp", "pred_area") for choice in CHOICES]
    columns = [*_TEXTS, "instance", "area", "click", "rule", "previous_mask", "dice_blind", *counted]
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
            tp = group[f"tp_{choice}"]
            ious = (tp / (group["area"] + group[f"pred_area_{choice}"] - tp)).to_numpy(dtype=np.float64).reshape(-1, n)
            line = {**head, "choice": choice, **counts, **_nocs({"iou": ious, "dice": curves})}
            line |= {"auc": float(area_under(curves).mean()), "dice_blind": of_masks["dice_blind"].mean()}
            lines.append({**line, **_mean(curves)})
    targets = pd.DataFrame(lines)
    protocol = frame.iloc[0][["rule", "previous_mask"]].to_dict()
    return pd.concat([targets, _means(targets)], ignore_index=True).assign(**protocol)


def _nocs(curves: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    line: dict[str, float] = {}
    for score, level in product(SCORES, LEVELS):
        needed, failed = clicks_needed(curves[score], level / 100)
        line[f"noc_{score}_{level}"], line[f"failed_{score}_{level}"] = float(needed.mean()), float(failed.mean())
    return line


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


def protocol_of(summary: pd.DataFrame) -> str:
    """How the clicks were made, for people."""
    rule, previous_mask = summary.iloc[0][["rule", "previous_mask"]]
    return f"clicks by {RULES[rule]}, {'with' if previous_mask else 'without'} the previous mask as input"


def render(summary: pd.DataFrame, noc: Score = "iou", style: Style = "text") -> str:
    """The summary as text, and how its clicks were made.

    The means are left out where they would only repeat a single target.

    Args:
        summary: see :func:`summarise`.
        noc: what NoC counts clicks until; the share of masks that never reach it stands in brackets.
        style: ``text`` or ``markdown``.
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
            name = f"{noc}_{level}"
            line[f"NoC@{level} {SCORES[noc]}"] = f"{row[f'noc_{name}']:.2f} ({row[f'failed_{name}']:.0%})"
        lines.append({**line, "area": f"{row['auc']:.3f}", "blind": f"{row['dice_blind']:.3f}" if first else ""})
    protocol = protocol_of(summary)
    note = (
        f"{protocol[0].upper()}{protocol[1:]}. NoC: clicks until the {SCORES[noc]} is so many percent, "
        f"{n} where it never is; in brackets the share of these masks."
    )
    return to_text(pd.DataFrame(lines), style, [note])


def write_summary(run: Path, facts: dict[str, Any]) -> pd.DataFrame:
    """Write ``summary.json``, ``table.csv``, ``table.md`` and ``curves.png`` beside the results of a run.

    Args:
        run: the run's folder, with ``clicks.parquet``.
        facts: what the run was: data, model, settings, versions; goes into ``summary.json``. Its ``noc`` decides what
            ``table.md`` counts clicks until.

    Returns:
        The summary, see :func:`summarise`.
    """
    summary = summarise(run / RESULTS)
    texts = {
        "summary.json": json.dumps({**facts, "targets": records(summary)}, indent=1) + "\n",
        "table.csv": to_text(summary, "csv"),
        "table.md": render(summary, facts["noc"], "markdown"),
    }
    for name, text in texts.items():
        with atomic(run / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    draw(summary, run / "curves.png", f"{facts['model']['name']}: DICE against\n{protocol_of(summary)}")
    return summary
