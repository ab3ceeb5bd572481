"""``cosmos-eval annotation`` on a run that kept its masks, checked against whole images."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from cosmos_datasets.encoding import encode_mask
from cosmos_datasets.evaluation.annotation.hce import correction_effort
from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.prompts import make_prompt
from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import open_dataset

Cli = Callable[..., Result]
_NAMES = ("source", "modality", "case_id", "group_id", "image_id", "split", "fold")


@pytest.fixture(scope="module")
def kept(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, float]:
    """A run whose masks are the references moved by eight pixels, and its mean HCE, predicted and from nothing."""
    data = open_dataset(small)
    chosen = select(data, config="acdc", limit=10)
    rows: list[dict[str, Any]] = []
    efforts: list[tuple[int, int]] = []
    for sample in [one for chunk in chosen.chunks for one in ChunkReader(data).read(chunk)]:
        for strategy in ("S1", "S2", "S5"):
            for target in sample.targets:
                whole = target.full(sample.height, sample.width)
                moved = np.roll(whole, 8, axis=1)
                efforts.append(
                    (correction_effort(moved, whole).hce, correction_effort(np.zeros_like(whole), whole).hce)
                )
                y, x = np.nonzero(moved)
                box = [int(x.min()), int(y.min()), int(x.max()), int(y.max())]
                mask = {"png": encode_mask(moved[box[1] : box[3] + 1, box[0] : box[2] + 1]), "bbox": box}
                prompt = '{"grid":8}'
                if strategy != "S1":
                    prompt = make_prompt(strategy, target, sample.height, sample.width).to_json()
                rows.append(
                    {
                        **dict.fromkeys(SCHEMA.names),
                        **{name: sample.row[name] for name in _NAMES},
                        **{"object": target.object, "label": target.label, "instance": 0, "rater": target.rater},
                        **{"strategy": strategy, "variant": "", "prompt": prompt},
                        **{"pred_area_oracle": int(moved.sum()), "mask_oracle": mask},
                    }
                )
    run = tmp_path_factory.mktemp("annotation")
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), run / "results.parquet")
    facts = {"dataset": str(small), "revision": chosen.data_revision, "config": "acdc", "split": None}
    (run / "run.json").write_text(json.dumps({"data": facts}))
    predicted, nothing = np.mean(efforts, axis=0)
    return run, float(predicted), float(nothing)


def test_every_format_holds_the_same(kept: tuple[Path, float, float], small: Path, cli: Cli) -> None:
    run, predicted, nothing = kept
    found = json.loads(cli("annotation", run, small, "--by", "source", "--format", "json").stdout)
    assert any("assumed" in line for line in found["assumptions"])
    lines = found["annotation"]
    assert [line["strategy"] for line in lines] == ["S1", "S2", "S5"]
    for line in lines:
        assert line["hce"] == pytest.approx(predicted)
        assert line["hce_nothing"] == pytest.approx(nothing)
        assert line["hce_saved_share"] == pytest.approx(1 - predicted / nothing)
        assert line["seconds"] == pytest.approx(line["seconds_prompt"] + 2 * line["points"] + 2.4 * line["regions"])
    assert all(0 <= line["thin"] <= line["masks"] for line in lines)
    assert lines[0]["hce_blind"] == lines[0]["hce_nothing"]
    assert lines[2]["hce_blind"] < lines[2]["hce_nothing"]
    assert [line["seconds_prompt"] for line in lines] == pytest.approx([2.4, 2.4, 7.0])
    out = cli("annotation", run, small, "--by", "source", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(out.stdout)))
    assert [float(line["hce"]) for line in table] == pytest.approx([line["hce"] for line in lines], rel=1e-5)
    assert "assumed" in out.stderr
    text = cli("annotation", run, small, "--by", "source").stdout
    assert text.startswith("source")
    assert "- polygon point: 2 s (assumed)" in text
    assert cli("annotation", run, small, "--format", "markdown").stdout.startswith("| object")


def test_workers_change_nothing(kept: tuple[Path, float, float], small: Path, cli: Cli) -> None:
    texts = {cli("annotation", kept[0], small, "--format", "csv", "--workers", n).stdout for n in (1, 2)}
    assert len(texts) == 1


def test_mistakes_are_one_sentence(kept: tuple[Path, float, float], small: Path, cli: Cli, tmp_path: Path) -> None:
    failed = cli("annotation", tmp_path, small, fails=True)
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert "no finished run" in failed.stderr
    table = pq.read_table(kept[0] / "results.parquet")
    kept_few = [n % 3 == 0 for n in range(len(table))]
    masks = [one if keep else None for one, keep in zip(table["mask_oracle"].to_pylist(), kept_few, strict=True)]
    at = table.schema.get_field_index("mask_oracle")
    table = table.set_column(at, SCHEMA.field("mask_oracle"), pa.array(masks, SCHEMA.field("mask_oracle").type))
    pq.write_table(table, tmp_path / "results.parquet")
    (tmp_path / "run.json").write_bytes((kept[0] / "run.json").read_bytes())
    failed = cli("annotation", tmp_path, small, fails=True)
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert f"kept {sum(kept_few)} of {len(masks)}" in failed.stderr
    assert "--save-masks" in failed.stderr
    failed = cli("annotation", kept[0], small, "--choice", "predicted", fails=True)
    assert "has no mask that is predicted" in failed.stderr


@pytest.mark.parametrize("option", ["--epsilon", "--box-seconds"])
def test_numbers_that_are_none_are_refused(
    kept: tuple[Path, float, float], small: Path, cli: Cli, option: str
) -> None:
    for value in ("nan", "inf"):
        failed = cli("annotation", kept[0], small, option, value, fails=True)
        assert failed.exit_code == 2 and value in failed.stderr
