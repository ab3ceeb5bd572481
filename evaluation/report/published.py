"""What others have printed, beside what was measured here, where measure, strategy and target are the same.

``published.csv`` holds the figures that could be traced, each with where it was read: the article itself could not be,
so most are second-hand. ``measure`` names what of ours stands beside it; it is empty where nothing is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cosmos_datasets.evaluation.report.sheet import Column, Sheet
from cosmos_datasets.evaluation.statistics.measures import scores
from cosmos_datasets.evaluation.summary import OVER_MASKS

Row = dict[str, Any]
_NOTHING = pd.DataFrame()
_TEXTS = (
    "Figures of others that could be traced, each with where it was read. Second-hand: somebody else reports it of "
    "the article, which could not be read itself.",
    "Ours stands beside a figure where quantity, strategy and target are the same. That does not make them "
    "comparable: the data are another selection, the model may be another one, and details of the protocol are not "
    "printed. It tells whether the size is plausible, no more.",
)


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured here.

    Attributes:
        scores: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        drops: see :func:`cosmos_datasets.evaluation.report.run_sheets.drop_frame`.
        factors: the rows of the sheet of that name.
        costs: see :func:`cosmos_datasets.evaluation.efficiency.tables.frame`, with ``run``; seconds.
    """

    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    drops: pd.DataFrame = field(default_factory=pd.DataFrame)
    factors: pd.DataFrame = field(default_factory=pd.DataFrame)
    costs: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_published() -> pd.DataFrame:
    """The figures of others; empty fields are empty texts."""
    numbers = {"value": float}
    return pd.read_csv(Path(__file__).with_name("published.csv"), dtype=str, keep_default_na=False).astype(numbers)


def published_sheet(measured: Measured) -> Sheet:
    """The figures of others, those with one of ours first: a row for each model that has one."""
    rows: list[Row] = []
    for printed in _records(read_published()):
        target = ", ".join(filter(None, (printed["object"].replace("_", " "), printed["modality"], printed["source"])))
        nothing = {"model": "", "run": "", "ours": None, "masks": None}
        for one in _records(_ours(printed, measured)) or [nothing]:
            ours = {"our_model": one["model"], "our_run": one["run"], "ours": one["ours"], "masks": one["masks"]}
            rows.append({**printed, "target": target, **ours})
    frame = pd.DataFrame(rows)
    frame[["ours", "masks"]] = frame[["ours", "masks"]].astype(float)
    frame = frame.sort_values("ours", key=pd.isna, kind="stable", ignore_index=True)
    columns = (
        Column("quantity", "quantity"),
        Column("target", "target or source"),
        Column("strategy", "strategy"),
        Column("value", "published", "number"),
        Column("ours", "ours", "number"),
        Column("unit", "unit"),
        Column("our_model", "our model"),
        *((Column("our_run", "our run"),) if frame["our_run"].nunique() > frame["our_model"].nunique() else ()),
        Column("masks", "our masks", "count"),
        Column("study", "study"),
        Column("place", "place"),
        Column("model", "its model"),
        Column("checked", "checked"),
        Column("provenance", "read where"),
        Column("remark", "remark"),
    )
    return Sheet("published", "Published values", frame, columns, _TEXTS)


def _records(frame: pd.DataFrame) -> list[Row]:
    return [dict(zip(map(str, frame), row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _ours(printed: Row, measured: Measured) -> pd.DataFrame:
    """Ours of a published figure, in its unit: ``model``, ``run``, ``ours``, ``masks``; no row where there is none."""
    for pattern, rule in _RULES.items():
        if match := re.fullmatch(pattern, printed["measure"]):
            found = rule(printed, measured, *match.groups())
            return found if found.empty else found[found["ours"].notna()]
    return _NOTHING


def _score(printed: Row, measured: Measured, score: str) -> pd.DataFrame:
    rows = measured.scores
    if rows.empty:
        return rows
    rows = rows[(rows["masks_are"] == "union") & (rows["strategy"] == printed["strategy"])]
    for name in ("object", "modality", "source"):
        if printed[name]:
            rows = rows[rows[name] == printed[name]]
    metric, _, choice = score.rpartition("_")
    ours = rows.assign(ours=scores(rows, metric, "oracle" if choice == "oracle" else "predicted"))
    groups = ours.groupby(["model", "run"], observed=True)
    found: pd.DataFrame = groups.agg(ours=("ours", "mean"), masks=("ours", "count")).reset_index()
    return found


def _drop(printed: Row, measured: Measured, pixels: str) -> pd.DataFrame:
    rows = measured.drops
    if rows.empty:
        return rows
    wanted = {"over": OVER_MASKS, "masks_are": "union", "strategy": printed["strategy"], "pixels": pixels}
    # The reading of the article that an independent reproduction found to fit.
    wanted |= {"who": "centre", "box": "moved"}
    rows = rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    return rows.assign(ours=100 * rows["drop"])[["model", "run", "ours", "masks"]]


def _rho(printed: Row, measured: Measured, end: str, factor: str) -> pd.DataFrame:
    rows = measured.factors
    if rows.empty or factor not in rows:
        return _NOTHING
    groups = rows[rows["masks_are"] == "union"].groupby(["model", "run"])
    return groups.agg(ours=(factor, end), masks=("masks", "max")).reset_index()


def _seconds(printed: Row, measured: Measured, quantity: str) -> pd.DataFrame:
    rows = measured.costs
    if rows.empty:
        return rows
    rows = rows[(rows["quantity"] == quantity) & (rows["prompts_at_once"] <= 1)]
    return rows.groupby(["model", "run"]).agg(ours=("median", "median")).reset_index().assign(masks=float("nan"))


#: Pattern of ``measure`` -> what computes ours from its groups.
_RULES: dict[str, Callable[..., pd.DataFrame]] = {
    r"((?:dice|hd)_(?:oracle|predicted))": _score,
    r"drop_(\d+-\d+)": _drop,
    r"rho_(min|max)_(\w+)": _rho,
    r"seconds_(\w+)": _seconds,
}
