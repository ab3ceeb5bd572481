import numpy as np
import pytest
from PIL import Image
from raw_trees import kvasir_instrument, kvasir_seg

from cosmos_datasets.errors import CaseError, LayoutError
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
