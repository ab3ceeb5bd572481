"""What is odd and is built all the same has to be said."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cosmos_datasets.case import Annotation
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.oddities import of_image, of_labels, of_slices
from cosmos_datasets.readers import Picture

_IMAGE = Grid(np.zeros((8, 9), np.uint8))


def _said(labels: NDArray[np.generic], **facts: object) -> list[str]:
    annotation = Annotation(Picture(Path("mask.png")), **{"label": "polyp", **facts})  # type: ignore[arg-type]
    grid = Grid(labels)
    return [f"{one.what} {one.where}" for one in of_labels(annotation, grid, labels, _IMAGE, ())]


def _mask(*values: float) -> NDArray[np.generic]:
    labels = np.zeros((8, 9), np.float32)
    labels[3:6, 2 : 2 + len(values)] = values
    return labels


def test_a_plain_mask_is_nothing_to_speak_of() -> None:
    assert _said(_mask(1, 1)) == _said(_mask()) == _said(_mask(200, 255), threshold=127) == []


@pytest.mark.parametrize("values", [(1, 2), (1, 0.5), (1, 1e30), (1, np.inf)])
def test_several_values_of_one_label_are_told(values: tuple[float, float]) -> None:
    (said,) = _said(_mask(*values))
    assert "holds several values" in said
    assert f"mask.png, {min(values):g} to {max(values):g}" in said


def test_a_mask_that_reaches_every_corner_is_told() -> None:
    (said,) = _said(1 - _mask(1, 1, 1))
    assert "covers every corner" in said
    assert said.endswith("mask.png, 88 % of it")


def test_a_mask_below_its_threshold_is_told() -> None:
    (said,) = _said(_mask(1, 1), threshold=127)
    assert "counts as empty" in said


def test_an_instance_map_that_went_through_a_smooth_resize_is_told() -> None:
    assert _said(np.repeat(np.repeat([[0, 1, 2], [0, 3, 4]], 4, 0), 4, 1), instances=True) == []
    (said,) = _said(_mask(3, 2, 1), instances=True)
    assert "most instances are specks" in said
    (said,) = _said(np.repeat(np.repeat([[1, 0, 2], [3, 0, 4]], 4, 0), 4, 1), instances=True)
    assert "covers every corner" in said


def test_a_plane_that_was_never_written_is_told_along_whatever_axis_slices_are_shown() -> None:
    volume = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    assert list(of_image(Grid(volume, np.eye(4)), (1, 1, 1), (0, 119), Intensity())) == []
    volume[:, :, 2] = 0
    (one,) = of_image(Grid(volume, np.eye(4)), (1, 1, 1), (0, 119), Intensity())
    assert one.where == "1 along the file's last axis, the first is number 2"
    volume[:, :, :3] = 0  # air above the patient
    assert list(of_image(Grid(volume, np.eye(4)), (1, 1, 1), (0, 119), Intensity())) == []


def test_labels_that_leave_no_corner_are_noted() -> None:
    (said,) = _said(2 - _mask(1, 1, 1), label=None)
    assert "cover every corner of their image" in said
    assert _said(_mask(1, 2), label=None) == []


def test_values_below_zero_are_told() -> None:
    (said,) = _said(_mask(-1, -1))
    assert "below zero, which count as background" in said


def test_a_slice_that_was_written_twice_is_told() -> None:
    volume = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    volume[..., 3] = volume[..., 2]
    (one,) = of_image(Grid(volume, np.eye(4)), (1, 1, 1), (0, 119), Intensity())
    assert one.where == "1 along the file's last axis, the first is number 3"


def test_slices_that_were_never_written_are_told_if_they_have_a_mask() -> None:
    slices = np.arange(4 * 6).reshape(4, 2, 3)
    slices[[1, 3]] = 0
    (one,) = of_slices(slices, {0, 1})
    assert one.where == "1 slices, the first is number 1"
    assert list(of_slices(slices, {0, 2})) == []
