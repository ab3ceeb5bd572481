"""How large a picture or a volume may be: asked of what a file announces, before memory is taken for it."""

from __future__ import annotations

import os
from pathlib import Path

from cosmos_datasets.errors import CaseError

#: What Pillow opens at most, so that whoever loads the data set can open it: twice its ``MAX_IMAGE_PIXELS``.
MAX_PIXELS = 178_956_970
#: A stack of pictures in one file.
MAX_BYTES = 2**31
#: The largest ratio of deflate: 258 bytes for two bits.
DEFLATE = 1032


def must_fit(path: Path, width: int, height: int, most: float | None = None) -> None:
    """Refuse a picture by its announced size.

    Args:
        path: the file.
        width: as its header says.
        height: as its header says.
        most: the pixels that the file's bytes can hold at most; ``None`` where its compression has no such limit.

    Raises:
        CaseError: if the picture is larger than anything that can be shown, or than what the file can hold.
    """
    size = f"{path}: announces {width:,} x {height:,} pixels"
    if width * height > MAX_PIXELS:
        raise CaseError(f"{size}, {MAX_PIXELS:,} are possible; the file is damaged, or has to be cut or made smaller.")
    if most is not None and width * height > most:
        raise CaseError(
            f"{size}, which its {path.stat().st_size:,} bytes cannot hold; the file is damaged or incomplete, fetch "
            "it again."
        )


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
