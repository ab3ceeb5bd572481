"""What is odd about a case is told by a check and by a build alike; what it raises ends in one place."""

import dataclasses
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import CliRunner
from raw_trees import acdc

from cosmos_datasets.build.manifest import read_manifest
from cosmos_datasets.build.run import build
from cosmos_datasets.case import Case
from cosmos_datasets.check.run import check
from cosmos_datasets.cli import main
from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding, ungrouped
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source
from cosmos_datasets.standardise import standardise

_ACDC = get_source("acdc")


def _spoil(case: Case, value: float) -> None:
    path = case.image.files[0]
    image = nibabel.load(path)
    values = np.asarray(image.dataobj).astype(np.float32)
    values[0, 0, 0] = value
    nibabel.save(nibabel.Nifti1Image(values, image.affine), path)


def test_a_build_says_what_a_check_says(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    acdc.write(raw)
    hot, odd = _ACDC.cases(raw)[:2]
    _spoil(hot, 1e30)
    _spoil(odd, np.nan)
    checked = check(_ACDC, raw)
    seen_by_check_alone = {"a label of the source occurs in no case"}
    expected = {one for one in ungrouped(checked.everything) if one.what not in seen_by_check_alone}
    report = build(_ACDC, raw, out)
    assert set(ungrouped(report.findings)) == expected
    assert any("grey levels" in one.what and one.where.startswith(f"{hot.case_id}: 1 levels") for one in expected)
    assert any("NaN" in one.what and one.where == f"{odd.case_id}: 1 of them" for one in expected)
    again = build(_ACDC, raw, out)
    assert again.up_to_date
    assert set(ungrouped(again.findings)) == expected
    entry = read_manifest(out).sources["acdc"]
    kept = {one for part in (entry, *entry.shards) for one in ungrouped(part.findings)}
    assert kept == expected
    assert str(tmp_path) not in json.dumps([dataclasses.asdict(one) for one in kept])
    printed = CliRunner().invoke(main, ["build", "acdc", "--raw", str(raw), "--out", str(out), "--workers", "1"])
    assert f"{hot.case_id}: 1 levels" in printed.stdout


def test_grey_levels_are_those_of_the_chosen_intensity(tmp_path: Path) -> None:
    acdc.write(tmp_path)
    case = _ACDC.cases(tmp_path)[0]
    _spoil(case, 1e30)
    assert any("grey levels" in one.what for one in standardise(_ACDC, case).findings)
    percentile = Intensity.parse("percentile=0.5,99.5")
    assert not any("grey levels" in one.what for one in standardise(_ACDC, case, percentile).findings)


@dataclasses.dataclass(frozen=True)
class _Odd:
    """A reader that notices something, or breaks."""

    path: Path
    error: BaseException | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def read(self) -> Grid:
        if self.error:
            raise self.error
        grid = np.zeros((20, 20), dtype=np.uint8)
        grid[:10] = 1
        return Grid(grid, notes=(Finding("note", "seen by the reader", "a.png"), Finding("warning", "no place")))


def _case(drawn: Case, image: _Odd, labels: _Odd) -> Case:
    annotation = dataclasses.replace(drawn.annotations[0], reader=labels)
    return dataclasses.replace(drawn, image=image, annotations=(annotation,))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("acdc")
    acdc.write(folder)
    return _ACDC.cases(folder)[0]


def test_notes_of_readers_name_their_case(drawn: Case) -> None:
    result = standardise(_ACDC, _case(drawn, _Odd(Path("image")), _Odd(Path("labels"))))
    case_id = drawn.case_id
    assert [one for one in result.findings if one.what == "seen by the reader"] == [
        Finding("note", "seen by the reader", f"{case_id}: a.png")
    ] * 2
    assert Finding("warning", "no place", case_id) in result.findings


@pytest.mark.parametrize(
    "error", [ValueError("odd\nthing"), KeyError("x"), ZeroDivisionError(), RecursionError("deep")]
)
@pytest.mark.parametrize("where", ["image", "labels"])
def test_whatever_a_decoder_raises_names_the_case(drawn: Case, error: Exception, where: str) -> None:
    image, labels = _Odd(Path("image.nii")), _Odd(Path("labels.nii"))
    case = (
        _case(drawn, _Odd(Path("image.nii"), error), labels)
        if where == "image"
        else _case(drawn, image, _Odd(labels.path, error))
    )
    with pytest.raises(CaseError, match=f"acdc/{case.case_id}: .*{type(error).__name__}") as raised:
        standardise(_ACDC, case)
    assert "image.nii" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_interruption_is_no_broken_case(drawn: Case) -> None:
    case = _case(drawn, _Odd(Path("image"), KeyboardInterrupt()), _Odd(Path("labels")))
    with pytest.raises(KeyboardInterrupt):
        standardise(_ACDC, case)
