import numpy as np
import pytest
from PIL import Image
from raw_trees import chest_ct_segmentation

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.chest_ct_segmentation import SOURCE
from cosmos_datasets.readers import Refused
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_blue_is_the_lung_and_red_the_trachea(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    case = SOURCE.cases(tmp_path)[2]
    colours = np.zeros((80, 96, 3), np.uint8)
    colours[:40, :40] = (0, 0, 255)
    colours[40:, 40:60] = (255, 0, 0)
    Image.fromarray(colours).save(case.annotations[0].reader.path, quality=100, subsampling=0)
    (row,) = standardise(SOURCE, case).rows
    assert {mask["label"]: mask["area"] for mask in row["objects"]} == {"lung": 1600, "trachea": 800}


def test_slices_of_a_scan_have_one_subject(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    cases = SOURCE.cases(tmp_path)
    assert len(cases) == 9
    assert {case.subject_id for case in cases} == {case.case_id.rpartition("_")[0] for case in cases}
    assert len({case.subject_id for case in cases}) == 3


def test_folders_that_are_not_doubled(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    expected = ids(tmp_path)
    for kind in ("images", "masks"):
        inner = tmp_path / "archive" / kind / kind
        for path in sorted(inner.iterdir()):
            path.rename(inner.parent / path.name)
        inner.rmdir()
    assert ids(tmp_path) == expected


def test_the_table_pairs_images_and_masks_whatever_their_names(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    base = tmp_path / "archive"
    first, second, *others = (base / "train.csv").read_text().splitlines()[1:]
    (a, mask_a), (b, mask_b) = first.split(","), second.split(",")
    (base / "train.csv").write_text("\n".join(["ImageId,MaskId", f"{a},{mask_b}", f"{b},{mask_a}", *others]))
    assert [case.annotations[0].reader.path.name for case in SOURCE.cases(tmp_path)[:2]] == [mask_b, mask_a]


def test_slices_that_were_not_downloaded_are_passed_over_and_half_ones_reported(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    case = SOURCE.cases(tmp_path)[2]
    case.image.path.unlink()
    assert len(ids(tmp_path)) == 9
    with pytest.raises(CaseError, match=rf"images/{case.case_id}\.jpg: no such file"):
        standardise(SOURCE, SOURCE.cases(tmp_path)[2])
    case.annotations[0].reader.path.unlink()
    assert len(ids(tmp_path)) == 8


@pytest.mark.parametrize("table", [None, "id,CATE\n1273.PNG,0\n"])
def test_without_the_table_or_with_another_one(tmp_path, table):
    chest_ct_segmentation.write(tmp_path)
    path = tmp_path / "archive" / "train.csv"
    path.unlink()
    if table:
        path.write_text(table)
    with pytest.raises(LayoutError, match="does not look like Chest CT Segmentation"):
        SOURCE.cases(tmp_path)


def test_a_table_that_names_an_image_or_a_mask_twice_leaves_both_out(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    table = tmp_path / "archive" / "train.csv"
    head, first, second, *others = table.read_text().splitlines()
    image, mask = first.split(",")
    table.write_text("\r\n".join([head, first, first, second.replace(second.split(",")[1], mask), *others]))
    broken = [case.case_id for case in SOURCE.cases(tmp_path) if isinstance(case.image, Refused)]
    assert broken == [image.removesuffix(".jpg"), second.partition(".jpg")[0]]


def test_an_image_that_the_table_does_not_name_is_left_out_by_name(tmp_path):
    chest_ct_segmentation.write(tmp_path)
    table = tmp_path / "archive" / "train.csv"
    head, first, *others = table.read_text().splitlines()
    table.write_bytes("\n".join([head.upper(), *others]).replace(",", "\t").encode("utf-16"))
    listing = SOURCE.listing(tmp_path)
    assert len(listing.cases) == 8
    (error,) = [one for one in listing.findings if one.level == "error"]
    assert error.where == f"images/images/{first.partition(',')[0]}"
    table.write_text("\n".join([head, *others[:2]]))
    with pytest.raises(LayoutError, match=r"train\.csv does not name 7 of the 9 that are here"):
        SOURCE.listing(tmp_path)
