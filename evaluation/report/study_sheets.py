"""Tables of the other experiments: simulated clicks, grids of everything mode, and what a model costs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.efficiency.tables import frame as cost_rows
from cosmos_datasets.evaluation.interactive.figure import curve_columns
from cosmos_datasets.evaluation.interactive.store import RESULTS
from cosmos_datasets.evaluation.interactive.summary import LEVELS, protocol_of, summarise
from cosmos_datasets.evaluation.report.folders import Folder
from cosmos_datasets.evaluation.report.run_sheets import named, telling
from cosmos_datasets.evaluation.report.sheet import Column, Sheet
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

_WHO = (Column("model", "model"), Column("run", "run"))
#: Numbers of clicks whose DICE is shown.
_SHOWN = (1, 2, 3, 5, 10, 20)
#: Unit of a measurement -> the unit of the table, and how many of the first make one of it.
_UNITS = {"s": ("s", 1.0), "B": ("MB", 1e6), "1": ("million", 1e6)}


def click_sheet(folders: Sequence[Folder]) -> Sheet:
    """DICE against the number of clicks."""
    summaries = {one: summarise(one.path / RESULTS) for one in folders}
    parts = [named(one, summary.assign(protocol=protocol_of(summary))) for one, summary in summaries.items()]
    rows = pd.concat(parts, ignore_index=True)
    protocols = rows["protocol"].unique()
    means = rows["object"].isin([OVER_TARGETS, OVER_MASKS])
    several = (
        rows[~means].groupby("masks_are")["object"].nunique().max() > 1 or rows.loc[~means, "modality"].nunique() > 1
    )
    if not several:
        rows = rows[~means].reset_index(drop=True)
    most = len(curve_columns(rows))
    columns = (
        *_WHO,
        Column("object", "object"),
        Column("modality", "modality"),
        Column("masks_are", "masks are"),
        *([Column("protocol", "protocol")] if len(protocols) > 1 else []),
        Column("choice", "mask"),
        Column("masks", "masks", "count"),
        *(
            Column(f"dice_{n}", f"DICE, {n} {'click' if n == 1 else 'clicks'}", "score")
            for n in sorted({*_SHOWN, most})
            if n <= most
        ),
        *(
            column
            for level in LEVELS
            for column in (
                Column(
                    f"noc_iou_{level}", f"NoC@{level} IoU", "tenth", note=f"Mean clicks until the IoU is 0.{level}."
                ),
                Column(f"failed_iou_{level}", "never", "share", note="Masks that never reach it."),
            )
        ),
        Column("auc", "area", "score", note="Under DICE against clicks, 0 to 1."),
        Column("dice_blind", "blind", "score"),
    )
    text = (
        f"DICE against {'; '.join(protocols)}. The mask shown is the one that the model prefers. Predicted: what the "
        "user saw; oracle: the best of the model's masks at the same clicks. NoC is the number of clicks until an IoU "
        "is reached, as in the literature; where it never is, all clicks count."
    )
    return Sheet("clicks", "Simulated clicks", rows, telling(rows, columns), (text,))


def grid_sheet(folders: Sequence[Folder]) -> Sheet:
    """Everything mode over grids: DICE and seconds.

    Raises:
        CosmosError: if a folder does not hold what ``cosmos-eval grid`` writes.
    """
    parts = []
    for folder in folders:
        rows = pd.DataFrame(folder.facts.get("rows", []))
        if missing := {"side", "dice", "low", "high", "seconds", "over"} - set(rows):
            raise CosmosError(f"{folder.path / 'grid.json'} lacks {min(missing)}; give cosmos-eval grid again.")
        parts.append(named(folder, rows))
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.astype(dict.fromkeys(("low", "high", "dice", "seconds", "kept"), float))
    rows["what"] = [
        f"{row['object']}, {row['modality']}".replace("_", " ") if row["over"] == "target" else row["over"]
        for row in rows.to_dict("records")
    ]
    if (rows["targets"] == 1).all():
        rows = rows[rows["over"] == "target"].reset_index(drop=True)
    columns = (
        *_WHO,
        Column("side", "points a side", "count"),
        Column("what", "DICE of"),
        Column("masks_are", "masks are"),
        Column("masks", "masks", "count"),
        Column("subjects", "subjects", "count"),
        Column("dice", "DICE", "score_ci", note="Of the best mask found for each target."),
        Column("empty", "nothing found", "share"),
        Column("kept", "masks kept", "number", note="That everything mode gives for an image."),
        Column("seconds", "s an image", "number", note="Of everything mode; encoding comes on top."),
    )
    return Sheet(
        "grid",
        "Everything mode over grids",
        rows,
        telling(rows, columns),
        ("S1 with grids of so many points a side; DICE with its 95 % interval over subjects.",),
    )


def cost_frame(folders: Sequence[Folder]) -> pd.DataFrame:
    """Seconds and memory, see :func:`cosmos_datasets.evaluation.efficiency.tables.frame`, with ``run``.

    Raises:
        CosmosError: if a folder does not hold what ``cosmos-eval efficiency`` writes.
    """
    try:
        parts = [cost_rows(one.facts).assign(run=one.name) for one in folders]
    except (KeyError, TypeError) as error:
        raise CosmosError(f"efficiency.json is damaged ({error!r}); give cosmos-eval efficiency again.") from error
    return pd.concat(parts, ignore_index=True)


def cost_sheet(rows: pd.DataFrame) -> Sheet:
    """Seconds and memory as a table; see :func:`cost_frame`."""
    factor = rows["unit"].map({unit: size for unit, (_, size) in _UNITS.items()}).fillna(1.0)
    shown = rows.assign(unit=rows["unit"].map({unit: name for unit, (name, _) in _UNITS.items()}).fillna(rows["unit"]))
    shown[["median", "q1", "q3"]] = rows[["median", "q1", "q3"]].astype(float).div(factor, axis=0)
    shown["prompts_at_once"] = shown["prompts_at_once"].where(shown["prompts_at_once"] > 0)
    columns = (
        *_WHO,
        Column("device", "device"),
        Column("quantity", "quantity"),
        Column("strategy", "strategy"),
        Column("prompts_at_once", "prompts at once", "count"),
        Column("per", "per"),
        Column("median", "median", "number"),
        Column("q1", "first quartile", "number"),
        Column("q3", "third quartile", "number"),
        Column("unit", "unit"),
        Column("measurements", "measurements", "count"),
    )
    text = "Measured after a warm-up, the device synchronised. On a CPU seconds depend on what else runs."
    return Sheet("efficiency", "Cost of computation", shown, telling(shown, columns), (text,))
