import pytest
from raw_trees import endotect20, kvasir_instrument, kvasir_seg

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders import kvasir_seg as kvasir_loader
from cosmos_datasets.loaders.endotect20 import SOURCE
from cosmos_datasets.standardise import standardise


def splits(raw):
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_pictures_under_the_names_of_kvasir_seg_share_its_groups(tmp_path):
    endotect20.write(tmp_path / "endotect")
    kvasir_seg.write(tmp_path / "endotect")
    kvasir_seg.write(tmp_path / "kvasir")
    ours = {case.case_id: case.group for case in SOURCE.cases(tmp_path / "endotect")}
    theirs = {case.case_id: case.group for case in kvasir_loader.SOURCE.cases(tmp_path / "kvasir")}
    assert theirs == {name: ours[name] for name in kvasir_seg.NAMES}
    assert not any(ours[name] for name in endotect20.TEST_NAMES)


def test_images_and_masks_of_another_set_are_refused(tmp_path):
    kvasir_instrument.write(tmp_path)
    with pytest.raises(LayoutError, match="EndoTect_2020_Segmentation_Test_Dataset"):
        SOURCE.cases(tmp_path)


def test_test_data_are_told_by_a_folder_called_so(tmp_path):
    endotect20.write(tmp_path / "all")
    (tmp_path / "some set").mkdir()
    folder = (tmp_path / "all" / endotect20.TEST_FOLDER).rename(tmp_path / "some set" / "test")
    with pytest.raises(LayoutError):
        SOURCE.cases(folder)
    folder.rename(tmp_path / "EndoTect")
    (tmp_path / "some set").rename(tmp_path / "endotect20")
    (tmp_path / "EndoTect").rename(tmp_path / "endotect20" / "test")
    assert splits(tmp_path / "endotect20") == dict.fromkeys(endotect20.TEST_NAMES, "test")


def test_development_or_test_data_alone(tmp_path):
    endotect20.write(tmp_path)
    everything = splits(tmp_path)
    development, test = splits(tmp_path / "segmented-images"), splits(tmp_path / endotect20.TEST_FOLDER)
    assert everything == development | test
    assert set(development.values()) == {"train"}
    assert set(test.values()) == {"test"}


def test_archives_unpacked_into_folders_of_different_depth(tmp_path):
    endotect20.write(tmp_path)
    expected = splits(tmp_path)
    (tmp_path / "hyper-kvasir-segmented-images").mkdir()
    (tmp_path / "segmented-images").rename(tmp_path / "hyper-kvasir-segmented-images" / "segmented-images")
    assert splits(tmp_path) == expected


def test_mask_without_picture_is_a_broken_case(tmp_path):
    endotect20.write(tmp_path)
    gone = tmp_path / "segmented-images" / "images" / f"{endotect20.NAMES[0]}.jpg"
    gone.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == endotect20.NAMES[0])
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, case)
