"""From a case to rows: the rules of the protocol."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.load.rows import as_array, full_mask
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source
from cosmos_datasets.standardise import Standardised, fold_of, standardise


@dataclass(frozen=True, eq=False)
class InMemory:
    """A reader of an array that is there already."""

    grid: Grid

    @property
    def files(self) -> tuple[Path, ...]:
        return (Path("labels.nii"),)

    def read(self) -> Grid:
        return self.grid


def _no_cases(root: Path) -> Iterable[Case]:
    return ()


LABELS = (
    Label("liver", "liver", 1),
    Label("kidney_left", "kidney", 2),
    Label("kidney_right", "kidney", 3),
    Label("artefact", None, 4, excluded="no anatomy"),
    Label("cell", "cell", table="cells"),
)
SOURCE = Source(
    id="phantom",
    title="A phantom",
    homepage="https://example.org",
    licence="CC0-1.0",
    redistributable="yes",
    access="open",
    obtain="It is drawn.",
    modalities=("CT",),
    labels=LABELS,
    layout="phantom/",
    citation="",
    expected={"cases": 1},
    find_cases=_no_cases,
    markers=("*",),
)
AFFINE = np.diag([-0.8, -0.7, 3.0, 1.0])  # LPS: the file's rows and columns are as shown
AFFINE[:3, 3] = 10, 20, 30


def _volume(shown: NDArray[Any]) -> Grid:
    """A volume whose slices (slice, row, column) are shown as given."""
    return Grid(np.ascontiguousarray(shown.transpose(2, 1, 0)), AFFINE)


def _case(image: Grid, *annotations: Annotation, **fields: Any) -> Case:
    defaults = {"case_id": "p1/scan", "subject_id": "p1", "modality": "CT"}
    return Case(**{**defaults, **fields}, image=InMemory(image), annotations=annotations)


def _labels(shown: NDArray[Any], **fields: Any) -> Annotation:
    return Annotation(InMemory(_volume(shown)), **fields)


def _stack(rng: np.random.Generator, slices: int = 4) -> NDArray[np.int16]:
    return rng.integers(-1000, 2000, (slices, 20, 30)).astype(np.int16)


@given(st.data())
def test_rows_hold_every_mask_above_50_pixels_and_no_other(data: st.DataObject) -> None:
    blocks = data.draw(arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 4)))
    shown = blocks.repeat(5, axis=1).repeat(5, axis=2)  # blocks of 25 pixels: two are dropped, three are kept
    values = np.linspace(-5, 5, shown.size).reshape(shown.shape)
    result = standardise(SOURCE, _case(_volume(values), _labels(shown)))
    expected: dict[int, dict[str, NDArray[np.bool_]]] = {}
    dropped = 0
    for label in LABELS[:3]:
        for index, one in enumerate(shown == label.value):
            dropped += 0 < one.sum() <= 50
            if one.sum() > 50:
                expected.setdefault(index, {})[label.name] = one
    assert [row["slice_index"] for row in result.rows] == sorted(expected)
    for row in result.rows:
        drawn = expected[row["slice_index"]]
        assert [mask["label"] for mask in row["objects"]] == [label.name for label in LABELS if label.name in drawn]
        for k, mask in enumerate(row["objects"]):
            np.testing.assert_array_equal(full_mask(row, k), drawn[mask["label"]])
            assert mask["area"] == drawn[mask["label"]].sum()
    assert result.dropped["mask of 50 pixels or fewer"] == dropped
    assert result.dropped["image without a mask"] == len(shown) - len(expected)
    assert result.dropped["excluded label artefact: no anatomy"] == np.any(shown == 4, axis=(1, 2)).sum()


def test_row_of_a_volume() -> None:
    shown = np.zeros((4, 20, 30), np.uint8)
    shown[2, 3:12, 5:14] = 3
    image = _stack(np.random.default_rng(0))
    (row,) = standardise(SOURCE, _case(_volume(image), _labels(shown), split="test", release="v2")).rows
    low, high = int(image.min()), int(image.max())
    np.testing.assert_array_equal(as_array(row["image"]), np.rint(255 * (image[2].astype(float) - low) / (high - low)))
    del row["image"]
    (mask,) = row.pop("objects")
    assert mask.pop("mask")["path"] is None
    assert mask == {
        "object": "kidney",
        "label": "kidney_right",
        "instance": 0,
        "rater": -1,
        "area": 81,
        "bbox": [5, 3, 13, 11],
    }
    assert row == {
        "image_id": "phantom/p1/scan/a002",
        "source": "phantom",
        "case_id": "p1/scan",
        "subject_id": "p1",
        "group_id": "phantom/p1",
        "modality": "CT",
        "split": "test",
        "release": "v2",
        "fold": fold_of("phantom/p1"),
        "height": 20,
        "width": 30,
        "plane": "axial",
        "slice_index": 2,
        "n_slices": 4,
        "spacing": pytest.approx([0.7, 0.8]),
        "slice_spacing": pytest.approx(3.0),
        "intensity_range": [low, high],
    }


def test_intensity_is_over_the_volume_or_the_slice() -> None:
    shown = np.ones((4, 20, 30), np.uint8)
    image = _stack(np.random.default_rng(0)) * np.array([1, 2, 3, 4], np.int16)[:, None, None]
    case = _case(_volume(image), _labels(shown))
    whole = standardise(SOURCE, case).rows
    assert {tuple(row["intensity_range"]) for row in whole} == {(image.min(), image.max())}
    sliced = standardise(SOURCE, case, Intensity.parse("minmax-slice")).rows
    assert [tuple(row["intensity_range"]) for row in sliced] == [(one.min(), one.max()) for one in image]
    window = standardise(SOURCE, case, Intensity.parse("window=40,400")).rows
    assert {tuple(row["intensity_range"]) for row in window} == {(-160.0, 240.0)}


def test_plane_of_the_case_goes_before_that_of_the_source() -> None:
    shown = np.ones((9, 20, 30), np.uint8)
    grid = _volume(_stack(np.random.default_rng(0), 9))
    rows = standardise(SOURCE, _case(grid, _labels(shown), plane="sagittal")).rows
    assert [row["image_id"] for row in rows] == [f"phantom/p1/scan/s{index:03d}" for index in range(30)]
    assert (rows[0]["height"], rows[0]["width"]) == (9, 20)


def test_pictures_are_never_mapped() -> None:
    pixels = np.random.default_rng(0).integers(90, 120, (20, 30, 3)).astype(np.uint8)
    labels = Annotation(InMemory(Grid(np.ones((20, 30), np.uint8))), label="liver")
    (row,) = standardise(SOURCE, _case(Grid(pixels), labels)).rows
    np.testing.assert_array_equal(as_array(row["image"]), pixels)
    assert (row["image_id"], row["plane"], row["slice_index"], row["n_slices"]) == ("phantom/p1/scan", "native", -1, 1)
    assert (row["spacing"], row["slice_spacing"], row["intensity_range"]) == (None, None, [0.0, 255.0])
    (row,) = standardise(SOURCE, _case(Grid(pixels[..., 0].astype(np.uint16) * 10), labels)).rows
    assert (as_array(row["image"]).min(), as_array(row["image"]).max()) == (0, 255), "16 bit is mapped"
    (row,) = standardise(SOURCE, _case(Grid(pixels[..., 0] > 100), labels)).rows
    np.testing.assert_array_equal(as_array(row["image"]), (pixels[..., 0] > 100) * 255)


@pytest.mark.parametrize("slices", [1, 3, 4])
def test_stack_without_geometry_is_cut_as_stored(slices: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (30, 20, slices)).astype(np.uint8)
    labels = Annotation(InMemory(Grid(np.ones((30, 20, slices), np.uint8), stacked=True)))
    rows = standardise(SOURCE, _case(Grid(array, stacked=True), labels)).rows
    assert [row["image_id"] for row in rows] == [f"phantom/p1/scan/n{index:03d}" for index in range(slices)]
    np.testing.assert_array_equal(as_array(rows[0]["image"]), array[:, :, 0].T)


def test_jpeg_is_passed_through_without_its_words(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", comment=b"DOE^JANE")
    labels = Annotation(InMemory(Grid(np.ones((20, 30), np.uint8))), label="liver")
    case = dataclasses.replace(_case(Grid(pixels), labels), image=Picture(tmp_path / "a.jpg"))
    (row,) = standardise(SOURCE, case).rows
    assert row["image"]["bytes"].startswith(b"\xff\xd8")
    assert b"DOE" not in row["image"]["bytes"]
    np.testing.assert_array_equal(as_array(row["image"]), np.asarray(Image.open(tmp_path / "a.jpg")))
    # Read otherwise than it looks, its own stream would show other pixels.
    case = dataclasses.replace(case, image=Picture(tmp_path / "a.jpg", "max"))
    (row,) = standardise(SOURCE, case).rows
    assert row["image"]["bytes"].startswith(b"\x89PNG")
    np.testing.assert_array_equal(as_array(row["image"]), np.asarray(Image.open(tmp_path / "a.jpg")).max(axis=-1))


def test_instances_raters_and_their_order() -> None:
    cells = np.zeros((20, 30), np.uint16)
    cells[:8, :8], cells[:8, 10:18], cells[10:12, :5] = 700, 5, 9  # 64, 64 and 10 pixels
    annotations = [
        Annotation(InMemory(Grid(cells)), label="cell", instances=True, rater=0),
        Annotation(InMemory(Grid(cells > 600)), label="cell", rater=1),
    ]
    result = standardise(SOURCE, _case(Grid(np.zeros((20, 30), np.uint8)), *annotations))
    (row,) = result.rows
    keys = [(mask["instance"], mask["rater"], mask["area"]) for mask in row["objects"]]
    assert keys == [(0, 0, 138), (5, 0, 64), (700, 0, 64), (0, 1, 64)]
    assert result.dropped["mask of 50 pixels or fewer"] == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16, np.bool_])
def test_labels_of_any_number_type(dtype: Any) -> None:
    shown = np.ones((2, 20, 30), dtype)
    rows = standardise(SOURCE, _case(_volume(_stack(np.random.default_rng(0), 2)), _labels(shown))).rows
    assert [[mask["label"] for mask in row["objects"]] for row in rows] == [["liver"], ["liver"]]


def test_labels_that_a_scale_factor_left_slightly_off() -> None:
    shown = np.full((2, 20, 30), 1.00003, np.float32)
    rows = standardise(SOURCE, _case(_volume(_stack(np.random.default_rng(0), 2)), _labels(shown))).rows
    assert [[mask["label"] for mask in row["objects"]] for row in rows] == [["liver"], ["liver"]]


@pytest.mark.parametrize("value", [0.5, np.nan, np.inf])
def test_fractions_are_no_labels(value: float) -> None:
    shown = np.zeros((2, 20, 30), np.float32)
    shown[1, 3, 4] = value
    with pytest.raises(CaseError, match=r"^phantom/p1/scan: labels\.nii: label values must be whole numbers"):
        standardise(SOURCE, _case(_volume(_stack(np.random.default_rng(0), 2)), _labels(shown)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full((2, 20, 30), 9), "label value 9 is not declared"),
        (np.full((2, 20, 30), -1), "label value -1 is not declared"),
    ],
)
def test_errors_name_case_and_file(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(CaseError, match=rf"^phantom/p1/scan: labels\.nii: {message}"):
        standardise(SOURCE, _case(_volume(_stack(np.random.default_rng(0), 2)), _labels(labels)))


def test_case_without_any_mask_has_no_rows() -> None:
    shown = np.zeros((4, 20, 30), np.uint8)
    result = standardise(SOURCE, _case(_volume(_stack(np.random.default_rng(0))), _labels(shown)))
    assert (result.rows, result.dropped["image without a mask"]) == ([], 4)
    assert isinstance(result, Standardised)


def test_folds_are_fixed_for_ever_and_spread() -> None:
    assert [fold_of(f"acdc/patient{number:03d}") for number in (1, 2, 3, 4, 5, 101)] == [1, 2, 3, 2, 3, 1]
    counts = np.bincount([fold_of(f"lits/{number}") for number in range(1000)])
    assert len(counts) == 5
    assert counts.min() > 150


# One row never costs more memory than ten times its image.

_TOUCH = """
import re, sys
import datasets, numpy
import pyarrow.parquet as pq

def memory(field):  # of this process alone; getrusage would count the parent's before the fork
    with open("/proc/self/status") as file:
        return int(re.search(field + r":\\s+(\\d+) kB", file.read())[1]) * 1024

small, large = (datasets.Dataset(pq.read_table(path)) for path in sys.argv[1:])
small[0]  # what decoding itself needs
before = memory("VmRSS")
row = large[0]
sizes = [mask["mask"].size for mask in row["objects"]]
image = numpy.asarray(row["image"])
assert len(sizes) > 5000, len(sizes)
print(image.nbytes, memory("VmHWM") - before)
"""


def _write_picture_of_cells(path: Path, side: int, cell: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from cosmos_datasets.schema import ROW_SCHEMA

    rows, columns = np.mgrid[:side, :side] // cell
    cells = (rows * (side // cell + 1) + columns + 1).astype(np.int32)
    cells[::cell], cells[:, ::cell] = 0, 0
    image = np.random.default_rng(0).integers(0, 256, (side, side)).astype(np.uint8)
    labels = Annotation(InMemory(Grid(cells)), label="cell", instances=True)
    result = standardise(SOURCE, _case(Grid(image), labels))
    pq.write_table(pa.Table.from_pylist(result.rows, schema=ROW_SCHEMA), path)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory in use from /proc")
def test_touching_a_row_of_5000_cells_costs_less_than_ten_times_its_image(tmp_path: Path) -> None:
    _write_picture_of_cells(tmp_path / "small.parquet", 64, 32)
    _write_picture_of_cells(tmp_path / "large.parquet", 4096, 57)
    arguments = [tmp_path / "small.parquet", tmp_path / "large.parquet"]
    done = subprocess.run([sys.executable, "-c", _TOUCH, *arguments], check=True, capture_output=True, text=True)
    image, cost = map(int, done.stdout.split())
    assert image == 4096**2
    assert cost > image, "the image itself at least: the measurement works"
    assert cost < 10 * image
