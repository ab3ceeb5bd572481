"""Tables of a run: DICE, JAC and HD for every target and strategy, beside what ignores the image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tabulate import tabulate

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError

_TEXTS = ["object", "modality", "strategy", "image_id", "case_id"]
_CHOICES = ("oracle", "predicted")
_COLUMNS = [
    *(*_TEXTS, "variant", "instance", "dice_blind"),
    *(f"{score}_{choice}" for score in ("dice", "jac", "hd", "pred_area") for choice in _CHOICES),
]
_TARGET = ["object", "modality", "masks_are"]
#: Where the mean over targets and the mean over masks stand in the tables.
OVER_TARGETS, OVER_MASKS = "mean over targets", "mean over masks"
#: What is averaged over targets and over masks.
_MEANS = [*(f"{score}_{choice}" for score in ("dice", "jac") for choice in _CHOICES), "dice_blind"]
_BLANK = "–"


def summarise(results: Path) -> pd.DataFrame:
    """One row a target and strategy; prompts that were moved stay out, see :mod:`.drop`.

    Args:
        results: ``RUN/results.parquet``.

    Returns:
        Columns ``object``, ``modality``, ``masks_are`` (``union`` or ``instances``: never added up), ``strategy``,
        ``masks``, ``images``, ``cases``; for both choices the mean and (population) standard deviation of DICE and
        JAC in 0..1 and of HD in pixels, over masks; ``empty_*``: how many predictions have no pixel, and
        ``hd_undefined_*``: how many of these are left out of HD (they score DICE 0); ``dice_blind``. What does not
        exist is NaN or NA: there is no model's own choice in S1.
    """
    frame = pq.read_table(results, columns=_COLUMNS, read_dictionary=_TEXTS).to_pandas()
    frame = frame[frame["variant"].fillna("") == ""]
    frame["masks_are"] = (frame["instance"] > 0).map({True: "instances", False: "union"})
    groups = frame.groupby([*_TARGET, "strategy"], observed=True, sort=False)
    summary = pd.DataFrame([_line(key, group) for key, group in groups])
    for name in (f"{count}_{choice}" for count in ("empty", "hd_undefined") for choice in _CHOICES):
        summary[name] = summary[name].astype("Int64")
    return summary.sort_values([*_TARGET, "strategy"], ascending=[True, True, False, True], ignore_index=True)


def _line(key: tuple[Any, ...], group: pd.DataFrame) -> dict[str, Any]:
    line: dict[str, Any] = dict(zip([*_TARGET, "strategy"], key, strict=True))
    line |= {"masks": len(group), "images": group["image_id"].nunique(), "cases": group["case_id"].nunique()}
    for choice in _CHOICES:
        for score in ("dice", "jac", "hd"):
            values = group[f"{score}_{choice}"].astype(float)
            line[f"{score}_{choice}"], line[f"{score}_{choice}_std"] = values.mean(), values.std(ddof=0)
        empty = group[f"pred_area_{choice}"] == 0
        made = group[f"pred_area_{choice}"].notna().any()
        line[f"empty_{choice}"] = int(empty.sum()) if made else None
        line[f"hd_undefined_{choice}"] = int((empty & group[f"hd_{choice}"].isna()).sum()) if made else None
    return line | {"dice_blind": group["dice_blind"].mean()}


def means(summary: pd.DataFrame) -> pd.DataFrame:
    """Means of DICE and JAC over targets (each counts once) and over masks; instances apart from unions.

    Args:
        summary: see :func:`summarise`.

    Returns:
        One row a kind of mean, ``masks_are`` and strategy: ``over`` (:data:`OVER_TARGETS` or :data:`OVER_MASKS`),
        ``masks_are``, ``strategy``, ``targets``, ``masks``, and the means.
    """
    rows: list[dict[str, Any]] = []
    for (masks_are, strategy), group in summary.groupby(["masks_are", "strategy"], sort=True):
        weights = {OVER_TARGETS: group["masks"] * 0 + 1, OVER_MASKS: group["masks"]}
        for over, weight in weights.items():
            row = {"over": over, "masks_are": masks_are, "strategy": strategy}
            row |= {"targets": len(group), "masks": int(group["masks"].sum())}
            rows.append(row | {name: (group[name] * weight).sum(skipna=False) / weight.sum() for name in _MEANS})
    order = ["masks_are", "over", "strategy"]
    table = pd.DataFrame(rows)
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)


def wide_table(summary: pd.DataFrame) -> pd.DataFrame:
    """DICE for people: three rows a target (oracle, predicted, blind), a column a strategy, and the two means.

    Returns:
        Columns ``target``, ``masks``, ``DICE`` and the strategies; all cells are text.
    """
    lines: list[dict[str, str]] = []

    def add(target: str, group: pd.DataFrame) -> None:
        by_strategy = group.set_index("strategy")
        names = {"oracle": "dice_oracle", "predicted": "dice_predicted", "blind": "dice_blind"}
        for n, (choice, column) in enumerate(names.items()):
            head = {"target": "" if n else target, "masks": "" if n else f"{group['masks'].iloc[0]:,}", "DICE": choice}
            lines.append(head | {str(name): _number(value) for name, value in by_strategy[column].items()})

    for (object_, modality, masks_are), group in summary.groupby(_TARGET, sort=False):
        add(_named(f"{object_}, {modality}", str(masks_are)), group)
    for (masks_are, over), group in means(summary).groupby(["masks_are", "over"], sort=False):
        if group["targets"].iloc[0] > 1:
            add(_named(str(over), str(masks_are)), group)
    return pd.DataFrame(lines)


def _named(target: str, masks_are: str) -> str:
    return f"{target} (instances)" if masks_are == "instances" else target


def _number(value: float) -> str:
    return _BLANK if pd.isna(value) else f"{value:.3f}"


def render(table: pd.DataFrame, style: str = "simple") -> str:
    """The wide table as text; ``style`` is one of tabulate's, ``github`` for Markdown."""
    alignment = ["left", "right", "left", *["right"] * (table.shape[1] - 3)]
    rows = table.fillna(_BLANK).to_numpy().tolist()
    return tabulate(rows, headers=list(map(str, table)), tablefmt=style, disable_numparse=True, colalign=alignment)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows for JSON: what does not exist is ``None``."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows


def to_csv(summary: pd.DataFrame) -> str:
    """Every figure as CSV, with six decimals; what does not exist is an empty field."""
    return summary.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def write_summary(run: Path, facts: dict[str, Any]) -> pd.DataFrame:
    """Write ``summary.json``, ``table.csv`` (every figure) and ``table.md`` (DICE) beside the results of a run.

    Args:
        run: the run's folder, with ``results.parquet``.
        facts: what the run was: data, model, settings, versions; goes into ``summary.json``.

    Returns:
        The summary, see :func:`summarise`.
    """
    summary = summarise(run / "results.parquet")
    body = {**facts, "targets": records(summary), "means": records(means(summary))}
    with atomic(run / "summary.json") as temporary:
        temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    with atomic(run / "table.csv") as temporary:
        temporary.write_text(to_csv(summary), encoding="utf-8")
    with atomic(run / "table.md") as temporary:
        temporary.write_text(render(wide_table(summary), "github") + "\n", encoding="utf-8")
    return summary


def read_summary(run: Path) -> pd.DataFrame:
    """The summary of a finished run; raises :class:`CosmosError` if there is none."""
    results = run / "results.parquet"
    if not results.is_file():
        raise CosmosError(f"{run} holds no finished run: it has no results.parquet. See: cosmos-eval run --help")
    try:
        return summarise(results)
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{results} cannot be read ({error}); give the command of its run again.") from error
