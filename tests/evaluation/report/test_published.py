"""Figures of others: where each comes from, and when one of ours stands beside it."""

from __future__ import annotations

import pandas as pd
import pytest

from cosmos_datasets.evaluation.report.published import Measured, published_sheet, read_published
from cosmos_datasets.vocabulary import objects_called


def test_every_figure_says_where_it_was_read() -> None:
    table = read_published()
    assert len(table) > 25
    assert set(table["checked"]) == {"verified", "second-hand"}
    for name in ("study", "place", "quantity", "unit", "provenance"):
        assert (table[name] != "").all()
    for word in table.loc[table["measure"] != "", "object"].unique():
        assert not word or objects_called(word) == [word]


def test_nothing_of_ours_without_a_run() -> None:
    sheet = published_sheet(Measured())
    assert len(sheet.frame) == len(read_published())
    assert sheet.frame["ours"].isna().all()
    assert "not make them comparable" in " ".join(sheet.text)


def scores(**fields: object) -> pd.DataFrame:
    row = {
        **{"model": "m", "run": "r", "masks_are": "union", "strategy": "S5", "object": "humerus", "modality": "CT"},
        **{"source": "chaos", "hd_oracle": 3.0, "dice_oracle": 0.9, "dice_predicted": 0.8},
        **{"pred_area_oracle": 9, "diagonal": 70.0, **fields},
    }
    return pd.DataFrame([row, {**row, "hd_oracle": 5.0, "dice_oracle": 0.8}])


def beside(frame: pd.DataFrame) -> dict[str, float]:
    rows = published_sheet(Measured(scores=frame)).frame
    return dict(rows[rows["ours"].notna()].set_index("quantity")["ours"])


def test_ours_stands_where_strategy_target_and_measure_are_the_same() -> None:
    assert beside(scores()) == pytest.approx(
        {"HD, the lowest that is mentioned": 4.0, "mean DICE, oracle": 0.85, "mean DICE, predicted": 0.8}
    )
    # A missed object is as far away as can be.
    assert beside(scores(pred_area_oracle=0))["HD, the lowest that is mentioned"] == 70
    assert beside(scores(source="msd")) == {"HD, the lowest that is mentioned": 4.0}
    for other in ({"modality": "T1W MRI"}, {"object": "femur"}, {"strategy": "S2"}, {"masks_are": "instances"}):
        assert "HD, the lowest that is mentioned" not in beside(scores(**other))


def test_what_has_one_of_ours_comes_first() -> None:
    table = published_sheet(Measured(scores=scores())).frame
    assert table["ours"].notna().tolist() == sorted(table["ours"].notna(), reverse=True)


def test_factors_and_costs() -> None:
    factors = pd.DataFrame(
        {"model": "m", "run": "r", "masks_are": "union", "strategy": ["S2", "S5"], "masks": 9,
         "intensity_difference": [0.2, 0.5]}
    )  # fmt: skip
    costs = pd.DataFrame(
        {"model": "m", "run": "r", "quantity": ["encoding", "decoding", "decoding"], "prompts_at_once": [0, 1, 64],
         "median": [1.5, 0.02, 0.001]}
    )  # fmt: skip
    rows = published_sheet(Measured(factors=factors, costs=costs)).frame
    ours = rows[rows["ours"].notna()].groupby("measure")["ours"].first()
    assert ours.to_dict() == {
        "rho_min_intensity_difference": 0.2,
        "rho_max_intensity_difference": 0.5,
        "seconds_encoding": 1.5,
        "seconds_decoding": 0.02,
    }
