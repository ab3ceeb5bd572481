import numpy as np
import pytest
from PIL import Image
from raw_trees import kvasir_instrument, kvasir_seg

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.load.rows import full_mask
from cosmos_datasets.loaders.kvasir_seg import SOURCE
from cosmos_datasets.standardise import standardise


def test_masks_are_grey_at_their_edges_and_read_whole(tmp_path):
    truth = kvasir_seg.write(tmp_path)
    case = SOURCE.cases(tmp_path)[0]
    (polyp,) = case.annotations
    stored = polyp.reader.read().array
    assert len(np.unique(stored)) > 2
    np.testing.assert_array_equal(stored > polyp.threshold, truth.masks["kvasir_seg/" + case.case_id]["polyp", 0, -1])


def test_a_copy_with_png_masks_gives_the_same_rows(tmp_path):
    kvasir_seg.write(tmp_path)
    before = [standardise(SOURCE, case).rows for case in SOURCE.cases(tmp_path)]
    for path in (tmp_path / "Kvasir-SEG" / "masks").glob("cju*.jpg"):
        with Image.open(path) as mask:
            mask.convert("L").point(lambda grey: 255 * (grey > 127)).save(path.with_suffix(".PNG"))
        path.unlink()
    assert [standardise(SOURCE, case).rows for case in SOURCE.cases(tmp_path)] == before


@pytest.mark.parametrize("lost", ["images", "masks"])
def test_half_a_pair_is_a_broken_case(tmp_path, lost):
    kvasir_seg.write(tmp_path)
    gone = tmp_path / "Kvasir-SEG" / lost / f"{kvasir_seg.NAMES[1]}.jpg"
    gone.unlink()
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == sorted(kvasir_seg.NAMES)
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, cases[1])


def test_kvasir_instrument_is_another_set(tmp_path):
    kvasir_instrument.write(tmp_path)
    with pytest.raises(LayoutError):
        SOURCE.cases(tmp_path)
    kvasir_seg.write(tmp_path)
    (tmp_path / "Kvasir-SEG").rename(tmp_path / "kvasir-seg")
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == sorted(kvasir_seg.NAMES)


def polyp_of(rows):
    ((row,), (polyp,)) = rows, rows[0]["objects"]
    return row, polyp


@pytest.mark.parametrize("colour", [0, 255])
def test_a_polyp_drawn_in_transparency_is_the_same_polyp(tmp_path, colour):
    truth = kvasir_seg.write(tmp_path)
    case = SOURCE.cases(tmp_path)[0]
    mask = truth.masks[f"kvasir_seg/{case.case_id}"]["polyp", 0, -1]
    path = case.annotations[0].reader.path
    drawn = np.full((*mask.shape, 4), colour, np.uint8)
    drawn[..., 3] = mask * np.uint8(255)
    Image.fromarray(drawn).save(path, "PNG")
    made = standardise(SOURCE, case)
    row, polyp = polyp_of(made.rows)
    np.testing.assert_array_equal(full_mask(row, 0), mask)
    assert polyp["area"] == mask.sum()
    assert any("transparency" in finding.what for finding in made.findings)


@pytest.mark.parametrize(("orientation", "turns"), [(6, 1), (3, 2)])
def test_a_photograph_with_an_orientation_is_told_of(tmp_path, orientation, turns):
    """The mask is drawn on what a viewer shows."""
    kvasir_seg.write(tmp_path)
    case = SOURCE.cases(tmp_path)[0]
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(case.image.path) as image:
        stored = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(image), turns)))
    stored.save(case.image.path, exif=exif)
    if turns == 2:
        (finding,) = standardise(SOURCE, case).findings
        assert "orientation tag" in finding.what and finding.level == "warning"
    else:
        with pytest.raises(CaseError, match=r"do not belong together\. Noticed: a picture carries an orientation tag"):
            standardise(SOURCE, case)


def test_a_mask_too_dark_for_its_threshold_is_told_of(tmp_path):
    truth = kvasir_seg.write(tmp_path)
    case = SOURCE.cases(tmp_path)[0]
    mask = truth.masks[f"kvasir_seg/{case.case_id}"]["polyp", 0, -1]
    Image.fromarray(mask * np.uint8(100)).save(case.annotations[0].reader.path, "PNG")
    told = {finding.what: finding.where for finding in standardise(SOURCE, case).findings}
    assert any("none above its threshold" in what and where.endswith("100 of 127") for what, where in told.items())
