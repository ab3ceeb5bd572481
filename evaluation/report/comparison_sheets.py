"""The tables of paired tests: between strategies, and between models."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.report.score_sheets import counts, kinds, who
from cosmos_datasets.evaluation.report.sheet import Column, Sheet
from cosmos_datasets.evaluation.statistics.options import Choice
from cosmos_datasets.evaluation.statistics.tests_between import between_models, between_strategies


def comparison_sheets(frame: pd.DataFrame, choice: Choice, seed: int = 0) -> list[Sheet]:
    """Paired tests between strategies, and between runs where there are several; overall and per target."""
    made = {
        "strategies": ("Strategies compared", between_strategies, frame["strategy"].nunique() > 1),
        "models": ("Models compared", between_models, frame["run"].nunique() > 1),
    }
    sheets = []
    for name, (title, between, several) in made.items():
        if not several:
            continue
        try:
            overall_rows, rows = (between(frame, by, choice=choice, seed=seed) for by in ((), ("target",)))
        except CosmosError:
            continue  # no two of them have a score of the same mask
        rows = rows[rows["over"] == ""].drop(columns="over")
        if name == "models":
            overall_rows, rows = (_with_models(one, frame) for one in (overall_rows, rows))
        sheets.append(_tests(f"{name}-compared", title, overall_rows, frame, choice, ("over",)))
        if frame["target"].nunique() > 1:
            sheets.append(_tests(f"{name}-by-target", f"{title}, per target", rows, frame, choice, ("target",)))
    return sheets


def _with_models(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Runs under the names of their models, where these tell them apart."""
    names = frame[["run", "model"]].drop_duplicates().astype(str).set_index("run")["model"]
    return rows.assign(a=rows["a"].map(names), b=rows["b"].map(names)) if names.is_unique else rows


def _tests(
    name: str, title: str, rows: pd.DataFrame, frame: pd.DataFrame, choice: Choice, about: Sequence[str]
) -> Sheet:
    rows = rows.reset_index(drop=True)
    columns = (
        *(column for column in who(frame) if column.name in rows),
        *(Column(one, {"over": "DICE"}.get(one, one)) for one in about),
        *kinds(frame),
        *((Column("strategy", "strategy"),) if "strategy" in rows else ()),
        Column("a", "A"),
        Column("b", "B"),
        *counts("masks", "subjects"),
        Column("mean_a", "mean A", "score"),
        Column("mean_b", "mean B", "score"),
        Column("difference", "B - A", "signed_ci"),
        Column("p_value", "p", "p", note="Wilcoxon's signed-rank test over subjects, Holm's correction."),
    )
    family = "all pairs and strategies" if "strategy" in rows else "the pairs of a run"
    text = (
        f"The same masks under A and under B, DICE of the {choice} mask. p: Wilcoxon's signed-rank test on each "
        f"subject's mean difference, by Holm's correction over {family}, the means over targets and over masks apart; "
        "a dash where there are fewer than six subjects."
    )
    return Sheet(name, title, rows, columns, (text,))
