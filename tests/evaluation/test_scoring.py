"""Every score of a run against a plain computation that calls transformers prompt by prompt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import transformers
from direct_families import MEAN, STD, padded, unrounded
from numpy.typing import NDArray
from runs import SHARED
from scipy.ndimage import binary_erosion, distance_transform_edt

from cosmos_datasets.build.run import build
from cosmos_datasets.encoding import decode_mask
from cosmos_datasets.evaluation import scoring
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.prompts import Prompt, grid_points, make_prompt
from cosmos_datasets.evaluation.results import DISTANCES, SCORES
from cosmos_datasets.evaluation.sample import Sample, Target
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.load.rows import as_array, full_mask
from cosmos_datasets.registry import get_source

Bools = NDArray[np.bool_]
Row = dict[str, Any]


class Plain:
    """A model of transformers, called directly: full canvas, one prompt at a time."""

    def __init__(self, folder: Path, image: NDArray[np.uint8]) -> None:
        self.sam2 = "sam2" in folder.name
        self.model = (transformers.Sam2Model if self.sam2 else transformers.SamModel).from_pretrained(folder).float()
        self.size = self.model.config.prompt_encoder_config.image_size
        self.height, self.width = image.shape[:2]
        if self.sam2:
            self.rows = self.columns = self.size
        else:
            scale = self.size / max(self.height, self.width)
            self.rows, self.columns = int(self.height * scale + 0.5), int(self.width * scale + 0.5)
        with torch.no_grad():
            self.features = self.model.get_image_embeddings(
                (unrounded if self.sam2 else padded)(image, self.size, MEAN, STD)
            )

    def logits(self, prompt: Prompt) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits ``(3, height, width)`` and scores ``(3,)``."""
        scale = np.array([self.columns / self.width, self.rows / self.height])
        shown: dict[str, torch.Tensor] = {}
        if len(prompt.points):
            shown["input_points"] = torch.tensor(prompt.points * scale, dtype=torch.float32)[None, None]
            shown["input_labels"] = torch.from_numpy(prompt.labels)[None, None]
        if prompt.box is not None:
            shown["input_boxes"] = torch.tensor(prompt.box * np.tile(scale, 2), dtype=torch.float32)[None, None]
        with torch.no_grad():
            output = self.model(image_embeddings=self.features, multimask_output=True, **shown)
            masks = output.pred_masks[0]
            if not self.sam2:
                masks = torch.nn.functional.interpolate(masks, (self.size, self.size), mode="bilinear")[
                    ..., : self.rows, : self.columns
                ]
            masks = torch.nn.functional.interpolate(masks, (self.height, self.width), mode="bilinear")
        return masks[0].numpy(), output.iou_scores[0, 0].numpy()


def dices(masks: Bools, reference: Bools) -> NDArray[np.float64]:
    return np.array([2 * (mask & reference).sum() / (mask.sum() + reference.sum()) for mask in masks])


def expected_distances(mask: Bools, reference: Bools, spacing: Any, tolerance: float) -> Row:
    """From distance maps of the whole image."""
    if spacing is None:
        return dict.fromkeys(DISTANCES)
    if not mask.any():
        return {**dict.fromkeys(DISTANCES[:3]), "nsd": 0.0, "nsd_length": 0.0}
    # Erosion takes what lies outside of the image for background.
    outlines = [one & ~binary_erosion(one) for one in (mask, reference)]
    maps = [distance_transform_edt(~outline, sampling=spacing) for outline in outlines]
    there, back = maps[1][outlines[0]], maps[0][outlines[1]]
    both = np.concatenate([there, back])
    return {
        "hd": both.max(),
        "hd95": max(np.percentile(there, 95), np.percentile(back, 95)),
        "asd": both.mean(),
        "nsd": np.mean(both <= tolerance + 1e-5),
        "nsd_length": share_of_lengths(mask, reference, spacing, tolerance),
    }


def share_of_lengths(mask: Bools, reference: Bools, spacing: Any, tolerance: float) -> float:
    """By how much mask each corner of pixels sees above, below, left and right of it."""
    diagonal, corners, lengths = np.hypot(*spacing) / 2, [], []
    for one in (mask, reference):
        padded = np.pad(one, 1).astype(int)
        a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
        level, upright = (a == b) & (c == d) & (a != c), (a == c) & (b == d) & (a != b)
        saddle = (a == d) & (b == c) & (a != b)
        corners.append((a + b + c + d) % 4 > 0)
        lengths.append(np.select([level, upright, saddle], [spacing[1], spacing[0], 2 * diagonal], diagonal))
    maps = [distance_transform_edt(~one, sampling=spacing) for one in corners]
    within = [lengths[n][corners[n] & (maps[1 - n] <= tolerance + 1e-5)].sum() for n in range(2)]
    return float(sum(within) / sum(lengths[n][corners[n]].sum() for n in range(2)))


def expected_scores(mask: Bools, reference: Bools, spacing: Any = None) -> Row:
    tp, predicted, area = (int(one.sum()) for one in (mask & reference, mask, reference))
    union = predicted + area - tp
    in_mm = expected_distances(mask, reference, spacing, 2)
    return {
        **{"tp": tp, "pred_area": predicted, "dice": 2 * tp / (predicted + area), "jac": tp / union},
        **expected_distances(mask, reference, (1, 1), 2),
        **{f"{name}_mm": value for name, value in in_mm.items()},
    }


#: What a few pixels, one or two apart, change: DICE and JAC little, distances by about these pixels.
FEW = {
    **{"tp": 3, "pred_area": 3, "hd": 1.5, "hd95": 1.5, "asd": 0.3, "nsd": 0.1, "nsd_length": 0.1},
    **{"hd_mm": 3, "hd95_mm": 3, "asd_mm": 0.6, "nsd_mm": 0.1, "nsd_length_mm": 0.1},
}


def agree(row: Row, choice: str, wanted: Row) -> bool:
    """Whether all scores are equal; fails where they differ by more than a few pixels of rounding explain."""
    got = {name: row[f"{name}_{choice}"] for name in wanted}
    for name, value in wanted.items():
        assert (got[name] is None) == (value is None), (row["image_id"], row["strategy"], name, got, wanted)
        few = FEW.get(name, 2e-3)
        assert value is None or abs(got[name] - value) <= few, (row["image_id"], row["strategy"], name, got, wanted)
    return all(value is None or got[name] == pytest.approx(value, abs=1e-9) for name, value in wanted.items())


def rows_by_image(run: Path, data: Path) -> Iterator[tuple[Row, list[Row]]]:
    """Every image of a run as the data set stores it, and its results."""
    results = pq.read_table(run / "results.parquet").to_pylist()
    opened = open_dataset(data)
    index = opened.index().to_pandas()
    for image_id in dict.fromkeys(row["image_id"] for row in results):
        image = next(opened.rows(index[index["image_id"] == image_id]))
        yield image, [row for row in results if row["image_id"] == image_id]


def reference_of(row: Row, image: Row) -> Bools:
    key = (row["label"], row["instance"], row["rater"])
    found = [k for k, one in enumerate(image["objects"]) if (one["label"], one["instance"], one["rater"]) == key]
    assert len(found) == 1
    return full_mask(image, found[0])


def check_stored_mask(row: Row, choice: str, mask: Bools) -> None:
    stored = row[f"mask_{choice}"]
    if stored is None:
        return
    x0, y0, x1, y1 = stored["bbox"]
    canvas = np.zeros_like(mask)
    canvas[y0 : y1 + 1, x0 : x1 + 1] = decode_mask(stored["png"])
    assert np.array_equal(canvas, mask)


@pytest.mark.parametrize(("model", "config"), [("sam", "acdc"), ("sam2", "acdc"), ("sam2", "cellseg_neurips22")])
def test_prompted_strategies_equal_a_plain_computation(
    model: str, config: str, small: Path, models: dict[str, Path], tmp_path: Path, cli: Any
) -> None:
    cli("run", small, "--config", config, "--limit", 3, "--model", models[model], "--strategies", "S2,S3,S4,S5,S6",
        "--save-masks", "--threads", 1, "--out", tmp_path / "run")  # fmt: skip
    seen, differing, empty = 0, 0, 0
    for image, results in rows_by_image(tmp_path / "run", small):
        plain = Plain(models[model], as_array(image["image"]))
        assert len(results) == 5 * len(image["objects"])
        for row in results:
            reference = reference_of(row, image)
            assert row["area"] == reference.sum()
            logits, scores = plain.logits(Prompt.from_json(row["prompt"]))
            masks = logits > 0
            # A tie in DICE (two empty masks) or in the last digits of the score leaves the choice open.
            assert dices(masks, reference)[row["choice_oracle"]] == pytest.approx(
                dices(masks, reference).max(), abs=1e-3
            )
            assert scores[row["choice_predicted"]] == pytest.approx(scores.max(), abs=1e-4)
            assert row["predicted_iou"] == pytest.approx(scores.max(), abs=1e-4)
            for choice in ("oracle", "predicted"):
                mask = masks[row[f"choice_{choice}"]]
                equal = agree(row, choice, expected_scores(mask, reference, image["spacing"]))
                seen, differing, empty = seen + 1, differing + (not equal), empty + (not mask.any())
                if equal:
                    check_stored_mask(row, choice, mask)
    # Prompts are decoded in batches, which moves the last digits of a logit and now and then a pixel.
    assert differing <= 0.02 * seen, f"{differing} of {seen}"
    assert seen > 50
    assert empty < seen


def test_everything_mode_equals_a_plain_computation(
    small: Path, models: dict[str, Path], tmp_path: Path, cli: Any
) -> None:
    cli("run", small, "--limit", 4, "--model", models["sam2"], "--strategies", "S1", "--grid", 7, "--threads", 1,
        "--out", tmp_path / "run")  # fmt: skip
    several = False
    for image, results in rows_by_image(tmp_path / "run", small):
        plain = Plain(models["sam2"], as_array(image["image"]))
        survivors = plain_everything(plain, 7)
        for row in results:
            reference = reference_of(row, image)
            values = dices(np.array(survivors), reference)
            best = int(values.argmax())
            assert (row["choice_oracle"], row["nothing_found"]) == (
                (best, None) if values[best] else (None, "elsewhere")
            )
            one = survivors[best] if values[best] else np.zeros_like(reference)
            assert agree(row, "oracle", expected_scores(one, reference, image["spacing"]))
            assert [row[f"{name}_predicted"] for name in SCORES] == [None] * len(SCORES)
            assert row["prompt"] == '{"grid":7}'
            assert [row[name] for name in ("dice_predicted", "choice_predicted", "predicted_iou")] == [None] * 3
        several = several or len(survivors) > 1
    assert several


def plain_everything(plain: Plain, grid: int) -> list[Bools]:
    """The survivors of SAM's rules at full size, by falling score."""
    found: list[tuple[float, Bools, tuple[int, ...]]] = []
    for point in grid_points(grid, plain.height, plain.width):
        logits, scores = plain.logits(Prompt(point[None], np.ones(1, np.int64)))
        for one, score in zip(logits, scores, strict=True):
            if (
                score > (0.8 if plain.sam2 else 0.88)
                and (one > -1).any()
                and (one > 1).sum() / (one > -1).sum() >= 0.95
            ):
                rows, columns = np.flatnonzero((one > 0).any(1)), np.flatnonzero((one > 0).any(0))
                found.append((float(score), one > 0, (columns[0], rows[0], columns[-1], rows[-1])))
    kept: list[tuple[float, Bools, tuple[int, ...]]] = []
    for candidate in sorted(found, key=lambda entry: -entry[0]):
        if all(iou(candidate[2], other[2]) <= 0.7 for other in kept):
            kept.append(candidate)
    return [mask for _, mask, _ in kept]


def iou(a: Any, b: Any) -> float:
    shared = max(0, int(min(a[2], b[2])) - max(a[0], b[0])) * max(0, int(min(a[3], b[3])) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return float(shared / union) if union else 0.0


# Prompts of several shapes in one image, and more of a shape than are decoded together.


def sample_with(count: int, spacing: Any = None) -> Sample:
    """Targets of which every third fills the image but for a few pixels: S4 finds fewer negative points there."""
    shape = (48, 64)
    targets = []
    for n in range(count):
        full = np.ones(shape, np.bool_)
        if n % 3:
            full[:] = False
            full[n % 30 : n % 30 + 9, n : n + 8] = True
        else:
            full[0, : 1 + n % 4] = False
        rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
        x0, x1, y0, y1 = columns[0], columns[-1], rows[0], rows[-1]
        box = (int(x0), int(y0), int(x1), int(y1))
        targets.append(Target(full[y0 : y1 + 1, x0 : x1 + 1], box, "cell", "cell", instance=n + 1))
    names = ("source", "modality", "image_id", "case_id", "group_id", "split", "fold")
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    return Sample(image, tuple(targets), {**dict.fromkeys(names, ""), "spacing": spacing})


def test_prompts_of_all_shapes_come_back_in_the_order_of_their_targets(models: dict[str, Path]) -> None:
    adapter = load_model(str(models["sam"]), "cpu")
    sample = sample_with(40)
    shapes = [make_prompt("S4", target, sample.height, sample.width).shape for target in sample.targets]
    assert len(set(shapes)) > 2
    assert max(map(shapes.count, shapes)) > scoring.PROMPTS_AT_ONCE
    plain = Plain(models["sam"], sample.image)
    embedding = adapter.encode([sample.image])[0]
    rows = list(scoring.score_sample(adapter, embedding, sample, scoring.Settings(("S4",)), [100.0] * 40))
    assert [row["instance"] for row in rows] == list(range(1, 41))
    for row, target in zip(rows, sample.targets, strict=True):
        masks = plain.logits(make_prompt("S4", target, sample.height, sample.width))[0] > 0
        best = dices(masks, target.full(sample.height, sample.width)).max()
        assert row["dice_oracle"] == pytest.approx(best, abs=2e-3)


def test_upsampling_in_pieces_changes_nothing(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = load_model(str(models["sam"]), "cpu")
    sample = sample_with(20)
    embedding = adapter.encode([sample.image])[0]

    def scores() -> list[Row]:
        rows = list(scoring.score_sample(adapter, embedding, sample, scoring.Settings(("S3", "S5")), [100.0] * 20))
        return [{name: value for name, value in row.items() if not name.startswith("mask")} for row in rows]

    whole = scores()
    monkeypatch.setattr(scoring, "_PIXELS_AT_ONCE", 1)
    assert scores() == whole


@pytest.mark.parametrize("spacing", [[2.5, 0.75], [0.4, 0.4], None])
def test_distances_in_pixels_and_millimetres(spacing: Any, models: dict[str, Path]) -> None:
    adapter = load_model(str(models["sam"]), "cpu")
    sample = sample_with(9, spacing)
    embedding = adapter.encode([sample.image])[0]
    settings = scoring.Settings(("S2", "S5"), tolerance=3, tolerance_mm=1)
    seen = 0
    for row in scoring.score_sample(adapter, embedding, sample, settings, [100.0] * 9):
        reference = sample.targets[row["instance"] - 1].full(sample.height, sample.width)
        for choice in ("oracle", "predicted"):
            predicted = row[f"mask_{choice}"]
            mask = np.zeros_like(reference)
            if predicted is not None:
                x0, y0, x1, y1 = predicted.bbox
                mask[y0 : y1 + 1, x0 : x1 + 1] = predicted.mask
            assert row["diagonal"] == np.hypot(47, 63)
            assert row["diagonal_mm"] == (None if spacing is None else np.hypot(47 * spacing[0], 63 * spacing[1]))
            in_mm = expected_distances(mask, reference, spacing, 1)
            wanted = {
                **{
                    f"{name}_{choice}": value for name, value in expected_distances(mask, reference, (1, 1), 3).items()
                },
                **{f"{name}_mm_{choice}": value for name, value in in_mm.items()},
            }
            found = {name: row[name] for name in wanted}
            assert {name: value is None for name, value in found.items()} == {n: v is None for n, v in wanted.items()}
            assert [v for v in found.values() if v is not None] == pytest.approx(
                [v for v in wanted.values() if v is not None], rel=1e-6
            )
            seen += bool(mask.any())
    assert seen > 9


@pytest.mark.parametrize("spacing", [None, [0.0, 1.0], [0.0, 0.0]])
def test_a_size_of_a_pixel_that_is_none_is_not_known(spacing: Any) -> None:
    assert sample_with(1, spacing).spacing is None
    assert sample_with(1, [2.0, 1.0]).spacing == (2.0, 1.0)


@pytest.mark.slow
def test_distances_of_real_predictions(tmp_path: Path, cli: Any) -> None:
    source = SHARED / "real" / "msd"
    if not source.is_dir():
        pytest.skip(f"the real images are not there: {source}")
    build(get_source("msd"), source, tmp_path / "data")
    cli("run", tmp_path / "data", "--model", "tiny", "--strategies", "S2,S5", "--limit", 8, "--save-masks",
        "--out", tmp_path / "run")  # fmt: skip
    seen = 0
    for image, results in rows_by_image(tmp_path / "run", tmp_path / "data"):
        for row in results:
            reference = reference_of(row, image)
            for choice in ("oracle", "predicted"):
                stored, mask = row[f"mask_{choice}"], np.zeros_like(reference)
                if stored is not None:
                    x0, y0, x1, y1 = stored["bbox"]
                    mask[y0 : y1 + 1, x0 : x1 + 1] = decode_mask(stored["png"])
                assert agree(row, choice, expected_scores(mask, reference, image["spacing"]))
                seen += stored is not None
    assert seen > 20


def few_labels(real: Path, folder: Path) -> Path:
    """The tree with every tenth file of a folder of many: a hundred label maps of a scan take a minute to read."""
    for path in sorted(real.rglob("*")):
        siblings = sorted(path.parent.iterdir())
        if path.is_file() and (len(siblings) < 60 or siblings.index(path) % 10 == 0):
            (folder / path.relative_to(real)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.relative_to(real)).symlink_to(path)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("source", ["totalsegmentator", "msd", "cellseg_neurips22"])
def test_real_images_and_weights_agree_with_a_plain_computation(
    source: str, weights: Path, tmp_path: Path, cli: Any
) -> None:
    if not (SHARED / "real" / source).is_dir():
        pytest.skip(f"the real images are not there: {SHARED / 'real' / source}")
    build(get_source(source), few_labels(SHARED / "real" / source, tmp_path / "raw"), tmp_path / "data")
    masks = ("--masks", "union") if source == "cellseg_neurips22" else ()
    cli("run", tmp_path / "data", "--model", weights, "--strategies", "S2,S5,S6", "--limit", 1, *masks,
        "--out", tmp_path / "run")  # fmt: skip
    differences = []
    for image, results in rows_by_image(tmp_path / "run", tmp_path / "data"):
        plain = Plain(weights, as_array(image["image"]))
        for row in results:
            logits, _ = plain.logits(Prompt.from_json(row["prompt"]))
            best = dices(logits > 0, reference_of(row, image)).max()
            differences.append(abs(best - row["dice_oracle"]))
    assert len(differences) >= 3
    assert np.mean(differences) <= 0.002
