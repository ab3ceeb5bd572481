import pytest
from PIL import Image
from raw_trees import etis_larib

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.etis_larib import SOURCE
from cosmos_datasets.standardise import standardise


def rows(raw):
    return [row for case in SOURCE.cases(raw) for row in standardise(SOURCE, case).rows]


@pytest.mark.parametrize("raw", [".", "archive", "archive/ETIS-LaribPolypDB"])
def test_any_folder_around_the_two_will_do(tmp_path, raw):
    etis_larib.write(tmp_path / "archive")
    assert len(SOURCE.cases(tmp_path / raw)) == len(etis_larib.FRAMES)


def test_rerelease_gives_the_same_rows(tmp_path):
    etis_larib.write(tmp_path / "official")
    raw = tmp_path / "etis_larib"
    etis_larib.write(raw, rerelease=True)
    expected = rows(tmp_path / "official")
    assert rows(raw) == rows(raw / "ETIS-LaribPolypDB") == expected
    (raw / "ETIS-LaribPolypDB").rename(raw / "archive")
    assert rows(raw) == expected


def test_rerelease_that_kept_the_letter_before_the_numbers_of_masks(tmp_path):
    etis_larib.write(tmp_path, rerelease=True)
    expected = rows(tmp_path)
    for path in (tmp_path / "ETIS-LaribPolypDB" / "masks").glob("[0-9]*.png"):
        path.rename(path.with_name(f"p{path.name}"))
    assert rows(tmp_path) == expected


def test_rerelease_of_an_unknown_polyp_set_is_refused(tmp_path):
    etis_larib.write(tmp_path, rerelease=True)
    (tmp_path / "ETIS-LaribPolypDB").rename(tmp_path / "CVC-300")
    with pytest.raises(LayoutError, match="into a folder called ETIS-LaribPolypDB"):
        SOURCE.cases(tmp_path)


def test_rerelease_among_other_polyp_sets(tmp_path):
    etis_larib.write(tmp_path / "TestDataset", rerelease=True)
    etis_larib.write(tmp_path / "others", seed=1, rerelease=True)
    (tmp_path / "others" / "ETIS-LaribPolypDB").rename(tmp_path / "TestDataset" / "CVC-300")
    assert all("ETIS-LaribPolypDB" in case.image.path.parts for case in SOURCE.cases(tmp_path))


def test_copy_with_png_images_and_bmp_masks(tmp_path):
    etis_larib.write(tmp_path)
    expected = rows(tmp_path)
    for suffix, folder in ((".png", "ETIS-LaribPolypDB"), (".BMP", "Ground Truth")):
        for path in (tmp_path / "ETIS-LaribPolypDB" / folder).glob("[p0-9]*.tif"):
            with Image.open(path) as picture:
                picture.save(path.with_suffix(suffix))
            path.unlink()
    assert rows(tmp_path) == expected


@pytest.mark.parametrize("lost", ["ETIS-LaribPolypDB/10.tif", "Ground Truth/p10.tif"])
def test_half_a_pair_is_a_broken_case(tmp_path, lost):
    etis_larib.write(tmp_path)
    gone = tmp_path / "ETIS-LaribPolypDB" / lost
    gone.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "10")
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, case)
