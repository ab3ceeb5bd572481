import numpy as np
import pytest
from raw_trees import sstem

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError, LayoutError
from cosmos_datasets.loaders.sstem import SOURCE


def test_white_is_the_structure(tmp_path):
    sstem.write(tmp_path)
    (case,) = SOURCE.cases(tmp_path)
    image, labels = case.image.read().array, case.annotations[0].reader.read().array
    assert [label.name for label in SOURCE.labels] == ["neural_structure"]
    assert image[labels > 0].mean() > image[labels == 0].mean()


def test_names_of_mirrors(tmp_path):
    sstem.write(tmp_path)
    (case,) = SOURCE.cases(tmp_path)
    pixels = case.image.read().array
    for path in tmp_path.glob("t*.tif"):
        path.rename(path.with_name(f"isbi-{path.name}"))
    (renamed,) = SOURCE.cases(tmp_path)
    assert renamed.case_id == case.case_id
    np.testing.assert_array_equal(renamed.image.read().array, pixels)


def test_all_sections_share_a_group(tmp_path):
    sstem.write(tmp_path)
    assert len({(case.subject_id, case.split) for case in SOURCE.cases(tmp_path)}) == 1


@pytest.mark.parametrize("name", ["train-volume.tif", "train-labels.tif"])
@pytest.mark.parametrize("size", [0, 20000])
def test_damaged_file_is_named(tmp_path, name, size):
    sstem.write(tmp_path / "raw")
    path = tmp_path / "raw" / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CosmosError, match=rf"no image is left; 1 cases? could not be read.*{name}"):
        build(SOURCE, tmp_path / "raw", tmp_path / "out")


def test_lost_volume_is_named(tmp_path):
    sstem.write(tmp_path / "raw")
    (tmp_path / "raw" / "train-volume.tif").unlink()
    with pytest.raises(LayoutError, match="no image with a label"):
        build(SOURCE, tmp_path / "raw", tmp_path / "out")


def test_only_the_test_stack(tmp_path):
    sstem.write(tmp_path)
    for path in tmp_path.glob("train-*"):
        path.unlink()
    with pytest.raises(LayoutError, match="does not look like ssTEM"):
        SOURCE.cases(tmp_path)
