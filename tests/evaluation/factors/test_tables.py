"""Which scores are correlated with which factors, and how the table marks them."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.factors import ABSOLUTE, FACTORS
from cosmos_datasets.evaluation.factors.correlation import partial_spearman
from cosmos_datasets.evaluation.factors.measure import measure
from cosmos_datasets.evaluation.factors.tables import Choice, cells, correlate, join
from cosmos_datasets.evaluation.statistics.formats import to_text

Style = Literal["text", "markdown"]


def joined(run: Path, data: Path, choice: Choice = "oracle") -> pd.DataFrame:
    return join(run / "results.parquet", measure(run, str(data), progress=False), choice)


def test_scores_stand_beside_the_factors_of_their_mask(run: Path, small: Path) -> None:
    frame = joined(run, small)
    assert set(frame["masks_are"]) == {"union", "instances"}
    assert len(frame) == 3 * len(measure(run, str(small), progress=False))
    results = pd.read_parquet(run / "results.parquet")
    expected = sorted(zip(results["group_id"], results["area"], results["dice_oracle"], strict=True))
    assert sorted(zip(frame["group_id"], frame["size"], frame["dice"], strict=True)) == expected


def test_the_models_own_choice_and_the_sign_of_the_intensity_difference(run: Path, small: Path) -> None:
    factors = measure(run, str(small), progress=False)
    factors["intensity_difference"] -= factors["intensity_difference"].median()
    oracle = join(run / "results.parquet", factors, "oracle", "absolute")
    oracle = oracle[oracle["strategy"] == "S5"].reset_index(drop=True)
    own = join(run / "results.parquet", factors, "predicted")
    assert set(own["strategy"]) == {"S5"}
    assert own["dice"].tolist() == pytest.approx((oracle["dice"] / 2).tolist())
    assert own["intensity_difference"].min() < 0
    assert own["intensity_difference"].abs().tolist() == oracle[ABSOLUTE].tolist()
    assert "intensity_difference" not in oracle
    assert set(correlate(oracle)["factor"]) == {*FACTORS, ABSOLUTE} - {"intensity_difference"}


def test_a_dark_object_that_is_found_correlates_below_zero(run: Path, small: Path) -> None:
    factors = measure(run, str(small), progress=False)
    frame = join(run / "results.parquet", factors, "oracle")
    darker = frame[frame["strategy"] == "S1"].assign(intensity_difference=lambda one: -100 * one["dice"])
    rho = correlate(darker).set_index("factor")["rho"]
    assert rho["intensity_difference"].tolist() == pytest.approx([-1, -1])


def test_a_run_without_such_scores_is_refused(run: Path, small: Path) -> None:
    factors = measure(run, str(small), progress=False)
    results = pd.read_parquet(run / "results.parquet")
    results[results["strategy"] == "S1"].to_parquet(run / "results.parquet")
    with pytest.raises(CosmosError, match="no DICE of the mask that is predicted"):
        join(run / "results.parquet", factors, "predicted")


def test_strategies_and_kinds_of_masks_are_apart(run: Path, small: Path) -> None:
    frame = joined(run, small)
    table = correlate(frame)
    assert len(table) == 2 * 3 * len(FACTORS)
    assert table["masks_are"].tolist() == ["union"] * 15 + ["instances"] * 15
    part = frame[(frame["masks_are"] == "union") & (frame["strategy"] == "S5") & (frame["variant"] == "")]
    expected = partial_spearman(part[list(FACTORS)].to_numpy(float), part["dice"].to_numpy(float))
    found = table[(table["masks_are"] == "union") & (table["strategy"] == "S5") & (table["variant"] == "")]
    assert found["rho"].tolist() == pytest.approx([one.rho for one in expected], nan_ok=True)
    assert found["masks"].unique().tolist() == [len(part)]
    assert found["groups"].unique().tolist() == [part["group_id"].nunique()]


@pytest.mark.parametrize(
    ("by", "columns"),
    [
        ("target", ["object", "modality"]),
        ("modality", ["modality"]),
        ("source", ["source"]),
        ("label", ["source", "label", "modality"]),
    ],
)
def test_within_targets_modalities_sources_and_labels(run: Path, small: Path, by: str, columns: list[str]) -> None:
    frame = joined(run, small)
    table = correlate(frame, by)
    assert list(table.columns[: len(columns)]) == columns
    groups = len(frame.groupby([*columns, "masks_are", "strategy", "variant"]))
    assert len(table) == groups * len(FACTORS)
    # Inside of one modality its number explains nothing, and is not a control either.
    if by != "source":
        assert table[table["factor"] == "modality_number"]["rho"].isna().all()
        assert table["controls"].max() <= 3


def test_masks_without_surroundings_are_left_out_and_counted(run: Path, small: Path) -> None:
    frame = joined(run, small)
    place = frame.index[(frame["masks_are"] == "union") & (frame["strategy"] == "S1")][:2]
    whole = correlate(frame)
    frame.loc[place, "intensity_difference"] = math.nan
    table = correlate(frame)
    first = (table["masks_are"] == "union") & (table["strategy"] == "S1")
    assert table.loc[first, "left_out"].unique().tolist() == [2]
    assert (whole.loc[first, "masks"] - table.loc[first, "masks"]).unique().tolist() == [2]
    assert table.loc[~first, "left_out"].eq(0).all()


TABLE = pd.DataFrame(
    {
        "masks_are": ["union"] * 3 + ["instances"] * 3,
        "strategy": "S5",
        "variant": [""] * 3 + ["jitter=0-10"] * 3,
        "factor": ["size", "boundary_complexity", "modality_number"] * 2,
        "rho": [0.456, -0.1, math.nan, -0.7, 0.2, 0.3],
        "p_value": [0.00099, 0.2, math.nan, 1e-30, 0.001, 0.5],
        "controls": 2,
        "masks": 1234,
        "groups": 12,
        "left_out": 0,
    }
)


@pytest.mark.parametrize(
    ("style", "first", "second"),
    [
        ("text", ["+0.46*", "-0.10", "–"], ["-0.70*", "+0.20", "+0.30"]),
        ("markdown", ["**+0.46**", "-0.10", "–"], ["**-0.70**", "+0.20", "+0.30"]),
    ],
)
def test_what_is_significant_is_marked(
    style: Literal["text", "markdown"], first: list[str], second: list[str]
) -> None:
    lines = to_text(cells(TABLE, style), style).splitlines()
    assert [name in lines[0] for name in ("size", "boundary complexity", "modality", "groups")] == [True] * 4
    rows = [line.replace("|", " ").split() for line in lines[2:]]
    assert rows == [["S5", "1,234", "12", *first], ["S5", "jitter=0-10", "(instances)", "1,234", "12", *second]]


def test_csv_keeps_small_p_values() -> None:
    back = pd.read_csv(io.StringIO(to_text(TABLE, "csv")), keep_default_na=True)
    assert back["p_value"].tolist() == pytest.approx(TABLE["p_value"].tolist(), rel=1e-5, nan_ok=True)
    assert back.columns.tolist() == TABLE.columns.tolist()


def test_within_modalities_the_column_names_them(run: Path, small: Path) -> None:
    text = to_text(cells(correlate(joined(run, small), "target"), "markdown"), "markdown")
    assert text.splitlines()[0].count("modality") == 1
    assert "Cine-MRI" in text
