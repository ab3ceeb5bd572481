"""The masks of one slice, compared with counting every value on its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from cosmos_datasets.case import Annotation
from cosmos_datasets.errors import CaseError
from cosmos_datasets.label_maps import ValueTable, masks_of_slice, value_table
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label

LABELS = (
    Label("liver", "liver", 3),
    Label("kidney_left", "kidney", (5, 7)),
    Label("cyst", None, 1, excluded="not a target"),
    Label("kidney_right", "kidney", 9),
    Label("liver", "liver", 12),  # two values, one class
)
VALUES = {"liver": [3, 12], "kidney_left": [5, 6, 7], "cyst": [1], "kidney_right": [9]}
DTYPES = [np.uint8, np.int16, np.uint16, np.int32, np.int64]
shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)


def _annotation(**fields: Any) -> Annotation:
    return Annotation(Picture(Path("labels.png")), **fields)


def _found(
    plane: NDArray[Any], annotation: Annotation, table: ValueTable | Label
) -> dict[tuple[str, int], NDArray[np.bool_]]:
    """Full masks by name and instance; boxes and areas are checked on the way."""
    found = {}
    for label, instance, (x0, y0, x1, y1), area, mask in masks_of_slice(plane, annotation, table):
        full = np.zeros(plane.shape, bool)
        full[y0 : y1 + 1, x0 : x1 + 1] = mask()
        rows, columns = np.nonzero(full)
        assert (x0, y0, x1, y1) == (columns.min(), rows.min(), columns.max(), rows.max()), "a tight box"
        assert area == len(rows)
        assert (label.name, instance) not in found
        found[label.name, instance] = full
    return found


@given(st.data(), st.sampled_from(DTYPES), shapes)
def test_masks_of_a_value_table(data: st.DataObject, dtype: Any, shape: tuple[int, int]) -> None:
    declared = st.sampled_from([0, 1, 3, 5, 6, 7, 9, 12])
    plane = data.draw(arrays(dtype, shape, elements=declared))
    found = _found(plane, _annotation(), value_table(LABELS))
    expected = {(name, 0): np.isin(plane, values) for name, values in VALUES.items() if np.isin(plane, values).any()}
    assert list(found) == list(expected), "in declaration order"
    for key, mask in expected.items():
        np.testing.assert_array_equal(found[key], mask)


@given(arrays(st.sampled_from([*DTYPES, np.float32, np.bool_]), shapes), st.sampled_from([0, 127]))
def test_masks_of_one_label_lie_above_the_threshold(plane: NDArray[Any], threshold: int) -> None:
    plane = np.nan_to_num(plane) if plane.dtype.kind == "f" else plane
    found = _found(plane, _annotation(label="liver", threshold=threshold), LABELS[0])
    assert set(found) == ({("liver", 0)} if (plane > threshold).any() else set())
    for mask in found.values():
        np.testing.assert_array_equal(mask, plane > threshold)


@given(st.data(), st.sampled_from([np.uint8, np.uint16, np.int32, np.uint32, np.float32]), shapes)
def test_instances_follow_their_union(data: st.DataObject, dtype: Any, shape: tuple[int, int]) -> None:
    high = 70000 if np.dtype(dtype).itemsize > 2 else 255
    plane = data.draw(arrays(dtype, shape, elements=st.sampled_from([0, 1, 2, 7, high])))
    found = _found(plane, _annotation(label="cell", instances=True), Label("cell", "cell"))
    numbers = [int(number) for number in np.unique(plane) if number > 0]
    assert list(found) == [("cell", number) for number in ([0, *numbers] if numbers else [])]
    for (_, number), mask in found.items():
        np.testing.assert_array_equal(mask, plane == number if number else plane > 0)


@given(st.data(), st.sampled_from(DTYPES), st.sampled_from([2, 4, 8, 10, 13, 99, -1]))
def test_undeclared_values_are_named(data: st.DataObject, dtype: Any, value: int) -> None:
    plane = data.draw(arrays(dtype, (4, 5), elements=st.sampled_from([0, 3, 9])))
    if value < 0 and np.dtype(dtype).kind == "u":
        return
    plane[2, 2] = value
    with pytest.raises(CaseError, match=rf"value {value} is not declared.*3, 5, 6, 7, 9, 12"):
        list(masks_of_slice(plane, _annotation(), value_table(LABELS)))


def test_excluded_labels_are_found_for_the_count() -> None:
    assert set(_found(np.ones((3, 3), np.uint8), _annotation(), value_table(LABELS))) == {("cyst", 0)}


def test_label_without_a_value_is_no_part_of_a_table() -> None:
    with pytest.raises(ValueError, match="has no value"):
        value_table((Label("liver", "liver"),))


def test_thousands_of_cells_take_no_full_size_mask_each() -> None:
    rows, columns = np.mgrid[:2048, :2048] // 29
    plane = (rows * 71 + columns + 1).astype(np.uint16)
    masks = list(masks_of_slice(plane, _annotation(label="cell", instances=True), Label("cell", "cell")))
    assert len(masks) == 1 + len(np.unique(plane))
    assert max(mask().size for _, instance, _, _, mask in masks if instance) <= 29 * 29
