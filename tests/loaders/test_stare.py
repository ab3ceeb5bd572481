import gzip
import io
from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees import stare

from cosmos_datasets.loaders.stare import SOURCE


def _listed(raw: Path) -> list[tuple[str, str]]:
    return [(case.case_id, case.split) for case in SOURCE.cases(raw)]


def test_only_the_first_observer_is_read(tmp_path: Path) -> None:
    stare.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        assert [path.parent.name for path in case.files] == ["stare-images", "labels-ah"]


def test_photographs_without_a_label_are_left_out(tmp_path: Path) -> None:
    stare.write(tmp_path)
    assert (tmp_path / "stare-images" / "im0002.ppm.gz").is_file()
    assert "im0002" not in dict(_listed(tmp_path))


def test_unpacked_files_are_the_same_cases(tmp_path: Path) -> None:
    truth = stare.write(tmp_path)
    expected = _listed(tmp_path)
    for path in tmp_path.rglob("im*.ppm.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert _listed(tmp_path) == expected
    case = SOURCE.cases(tmp_path)[0]
    drawn = truth.masks["stare/im0001"]["retinal_vessel", 0, -1]
    np.testing.assert_array_equal(case.annotations[0].reader.read().array > 127, drawn)


def test_a_copy_as_png_is_the_same_cases(tmp_path: Path) -> None:
    truth = stare.write(tmp_path)
    expected = _listed(tmp_path)
    for path in list(tmp_path.rglob("im*.ppm.gz")):
        with Image.open(io.BytesIO(gzip.decompress(path.read_bytes()))) as picture:
            picture.save(path.with_name(path.name.replace("ppm.gz", "png")))
        path.unlink()
    assert _listed(tmp_path) == expected
    drawn = truth.masks["stare/im0001"]["retinal_vessel", 0, -1]
    np.testing.assert_array_equal(SOURCE.cases(tmp_path)[0].annotations[0].reader.read().array > 127, drawn)


def test_all_files_in_one_folder(tmp_path: Path) -> None:
    stare.write(tmp_path)
    expected = _listed(tmp_path)
    for path in list(tmp_path.rglob("im*.gz")):
        path.rename(tmp_path / path.name)
    assert _listed(tmp_path) == expected


def test_label_without_photograph_is_listed_by_its_path(tmp_path: Path) -> None:
    stare.write(tmp_path)
    lost = tmp_path / "stare-images" / "im0044.ppm.gz"
    lost.unlink()
    assert [case.case_id for case in SOURCE.cases(tmp_path) if lost in case.files] == ["im0044"]
