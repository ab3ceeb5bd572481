import io
import math
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from PIL import Image

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation import METRIC_MODULES, metric_path
from cosmos_datasets.evaluation.contour_share import contour, contour_shares
from cosmos_datasets.evaluation.distances import distance_scores, hausdorff, surface_points
from cosmos_datasets.evaluation.mask_metric import as_mask
from cosmos_datasets.evaluation.metrics import conformity, counts, dice, jaccard
from cosmos_datasets.evaluation.results import DISTANCES
from cosmos_datasets.evaluation.sample import Mask

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("HF_EVALUATE_OFFLINE", "1")  # before the import: evaluate reads it once
    import evaluate

    def loaded(name: str, **options: Any) -> Any:
        return evaluate.load(metric_path(name), cache_dir=str(tmp_path), experiment_id=uuid.uuid4().hex, **options)

    return loaded


def masks(seed: int, n: int = 3, shape: tuple[int, int] = (21, 30)) -> list[Mask]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.random(shape) < share) for share in np.linspace(0.3, 0.7, n)]


def expected(name: str, prediction: Mask, reference: Mask) -> float:
    if name in DISTANCES:
        surfaces = surface_points(prediction), surface_points(reference)
        return float(getattr(distance_scores(*surfaces, tolerance=2), name))
    of_counts: dict[str, Any] = {"dice": dice, "jac": jaccard, "conformity": conformity}
    return float(of_counts[name](*counts(prediction, reference)))


@pytest.mark.parametrize("name", METRIC_MODULES)
def test_a_module_gives_the_mean_of_the_core_metric(name: str, load: Callable[..., Any]) -> None:
    predictions, references = masks(1), masks(2)
    per_mask = [expected(name, *pair) for pair in zip(predictions, references, strict=True)]
    metric = load(name)
    assert metric.compute(predictions=predictions, references=references)[name] == pytest.approx(np.mean(per_mask))
    scores = metric.compute(predictions=predictions, references=references, average=None)
    assert scores == {name: per_mask}


@pytest.mark.parametrize("name", METRIC_MODULES)
def test_masks_collected_one_by_one_and_in_batches(name: str, load: Callable[..., Any]) -> None:
    predictions, references = masks(1, 5), masks(2, 5)
    at_once = load(name).compute(predictions=predictions, references=references)
    metric = load(name, keep_in_memory=True)
    metric.add(prediction=predictions[0], reference=references[0])
    metric.add_batch(predictions=predictions[1:], references=references[1:])
    assert metric.compute() == at_once


def png(mask: Mask) -> bytes:
    content = io.BytesIO()
    Image.fromarray(mask).save(content, format="PNG")
    return content.getvalue()


FORMS: dict[str, Callable[[Mask], Any]] = {
    "bool": lambda mask: mask,
    "0/1": lambda mask: mask.astype(np.uint8),
    "0/1 int64": lambda mask: mask.astype(np.int64),
    "0/255": lambda mask: mask.astype(np.uint8) * 255,
    "0.0/1.0": lambda mask: mask.astype(np.float32),
    "column-major": np.asfortranarray,
    "nested lists": lambda mask: mask.astype(int).tolist(),
    "tensor": torch.from_numpy,
    "1-bit image": Image.fromarray,
    "8-bit image": lambda mask: Image.fromarray(mask.astype(np.uint8) * 255),
    "bytes": png,
    "undecoded feature": lambda mask: {"bytes": png(mask), "path": None},
}


@pytest.mark.parametrize("form", FORMS)
def test_masks_in_every_form(form: str, load: Callable[..., Any]) -> None:
    predictions, references = masks(3), masks(4)
    score = load("dice").compute(predictions=[FORMS[form](mask) for mask in predictions], references=references)
    per_mask = [expected("dice", *pair) for pair in zip(predictions, references, strict=True)]
    assert score == {"dice": pytest.approx(np.mean(per_mask))}


def test_masks_as_one_array_and_as_a_column_of_a_data_set(load: Callable[..., Any], tmp_path: Path) -> None:
    predictions, references = masks(3), masks(4)
    metric = load("jac")
    plain = metric.compute(predictions=predictions, references=references)
    assert (
        metric.compute(predictions=np.stack(predictions), references=torch.from_numpy(np.stack(references))) == plain
    )
    features = datasets.Features({"mask": datasets.Image()})
    column = datasets.Dataset.from_dict({"mask": [Image.fromarray(mask) for mask in predictions]}, features=features)
    assert metric.compute(predictions=column["mask"], references=references) == plain
    for place, mask in enumerate(references):
        Image.fromarray(mask).save(tmp_path / f"{place}.png")
    files = [tmp_path / "0.png", str(tmp_path / "1.png"), tmp_path / "2.png"]
    assert metric.compute(predictions=predictions, references=files) == plain


@pytest.mark.parametrize("shape", [(1, 1), (7, 8), (5, 9), (64, 129)])
def test_every_width_survives_the_packing(shape: tuple[int, int], load: Callable[..., Any]) -> None:
    predictions, references = masks(5, 4, shape), masks(6, 4, shape)
    per_mask = [expected("dice", *pair) for pair in zip(predictions, references, strict=True)]
    assert load("dice").compute(predictions=predictions, references=references, average="none") == {"dice": per_mask}


@pytest.mark.parametrize(
    "value", [np.array([[0, 2]]), np.array([[0, 1, 255]]), np.array([[-1, 0]]), np.array([[0.5]])]
)
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="holds 0 and 1, 0 and 255, or False and True"):
        as_mask(value)


@pytest.mark.parametrize("value", [np.zeros((4, 4, 3)), np.zeros(4), np.zeros((0, 4)), [["a"]], [[math.nan]]])
def test_what_is_not_a_mask_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="a mask"):
        as_mask(value)


def test_a_refusal_names_the_mask_and_leaves_the_metric_usable(load: Callable[..., Any]) -> None:
    metric, good = load("dice"), np.eye(6, dtype=np.bool_)
    with pytest.raises(ValueError, match=r"predictions\[1\] is 6 x 7 .* reference 6 x 6"):
        metric.add_batch(predictions=[good, np.ones((6, 7), dtype=np.bool_)], references=[good, good])
    with pytest.raises(ValueError, match=r"references\[1\].*0, 3"):
        metric.add_batch(predictions=[good, good], references=[good, good * 3])
    with pytest.raises(ValueError, match="2 predictions for 1 references"):
        metric.compute(predictions=[good, good], references=[good])
    with pytest.raises(ValueError, match="references are missing"):
        metric.add(prediction=good)
    metric.add(prediction=good, reference=good)
    metric.add(predictions=good, references=good)
    assert metric.compute(average=None) == {"dice": [1, 1]}


def test_empty_masks(load: Callable[..., Any]) -> None:
    empty, some = np.zeros((6, 6), dtype=np.bool_), np.eye(6, dtype=np.bool_)
    pairs: dict[str, Any] = {
        "predictions": [empty, empty, some],
        "references": [empty, some, some],
        "average": None,
    }
    assert load("dice").compute(**pairs) == {"dice": [1, 0, 1]}
    assert load("jac").compute(**pairs, convention="released") == {"jac": [0, 0, 1]}
    assert load("hd").compute(**pairs, convention="released") == {"hd": [0, 0, 0]}
    assert np.isnan(load("hd").compute(**pairs)["hd"]).tolist() == [True, True, False]
    pairs["average"] = "mean"
    # Where one alone is empty, the mean has the distance of the opposite corners' pixels; the value is undefined.
    assert load("hd").compute(**pairs) == {"hd": math.hypot(5, 5) / 2, "hd_defined": 0, "undefined": 2}
    apart = math.hypot(5 * 3, 5 * 0.5) / 2
    assert load("hd").compute(**pairs, spacing=(3, 0.5))["hd"] == pytest.approx(apart)
    assert load("hd").compute(**pairs, convention="released") == {
        **{"hd": math.hypot(5, 5) / 3, "hd_defined": 0, "undefined": 0},
    }
    nothing = load("hd").compute(predictions=[empty], references=[empty])
    assert math.isnan(nothing["hd"])
    assert nothing["undefined"] == 1


@pytest.mark.parametrize("name", METRIC_MODULES)
def test_without_any_pair_there_is_no_mean(name: str, load: Callable[..., Any]) -> None:
    assert math.isnan(load(name).compute(predictions=[], references=[])[name])
    assert load(name).compute(predictions=[], references=[], average=None) == {name: []}


def test_hd_in_millimetres(load: Callable[..., Any]) -> None:
    prediction, reference = masks(8, 1)[0], masks(9, 1)[0]
    found = load("hd").compute(predictions=[prediction], references=[reference], spacing=(3.0, 0.5))
    wanted = pytest.approx(hausdorff(prediction, reference, (3.0, 0.5)))
    assert found == {"hd": wanted, "hd_defined": wanted, "undefined": 0}


@pytest.mark.parametrize("name", ["hd95", "asd", "nsd"])
def test_distances_in_millimetres(name: str, load: Callable[..., Any]) -> None:
    prediction = np.zeros((30, 40), np.bool_)
    prediction[5:20, 5:20] = True
    reference = np.roll(prediction, (1, 4), axis=(0, 1))
    surfaces = surface_points(prediction), surface_points(reference)
    wanted = getattr(distance_scores(*surfaces, (3.0, 0.5), tolerance=1.5), name)
    options = {"tolerance": 1.5} if name == "nsd" else {}
    found = load(name).compute(predictions=[prediction], references=[reference], spacing=(3.0, 0.5), **options)
    assert found[name] == pytest.approx(wanted)
    assert found[name] != load(name).compute(predictions=[prediction], references=[reference])[name]


def test_empty_masks_and_masks_that_share_nothing(load: Callable[..., Any]) -> None:
    empty, some = np.zeros((6, 6), dtype=np.bool_), np.eye(6, dtype=np.bool_)
    pairs: dict[str, Any] = {
        "predictions": [empty, empty, some, some],
        "references": [empty, some, some, some[::-1]],
    }
    for name in ("hd95", "asd"):
        found = load(name).compute(**pairs)
        assert found["undefined"] == 2
        assert found[name] > 0
        assert load(name).compute(**pairs, average=None, convention="released")[name][:3] == [0, 0, 0]
    # The two diagonals: of twelve points, the middle four are one pixel from the other line.
    for convention, agree in (("standard", 1), ("released", 0)):
        found = load("nsd").compute(**pairs, average=None, tolerance=1, convention=convention)
        assert found == {"nsd": [agree, 0, 1, pytest.approx(4 / 12)]}
    assert load("conformity").compute(**pairs) == {"conformity": 1, "undefined": 2}
    assert load("conformity").compute(**pairs, average=None, convention="released") == {"conformity": [0, 0, 1, 0]}


def test_options_that_do_not_exist_are_refused(load: Callable[..., Any]) -> None:
    some = [np.eye(6, dtype=np.bool_)]
    with pytest.raises(ValueError, match="average"):
        load("dice").compute(predictions=some, references=some, average="median")
    with pytest.raises(CosmosError, match="'lenient'"):
        load("dice").compute(predictions=some, references=some, convention="lenient")


NO_SIZES = [
    (0.0, 1.0),
    (1.0, -1.0),
    (math.nan, 1.0),
    (1.0, math.inf),
    (1.0,),
    (1.0, 1.0, 1.0),
    1.0,
    "ab",
    None,
    [1, [2]],
]


@pytest.mark.parametrize("name", ["hd", "hd95", "asd", "nsd"])
def test_what_is_no_size_of_a_pixel_and_no_tolerance_is_refused(name: str, load: Callable[..., Any]) -> None:
    empty, some = np.zeros((6, 6), dtype=np.bool_), np.eye(6, dtype=np.bool_)
    metric = load(name)
    for spacing in NO_SIZES:
        for pair in ((some, some), (empty, some)):
            with pytest.raises(CosmosError, match=r"^spacing is the size of a pixel as two numbers above 0"):
                metric.compute(predictions=pair[:1], references=pair[1:], spacing=spacing)
    for spacing in (np.array([2, 3]), [np.float32(0.5), 1]):
        metric.compute(predictions=[some], references=[some], spacing=spacing)
    if name == "nsd":
        pair = {"predictions": [some], "references": [some]}
        for by in ("points", "length"):
            for tolerance in (-1.0, math.nan, math.inf, "2", None):
                with pytest.raises(CosmosError, match=r"^a tolerance is a distance of 0 or more, not"):
                    metric.compute(**pair, tolerance=tolerance, by=by)
            with pytest.raises(CosmosError, match=r"^spacing is the size of a pixel"):
                metric.compute(**pair, spacing=None, by=by)
        with pytest.raises(CosmosError, match="by 'area'"):
            metric.compute(**pair, by="area")


def test_nsd_by_length(load: Callable[..., Any]) -> None:
    prediction, reference = masks(8, 1)[0], masks(9, 1)[0]
    found = load("nsd").compute(predictions=[prediction], references=[reference], spacing=(3.0, 0.5), by="length")
    assert found == {"nsd": contour_shares(contour(prediction), contour(reference), (3.0, 0.5), (2.0,))[0]}


@pytest.mark.parametrize("name", METRIC_MODULES)
def test_a_module_describes_itself(name: str, load: Callable[..., Any]) -> None:
    folder = CHECKOUT / "evaluation" / name
    assert metric_path(name) == str(folder)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Empty masks" in readme
    assert f'metric_path("{name}")' in readme
    metric = load(name)
    assert metric.name == name
    assert metric.description.startswith(name.upper())
    assert "huang2024segment" in metric.citation
    assert set(metric.features) == {"predictions", "references"}


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(CosmosError, match=r"'con'; there are dice, jac, hd, .*, conformity"):
        metric_path("con")
