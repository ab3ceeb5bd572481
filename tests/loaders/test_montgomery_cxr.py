import pytest
from PIL import Image
from raw_trees import montgomery_cxr

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.montgomery_cxr import SOURCE
from cosmos_datasets.standardise import standardise

FOLDER = "NLM-MontgomeryCXRSet/MontgomerySet"


def rows(raw):
    return [row for case in SOURCE.cases(raw) for row in standardise(SOURCE, case).rows]


def test_lungs_are_two_masks_of_one_object(tmp_path):
    montgomery_cxr.write(tmp_path)
    for row in rows(tmp_path)[:-1]:
        assert [(mask["label"], mask["object"]) for mask in row["objects"]] == [
            ("lung_left", "lung"),
            ("lung_right", "lung"),
        ]


def test_studies_of_one_patient_are_one_subject(tmp_path):
    montgomery_cxr.write(tmp_path)
    assert {case.case_id: case.subject_id for case in SOURCE.cases(tmp_path)} == montgomery_cxr.NAMES


def test_masks_of_1_bit_and_of_8_bits_give_the_same_rows(tmp_path):
    montgomery_cxr.write(tmp_path)
    expected = rows(tmp_path)
    for path in (tmp_path / FOLDER / "ManualMask").glob("*/MCUCXR_*.png"):
        with Image.open(path) as mask:
            assert mask.mode == "1"
            grey = mask.convert("L")
        grey.save(path)
    assert rows(tmp_path) == expected


@pytest.mark.parametrize(
    "lost",
    ["CXR_png/MCUCXR_0001_0.png", "ManualMask/leftMask/MCUCXR_0001_0.png", "ManualMask/rightMask/MCUCXR_0001_0.png"],
)
def test_a_missing_file_makes_its_case_broken(tmp_path, lost):
    montgomery_cxr.write(tmp_path)
    gone = tmp_path / FOLDER / lost
    gone.unlink()
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == list(montgomery_cxr.NAMES)
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, cases[0])
