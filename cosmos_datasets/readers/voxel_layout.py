"""Where the voxels of a volume lie in its files, and reading just these: to the last byte and with their checksum."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.bounds import DEFLATE, must_hold
from cosmos_datasets.readers.failure import reading

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Layout:
    """Where the voxels are.

    Attributes:
        header: the file that says so.
        shape: voxels along the axes, the fastest first.
        dtype: of a voxel, with its byte order.
        data_files: the files that hold them, one part after the other, if not the header's own.
        start: the byte of each file at which its voxels begin, packed or not; negative if they are its last bytes.
        packed: whether zlib or gzip has packed everything from there on.
        skipped: bytes left out once that is unpacked.
    """

    header: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data_files: tuple[Path, ...] = ()
    start: int = 0
    packed: bool = False
    skipped: int = 0


def read_voxels(layout: Layout) -> tuple[NDArray[Any], int]:
    """Read the voxels.

    Returns:
        An array of the layout's shape in the machine's byte order, and the number of bytes that are left behind them.

    Raises:
        CaseError: if a file is damaged or holds fewer bytes than the header announces, or several are no equal parts.
    """
    files = layout.data_files or (layout.header,)
    needed = math.prod(layout.shape) * layout.dtype.itemsize
    part, uneven = divmod(needed, len(files))
    if uneven:
        raise CaseError(f"{layout.header}: its {len(files)} data files are no equal parts of {layout.shape} voxels.")
    for path in files:
        must_hold(path, layout.skipped + part, ratio=DEFLATE if layout.packed else 1.0)
    values, rest = bytearray(needed), 0
    for number, path in enumerate(files):
        with reading(path):
            rest = _fill(path, memoryview(values)[number * part : (number + 1) * part], layout)
        if rest and len(files) > 1:
            raise CaseError(f"{path}: holds {rest:,} bytes more than the {part:,} of its part of the volume.")
    array = np.frombuffer(values, layout.dtype).reshape(layout.shape, order="F")
    return array.astype(layout.dtype.newbyteorder("="), copy=False), rest


def too_long(rest: int) -> Iterator[Finding]:
    """What to say of bytes that are left behind the voxels."""
    if rest:
        what = "the file is longer than its header says; is a slice or a volume missing in the header?"
        yield Finding("warning", what, f"({rest:,} bytes)")


def _fill(path: Path, voxels: memoryview, layout: Layout) -> int:
    """Copy one file's part; returns how many bytes are left over."""
    skip, at, rest = layout.skipped, 0, 0
    for block in _blocks(path, layout, len(voxels)):
        bytes_of_voxels = memoryview(block)[skip:]
        skip = max(skip - len(block), 0)
        taken = min(len(bytes_of_voxels), len(voxels) - at)
        voxels[at : at + taken] = bytes_of_voxels[:taken]
        at, rest = at + taken, rest + len(bytes_of_voxels) - taken
    if at < len(voxels):
        raise CaseError(
            f"{path}: holds {at:,} bytes of voxels, its header announces {len(voxels):,}; the file is damaged or "
            "incomplete, fetch it again."
        )
    return rest


def _blocks(path: Path, layout: Layout, part: int) -> Iterator[bytes]:
    """The bytes from where the voxels begin, to the end of the file."""
    with path.open("rb") as file:
        file.seek(layout.start if layout.start >= 0 else path.stat().st_size - layout.skipped - part)
        yield from _inflated(file) if layout.packed else iter(lambda: file.read(_BLOCK), b"")


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """Unpack zlib's frame or gzip's, whichever the first bytes tell; gzip's may follow each other.

    Reading on to the end of a frame checks the sum that it keeps there.
    """
    packed = file.read(_BLOCK)
    while True:
        stream = zlib.decompressobj(wbits=47)
        while not stream.eof:
            if not packed:
                raise EOFError("the packed voxels end too early")
            yield stream.decompress(packed, _BLOCK)
            packed = stream.unconsumed_tail or stream.unused_data or file.read(_BLOCK)
        packed += file.read(len(_GZIP))
        if not packed.startswith(_GZIP):
            break
    yield packed
    yield from iter(lambda: file.read(_BLOCK), b"")


def is_packed(path: Path) -> bool:
    """Whether the first bytes of a file are those of gzip, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP
