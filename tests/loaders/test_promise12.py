import pytest
from raw_trees import promise12

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.promise12 import SOURCE
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_test_cases_that_reuse_names_are_left_out(tmp_path):
    promise12.write(tmp_path)
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == ["Case00", "Case01", "Case17", "Case49"]
    assert all(path.parent.name == "training_data" for case in cases for path in case.files)


def test_the_three_parts_of_the_older_release(tmp_path):
    promise12.write(tmp_path / "new")
    expected = ids(tmp_path / "new")
    for number, path in enumerate(sorted((tmp_path / "new" / "training_data").glob("Case*"))):
        part = f"TrainingData_Part{1 + number // 8}"
        folder = tmp_path / "old" / part / part
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    assert ids(tmp_path / "old") == expected
    assert ids(tmp_path / "old" / "TrainingData_Part1") == expected[:2]


@pytest.mark.parametrize("lost", ["Case17.mhd", "Case17_segmentation.mhd"])
def test_half_a_pair_is_listed_and_fails_alone(tmp_path, lost):
    promise12.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    (tmp_path / "training_data" / lost).unlink()
    assert SOURCE.cases(tmp_path) == before
    with pytest.raises(CaseError, match=rf"training_data/{lost}: no such file; is the download complete"):
        standardise(SOURCE, before[2])


def test_header_without_its_voxels(tmp_path):
    promise12.write(tmp_path)
    (tmp_path / "training_data" / "Case17.raw").unlink()
    with pytest.raises(CaseError, match=r"Case17\.raw: no such file"):
        standardise(SOURCE, SOURCE.cases(tmp_path)[2])


def test_only_the_test_data(tmp_path):
    promise12.write(tmp_path)
    with pytest.raises(LayoutError, match="does not look like PROMISE12"):
        SOURCE.cases(tmp_path / "test_data")
