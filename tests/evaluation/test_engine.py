"""Runs in this process: what is evaluated, what is not evaluated again, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from runs import COMMON, measure
from tiny_models import save, tiny_sam2
from trees import copy, files, temporaries

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation import engine
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import open_dataset

Args = list[object]


@pytest.fixture
def args(small: Path, models: dict[str, Path]) -> Args:
    return ["run", small, "--config", "acdc", "--model", models["sam2"], *COMMON]


def results(run: Path) -> bytes:
    return (run / "results.parquet").read_bytes()


def rows(run: Path) -> list[dict[str, Any]]:
    return pq.read_table(run / "results.parquet").to_pylist()


def test_a_strategy_that_is_added_is_the_only_one_computed(
    args: Args, tmp_path: Path, cli: Any, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli(*args, "--limit", 20, "--strategies", "S1,S5,S6", "--out", tmp_path / "at once")
    cli(*args, "--limit", 20, "--strategies", "S5", "--out", tmp_path / "later")
    encoded.clear()
    decoded = []
    decode = Adapter.decode
    monkeypatch.setattr(
        Adapter,
        "decode",
        lambda self, e, p=None, l=None, b=None: decoded.append(b) or decode(self, e, p, l, b),  # noqa: E741
    )
    cli(*args, "--limit", 20, "--strategies", "S6,S5,S1", "--out", tmp_path / "later")
    assert sum(encoded) == 20
    # S1 decodes points without a box, S6 both: no box came alone.
    assert len(decoded) == 40
    assert results(tmp_path / "later") == results(tmp_path / "at once")
    cli(*args, "--limit", 20, "--strategies", "S1,S5,S6", "--out", tmp_path / "later")
    assert sum(encoded) == 20


def test_a_growing_limit(args: Args, tmp_path: Path, cli: Any, encoded: list[int]) -> None:
    cli(*args, "--strategies", "S5", "--out", tmp_path / "at once")
    encoded.clear()
    counts = []
    for limit in (8, 11, 40):
        cli(*args, "--strategies", "S5", "--limit", limit, "--out", tmp_path / "growing")
        counts.append(sum(encoded))
    whole = 40
    # Only the chunk that the second limit cut is evaluated again.
    assert counts[0] == 8
    assert whole <= counts[-1] <= whole + 8
    assert results(tmp_path / "growing") == results(tmp_path / "at once")
    assert files(tmp_path / "growing")["table.csv"] == files(tmp_path / "at once")["table.csv"]


def test_a_smaller_selection_after_a_larger_one(args: Args, tmp_path: Path, cli: Any) -> None:
    for run, limits in (("direct", (9,)), ("after", (40, 9))):
        for limit in limits:
            cli(*args, "--strategies", "S5", "--limit", limit, "--out", tmp_path / run)
    assert results(tmp_path / "after") == results(tmp_path / "direct")


def test_an_interrupt_keeps_what_is_finished(
    args: Args, tmp_path: Path, cli: Any, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli(*args, "--strategies", "S2,S5", "--out", tmp_path / "whole")
    encoded.clear()
    encode = Adapter.encode

    def interrupted(self: Adapter, images: Any, names: Any = None) -> Any:
        if sum(encoded) == 21:
            raise KeyboardInterrupt
        return encode(self, images, names)

    with monkeypatch.context() as context:
        context.setattr(Adapter, "encode", interrupted)
        result = cli(*args, "--strategies", "S2,S5", "--out", tmp_path / "run", fails=True)
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
    assert not temporaries(tmp_path)
    assert not (tmp_path / "run" / "results.parquet").exists()
    stored = sum(pq.read_metadata(path).num_rows for path in (tmp_path / "run" / "parts").iterdir())
    assert stored > 0
    done = len(
        {row["image_id"] for path in (tmp_path / "run" / "parts").iterdir() for row in pq.read_table(path).to_pylist()}
    )
    encoded.clear()
    result = cli(*args, "--strategies", "S2,S5", "--out", tmp_path / "run")
    assert sum(encoded) == 40 - done
    assert f"{done} of them done already" in result.stderr
    assert results(tmp_path / "run") == results(tmp_path / "whole")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (["--grid", 5], "grid 7 there, 5 here"),
        (["--iou-threshold", 0.88], r"iou_threshold 0\.8 there, 0\.88 here"),
        (["--stability-threshold", 0], r"stability_threshold 0\.95 there, 0\.0 here"),
        (["--nms-threshold", 1], r"nms_threshold 0\.7 there, 1\.0 here"),
        (["--dtype", "bfloat16"], "dtype float32 there, bfloat16 here"),
        (["--preprocess", "percentile"], "preprocess sam there, percentile here"),
        (["--preprocess", "transformers"], "resizing floating point there, 8 bits here"),
        (["--convention", "released"], "convention standard there, released here"),
        (["--no-hd"], "distances True there, False here"),
        (["--tolerance", 3], r"tolerance 2\.0 there, 3\.0 here"),
        (["--tolerance-mm", 0], r"tolerance_mm 2\.0 there, 0\.0 here"),
        (["--threads", 2], "threads 1 there, 2 here"),
        (["--config", "cellseg_neurips22"], r"data data of revision \w+ there, data of revision \w+ here"),
    ],
)
def test_results_of_another_setting_are_not_mixed_in(
    args: Args, changed: Args, says: str, tmp_path: Path, cli: Any, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue("finished")
    before = files(run)
    result = cli(*args, "--limit", 1, "--strategies", "S5", *changed, "--out", run, fails=True)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {run} holds results of another run (")
    assert re.search(says, result.stderr), result.stderr
    assert "Give --out a new folder" in result.stderr
    assert files(run) == before


@pytest.fixture(scope="module")
def finished(small: Path, models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, cli: Any) -> Path:
    run: Path = tmp_path_factory.mktemp("finished") / "run"
    cli("run", small, "--config", "acdc", "--model", models["sam2"], *COMMON, "--limit", 1, "--strategies", "S5",
        "--out", run)  # fmt: skip
    return run


def test_results_of_another_model_are_not_mixed_in(
    small: Path, models: dict[str, Path], finished: Path, cli: Any
) -> None:
    arguments = ["--config", "acdc", *COMMON, "--limit", 1, "--strategies", "S5", "--out", finished]
    result = cli("run", small, "--model", models["other"], *arguments, fails=True)
    assert result.exit_code == 1
    assert "model sam2 (" in result.stderr
    assert ") there, other (" in result.stderr


def test_results_of_an_earlier_protocol_are_not_mixed_in(finished: Path, args: Args, tmp_path: Path, cli: Any) -> None:
    earlier = copy(finished, tmp_path / "earlier")
    facts = json.loads((earlier / "run.json").read_text())
    facts["settings"] = {name: facts["settings"][name] for name in ("strategies", "grid", "convention", "distances")}
    facts["protocol"], now = "1", facts["protocol"]
    (earlier / "run.json").write_text(json.dumps(facts))
    before = files(earlier)
    result = cli(*args, "--limit", 1, "--strategies", "S5", "--out", earlier, fails=True)
    assert result.exit_code == 1
    assert f"{earlier} holds results of another run (protocol 1 there, {now} here; " in result.stderr
    assert files(earlier) == before


def test_a_shard_that_is_damaged_or_missing(args: Args, small: Path, tmp_path: Path, cli: Any) -> None:
    data = copy(small, tmp_path / "data")
    shard = sorted((data / "data" / "acdc").rglob("*.parquet"))[0]
    whole = shard.read_bytes()
    arguments = ["run", data, *args[2:], "--strategies", "S5", "--limit", 3, "--out", tmp_path / "run"]
    middle = len(whole) // 2
    for contents in (whole[:middle], whole[: middle // 8] + bytes(middle) + whole[middle // 8 + middle :], None):
        if contents is None:
            shard.unlink()
        else:
            shard.write_bytes(contents)
        result = cli(*arguments, fails=True)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].startswith("error: data/acdc/")
        assert "cosmos-datasets verify" in result.stderr
        assert not (tmp_path / "run" / "results.parquet").exists()
    shard.write_bytes(whole)
    cli(*arguments)


def test_a_shard_that_is_not_the_one_its_index_describes(small: Path, tmp_path: Path) -> None:
    data = copy(small, tmp_path / "data")
    first, second = sorted((data / "data" / "acdc").rglob("*.parquet"))[:2]
    shutil.copy(second, first)
    chunk = select(open_dataset(data), config="acdc").chunks[0]
    with pytest.raises(CosmosError, match="not the file that its index describes"):
        engine.ChunkReader(open_dataset(data)).read(chunk)


def test_blind_scores_do_not_depend_on_what_else_is_selected(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--strategies", "S2", "--limit", 2, "--out", tmp_path / "few")
    cli(*args, "--strategies", "S2", "--limit", 30, "--out", tmp_path / "more")
    few, more = rows(tmp_path / "few"), rows(tmp_path / "more")
    assert [row["dice_blind"] for row in few] == [row["dice_blind"] for row in more[: len(few)]]


def test_batches_of_images(args: Args, tmp_path: Path, cli: Any, encoded: list[int]) -> None:
    cli(*args, "--strategies", "S5", "--limit", 10, "--batch-size", 4, "--out", tmp_path / "batched")
    assert max(encoded) == 4
    cli(*args, "--strategies", "S5", "--limit", 10, "--out", tmp_path / "single")
    pairs = zip(rows(tmp_path / "batched"), rows(tmp_path / "single"), strict=True)
    assert all(abs(a["dice_oracle"] - b["dice_oracle"]) < 5e-3 for a, b in pairs)


def test_what_a_run_was_is_written_beside_its_results(finished: Path) -> None:
    facts = json.loads((finished / "run.json").read_text())
    assert facts["data"]["images"] == 1
    assert facts["settings"] == {
        **{"strategies": ["S5"], "grid": 7, "convention": "standard"},
        **{"iou_threshold": 0.8, "stability_threshold": 0.95, "nms_threshold": 0.7},
        **{"distances": True, "tolerance": 2.0, "tolerance_mm": 2.0},
    }
    assert facts["model"]["name"] == "sam2"
    assert (facts["inference"]["preprocess"], facts["inference"]["resizing"]) == ("sam", "floating point")
    assert "Images: preprocessing sam, resized in floating point." in (finished / "table.md").read_text()
    assert json.loads((finished / "summary.json").read_text()).items() >= facts.items()


def test_a_written_part_is_on_disk_soon(args: Args, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FLUSH_SECONDS", 0.0)
    cli(*args, "--strategies", "S5", "--out", tmp_path / "run")
    parts = list((tmp_path / "run" / "parts").iterdir())
    assert len(parts) >= 5
    assert {pq.read_metadata(part).num_row_groups for part in parts} == {1}


@pytest.mark.parametrize("command", ["run", "interactive", "grid"])
@pytest.mark.parametrize("part", ["mask_decoder.output_hypernetworks_mlps.2.proj_out.bias", "no_memory_embedding"])
def test_a_model_that_gives_nan_is_refused_by_name_with_the_image(
    command: str, part: str, small: Path, tmp_path: Path, cli: Any
) -> None:
    model = tiny_sam2(6)
    model.state_dict()[part].fill_(3e38)  # finite, and what is made of it is not
    given = ["--model", save(model, tmp_path / "damaged"), "--config", "acdc", "--limit", 1, "--threads", 1]
    given += {"run": ["--strategies", "S2"], "interactive": [], "grid": ["--sides", 2]}[command]
    refused = cli(command, small, *given, "--out", tmp_path / "run", fails=True)
    assert refused.exit_code == 1
    assert re.search(
        r"damaged gives numbers that are not finite \(NaN\) for acdc/patient\S+: its weights", refused.output
    )
    assert not list((tmp_path / "run").rglob("*.parquet"))


_LARGE = """
import numpy as np, resource, torch
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.sample import Sample, Target
from cosmos_datasets.evaluation.scoring import Settings, score_sample
torch.set_num_threads(1)
adapter = load_model({model!r}, "cpu")
mask = np.ones((60, 80), np.bool_)
targets = tuple(Target(mask, (x, 9, x + 79, 68), "cell", "cell", x) for x in range(0, 2000, 100))
names = ("source", "modality", "image_id", "case_id", "group_id", "split", "fold")
sample = Sample(np.zeros((4096, 4096), np.uint8), targets, dict.fromkeys(names, ""))
embedding = adapter.encode([sample.image])[0]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for row in score_sample(adapter, embedding, sample, Settings(("S1", "S5"), grid=3), [4800.0] * 20):
    pass
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in kilobytes on Linux only")
@pytest.mark.parametrize("model", ["sam", "sam2"])
def test_memory_of_a_large_image_is_bounded(model: str, models: dict[str, Path]) -> None:
    """Twenty targets of a 4096 x 4096 image: three float32 masks for each of them would take 4 GB."""
    before, after = map(float, measure(_LARGE.format(model=str(models[model]))).split())
    assert after - before < 1024, f"{before:.0f} MB before, {after:.0f} MB after"
