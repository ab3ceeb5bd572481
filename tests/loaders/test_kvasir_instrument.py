import shutil

import pytest
from raw_trees import kvasir_instrument, kvasir_seg

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.kvasir_instrument import SOURCE
from cosmos_datasets.standardise import standardise


def splits(raw):
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_split_follows_the_list_of_test_names(tmp_path):
    kvasir_instrument.write(tmp_path)
    test = set(kvasir_instrument.TEST_NAMES)
    assert splits(tmp_path) == {name: "test" if name in test else "train" for name in kvasir_instrument.NAMES}


def test_other_sets_of_images_and_masks_are_told_apart(tmp_path):
    kvasir_instrument.write(tmp_path)
    kvasir_seg.write(tmp_path / "Kvasir-SEG")
    shutil.copy(tmp_path / "kvasir-instrument" / "test.txt", tmp_path / "Kvasir-SEG" / "Kvasir-SEG")
    assert set(splits(tmp_path)) == set(kvasir_instrument.NAMES)
    with pytest.raises(LayoutError):
        SOURCE.cases(tmp_path / "Kvasir-SEG")


def test_inner_archives_unpacked_into_folders_of_their_own(tmp_path):
    kvasir_instrument.write(tmp_path)
    expected = splits(tmp_path)
    for kind in ("images", "masks"):
        folder = tmp_path / "kvasir-instrument" / kind
        folder.rename(tmp_path / "inner")
        folder.mkdir()
        (tmp_path / "inner").rename(folder / kind)
    assert splits(tmp_path) == expected


def test_inner_archives_left_packed_are_refused_with_the_remedy(tmp_path):
    kvasir_instrument.write(tmp_path)
    for kind in ("images", "masks"):
        shutil.rmtree(tmp_path / "kvasir-instrument" / kind)
        (tmp_path / "kvasir-instrument" / f"{kind}.tar.gz").touch()
    with pytest.raises(LayoutError, match=r"(?s)Found: .*images\.tar\.gz and masks\.tar\.gz are inside, unpack"):
        SOURCE.cases(tmp_path / "kvasir-instrument")


def test_mask_without_picture_is_a_broken_case(tmp_path):
    kvasir_instrument.write(tmp_path)
    gone = tmp_path / "kvasir-instrument" / "images" / f"{kvasir_instrument.NAMES[0]}.jpg"
    gone.unlink()
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, SOURCE.cases(tmp_path)[0])


def test_lists_in_any_form_give_the_splits_and_their_absence_is_told(tmp_path):
    kvasir_instrument.write(tmp_path)
    expected = splits(tmp_path)
    for path in (tmp_path / "kvasir-instrument").glob("t*.txt"):
        path.write_bytes("".join(f"images\\{name}.JPG;\r\n" for name in path.read_text().split()).encode("utf-16"))
    assert splits(tmp_path) == expected
    (tmp_path / "kvasir-instrument" / "train.txt").unlink()
    assert splits(tmp_path) == expected
    warnings = [one.what for one in SOURCE.listing(tmp_path).findings if one.level == "warning"]
    assert warnings == ["train.txt is not there: who is in no other list is taken to be in the split train"]
    (tmp_path / "kvasir-instrument" / "test.txt").write_text("<!DOCTYPE html>\n<title>Sign in</title>\n")
    with pytest.raises(LayoutError, match=r"test\.txt: a web page"):
        splits(tmp_path)


def test_a_picture_that_no_list_names_is_left_out(tmp_path):
    kvasir_instrument.write(tmp_path)
    path = tmp_path / "kvasir-instrument" / "train.txt"
    gone, *others = path.read_text().split()
    path.write_text("\n".join(others))
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == gone)
    with pytest.raises(CaseError, match=rf"train\.txt and test\.txt: no split is stated for {gone}"):
        standardise(SOURCE, case)
