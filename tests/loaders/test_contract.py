"""What every source promises, checked over all of them on the raw trees that ``raw_trees.<id>`` draws."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from checked import CHECKED
from damage import largest, macos_archive, set_one_value, truncate
from raw_trees.phantom import TOO_SMALL, Truth

from cosmos_datasets.build.manifest import read_manifest
from cosmos_datasets.build.run import Report, build
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.load.rows import as_array, full_mask
from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import standardise

Row = dict[str, Any]


@dataclass(frozen=True)
class Built:
    """A source, the tree that was drawn for it, and what the build with two workers made of the tree."""

    source: Source
    raw: Path
    truth: Truth
    out: Path
    report: Report
    rows: list[Row]

    @property
    def cases(self) -> list[Case]:
        return self.source.cases(self.raw)


def _rows(out: Path) -> list[Row]:
    return [row for path in sorted((out / "data").rglob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def _write(source_id: str, raw: Path) -> Truth:
    return import_module(f"raw_trees.{source_id}").write(raw)  # type: ignore[no-any-return]


@pytest.fixture(scope="module", params=CHECKED)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Built:
    folder = tmp_path_factory.mktemp(request.param)
    truth = _write(request.param, folder / "raw")
    source = get_source(request.param)
    report = build(source, folder / "raw", folder / "out", executor=pool)
    return Built(source, folder / "raw", truth, folder / "out", report, _rows(folder / "out"))


# The rows.


def test_rows_are_exactly_what_was_drawn(built: Built) -> None:
    assert sorted(row["image_id"] for row in built.rows) == sorted(built.truth.masks)
    for row in built.rows:
        image_id = row["image_id"]
        assert row["split"] == built.truth.split[image_id]
        assert row["subject_id"] == built.truth.subject[image_id]
        assert row["modality"] == built.truth.modality[image_id]
        drawn = built.truth.masks[image_id]
        found = {_key(mask): full_mask(row, k) for k, mask in enumerate(row["objects"])}
        assert len(found) == len(row["objects"]), f"{image_id}: a mask occurs twice"
        assert set(found) == set(drawn), image_id
        for key, mask in found.items():
            np.testing.assert_array_equal(mask, drawn[key], err_msg=f"{image_id} {key}")


def _key(mask: Row) -> tuple[str, int, int]:
    return mask["label"], mask["instance"], mask["rater"]


def test_report_and_manifest_count_what_is_there(built: Built) -> None:
    everything = [mask for row in built.rows for mask in row["objects"]]
    instances = sum(mask["instance"] > 0 for mask in everything)
    expected = len(built.rows), len(everything) - instances, instances
    report = built.report
    assert (report.images, report.masks, report.instances) == expected
    assert report.cases == len(built.cases)
    assert not report.broken
    shards = read_manifest(built.out).sources[built.source.id].shards
    assert tuple(sum(getattr(s, name) for s in shards) for name in ("rows", "masks", "instances")) == expected
    index = (built.out / "index").rglob("*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in index) == len(everything)


def test_fields_are_in_range(built: Built) -> None:
    for row in built.rows:
        image = as_array(row["image"])
        assert image.dtype == np.uint8
        assert image.shape in {(row["height"], row["width"]), (row["height"], row["width"], 3)}
        low, high = row["intensity_range"]
        assert np.isfinite([low, high]).all()
        assert low < high
        assert row["source"] == built.source.id
        assert row["modality"] in built.source.modalities
        assert row["split"] in {"train", "validation", "test"}
        assert 0 <= row["fold"] < 5
        for spacing in (*(row["spacing"] or ()), row["slice_spacing"]):
            assert spacing is None or 0 < spacing < 100
        if row["plane"] == "native":
            assert (row["slice_index"], row["n_slices"]) == (-1, 1) or row["slice_index"] >= 0
        else:
            assert row["plane"] in {"axial", "coronal", "sagittal", "acquired"}
            assert 0 <= row["slice_index"] < row["n_slices"]


def test_masks_are_large_enough_and_inside_their_image(built: Built) -> None:
    labels = {label.name: label.object for label in built.source.labels}
    for row in built.rows:
        assert row["objects"], row["image_id"]
        for mask in row["objects"]:
            x0, y0, x1, y1 = mask["bbox"]
            pixels = as_array(mask["mask"])
            assert 0 <= x0 <= x1 < row["width"]
            assert 0 <= y0 <= y1 < row["height"]
            assert pixels.shape == (y1 - y0 + 1, x1 - x0 + 1)
            assert pixels.dtype == np.bool_
            assert mask["area"] == pixels.sum() > TOO_SMALL
            assert all(side.any() for side in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])), "a loose box"
            assert mask["object"] == labels[mask["label"]]


def test_union_of_instances_goes_before_them(built: Built) -> None:
    for row in built.rows:
        kinds: dict[tuple[str, int], list[int]] = defaultdict(list)
        for mask in row["objects"]:
            kinds[mask["label"], mask["rater"]].append(mask["instance"])
        for instances in kinds.values():
            assert instances[0] == 0
            assert instances == sorted(set(instances))


def test_images_lie_under_their_masks(built: Built) -> None:
    """In every drawn volume, labelled voxels are brighter than all others; a dropped mask has 50 pixels at most."""
    for row in built.rows:
        if row["plane"] != "native":
            image = as_array(row["image"])
            inside = np.any([full_mask(row, k) for k in range(len(row["objects"]))], axis=0)
            assert np.count_nonzero((image >= image[inside].min()) & ~inside) <= TOO_SMALL, row["image_id"]


def test_ids_are_ascii_unique_and_name_their_slice(built: Built) -> None:
    ids = [row["image_id"] for row in built.rows]
    assert len(set(ids)) == len(ids)
    for row in built.rows:
        stem = f"{row['source']}/{row['case_id']}"
        slice_name = rf"/[acsn]{row['slice_index']:03d}" if row["slice_index"] >= 0 else ""
        assert re.fullmatch(re.escape(stem) + slice_name, row["image_id"])
        assert re.fullmatch(r"[A-Za-z0-9_.@/-]+", row["image_id"]), row["image_id"]


def test_groups_stay_in_one_split_and_one_fold(built: Built) -> None:
    homes: dict[str, set[tuple[str, int]]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    for row in built.rows:
        homes[row["group_id"]].add((row["split"], row["fold"]))
        groups[row["subject_id"]].add(row["group_id"])
    assert all(len(home) == 1 for home in homes.values())
    assert all(len(group) == 1 for group in groups.values()), "a subject's cases stay together"


# Stability.


def test_bytes_do_not_depend_on_workers(built: Built, tmp_path: Path) -> None:
    build(built.source, built.raw, tmp_path, workers=1)
    for part in ("data", "index"):
        first, second = (_files(out / part) for out in (built.out, tmp_path))
        assert sorted(first) == sorted(second)
        assert all(first[name] == second[name] for name in first)
    first_entry, second_entry = (read_manifest(out).sources[built.source.id] for out in (built.out, tmp_path))
    assert first_entry == second_entry


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_partial_tree_elsewhere_gives_the_same_rows(built: Built, tmp_path: Path, pool: Executor) -> None:
    copy = tmp_path / "downloads of 2023" / "a copy"
    shutil.copytree(built.raw, copy)
    cases = built.source.cases(copy)
    gone = cases[len(cases) // 2].subject_id
    kept = {path for case in cases if case.subject_id != gone for path in case.files}
    if not kept:
        pytest.skip("a source of one subject has no part")
    for path in {path for case in cases if case.subject_id == gone for path in case.files} - kept:
        path.unlink(missing_ok=True)
    for case in cases:
        if case.subject_id == gone:
            _remove_empty_folders(case.files, copy)
    macos_archive(copy)
    # Named by its parent, as people do, unless no name in it tells whose it is.
    build(built.source, copy if built.source.only_named else copy.parent, tmp_path / "out", executor=pool)
    expected = {row["image_id"]: row for row in built.rows if row["subject_id"] != gone}
    found = {row["image_id"]: row for row in _rows(tmp_path / "out")}
    assert sorted(found) == sorted(expected)
    assert found == expected
    assert 0 < len(found) <= len(built.rows)


def _remove_empty_folders(files: tuple[Path, ...], top: Path) -> None:
    """Remove the folders that a removed case leaves without a file of the publisher's."""
    for folder in {parent for path in files for parent in path.parents if top in parent.parents}:
        if folder.is_dir() and not any(p.is_file() and p.name[0] != "." for p in folder.rglob("*")):
            shutil.rmtree(folder)


# What goes wrong.


def test_foreign_folder_is_refused_with_what_is_needed(source: Source, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").touch()
    with pytest.raises(LayoutError) as error:
        build(source, tmp_path, tmp_path / "out")
    message = str(error.value)
    assert str(tmp_path) in message
    assert "holiday/" in message
    assert source.obtain in message
    for line in source.layout.strip("\n").splitlines():
        assert line in message
    assert not (tmp_path / "out").exists()


def test_undeclared_label_value_names_case_and_value(built: Built, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(built.raw, raw)
    # One case for each encoding; a label with files of its own is drawn by every value above zero.
    tables = {one.table: (case, one) for case in built.source.cases(raw) for one in case.annotations if not one.label}
    for case, annotation in tables.values():
        undeclared = _undeclared(built.source, annotation)
        if not undeclared:
            continue
        value = min(undeclared)
        set_one_value(annotation.reader.files, value)
        with pytest.raises(CaseError) as error:
            standardise(built.source, case)
        assert case.case_id in str(error.value)
        assert f"label value {value} is not declared" in str(error.value)


def _undeclared(source: Source, annotation: Annotation) -> set[int]:
    taken = [0]
    for label in source.table(annotation.table):
        assert label.value is not None
        low, high = label.value if isinstance(label.value, tuple) else (label.value, label.value)
        taken += range(low, high + 1)
    return set(range(256)) - set(taken)


def test_truncated_files_are_reported_and_left_out(built: Built, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(built.raw, raw)
    cases = built.source.cases(raw)
    subjects = {case.subject_id for case in cases}
    if len(subjects) == 1:
        pytest.skip("nothing of a source of one subject is left")
    image_case, label_case = cases[0], next(case for case in reversed(cases) if case.subject_id != cases[0].subject_id)
    damaged = {
        largest(image_case.image.files),
        # Of two subjects one has to be left.
        *(largest(annotation.reader.files) for annotation in label_case.annotations if len(subjects) > 2),
    }
    for path in damaged:
        truncate(path)
    cases = built.source.cases(raw)
    broken = {case.case_id for case in cases if damaged & set(case.files)}
    report = build(built.source, raw, tmp_path / "out")
    assert set(report.broken) == broken
    for case_id, reason in report.broken.items():
        assert reason.startswith(f"{built.source.id}/{case_id}: ")
        assert str(raw) not in reason
        assert any(name in reason for path in damaged for name in (path.name, path.with_suffix(".mhd").name))
    expected = [row["image_id"] for row in built.rows if row["case_id"] not in broken]
    assert [row["image_id"] for row in _rows(tmp_path / "out")] == expected
    with pytest.raises(CaseError, match=r"cannot be read|are missing|damaged"):
        build(built.source, raw, tmp_path / "strict", strict=True)


def test_incomplete_case_is_reported_and_the_rest_is_built(built: Built, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(built.raw, raw)
    cases = built.source.cases(raw)
    users: dict[Path, set[str]] = defaultdict(set)
    for case in cases:
        for path in case.files:
            users[path].add(case.case_id)
    images = [case.image.files for case in cases]
    # Two cases may be sequences of one file; of a file that all cases lie in nothing would be left.
    images = [files for files in images if len(set.union(*(users[path] for path in files))) < len(cases)]
    if not images:
        pytest.skip("all cases lie in one file")
    lost = images[len(images) // 2]
    incomplete = set.union(*(users[path] for path in lost))
    for path in lost:
        path.unlink()
    report = build(built.source, raw, tmp_path / "out")
    assert set(report.broken) <= incomplete
    # Where a missing file should lie is told from the others, which may lie in another folder; of a series the folder.
    missing = [name for path in lost for name in (path.name.partition(".")[0], *path.relative_to(raw).parent.parts)]
    assert all(any(one in reason for one in missing) for reason in report.broken.values()), "the file is not named"
    for case in cases:
        if case.case_id in incomplete - report.broken.keys():
            left = {path for one in case.annotations for path in one.reader.files if path.is_file()}
            assert all(len(users[path]) > 1 for path in left), f"{case.case_id} has labels, and nothing was said"
    expected = {row["image_id"]: row for row in built.rows if row["case_id"] not in incomplete}
    assert {row["image_id"]: row for row in _rows(tmp_path / "out")} == expected
    assert expected
