"""``cosmos-datasets check``: on sound trees it finds nothing, on spoilt ones just what was spoilt."""

import json
import shutil
from collections import Counter
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from click.testing import CliRunner, Result
from damage import largest, set_one_value, truncate
from PIL import Image
from raw_trees import acdc, drive, promise12
from raw_trees.phantom import Truth

from cosmos_datasets.check.run import Report, check
from cosmos_datasets.cli import main
from cosmos_datasets.registry import get_source


@pytest.fixture
def raw(tmp_path: Path) -> tuple[Path, Truth]:
    return tmp_path / "acdc", acdc.write(tmp_path / "acdc")


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def _acdc(raw: Path) -> Report:
    return check(get_source("acdc"), raw)


def test_a_sound_tree_is_counted_as_it_was_drawn(raw: tuple[Path, Truth], pool: Executor) -> None:
    folder, truth = raw
    report = check(get_source("acdc"), folder, executor=pool)
    assert report.of_level("error") == {}
    assert sum(case.images for case in report.cases) == len(truth.masks)
    assert {case.subject_id for case in report.cases} == set(truth.subject.values())
    drawn: Counter[str] = Counter()
    for masks in truth.masks.values():
        for (label, _, _), mask in masks.items():
            drawn[label] += int(mask.sum())
    found = {name: pixels for name, (_, pixels) in report.labels.items()}
    assert found.keys() == drawn.keys()
    # Masks of up to 50 pixels are counted here, as they are in the files; a build drops them.
    assert all(found[name] >= pixels for name, pixels in drawn.items())
    assert {len(case.shape) for case in report.cases} == {3}
    assert all(len(case.spacing) == 3 for case in report.cases)


def test_a_partial_download_is_said_to_be_one(raw: tuple[Path, Truth]) -> None:
    report = _acdc(raw[0])
    (where,) = report.of_level("warning")[
        "fewer cases than the publisher states: the download is partial, or files are missing"
    ]
    assert where == f"{len(report.cases)} of {get_source('acdc').expected['cases']}"


def test_damaged_missing_and_undeclared_are_errors_of_their_case(raw: tuple[Path, Truth]) -> None:
    cases = get_source("acdc").cases(raw[0])
    truncate(largest(cases[0].image.files))
    set_one_value(cases[1].annotations[0].reader.files, 77)
    report = _acdc(raw[0])
    ((what, where),) = report.of_level("error").items()
    assert "leaves the case out" in what
    assert [one.split(":")[0] for one in where] == [cases[0].case_id, cases[1].case_id]
    root = get_source("acdc").root(raw[0])
    assert cases[0].image.files[0].relative_to(root).as_posix() in where[0]
    assert "label value 77 is not declared" in where[1]
    assert cases[1].annotations[0].reader.files[0].relative_to(root).as_posix() in where[1]
    assert str(raw[0]) not in "".join(where)


def _rewrite(path: Path, change: Any, affine: Any = None) -> None:
    image = nibabel.load(path)
    values = np.asarray(image.dataobj).astype(np.float32)
    change(values)
    nibabel.save(nibabel.Nifti1Image(values, image.affine if affine is None else affine), path)


def test_values_that_are_no_numbers(raw: tuple[Path, Truth]) -> None:
    case = get_source("acdc").cases(raw[0])[0]

    def spoil(values: np.ndarray) -> None:
        values[0, 0, :] = np.nan
        values[1, 1, 0] = np.inf

    _rewrite(case.image.files[0], spoil)
    number = nibabel.load(case.image.files[0]).shape[2] + 1
    found = _acdc(raw[0]).of_level("warning")
    assert [where for what, where in found.items() if "NaN" in what] == [[f"{case.case_id}: {number} of them"]]


def test_an_image_of_one_value_and_a_voxel_of_a_metre(raw: tuple[Path, Truth]) -> None:
    first, second = get_source("acdc").cases(raw[0])[:2]
    _rewrite(first.image.files[0], lambda values: values.fill(3))
    image = nibabel.load(second.image.files[0])
    for path in second.files:
        _rewrite(path, lambda _: None, affine=image.affine @ np.diag([1000, 1, 1, 1]))
    found = _acdc(raw[0]).of_level("warning")
    assert [where for what, where in found.items() if "is the same" in what] == [[f"{first.case_id}: 3"]]
    (where,) = (where for what, where in found.items() if "voxel size" in what)
    assert len(where) == 1
    assert where[0].startswith(f"{second.case_id}: ")


def test_labels_elsewhere_are_noted(tmp_path: Path) -> None:
    promise12.write(tmp_path)
    source = get_source("promise12")
    case = source.cases(tmp_path)[0]
    header = case.annotations[0].reader.files[0]
    lines = header.read_text().splitlines()
    moved = ["Offset = 21 -15 40" if line.startswith("Offset") else line for line in lines]
    header.write_text("\n".join(moved) + "\n")
    ((what, where),) = ((k, v) for k, v in check(source, tmp_path).of_level("note").items() if "differently" in k)
    assert what.endswith("labels are taken to the image's grid")
    assert where == [f"{case.case_id}: 48 x 40 x 7 and 48 x 40 x 7 voxels, corners 1 mm apart"]


def test_labels_beyond_the_image_are_told(tmp_path: Path) -> None:
    """A series with a third of its slices missing: the labels of these slices have nowhere to go."""
    promise12.write(tmp_path)
    source = get_source("promise12")
    case = source.cases(tmp_path)[0]
    path = case.image.files[0]
    image = SimpleITK.ReadImage(str(path))
    SimpleITK.WriteImage(image[:, :, : image.GetDepth() - 3], str(path))
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(case.annotations[0].reader.files[0])))
    lost = np.count_nonzero(labels[-3:]) / np.count_nonzero(labels)
    found = check(source, tmp_path).of_level("warning")
    assert [where for what, where in found.items() if "outside" in what] == [[f"{case.case_id}: {100 * lost:.0f} %"]]


def test_a_copy_under_another_name_is_found(tmp_path: Path) -> None:
    drive.write(tmp_path)
    first, second = get_source("drive").cases(tmp_path)[:2]
    shutil.copy(first.image.files[0], second.image.files[0])
    found = check(get_source("drive"), tmp_path).of_level("warning")
    assert [where for what, where in found.items() if "copy" in what] == [[f"{first.case_id} and {second.case_id}"]]


def test_a_case_without_a_mask_gives_no_image(tmp_path: Path) -> None:
    drive.write(tmp_path)
    case = get_source("drive").cases(tmp_path)[0]
    before = _without_image(tmp_path)
    path = case.annotations[0].reader.files[0]
    with Image.open(path) as picture:
        size = picture.size
    Image.new("L", size).save(path)
    assert _without_image(tmp_path) == {*before, case.case_id} != before


def _without_image(raw: Path) -> set[str]:
    found = check(get_source("drive"), raw).of_level("warning")
    return {one for what, where in found.items() if "no image" in what for one in where}


def test_files_that_nobody_uses_are_named(raw: tuple[Path, Truth]) -> None:
    (get_source("acdc").root(raw[0]) / "holiday.jpeg").touch()
    assert _acdc(raw[0]).of_level("note")["files that no case uses: .jpeg"] == ["holiday.jpeg"]


def test_the_command_prints_what_a_person_can_act_on(raw: tuple[Path, Truth]) -> None:
    cases = get_source("acdc").cases(raw[0])
    done = _run("check", "acdc", "--raw", raw[0].parent, "--workers", 1)
    assert done.exit_code == 0, done.output
    assert f"{len(cases)} cases, " in done.stdout
    assert "0 errors, 1 warning" in done.stdout
    assert f"next: cosmos-datasets build acdc --raw {raw[0].parent}" in done.stdout
    for case in cases:
        truncate(largest(case.image.files))
    done = _run("check", "acdc", "--raw", raw[0], "--workers", 1)
    assert done.exit_code == 1
    assert "cannot be read; a build leaves the case out" in done.stdout
    assert f"and {len(cases) - 5} more; --all shows them" in done.stdout
    assert all(case.case_id in _run("check", "acdc", "--raw", raw[0], "--all").stdout for case in cases)


def test_a_sample_and_json(raw: tuple[Path, Truth]) -> None:
    done = _run("check", "acdc", "--raw", raw[0], "--cases", 2, "--json", "--workers", 1)
    body = json.loads(done.stdout)
    assert len(body["cases"]) == 2 < body["listed"]
    assert not any("occurs in no case" in what for what in body["notes"])
    assert set(body["cases"][0]) >= {"case_id", "shape", "spacing", "labels", "findings"}


def test_nothing_is_written(raw: tuple[Path, Truth]) -> None:
    before = {path: path.stat().st_mtime_ns for path in raw[0].rglob("*")}
    _acdc(raw[0])
    assert {path: path.stat().st_mtime_ns for path in raw[0].rglob("*")} == before


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "beach.jpg").touch()
    done = _run("check", "acdc", "--raw", tmp_path)
    assert done.exit_code == 1
    assert "does not look like" in done.stderr
