"""Measuring a run's masks once, and going on after an interruption."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from factor_runs import write_run
from runs import SHARED

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.factors import measure as module
from cosmos_datasets.evaluation.factors.complexity import boundary_complexity
from cosmos_datasets.evaluation.factors.measure import SCHEMA, measure
from cosmos_datasets.evaluation.gallery_rows import KEY
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.selection import Chunk, select
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.load.rows import full_mask
from cosmos_datasets.registry import get_source


def quietly(run: Path, data: Path, workers: int = 1) -> pd.DataFrame:
    return measure(run, str(data), workers=workers, progress=False)


@pytest.fixture
def chunks_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the chunks that are opened, as they are."""
    names: list[str] = []
    read = ChunkReader.read

    def noting(self: ChunkReader, chunk: Chunk) -> list[Sample]:
        names.append(chunk.name)
        return read(self, chunk)

    monkeypatch.setattr(ChunkReader, "read", noting)
    return names


def test_every_mask_of_the_run_once_in_the_order_of_the_data(run: Path, small: Path) -> None:
    found = quietly(run, small)
    index = select(open_dataset(small)).table
    assert found[KEY].to_numpy().tolist() == index[KEY].to_numpy().tolist()
    assert found["size"].tolist() == index["area"].tolist()
    box = np.stack(index["bbox"])
    sides = box[:, 2:] - box[:, :2] + 1
    np.testing.assert_allclose(found["aspect_ratio"], sides.min(axis=1) / sides.max(axis=1))
    assert pq.read_schema(run / "factors.parquet").remove_metadata().equals(SCHEMA)


def test_a_row_is_that_of_its_mask(run: Path, small: Path) -> None:
    found = quietly(run, small).set_index(KEY)
    data = open_dataset(small)
    row = next(iter(data.rows(data.find(object="left_ventricle")[5:6])))
    for k, one in enumerate(row["objects"]):
        line = found.loc[(row["image_id"], *(one[name] for name in KEY[1:]))]
        expected = boundary_complexity(full_mask(row, k))
        assert (line["boundary_complexity"], line["components"]) == expected


def test_what_is_known_is_not_measured_again(run: Path, small: Path, chunks_read: list[str]) -> None:
    first = quietly(run, small)
    assert len(chunks_read) == len(set(chunks_read)) > 3
    chunks_read.clear()
    pd.testing.assert_frame_equal(quietly(run, small), first)
    assert not chunks_read


def test_a_run_that_grew_is_completed(small: Path, tmp_path: Path, chunks_read: list[str]) -> None:
    few = quietly(write_run(tmp_path / "run", small, limit=12), small)
    read = set(chunks_read)
    chunks_read.clear()
    found = quietly(write_run(tmp_path / "run", small), small)
    assert len(found) > len(few)
    # The chunk in which the first run ended is opened by both.
    assert len(read & set(chunks_read)) == 1
    pd.testing.assert_frame_equal(found, quietly(write_run(tmp_path / "other", small), small))


@pytest.mark.parametrize("error", [KeyboardInterrupt, CosmosError])
def test_an_interruption_loses_nothing(
    run: Path, small: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read, calls = ChunkReader.read, []

    def failing(self: ChunkReader, chunk: Chunk) -> list[Sample]:
        calls.append(chunk.name)
        if len(calls) == 4:
            raise error
        return read(self, chunk)

    with monkeypatch.context() as patched:
        patched.setattr(ChunkReader, "read", failing)
        with pytest.raises(error):
            quietly(run, small)
        done = calls[:3]
        calls[:] = [""] * 4
        found = quietly(run, small)
        assert not set(done) & set(calls)
    pd.testing.assert_frame_equal(found, quietly(write_run(tmp_path / "other", small), small))


def test_processes_change_nothing(run: Path, small: Path, tmp_path: Path) -> None:
    alone = quietly(run, small)
    other = write_run(tmp_path / "other", small)
    pd.testing.assert_frame_equal(quietly(other, small, workers=2), alone)
    assert (run / "factors.parquet").read_bytes() == (other / "factors.parquet").read_bytes()


def test_other_definitions_are_measured_anew(
    run: Path, small: Path, chunks_read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quietly(run, small)
    number = len(chunks_read)
    monkeypatch.setattr(module, "FACTORS_VERSION", "next")
    quietly(run, small)
    assert len(chunks_read) == 2 * number
    (run / "factors.parquet").write_bytes(b"damaged")
    quietly(run, small)
    assert len(chunks_read) == 3 * number


def test_a_run_of_other_data_is_refused(run: Path, small: Path) -> None:
    note = json.loads((run / "run.json").read_text())
    note["data"]["revision"] = "0" * 64
    (run / "run.json").write_text(json.dumps(note))
    with pytest.raises(CosmosError, match=r"data of revision 00000000.*name the data set of the run"):
        quietly(run, small)


def test_what_is_no_finished_run_is_refused(run: Path, small: Path, tmp_path: Path) -> None:
    (run / "run.json").write_text("{}")
    with pytest.raises(CosmosError, match="is damaged"):
        quietly(run, small)
    with pytest.raises(CosmosError, match="no finished run"):
        quietly(tmp_path, small)


def test_real_volumes(tmp_path: Path) -> None:
    """The hippocampus is small and even: known from looking at it."""
    raw = SHARED / "real" / "msd"
    if not raw.is_dir():
        pytest.skip(f"the real data is not there: {raw}")
    build(get_source("msd"), raw, tmp_path / "data", progress=False)
    found = quietly(write_run(tmp_path / "run", tmp_path / "data", limit=60), tmp_path / "data")
    assert found["size"].between(51, 600).all()
    assert found["intensity_difference"].notna().all()
    assert found["boundary_complexity"].between(1, 60).all()
    assert found["boundary_complexity"].median() < 15
