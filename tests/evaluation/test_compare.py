"""Two runs compared: what is matched, averaged and said, beside a computation with other means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from drawn_runs import FACTS, Row, drawn, result, write
from PIL import Image
from runs import COMMON
from scipy import stats

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.compare import Comparison, compare
from cosmos_datasets.evaluation.compare_table import render
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

OBJECTS = ("kidney", "liver", "spleen")


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    before = drawn(1, objects=OBJECTS)
    # Subjects differ in what they gain.
    gain = {group: 0.02 * n for n, group in enumerate(sorted({row["group_id"] for row in before}))}
    after = [result(row["image_id"], min(1.0, row["dice_oracle"] + gain[row["group_id"]]), object=row["object"],
                    label=row["label"]) for row in before]  # fmt: skip
    return write(tmp_path / "before", before), write(tmp_path / "after", after)


def frame(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "results.parquet")


def stored(run: Path) -> list[Row]:
    rows: list[Row] = pq.read_table(run / "results.parquet").to_pylist()
    return rows


def row(comparison: Comparison, **key: Any) -> Row:
    rows = [*comparison.table(), *comparison.overall]
    (found,) = [one for one in rows if all(one.get(name) == value for name, value in key.items())]
    return found


def test_a_target_beside_pandas_and_scipy(runs: tuple[Path, Path]) -> None:
    found = row(compare(*runs), object="liver")
    a, b = (frame(run).query("object == 'liver'") for run in runs)
    difference = b["dice_predicted"] - a["dice_predicted"]
    means = a["dice_predicted"].mean(), b["dice_predicted"].mean()
    assert (found["mean_a"], found["mean_b"]) == pytest.approx(means, abs=1e-12)
    assert found["difference"] == pytest.approx(difference.mean())
    assert (found["masks"], found["groups"], found["blind"]) == (28, 8, 0.5)
    by_group = difference.groupby(a["group_id"]).agg(["sum", "count"])
    bounds = stats.bootstrap(
        (by_group["sum"].to_numpy(), by_group["count"].to_numpy()),
        lambda sums, counts, axis=-1: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True, n_resamples=40_000, method="percentile", rng=0,
    ).confidence_interval  # fmt: skip
    assert (found["low"], found["high"]) == pytest.approx(tuple(bounds), abs=0.05 * (bounds.high - bounds.low))
    assert found["p_uncorrected"] == stats.wilcoxon(by_group["sum"] / by_group["count"]).pvalue
    # Three targets were tested.
    assert found["p_uncorrected"] <= found["p_value"] <= 3 * found["p_uncorrected"]


def test_means_over_targets_and_over_masks(tmp_path: Path) -> None:
    # One target has three masks of each subject, the other one of some.
    def rows(liver: float, spleen: float) -> list[Row]:
        livers = [result(f"msd/{n}/{k}", liver) for n in range(8) for k in range(3)]
        return livers + [result(f"msd/{n}/0", spleen, object="spleen", label="spleen") for n in range(2)]

    found = compare(write(tmp_path / "a", rows(0.5, 0.5)), write(tmp_path / "b", rows(0.6, 0.9)))
    over_targets, over_masks = row(found, over=OVER_TARGETS), row(found, over=OVER_MASKS)
    assert over_targets["difference"] == pytest.approx((0.1 + 0.4) / 2)
    assert over_masks["difference"] == pytest.approx((24 * 0.1 + 2 * 0.4) / 26)
    assert over_targets["low"] == pytest.approx(0.1)
    assert over_targets["high"] == pytest.approx(0.25)
    assert over_targets["targets"] == over_masks["targets"] == 2
    # Two spleens are too few for a test, and say so; the means have eight subjects.
    assert row(found, object="spleen")["p_value"] is None
    assert any("1 row with fewer than 6 subjects" in note for note in found.notes)
    assert over_targets["p_value"] is not None


def test_a_run_beside_itself(runs: tuple[Path, Path]) -> None:
    found = compare(runs[0], runs[0])
    for one in [*found.table(), *found.overall]:
        assert (one["difference"], one["low"], one["high"], one["p_value"]) == (0, 0, 0, 1)
    assert not found.notes


def test_swapping_the_runs_flips_the_signs(runs: tuple[Path, Path]) -> None:
    there, back = compare(*runs), compare(*runs[::-1])
    assert len(there.table()) == 3
    for one, other in zip([*there.table(), *there.overall], [*back.table(), *back.overall], strict=True):
        assert one["difference"] == -other["difference"] != 0
        assert (one["low"], one["high"]) == pytest.approx((-other["high"], -other["low"]), abs=1e-12)
        assert one["p_value"] == pytest.approx(other["p_value"])


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_compared(
    tmp_path: Path, runs: tuple[Path, Path]
) -> None:
    assert compare(*runs) == compare(*runs)
    assert row(compare(*runs, seed=1), object="liver")["low"] != row(compare(*runs), object="liver")["low"]
    alone = [write(tmp_path / f"{run.name}-liver", [one for one in stored(run) if one["object"] == "liver"])
             for run in runs]  # fmt: skip
    names = ("low", "high", "p_uncorrected")
    one, other = row(compare(*alone), object="liver"), row(compare(*runs), object="liver")
    assert [one[name] for name in names] == [other[name] for name in names]


def test_rows_are_matched_by_name_not_by_place(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    rows = stored(runs[1])
    np.random.default_rng(0).shuffle(rows)
    shuffled = write(tmp_path / "shuffled", rows)
    found, expected = compare(runs[0], shuffled), compare(*runs)
    for one, other in zip(found.table(), expected.table(), strict=True):
        for name in ("mean_a", "mean_b", "low", "high", "p_value"):
            assert one[name] == pytest.approx(other[name], abs=1e-12)


def test_what_only_one_run_has_is_left_out_and_said(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    rows = stored(runs[1])
    fewer = write(tmp_path / "fewer", [*rows[5:], result("msd/99/a0", 0.1)])
    found = compare(runs[0], fewer)
    assert found.masks == len(rows) - 5
    assert (found.a.only_here, found.b.only_here) == (5, 1)
    assert "5 results only in A (before), left out." in found.notes
    assert "1 result only in B (fewer), left out." in found.notes


def test_data_and_settings_that_differ_are_said(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    rows = stored(runs[1])
    rows[0]["area"] = 99
    data = {"dataset": "drawn", "revision": "c" * 64}
    other = write(tmp_path / "other", rows, data=data, inference={**FACTS["inference"], "dtype": "bfloat16"})
    notes = compare(runs[0], other).notes
    assert notes[0].startswith("The data differ: drawn of revision aaaaaaaa and drawn of cccccccc.")
    assert notes[0].endswith("1 of them differ in their number of pixels.")
    assert "The runs differ in dtype: float32 and bfloat16." in notes


def test_instances_are_apart_from_unions(tmp_path: Path) -> None:
    def rows(union: float, instance: float) -> list[Row]:
        unions = [result(f"cells/{n}/0", union) for n in range(6)]
        return unions + [result(f"cells/{n}/0", instance, instance=k) for n in range(6) for k in (1, 2)]

    found = compare(write(tmp_path / "a", rows(0.5, 0.5)), write(tmp_path / "b", rows(0.6, 0.9)))
    union, instances = found.table()
    assert (union["masks_are"], union["masks"], union["difference"]) == ("union", 6, pytest.approx(0.1))
    assert (instances["masks_are"], instances["masks"], instances["difference"]) == (
        "instances",
        12,
        pytest.approx(0.4),
    )
    assert {one["masks_are"] for one in found.overall} == {"union", "instances"}


def test_choices_metrics_and_everything_mode(tmp_path: Path) -> None:
    def rows(oracle: float, predicted: float) -> list[Row]:
        of_box = [result(f"msd/{n}/0", predicted, dice_oracle=oracle) for n in range(6)]
        return of_box + [result(f"msd/{n}/0", None, dice_oracle=oracle, strategy="S1") for n in range(6)]

    a, b = write(tmp_path / "a", rows(0.8, 0.4)), write(tmp_path / "b", rows(0.9, 0.7))
    assert [one["strategy"] for one in compare(a, b).table()] == ["S5"]
    assert compare(a, b).table()[0]["difference"] == pytest.approx(0.3)
    of_oracle = compare(a, b, choice="oracle").table()
    assert [(one["strategy"], one["difference"]) for one in of_oracle] == [
        ("S1", pytest.approx(0.1)), ("S5", pytest.approx(0.1))]  # fmt: skip
    jac = compare(a, b, metric="jac").table()[0]
    assert (jac["mean_a"], jac["mean_b"]) == pytest.approx((0.4 / 1.6, 0.7 / 1.3))
    assert jac["blind"] == pytest.approx(0.5 / 1.5)
    assert len(compare(a, b, choice="oracle", strategies=["S1"]).table()) == 1
    with pytest.raises(CosmosError, match="use --choice oracle"):
        compare(a, b, strategies=["S1"])
    with pytest.raises(CosmosError, match="no mask in common"):
        compare(a, b, strategies=["S6"])


def test_variants_of_a_strategy_are_apart(tmp_path: Path) -> None:
    def rows(plain: float, moved: float) -> list[Row]:
        return [
            result(f"msd/{n}/0", dice, variant=variant)
            for n in range(6)
            for dice, variant in ((plain, ""), (moved, "jitter=10-20"))
        ]

    found = compare(write(tmp_path / "a", rows(0.8, 0.5)), write(tmp_path / "b", rows(0.9, 0.7)))
    assert [(one["variant"], one["difference"], one["masks"]) for one in found.table()] == [
        ("", pytest.approx(0.1), 6), ("jitter=10-20", pytest.approx(0.2), 6)]  # fmt: skip
    assert "liver, CT [jitter=10-20]" in render(found)


def test_by_modality_source_and_label(tmp_path: Path) -> None:
    def rows(gain: float) -> list[Row]:
        places = (("msd", "CT", "liver"), ("acdc", "CT", "myo"), ("acdc", "Cine-MRI", "myo"))
        return [
            result(f"{source}/{n}/{modality}", 0.5 + gain * (k + 1), source=source, modality=modality, label=label)
            for k, (source, modality, label) in enumerate(places)
            for n in range(6)
        ]

    a, b = write(tmp_path / "a", rows(0.0)), write(tmp_path / "b", rows(0.1))

    def table(by: Any, *names: str) -> list[tuple[Any, ...]]:
        return [(*(one[name] for name in names), pytest.approx(one["difference"])) for one in
                compare(a, b, by=by).table()]  # fmt: skip

    assert table("modality", "modality") == [("CT", 0.15), ("Cine-MRI", 0.3)]
    assert table("source", "source") == [("acdc", 0.25), ("msd", 0.1)]
    assert table("label", "source", "label", "modality") == [
        ("acdc", "myo", "CT", 0.2), ("acdc", "myo", "Cine-MRI", 0.3), ("msd", "liver", "CT", 0.1)]  # fmt: skip
    # The means stay those of targets.
    means = {one["targets"] for by in ("modality", "source", "label") for one in compare(a, b, by=by).overall}  # type: ignore[arg-type]
    assert means == {2}


def test_runs_that_cannot_be_compared(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    with pytest.raises(CosmosError, match="no finished run"):
        compare(runs[0], tmp_path)
    other = write(tmp_path / "other", [result("acdc/1/0", 0.5)])
    with pytest.raises(CosmosError, match="no mask in common"):
        compare(runs[0], other)
    (other / "results.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(CosmosError, match="cannot be read"):
        compare(other, runs[0])
    (runs[1] / "run.json").write_text("{")
    with pytest.raises(CosmosError, match=r"run\.json is missing or damaged"):
        compare(*runs)


# The command.


def test_the_command_on_two_real_runs(small: Path, models: dict[str, Path], tmp_path: Path, cli: Any) -> None:
    for name in ("sam", "sam2"):
        cli("run", small, "--model", models[name], *COMMON, "--strategies", "S1,S5", "--no-hd", "--out",
            tmp_path / name)  # fmt: skip
    a, b = tmp_path / "sam", tmp_path / "sam2"
    shown = json.loads(cli("compare", a, b, "--json").stdout)
    summaries = [json.loads((run / "summary.json").read_text())["targets"] for run in (a, b)]
    assert len(shown["rows"]) == 5
    for one in shown["rows"]:
        for side, summary in zip("ab", summaries, strict=True):
            key = {name: one[name] for name in ("object", "modality", "masks_are", "strategy")}
            (target,) = [line for line in summary if key.items() <= line.items()]
            assert one[f"mean_{side}"] == pytest.approx(target["dice_predicted"])
            assert one["masks"] == target["masks"]
            assert one["blind"] == pytest.approx(target["dice_blind"])
    text = cli("compare", a, b, "--choice", "oracle").stdout
    assert "left ventricle, Cine-MRI" in text
    assert "cell, Histopathology (instances)" in text
    assert "no p-value" in text
    assert "nan" not in text.lower()
    assert cli("compare", a, b, "--strategies", "s5").stdout.count("S5") == text.count(" S5 ")
    assert "| right ventricle, Cine-MRI" in cli("compare", a, b, "--format", "markdown").stdout


def test_csv_holds_what_json_holds(runs: tuple[Path, Path], tmp_path: Path, cli: Any) -> None:
    import io

    body = json.loads(cli("compare", *runs, "--json").stdout)
    table = pd.read_csv(io.StringIO(cli("compare", *runs, "--format", "csv").stdout))
    assert len(table) == len(body["rows"]) + len(body["overall"])
    for written, stored in zip(table.to_dict("records"), [*body["rows"], *body["overall"]], strict=True):
        for name in ("mean_a", "mean_b", "difference", "low", "high", "p_value"):
            assert written[name] == pytest.approx(stored[name], abs=1e-6)
    assert body == json.loads(json.dumps(compare(*runs).to_json()))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_figure_shows_every_row(ending: str, runs: tuple[Path, Path], tmp_path: Path, cli: Any) -> None:
    path = tmp_path / f"gain.{ending}"
    assert str(path) in cli("compare", *runs, "--figure", path).stderr
    if ending == "png":
        with Image.open(path) as image:
            assert image.size[0] >= 1000
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 10
    else:
        drawing = path.read_text()
        assert "<svg" in drawing
        assert len(drawing) > 10_000
    assert not list(tmp_path.glob(".*"))


def test_a_figure_of_another_kind(runs: tuple[Path, Path], tmp_path: Path, cli: Any) -> None:
    refused = cli("compare", *runs, "--figure", tmp_path / "gain.xyz", fails=True)
    assert refused.exit_code == 1
    assert ".png, .svg, .pdf" in refused.stderr
    assert not (tmp_path / "gain.xyz").exists()
