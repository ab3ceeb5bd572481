"""Runs as one data frame."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from drawn_runs import result, write

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.statistics.scores import read_runs, read_scores


def test_every_column_but_the_pictures_and_what_is_derived(run: Path) -> None:
    frame = read_scores(run)
    stored = pd.read_parquet(run / "results.parquet")
    assert set(SCHEMA.names) - set(frame) == {"mask_oracle", "mask_predicted"}
    assert set(frame) - set(SCHEMA.names) == {"masks_are", "target", "run", "model", "seen"}
    assert frame["dice_oracle"].tolist() == stored["dice_oracle"].tolist()
    for of_frame, of_file in zip(frame.to_dict("records"), stored.to_dict("records"), strict=True):
        assert of_frame["image_id"] == of_file["image_id"]
        assert of_frame["target"] == f"{of_file['object']}, {of_file['modality']}"
        assert of_frame["masks_are"] == ("instances" if of_file["instance"] > 0 else "union")
    assert (set(frame["run"]), set(frame["model"])) == ({"sam_b"}, {"model"})


def test_moved_prompts_stay_out(tmp_path: Path) -> None:
    rows = [result(f"msd/{n}/0", 0.5, variant=variant) for n in range(3) for variant in ("", "jitter=0-10")]
    rows.append(result("msd/9/0", 0.5, variant=None))
    assert len(read_scores(write(tmp_path / "run", rows))) == 4


def test_several_runs_one_below_the_other(run: Path, other: Path) -> None:
    both, parts = read_runs([run, other]), [read_scores(run), read_scores(other)]
    assert len(both) == sum(map(len, parts))
    assert list(both["run"].cat.categories) == ["sam_b", "tiny"]
    for name in ("dice_oracle", "image_id", "target", "seen"):
        assert both[name].astype(object).tolist() == [value for part in parts for value in part[name].astype(object)]
    assert isinstance(both["image_id"].dtype, pd.CategoricalDtype)


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [write(tmp_path / one / "evaluation" / "after", [result("msd/0/0", 0.5)]) for one in ("a", "b")]
    assert list(read_runs(folders)["run"]) == ["a/evaluation/after", "b/evaluation/after"]
    with pytest.raises(CosmosError, match="given twice"):
        read_runs([folders[0], folders[0]])


def test_runs_that_are_none(tmp_path: Path, run: Path) -> None:
    with pytest.raises(CosmosError, match="no finished run"):
        read_scores(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"model": {"name": "m"}}))
    pq.write_table(pq.read_table(run / "results.parquet").drop_columns(["jac_oracle"]), tmp_path / "results.parquet")
    with pytest.raises(CosmosError, match="lacks jac_oracle: an earlier version made it"):
        read_scores(tmp_path)
    (tmp_path / "results.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(CosmosError, match="cannot be read"):
        read_scores(tmp_path)
    (tmp_path / "results.parquet").write_bytes((run / "results.parquet").read_bytes())
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(CosmosError, match=r"run\.json is missing or damaged"):
        read_scores(tmp_path)
