"""The table and the picture of a study, from results that were drawn, against figures computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn_runs import drawn, result, write
from matplotlib.figure import Figure

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.grid.figure import draw
from cosmos_datasets.evaluation.grid.tables import grid_table, render


def seconds(value: float) -> dict[str, Any]:
    spread = {"median": value, "q1": value / 2, "q3": value * 2, "measurements": 3}
    return {"everything": spread, "encoding": {**spread, "median": 0.25}, "kept": 10 * value}


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Two targets of unequal size, unions and single instances, two sides."""
    runs = {}
    for side in (8, 16):
        rows = drawn(side, objects=("liver", "spleen"))[:-3]
        rows += [{**row, "instance": 1} for row in rows[:5]]
        runs[side] = write(tmp_path / str(side), [{**row, "strategy": "S1", "dice_blind": 0.0} for row in rows])
    return grid_table(runs, {8: seconds(0.5), 16: seconds(2.0)})


def redrawn(frame: pd.DataFrame, apart: list[str]) -> np.ndarray:
    """Means over targets of redrawn subjects: a plain bootstrap."""
    generator = np.random.default_rng(1)
    targets = [rows for _, rows in frame.groupby(apart)] if apart else [frame]
    subjects = frame["group_id"].unique().tolist()
    values = [{name: rows[rows["group_id"] == name]["dice_oracle"].tolist() for name in subjects} for rows in targets]
    means = []
    for _ in range(2000):
        chosen = generator.choice(subjects, len(subjects)).tolist()
        means.append(np.mean([np.mean([value for name in chosen for value in one[name]]) for one in values]))
    return np.quantile(means, [0.025, 0.975])


def test_means_and_intervals(table: pd.DataFrame, tmp_path: Path) -> None:
    assert len(table) == 2 * 2 * (2 + 2)
    for side in (8, 16):
        frame = pd.read_parquet(tmp_path / str(side) / "results.parquet")
        frame = frame[frame["instance"] == 0]
        rows = table[(table["side"] == side) & (table["masks_are"] == "union")].set_index(["over", "object"])
        for one, of_object in frame.groupby("object"):
            assert rows.loc[("target", one), "dice"] == pytest.approx(of_object["dice_oracle"].mean())
            assert rows.loc[("target", one), "masks"] == len(of_object)
        of_targets = rows.loc[("mean over targets", "")]
        assert of_targets["dice"] == pytest.approx(frame.groupby("object")["dice_oracle"].mean().mean())
        assert (of_targets["low"], of_targets["high"]) == pytest.approx(redrawn(frame, ["object"]), abs=0.015)
        of_masks = rows.loc[("mean over masks", "")]
        assert of_masks["dice"] == pytest.approx(frame["dice_oracle"].mean())
        assert (of_masks["low"], of_masks["high"]) == pytest.approx(redrawn(frame, []), abs=0.015)
        assert (of_masks["subjects"], of_masks["targets"]) == (8, 2)
    assert table[table["side"] == 16][["seconds", "seconds_q1", "seconds_q3", "kept", "encoding"]].drop_duplicates(
    ).to_numpy().tolist() == [[2.0, 1.0, 4.0, 20.0, 0.25]]  # fmt: skip


def test_shown(table: pd.DataFrame) -> None:
    text = render(table)
    means = table[(table["over"] == "mean over targets") & (table["masks_are"] == "union")]
    first = next(line for line in text.splitlines() if line.lstrip().startswith("8 x 8 "))
    assert f"{means.iloc[0]['dice']:.3f}" in first and "0.500 (0.250–1.00)" in first and "5.0" in first
    assert "8 x 8 (instances)" in text and "liver, CT (instances)" in text
    assert render(table, "markdown").split()[:2] == ["|", "grid"]


def test_a_single_subject_and_a_single_target(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [result("msd/1/a", 0.4, strategy="S1"), result("msd/1/b", 0.6, strategy="S1")])
    table = grid_table({4: run}, {4: seconds(1.0)})
    assert table["low"].isna().all() and table["dice"].tolist() == pytest.approx([0.5] * 3)
    text = render(table)
    assert "–" in text and "mean over masks" not in text


def test_a_damaged_run(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [result("msd/1/a", 0.4, strategy="S1")])
    (run / "results.parquet").write_bytes(b"PAR1")
    with pytest.raises(CosmosError, match=r"results\.parquet cannot be read"):
        grid_table({4: run}, {4: seconds(1.0)})


def test_the_picture_shows_the_table(table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_figures: list[Figure] = []
    save = Figure.savefig

    def keeping(self: Figure, *arguments: Any, **options: Any) -> None:
        drawn_figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keeping)
    for name, start in (("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")):
        draw(table, tmp_path / name, "model")
        first = (tmp_path / name).read_bytes()
        assert first.startswith(start)
        draw(table, tmp_path / name, "model")
        assert (tmp_path / name).read_bytes() == first
    scores, times = drawn_figures[0].axes
    means = table[(table["over"] == "mean over targets") & (table["masks_are"] == "union")]
    lines = {line.get_label(): line for line in scores.get_lines()}
    assert lines["mean over targets"].get_xydata().tolist() == means[["side", "dice"]].to_numpy().tolist()
    assert times.get_lines()[0].get_xydata().tolist() == [[8, 0.5], [16, 2.0]]
    assert [label.get_text() for label in times.get_xticklabels()] == ["8²", "16²"]
    assert times.get_yscale() == "log" and scores.get_ylabel().startswith("DICE")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["16", "8", "a.pdf", "a.png"]
