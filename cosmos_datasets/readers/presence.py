"""Whether a file that a reader wants to open is there with its content."""

from __future__ import annotations

from pathlib import Path

from cosmos_datasets.errors import CaseError

#: First bytes of the small text files that stand for a content which was not fetched, and how to fetch it.
_POINTERS = (
    (b"version https://git-lfs", "git lfs pull"),
    (b"/annex/objects/", "git annex get"),
)
_LONGEST_POINTER = 1024


def must_be_there(path: Path) -> None:
    """Refuse a file without its content.

    Raises:
        CaseError: if ``path`` is missing, a link to nothing or to itself, a folder or a device, empty, or a pointer of
            Git LFS or git-annex.
    """
    if path.is_dir():
        raise CaseError(f"{path}: a file was expected, this is a folder.")
    if not path.is_file():
        if path.is_symlink():
            remedy = "git annex get" if "annex" in str(path.readlink()) else "copy the file itself"
            raise CaseError(f"{path}: a link to a file that is not here; fetch it first ({remedy}).")
        if path.exists():
            raise CaseError(f"{path}: a file was expected, this is a device or a pipe.")
        raise CaseError(f"{path}: no such file; is the download complete?")
    size = path.stat().st_size
    if not size:
        raise CaseError(f"{path}: the file is empty; fetch it again.")
    if size <= _LONGEST_POINTER:
        start = path.read_bytes()
        for mark, remedy in _POINTERS:
            if start.startswith(mark):
                raise CaseError(f"{path}: a pointer to a file that was not fetched; run `{remedy}` in its folder.")
