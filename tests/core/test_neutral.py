"""The neutral layout: what is paired, what is read, and how cases are called."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from raw_trees.phantom import blob, macos_junk, store, write_itk, write_nifti

from cosmos_datasets.alignment import on_grid
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError
from cosmos_datasets.neutral import LAYOUT, neutral_cases
from cosmos_datasets.noticing import noticing

SHAPE = (30, 40)
MASK = blob(SHAPE, (14, 18), (9, 11))


def cases(root: Path, subject: str = r".+") -> dict[str, Case]:
    return {case.case_id: case for case in neutral_cases(root, "tumour", "CT", subject=subject)}


def foreground(case: Case) -> np.ndarray:
    (annotation,) = case.annotations
    labels = on_grid(annotation.reader.read(), case.image.read(), trust_index=False)
    return labels > annotation.threshold


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def write_volume(path: Path, pixels: np.ndarray) -> None:
    """Write two slices (rows, columns)."""
    stored = store(np.stack([pixels] * 2), "axial", "LPS", (2.0, 1.0, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".hdr":
        nibabel.save(nibabel.AnalyzeImage(stored.array, None), path)
    elif ".nii" in path.suffixes:
        write_nifti(path, stored.array, stored.affine)
    else:
        write_itk(path, stored.array, stored.affine)


def write_picture(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "hdr", "mhd", "mha", "nrrd", "nhdr", "gipl"])
def test_volumes(suffix: str, tmp_path: Path) -> None:
    assert suffix in LAYOUT
    write_volume(tmp_path / "images" / f"scan_1.{suffix}", np.full(SHAPE, 700, np.int16))
    write_volume(tmp_path / "masks" / f"scan_1.{suffix}", 3 * MASK.astype(np.uint8))
    case = cases(tmp_path)["scan_1"]
    assert case.image.read().array.shape == (40, 30, 2)
    assert np.array_equal(foreground(case), store(np.stack([MASK] * 2), "axial", "LPS", (2.0, 1.0, 1.0)).array)


@pytest.mark.parametrize("suffix", ["png", "PNG", "tif", "tiff", "bmp"])
@pytest.mark.parametrize("value", [1, 255])
def test_pictures(suffix: str, value: int, tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "slice.7.jpg", np.full((*SHAPE, 3), 90, np.uint8))
    write_picture(tmp_path / "masks" / f"slice.7.{suffix}", MASK * np.uint8(value))
    assert np.array_equal(foreground(cases(tmp_path)["slice.7"]), MASK)


def test_masks_of_any_colour(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "a.jpg", np.full(SHAPE, 90, np.uint8))
    write_picture(tmp_path / "masks" / "a.png", MASK[..., None] * np.array([0, 2, 0], np.uint8))
    assert np.array_equal(foreground(cases(tmp_path)["a"]), MASK)


@pytest.mark.parametrize("suffix", ["jpg", "JPG", "jpeg"])
def test_the_noise_of_a_jpeg_mask_is_background(suffix: str, tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "a.png", np.full(SHAPE, 90, np.uint8))
    write_picture(tmp_path / "masks" / f"a.{suffix}", MASK * np.uint8(255))
    case = cases(tmp_path)["a"]
    assert np.count_nonzero(case.annotations[0].reader.read().array) > MASK.sum()
    assert np.count_nonzero(foreground(case) != MASK) <= 4


def test_only_masks_make_cases_and_leftovers_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.nii.gz", "images/b.nii.gz", "masks/a.nrrd", "masks/a.json", "masks/readme.txt")
    for folder in ("images", "masks"):
        macos_junk(tmp_path / folder, "a.nii.gz", "b.nii.gz")
    (case,) = cases(tmp_path).values()
    assert case.files == (tmp_path / "images" / "a.nii.gz", tmp_path / "masks" / "a.nrrd")


def test_mask_without_image_is_listed_with_where_the_image_should_be(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.nii.gz", "masks/a.nii.gz", "masks/b.nii.gz")
    with pytest.raises(CaseError, match=r"images/b\.nii\.gz: no such file"):
        cases(tmp_path)["b"].image.read()


def test_patients_are_told_by_the_beginning_of_a_stem(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{folder}/{stem}.png" for folder in ("images", "masks") for stem in ("P01_3", "P01_4", "x")))
    found = cases(tmp_path, subject=r"P\d+")
    assert {case.case_id: case.subject_id for case in found.values()} == {"P01_3": "P01", "P01_4": "P01", "x": "x"}


def test_ids_are_ascii_and_stay_apart(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{folder}/{stem}.png" for folder in ("images", "masks") for stem in ("喉 1", "咽 1", "a b")))
    assert list(cases(tmp_path)) == ["a_b", "_u54bd_1", "_u5589_1"]
    assert all(case.subject_id == case_id for case_id, case in cases(tmp_path).items())


def test_a_picture_in_colours_is_no_scan(tmp_path: Path) -> None:
    polyps = np.zeros((*SHAPE, 3), np.uint8)
    polyps[..., 0] = np.arange(SHAPE[1]) * 6
    marked = np.full((*SHAPE, 3), 90, np.uint8)
    marked[:2, :5] = 255, 255, 0  # a yellow mark in a corner of a slice
    for stem, pixels in (("a", polyps), ("b", marked)):
        write_picture(tmp_path / "images" / f"{stem}.png", pixels)
        write_picture(tmp_path / "masks" / f"{stem}.png", MASK * np.uint8(255))
    found = cases(tmp_path)
    with pytest.raises(CaseError, match=r"images/a\.png: a picture in colours is no CT"):
        found["a"].image.read()
    assert np.array_equal(found["b"].image.read().array, marked)
    (in_colours, _) = neutral_cases(tmp_path, "polyp", "Colonoscopy")
    assert np.array_equal(in_colours.image.read().array, polyps)


def test_an_image_without_a_mask_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.png", "images/b.png", "masks/a.png")
    with noticing() as noticed:
        assert list(cases(tmp_path)) == ["a"]
    assert [one.where for one in noticed.findings] == [str(tmp_path / "images" / "b.png")]


def test_copies_and_doubled_suffixes_make_no_cases(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        touch(tmp_path / folder, "a.nii.gz", "a (1).nii.gz", "a - Copy.nii.gz")
    touch(tmp_path, "images/b.nii.gz", "masks/b.nii.gz.gz")
    with noticing() as noticed:
        assert list(cases(tmp_path)) == ["a"]
    assert str(tmp_path / "images" / "b.nii.gz") in [one.where for one in noticed.findings]
