"""Files of one stack by the numbers in their names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.errors import CaseError
from cosmos_datasets.numbering import numbered, stack, whole_stack

_FORMS = ("i{:04d},0000b.dcm", "IMG-0002-{:05d}.dcm", "liver_GT_{:03d}.png", "slice{}.PNG")
_FOLDER = Path("a7")
_NUMBERS = st.sets(st.integers(0, 999), min_size=1, max_size=20)


@given(st.sampled_from(_FORMS), _NUMBERS)
def test_the_number_before_comma_or_suffix_counts(form: str, numbers: set[int]) -> None:
    files = {number: _FOLDER / form.format(number) for number in sorted(numbers)}
    assert numbered(files.values()) == files
    assert list(numbered(files.values())) == sorted(numbers)


@given(st.sampled_from(_FORMS), _NUMBERS)
def test_gaps_are_filled_with_the_names_that_are_missing(form: str, numbers: set[int]) -> None:
    files = {number: _FOLDER / form.format(number) for number in numbers}
    width_is_known = "{}" not in form
    full = stack(files, whole_stack(numbers))
    assert set(full) >= set(files.values())
    if width_is_known:
        assert full == tuple(_FOLDER / form.format(number) for number in whole_stack(numbers))


@given(st.integers(0, 99), st.integers(1, 5), st.integers(4, 30), st.data())
def test_the_step_is_found_in_what_is_left(first: int, step: int, count: int, data: st.DataObject) -> None:
    numbers = set(range(first, first + step * count, step))
    inner = sorted(numbers)[1:-1]
    lost = data.draw(st.sampled_from(inner))
    left = numbers - {lost}
    assert set(whole_stack(left, left)) >= left
    if count > 4:
        assert set(whole_stack(left)) == numbers


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a1.dcm", "a01.dcm"), "has the number of"),
        (("a1.dcm", "b1.dcm"), "has the number of"),
        (("a1.dcm", "a2.dcm", "b3.dcm"), "b3.dcm: is called unlike"),
        (("i0001,0000b.dcm", "i0002,0000b.dcm", "i0003.dcm"), "i0003.dcm: is called unlike"),
    ],
)
def test_two_stacks_in_one_folder_are_refused(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(CaseError, match=words):
        numbered(_FOLDER / name for name in names)


def test_names_without_a_number_are_no_slices() -> None:
    assert numbered([_FOLDER / "Thumbs.db", _FOLDER / "1.dcm"]) == {1: _FOLDER / "1.dcm"}
