import PIL
import pytest
from PIL import Image
from raw_trees import cvc_clinicdb

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.cvc_clinicdb import SOURCE
from cosmos_datasets.standardise import standardise


def facts(raw):
    """Everything but the place of the files."""
    return [(case.case_id, case.subject_id, standardise(SOURCE, case).rows) for case in SOURCE.cases(raw)]


def test_tiff_files_that_pillow_refuses_are_read(tmp_path):
    truth = cvc_clinicdb.write(tmp_path)
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    for frame in cvc_clinicdb.REFUSED_BY_PILLOW:
        case = cases[str(frame)]
        for path in case.files:
            with pytest.raises(PIL.UnidentifiedImageError):
                Image.open(path)
        assert case.image.read().array.shape == (*cvc_clinicdb.SHAPE, 3)
        (mask,) = standardise(SOURCE, case).rows[0]["objects"]
        assert mask["area"] == truth.masks[f"cvc_clinicdb/{frame}"]["polyp", 0, -1].sum()


def test_frames_of_a_sequence_are_one_subject(tmp_path):
    cvc_clinicdb.write(tmp_path)
    subjects = {int(case.case_id): case.subject_id for case in SOURCE.cases(tmp_path)}
    assert subjects == {frame: f"sequence_{number:02d}" for frame, number in cvc_clinicdb.FRAMES.items()}


@pytest.mark.parametrize("raw", [".", "PNG", "TIF"])
def test_rerelease_gives_the_same_rows(tmp_path, raw):
    cvc_clinicdb.write(tmp_path / "official")
    cvc_clinicdb.write(tmp_path / "rerelease", rerelease=True)
    assert facts(tmp_path / "rerelease" / raw) == facts(tmp_path / "official")


def test_folder_name_without_its_space(tmp_path):
    cvc_clinicdb.write(tmp_path)
    expected = facts(tmp_path)
    folder = tmp_path / "CVC-ClinicDB" / "Ground Truth"
    folder.rename(folder.with_name("Ground_Truth"))
    assert facts(tmp_path) == expected


@pytest.mark.parametrize("lost", ["Original", "Ground Truth"])
def test_half_a_pair_is_a_broken_case(tmp_path, lost):
    cvc_clinicdb.write(tmp_path)
    gone = tmp_path / "CVC-ClinicDB" / lost / "25.tif"
    gone.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "25")
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, case)
