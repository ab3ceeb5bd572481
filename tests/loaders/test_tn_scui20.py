import pytest
from raw_trees import tn_scui20

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.tn_scui20 import SOURCE
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_test_pictures_are_left_out(tmp_path):
    tn_scui20.write(tmp_path)
    assert ids(tmp_path) == ["1273", "2", "3", "5"]


def test_endings_in_small_letters_and_folders_that_are_not_doubled(tmp_path):
    tn_scui20.write(tmp_path)
    expected = ids(tmp_path)
    base = tmp_path / "TNSCUI2020_train" / "TNSCUI2020_train"
    for kind in ("image", "mask"):
        for path in sorted((base / kind).glob("*.PNG")):
            path.rename(path.with_suffix(".png"))
    assert ids(base) == expected


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_missing_partner_breaks_that_case_only(tmp_path, kind):
    tn_scui20.write(tmp_path)
    (tmp_path / "TNSCUI2020_train" / "TNSCUI2020_train" / kind / "5.PNG").unlink()
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert len(cases) == 4
    with pytest.raises(CaseError, match=rf"{kind}/5\.PNG: no such file"):
        standardise(SOURCE, cases["5"])
