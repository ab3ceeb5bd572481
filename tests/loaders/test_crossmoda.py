import pytest
from raw_trees import crossmoda

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.crossmoda import SOURCE
from cosmos_datasets.standardise import standardise


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_value_2_changes_its_meaning_in_2023(tmp_path):
    crossmoda.write(tmp_path)
    found = cases(tmp_path)
    meaning = {
        case_id: SOURCE.table(found[case_id].annotations[0].table)[1].name
        for case_id in ("crossmoda_1", "crossmoda2021_ldn_1", "crossmoda2022_etz_1", "crossmoda2023_etz_1")
    }
    assert list(meaning.values()) == ["cochlea"] * 3 + ["vestibular_schwannoma_extrameatal"]
    assert [case.release for case in found.values()] == ["2022", "2022", "2023", "2021", "2021", "2021"]


def test_one_folder_of_scans_without_those_of_the_target_domain(tmp_path):
    crossmoda.write(tmp_path)
    folder = tmp_path / "crossmoda_training" / "source_training"
    assert list(cases(folder)) == list(cases(folder.parent)) == ["crossmoda_1", "crossmoda_105", "crossmoda_2"]


@pytest.mark.parametrize("missing", ["ceT1", "Label"])
def test_missing_partner_is_named(tmp_path, missing):
    crossmoda.write(tmp_path)
    folder = tmp_path / "crossmoda_training" / "source_training"
    (folder / f"crossmoda_2_{missing}.nii.gz").unlink()
    with pytest.raises(CaseError, match=rf"crossmoda_2_{missing}\.nii\.gz: no such file"):
        standardise(SOURCE, cases(folder)["crossmoda_2"])
