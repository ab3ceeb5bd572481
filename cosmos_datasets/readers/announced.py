"""Refusing a file by the size that its header announces, before memory is taken for it."""

from __future__ import annotations

import os
from pathlib import Path

from cosmos_datasets.errors import CaseError

#: Deflate (gzip, PNG, compressed TIFF) never packs more than 1,032 bytes into one.
DEFLATE = 1032


def must_hold(path: Path, needed: int, *, ratio: float = 1.0) -> None:
    """Refuse a file that cannot hold what its header announces, or whose content does not fit into memory.

    Args:
        path: the file.
        needed: bytes of the decoded content, as the header announces them.
        ratio: bytes that its compression may make of one.

    Raises:
        CaseError: if the header is damaged, or made to exhaust memory.
    """
    size = path.stat().st_size
    if needed < 0 or needed > size * ratio:
        raise CaseError(
            f"{path}: its header announces {needed:,} bytes, more than the {size:,} of the file can hold; it is "
            "damaged or incomplete, fetch it again."
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise CaseError(f"{path}: decoded it has {needed:,} bytes, this machine's memory {memory:,}.")
