"""Tables of a run: DICE, JAC and HD for every target and strategy, beside what ignores the image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from tabulate import tabulate

from cosmos_datasets.build.spool import atomic
from cosmos_datasets.errors import CosmosError

_COLUMNS = [
    *("object", "modality", "instance", "strategy", "image_id", "case_id", "dice_blind"),
    *(f"{score}_{choice}" for score in ("dice", "jac", "hd", "pred_area") for choice in ("oracle", "predicted")),
]
_TARGET = ["object", "modality", "masks_are"]
#: Where the mean over targets and the mean over masks stand in the tables.
OVER_TARGETS, OVER_MASKS = "mean over targets", "mean over masks"


def summarise(results: Path) -> pd.DataFrame:
    """One row a target and strategy.

    Args:
        results: ``RUN/results.parquet``.

    Returns:
        Columns ``object``, ``modality``, ``masks_are`` (``union`` or ``instances``: never added up), ``strategy``,
        ``masks``, ``images``, ``cases``; for both choices the mean and (population) standard deviation of DICE and
        JAC in 0..1 and of HD in pixels, over masks; ``hd_undefined_*`` and ``empty_*``: predictions without a pixel,
        which score DICE 0 and are left out of HD; ``dice_blind``.
    """
    frame = pq.read_table(results, columns=_COLUMNS).to_pandas()
    frame["masks_are"] = ["instances" if instance else "union" for instance in frame["instance"] > 0]
    rows = []
    for key, group in frame.groupby([*_TARGET, "strategy"], sort=True):
        row: dict[str, Any] = dict(zip([*_TARGET, "strategy"], key, strict=True))
        row |= {"masks": len(group), "images": group["image_id"].nunique(), "cases": group["case_id"].nunique()}
        for choice in ("oracle", "predicted"):
            for score in ("dice", "jac", "hd"):
                values = group[f"{score}_{choice}"].astype(float)
                row[f"{score}_{choice}"], row[f"{score}_{choice}_std"] = values.mean(), values.std(ddof=0)
            chosen = group[f"pred_area_{choice}"].notna()
            row[f"empty_{choice}"] = int((group[f"pred_area_{choice}"] == 0).sum())
            row[f"hd_undefined_{choice}"] = int((group[f"hd_{choice}"].isna() & chosen).sum())
        row["dice_blind"] = group["dice_blind"].mean()
        rows.append(row)
    return pd.DataFrame(rows)


def wide_table(summary: pd.DataFrame) -> pd.DataFrame:
    """DICE for people: three rows a target (oracle, predicted, blind), a column a strategy, and the two means."""
    names = {"oracle": "dice_oracle", "predicted": "dice_predicted", "blind": "dice_blind"}
    lines: list[dict[str, Any]] = []

    def add(target: str, masks: int, cells: dict[str, dict[str, float]]) -> None:
        for n, (choice, values) in enumerate(cells.items()):
            lines.append({"target": "" if n else target, "masks": "" if n else f"{masks:,}", "DICE": choice, **values})

    for key, group in summary.groupby(_TARGET, sort=True):
        by_strategy = group.set_index("strategy")
        cells = {choice: by_strategy[column].to_dict() for choice, column in names.items()}
        add(_target_name(*map(str, key)), int(group["masks"].iloc[0]), cells)
    total = int(summary.groupby(_TARGET)["masks"].first().sum())
    strategies = summary.groupby("strategy")
    if summary.groupby(_TARGET).ngroups > 1:
        add(OVER_TARGETS, total, {choice: strategies[column].mean().to_dict() for choice, column in names.items()})
        weighted = {
            choice: strategies.apply(
                lambda g, c=column: (g[c] * g["masks"]).sum(min_count=1) / g["masks"].sum()
            ).to_dict()
            for choice, column in names.items()
        }
        add(OVER_MASKS, total, weighted)
    return pd.DataFrame(lines)


def _target_name(object_: str, modality: str, masks_are: str) -> str:
    return f"{object_}, {modality}" + (" (instances)" if masks_are == "instances" else "")


def render(table: pd.DataFrame, style: str = "simple") -> str:
    """A table as text; ``style`` is one of tabulate's, ``github`` for Markdown."""
    cells = table.astype(object).where(table.notna(), "–")
    return tabulate(
        cells.to_dict("records"), headers="keys", tablefmt=style, floatfmt=".3f", disable_numparse=[0, 1, 2]
    )


def write_summary(run: Path, facts: dict[str, Any]) -> pd.DataFrame:
    """Write ``summary.json``, ``table.csv`` (every figure) and ``table.md`` (DICE) beside the results of a run.

    Args:
        run: the run's folder, with ``results.parquet``.
        facts: what the run was: data, model, settings, versions; goes into ``summary.json``.

    Returns:
        The summary, see :func:`summarise`.
    """
    summary = summarise(run / "results.parquet")
    records = json.loads(summary.to_json(orient="records"))
    with atomic(run / "summary.json") as temporary:
        temporary.write_text(json.dumps({**facts, "targets": records}, indent=1) + "\n")
    with atomic(run / "table.csv") as temporary:
        summary.to_csv(temporary, index=False, float_format="%.6f")
    with atomic(run / "table.md") as temporary:
        temporary.write_text(render(wide_table(summary), "github") + "\n", encoding="utf-8")
    return summary


def read_summary(run: Path) -> pd.DataFrame:
    """The summary of a finished run; raises :class:`CosmosError` if there is none."""
    results = run / "results.parquet"
    if not results.is_file():
        raise CosmosError(f"{run} holds no finished run: it has no results.parquet. See: cosmos-eval run --help")
    return summarise(results)
