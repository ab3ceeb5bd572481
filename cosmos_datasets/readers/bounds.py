"""How large a picture may be: asked of the size that a file announces, before memory is taken for it."""

from __future__ import annotations

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
