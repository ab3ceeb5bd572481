"""Tar files, compressed or not, whose headers cannot take more memory than a name needs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

#: Bytes of one header; real ones hold a long name. ``tarfile`` reads a header at once, whatever size it announces.
_LARGEST_HEADER = 1 << 20
_COMPRESSIONS: tuple[tuple[bytes, Any], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"]\x00\x00", lzma.open),
)


class _Pieces:
    """A stream that is read in pieces only."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if size > _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header announces {size:,} bytes")
        return self._stream.read(size)


@contextmanager
def open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar file for reading; raises :class:`tarfile.TarError` or an error of its compression if it is none."""
    with path.open("rb") as plain:
        magic = plain.read(6)
    opener = next((opener for start, opener in _COMPRESSIONS if magic.startswith(start)), open)
    with opener(path, "rb") as stream, tarfile.open(fileobj=cast("IO[bytes]", _Pieces(stream)), mode="r:") as file:
        yield file


def is_tar(path: Path) -> bool:
    """Whether a file is a tar file, compressed or not."""
    try:
        with open_tar(path):
            return True
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return False
