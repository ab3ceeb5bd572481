"""One DICOM file: its stored pixels, and the few numbers that are ever read out of its header.

No identity can reach an output: no text of a header is in any message, and numbers are asked for by name.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.bounds import must_fit
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.jpeg import damage, frame_size

#: Bytes that one deflated file may become.
_MOST_INFLATED = 2**28
#: Preamble, prefix, and the element that holds the length of the others of the file's meta information.
_META = 128 + 4 + 12
#: Transfer syntax -> decoder. GDCM, which pydicom would take, passes over damage, and at some it ends the process.
_DECODERS: dict[str, Callable[[bytes], NDArray[Any]]] = {
    "1.2.840.10008.1.2.4.50": imagecodecs.jpeg8_decode,
    "1.2.840.10008.1.2.4.51": imagecodecs.jpeg8_decode,
    "1.2.840.10008.1.2.4.57": imagecodecs.ljpeg_decode,
    "1.2.840.10008.1.2.4.70": imagecodecs.ljpeg_decode,
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_decode,
    "1.2.840.10008.1.2.4.81": imagecodecs.jpegls_decode,
}
_RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True)
class GreyFrame:
    """The one frame of a file.

    Attributes:
        dataset: of pydicom; nothing of it may be printed.
        pixels: the stored integers, ``(rows, columns)``.
        notes: what was mended.
    """

    dataset: Any
    pixels: NDArray[Any]
    notes: tuple[Finding, ...]


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """As :func:`reading`, without pydicom's warnings: odd header elements are common and none of them is used."""
    with reading(path), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        # These two tell of pixels that are not there, or of some too many, which come of bytes that were lost.
        warnings.filterwarnings("error", "End of file reached")
        warnings.filterwarnings("error", "The decoded RLE segment")
        yield


def grey_frame(path: Path) -> GreyFrame:
    """Open a file and decode its pixels; to be called while :func:`decoding` it.

    Raises:
        CaseError: if the file holds no pixels, or anything but one frame of grey values.
        Exception: whatever pydicom and its decoders raise for a damaged file.
    """
    import pydicom

    _must_not_inflate(path)
    dataset = pydicom.dcmread(path, force=True)
    if "PixelData" not in dataset:
        raise CaseError(f"{path}: no pixel data; is this a DICOM image?")
    if not hasattr(dataset.file_meta, "TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    if dataset.PhotometricInterpretation not in {"MONOCHROME1", "MONOCHROME2"} or dataset.SamplesPerPixel != 1:
        raise CaseError(f"{path}: one grey frame was expected, its pixels are colours or numbers of a palette.")
    (frames,) = numbers(path, dataset, "NumberOfFrames") or (1,)
    if frames != 1:
        raise CaseError(f"{path}: one grey frame was expected, it holds {frames:g}.")
    must_fit(path, dataset.Columns, dataset.Rows)
    if dataset.HighBit != dataset.BitsStored - 1:
        raise CaseError(f"{path}: its values do not begin at the lowest bit, which is not read.")
    if dataset.BitsStored > dataset.BitsAllocated:
        raise CaseError(f"{path}: its header states values of more bits than they are given; fetch the file again.")
    pixels = _decoded(path, dataset)
    if pixels.shape != (dataset.Rows, dataset.Columns):
        raise CaseError(f"{path}: one grey frame was expected, the pixels are {pixels.shape}.")
    return GreyFrame(dataset, *_within_stored_bits(path, pixels, int(dataset.BitsStored)))


def numbers(path: Path, dataset: Any, keyword: str, count: int = 1) -> tuple[float, ...] | None:
    """Read an element of numbers.

    Returns:
        The numbers; ``None`` if the element is missing or empty.

    Raises:
        CaseError: if it holds anything but ``count`` finite numbers.
    """
    from pydicom.multival import MultiValue

    try:
        value = dataset.get(keyword)
        values = value if isinstance(value, MultiValue | list) else [value]
        found = tuple(float(one) for one in values if one not in (None, ""))
    except (ValueError, TypeError, ArithmeticError):
        found = (np.nan,)
    if not found:
        return None
    if len(found) != count or not np.isfinite(found).all():
        wanted = "a number" if count == 1 else f"{count} numbers"
        raise CaseError(f"{path}: {keyword} of its header is not {wanted}; fetch the file again.")
    return found


def _must_not_inflate(path: Path) -> None:
    """Refuse a deflated file that would fill the memory; pydicom unpacks it at once."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    with path.open("rb") as file:
        start = file.read(_META)
        if start[128:140] != b"DICM\x02\x00\x00\x00UL\x04\x00":
            return
        meta = file.read(int.from_bytes(start[-4:], "little"))
        if str(DeflatedExplicitVRLittleEndian).encode() not in meta:
            return
        unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while packed := unpacker.unconsumed_tail or file.read(1 << 16):
            size += len(unpacker.decompress(packed, 1 << 20))
            if size > _MOST_INFLATED:
                raise CaseError(f"{path}: unpacks to more than {_MOST_INFLATED:,} bytes; the file is damaged.")


def _decoded(path: Path, dataset: Any) -> NDArray[Any]:
    """The stored integers, ``(rows, columns)``; what lies above the stored bits is not yet looked at.

    Raises:
        CaseError: if a compressed frame is of another size than the header says.
        Exception: if it is damaged.
    """
    from pydicom.encaps import generate_frames
    from pydicom.pixels import pixel_array

    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return np.asarray(pixel_array(dataset))
    if syntax == _RLE:
        return np.asarray(pixel_array(dataset, decoding_plugin="pydicom"))
    data = next(generate_frames(dataset.PixelData, number_of_frames=1))
    size = frame_size(data)
    if size is None:
        raise ValueError("its pixels are no JPEG, JPEG-LS or JPEG 2000")
    if size != (dataset.Columns, dataset.Rows):
        raise CaseError(f"{path}: header and pixels are of different size; the file is damaged, fetch it again.")
    if reason := damage(data):
        raise ValueError(reason)
    if syntax not in _DECODERS:
        return np.asarray(pixel_array(dataset, decoding_plugin="pylibjpeg"))
    values, bits = np.asarray(_DECODERS[syntax](data)), int(dataset.BitsAllocated)
    if bits not in {8, 16, 32} or int(values.max()) >> bits:
        raise CaseError(f"{path}: header and pixels are of different depth; the file is damaged, fetch it again.")
    return values.astype(f"u{bits // 8}").view(f"{'iu'[dataset.PixelRepresentation == 0]}{bits // 8}")


def _within_stored_bits(path: Path, pixels: NDArray[Any], bits: int) -> tuple[NDArray[Any], tuple[Finding, ...]]:
    """Take away what lies above the stored bits: overlays were once kept there.

    pydicom does so itself where it decodes, but for JPEG 2000, whose own header may tell of more bits.
    """
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    unused = 8 * pixels.dtype.itemsize - bits
    if not unused:
        return pixels, ()
    above = np.unique(pixels.view(f"u{pixels.dtype.itemsize}") >> bits)
    values = (pixels << unused) >> unused  # of signed values the sign is extended
    if not set(above.tolist()) - ({0, (1 << unused) - 1} if pixels.dtype.kind == "i" else {0}):
        return values, ()
    what = "pixels have bits beyond those that hold their values (an overlay is kept there); they are left out"
    return values, (Finding("warning", what, path.name),)
