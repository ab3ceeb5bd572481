import os
from pathlib import Path

import pytest

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers.presence import must_be_there

_LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def test_a_file_with_content_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(b"version 2")
    must_be_there(path)
    (tmp_path / "link.nii").symlink_to(path)
    must_be_there(tmp_path / "link.nii")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "this is a folder"),
        (os.mkfifo, "this is a device or a pipe"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.symlink_to(path.name), "a link to a file that is not here"),
        (lambda path: path.symlink_to("../.git/annex/objects/x"), "git annex get"),
        (lambda path: path.write_text(_LFS), "git lfs pull"),
        (lambda path: path.write_text("/annex/objects/MD5E-s12--ab.nii.gz\n"), "git annex get"),
    ],
)
def test_what_is_not_there_is_named_with_the_remedy(tmp_path: Path, make: object, reason: str) -> None:
    path = tmp_path / "a.nii.gz"
    assert callable(make)
    make(path)
    with pytest.raises(CaseError, match=reason) as error:
        must_be_there(path)
    assert str(path) in str(error.value)
