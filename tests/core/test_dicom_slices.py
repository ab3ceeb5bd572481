"""One slice that is not like its neighbours: refused by its name, or mended and told."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pydicom
import pytest
from raw_trees.phantom import store, write_dicom_series

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers import DicomSeries

_COUNT, _ODD = 6, 3
_ORDERS: tuple[Literal["position", "given"], ...] = ("position", "given")
_VALUES = np.random.default_rng(0).integers(0, 900, (_COUNT, 12, 10)).astype(np.int16)


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    return _series(tmp_path)


def _series(folder: Path, **elements: Any) -> list[Path]:
    paths = [folder / f"slice{k}.dcm" for k in range(_COUNT)]
    write_dicom_series(paths, store(_VALUES, "axial", "LPS", (3.0, 0.6, 0.8)), **elements)
    return paths


def _edit(paths: Sequence[Path], change: Callable[[pydicom.Dataset], None]) -> None:
    for path in paths:
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)


def _set(paths: Sequence[Path], **elements: Any) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)

    _edit(paths, change)


def _remove(paths: Sequence[Path], *keywords: str) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        for keyword in keywords:
            del dataset[keyword]

    _edit(paths, change)


def _refusal(paths: Sequence[Path]) -> str:
    """What reading says, in either order; it names one file."""
    reasons = []
    for order in _ORDERS:
        with pytest.raises(CaseError) as error:
            DicomSeries(tuple(paths), order).read()
        reasons.append(str(error.value).replace(f"{paths[0].parent}/", ""))
    assert reasons[0] == reasons[1]
    return reasons[0]


def _read(paths: Sequence[Path]) -> Grid:
    return DicomSeries(tuple(paths)).read()


def _told(paths: Sequence[Path]) -> list[tuple[str, str]]:
    return [(note.what, note.where) for note in _read(paths).notes]


def test_a_plain_series_has_nothing_to_tell(series: list[Path]) -> None:
    assert _told(series) == []


# Units.


def test_a_rescale_function_in_some_slices_only_is_refused(tmp_path: Path) -> None:
    paths = _series(tmp_path, RescaleSlope="1", RescaleIntercept="-1024")
    _remove(paths[_ODD : _ODD + 1], "RescaleSlope", "RescaleIntercept")
    assert _refusal(paths).startswith(f"slice{_ODD}.dcm: differs from other slices of its series in whether it states")
    _remove(paths[: _ODD - 1], "RescaleSlope", "RescaleIntercept")
    assert _refusal(paths).startswith(f"slice{_ODD - 1}.dcm: differs"), "those that state one are fewer now"


def test_the_identity_may_be_left_out(series: list[Path]) -> None:
    _set(series[1:], RescaleSlope="1", RescaleIntercept="0")
    np.testing.assert_array_equal(_read(series).array, _VALUES.T)


def test_rescale_functions_that_differ_are_applied_and_told(tmp_path: Path) -> None:
    paths = _series(tmp_path, RescaleSlope="2", RescaleIntercept="-10", RescaleType="HU")
    _set(paths[_ODD : _ODD + 1], RescaleSlope="3", RescaleType="US")
    expected = 2.0 * _VALUES.T - 10
    expected[..., _ODD] += _VALUES[_ODD].T
    np.testing.assert_array_equal(_read(paths).array, expected)
    assert [(what.split(":")[0], where) for what, where in _told(paths)] == [
        (f"slices of one series differ in {name}", f"slice{_ODD}.dcm and 0 others")
        for name in ("rescale function", "RescaleType")
    ]


@pytest.mark.parametrize(("keyword", "expected"), [("RescaleSlope", 2.0 * _VALUES), ("RescaleIntercept", _VALUES + 2)])
def test_half_a_rescale_function(keyword: str, expected: Any, tmp_path: Path) -> None:
    np.testing.assert_array_equal(_read(_series(tmp_path, **{keyword: "2"})).array, expected.T)


def test_a_lookup_table_is_refused(series: list[Path]) -> None:
    _set(series[_ODD : _ODD + 1], ModalityLUTSequence=[pydicom.Dataset()])
    assert _refusal(series).startswith(f"slice{_ODD}.dcm: its values need a lookup table")


# Fields of view, and other series in one folder.


def test_two_fields_of_view_are_refused(series: list[Path]) -> None:
    _set(series[_ODD:], PixelSpacing=[0.3, 0.4])
    assert _refusal(series) == (
        f"slice{_ODD}.dcm: differs from other slices of its series in pixel size (3 of 6 slices do); the folder holds "
        "several series, or a header was changed; keep one series, or fetch it again."
    )


def _move(paths: Sequence[Path], *by: float) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        moved = np.array(dataset.ImagePositionPatient, dtype=float) + by
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in moved]

    _edit(paths, change)


@pytest.mark.parametrize("by", [(4, 0, 0), (0, -0.5, 0)])
def test_a_slice_beside_the_others_is_refused(by: tuple[float, ...], series: list[Path]) -> None:
    _move(series[_ODD : _ODD + 1], *by)
    assert _refusal(series).startswith(
        f"slice{_ODD}.dcm: lies {max(map(abs, by)):g} mm beside the line of the others"[:35]
    )


def test_a_sheared_stack_is_no_beside(series: list[Path]) -> None:
    """A tilted gantry moves every slice by the same step."""
    for k, path in enumerate(series):
        _move([path], 0, 1.3 * k, 0)
    grid = _read(series)
    assert grid.notes == ()
    np.testing.assert_allclose(
        grid.affine[:3, 2] - _read(_series(series[0].parent)).affine[:3, 2], [0, -1.3, 0], atol=1e-6
    )


def test_uneven_distances_are_told(series: list[Path]) -> None:
    _move(series[-1:], 0, 0, 0.3)
    assert _told(series) == [("slices lie unevenly apart; the mean distance is taken for all", "3 to 3.3 mm")]
    _move(series[-1:], 0, 0, 3)
    assert "slice5.dcm, lies 6.3 mm apart" in _refusal(series)


@pytest.mark.parametrize(
    ("elements", "what"),
    [
        ({"Modality": "CT"}, "modality"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "whether its lowest value is black or white"),
        ({"ImageOrientationPatient": [0, 1, 0, 1, 0, 0]}, "orientation"),
        ({"ImageOrientationPatient": None}, "whether it states an orientation"),
        ({"ImagePositionPatient": None}, "whether it states a position"),
        ({"PixelSpacing": None}, "whether it states a pixel size"),
    ],
)
def test_one_slice_of_another_kind_is_refused(elements: dict[str, Any], what: str, series: list[Path]) -> None:
    for odd in (0, _ODD):
        _series(series[0].parent)
        _set(series[odd : odd + 1], **elements)
        reason = _refusal(series)
        assert reason.startswith(
            f"slice{odd}.dcm: differs from other slices of its series in {what} (1 of 6 slices do)"
        )


@pytest.mark.parametrize(
    "elements", [{"SeriesInstanceUID": "1.2.3"}, {"FrameOfReferenceUID": "1.2.3"}, {"BitsStored": 12, "HighBit": 11}]
)
def test_what_tells_series_apart_is_told(elements: dict[str, Any], series: list[Path]) -> None:
    _set(series[1:3], **elements)
    ((what, where),) = _told(series)
    assert what.startswith(f"slices of one series differ in {next(iter(elements))}")
    assert where == "slice1.dcm and 1 others"


def test_uids_of_a_careless_anonymisation_tell_nothing(tmp_path: Path) -> None:
    assert _told(_series(tmp_path, scattered_uids=True)) == []


def test_white_below_black_is_told(series: list[Path]) -> None:
    _set(series, PhotometricInterpretation="MONOCHROME1")
    ((what, _),) = _told(series)
    assert "MONOCHROME1" in what


# Missing and senseless numbers.


def test_series_without_orientation_is_not_placed(tmp_path: Path) -> None:
    paths = _series(tmp_path, ImageOrientationPatient=None)
    assert not _read(paths).placed


def test_series_without_positions_is_in_the_order_of_names(tmp_path: Path) -> None:
    grid = _read(_series(tmp_path, ImagePositionPatient=None))
    np.testing.assert_array_equal(grid.array, _VALUES.T)
    assert (grid.affine, len(grid.notes)) == (None, 1)


def test_a_copy_is_found_without_positions(tmp_path: Path) -> None:
    paths = _series(tmp_path, ImagePositionPatient=None)
    copy = tmp_path / "slice3 (1).dcm"
    copy.write_bytes(paths[3].read_bytes())
    assert _refusal([*paths, copy]).startswith("slice3 (1).dcm: is a copy of slice3.dcm; a slice is there twice")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PixelSpacing", "n/a"),
        ("PixelSpacing", "0\\0"),
        ("PixelSpacing", "0.5"),
        ("PixelSpacing", "nan\\nan"),
        ("ImagePositionPatient", "1\\2\x16\\3"),
        ("ImagePositionPatient", "1\\2\\inf"),
        ("ImageOrientationPatient", "0\\0\\0\\0\\0\\0"),
        ("ImageOrientationPatient", "1\\0\\0\\1\\0\\0"),
        ("RescaleSlope", "2\x16"),
        ("RescaleIntercept", "DOE^JANE"),
    ],
)
def test_numbers_that_are_none_name_file_and_element(keyword: str, value: str, tmp_path: Path) -> None:
    paths = _series(tmp_path, RescaleSlope="1", RescaleIntercept="0")
    path = paths[_ODD]
    dataset = pydicom.dcmread(path)
    placeholder = "9" * (len(value) + len(value) % 2)
    del dataset[keyword]
    dataset.add_new(keyword, "LO", placeholder)
    dataset.save_as(path)
    data = path.read_bytes()
    place = pydicom.datadict.tag_for_keyword(keyword)
    assert place is not None
    tag = place.to_bytes(4, "big")
    at = data.index(tag[1::-1] + tag[:1:-1] + b"LO")
    written = (
        data[: at + 4]
        + b"DS"
        + data[at + 6 :].replace(placeholder.encode(), value.encode().ljust(len(placeholder)), 1)
    )
    path.write_bytes(written)
    reason = _refusal(paths)
    assert reason.startswith(f"slice{_ODD}.dcm: {keyword} of its header is not ")
    assert "DOE" not in reason


@pytest.mark.parametrize("keyword", ["SliceThickness", "SpacingBetweenSlices"])
def test_numbers_that_are_not_needed_do_no_harm(keyword: str, series: list[Path]) -> None:
    _remove(series[_ODD : _ODD + 1], *(["SliceThickness"] if keyword == "SliceThickness" else []))
    _edit(series[_ODD : _ODD + 1], lambda dataset: dataset.add_new(keyword, "LO", "n/a"))
    assert _read(series).notes == ()
