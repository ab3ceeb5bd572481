"""MetaImage (``.mhd`` + ``.raw`` / ``.zraw``, ``.mha``) and NRRD (``.nrrd``, ``.nhdr``) through SimpleITK."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.bounds import must_hold
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.itk_header import ItkHeader, itk_header
from cosmos_datasets.readers.presence import must_be_there

#: ITK's world axes point to the left and to the back, ours to the right and to the front.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_READERS = {
    **dict.fromkeys((".mhd", ".mha"), "MetaImageIO"),
    **dict.fromkeys((".nrrd", ".nhdr"), "NrrdImageIO"),
}
#: The first two bytes of gzip, and of zlib at each level.
_ZLIB = {b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"}
#: What bzip2, the strongest packing of NRRD, may make of one byte of zeros.
_STRONGEST = 50_000


@dataclass(frozen=True)
class ItkImage:
    """One volume that ITK reads.

    Attributes:
        path: the header file (or the single file).
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The header file, and the data files that it names."""
        try:
            return (self.path, *itk_header(self.path).data_files)
        except CaseError:  # it names files that are never opened; reading says so
            return (self.path,)

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order with an affine in RAS+.

        Raises:
            CaseError: if the file is damaged, its data file is missing or lies elsewhere, it is not a scalar 3D image,
                or it holds several segments.
        """
        import SimpleITK as sitk  # a quarter of a second, and only two formats need it

        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        with reading(self.path):
            header = itk_header(self.path)
            if header.segments > 1:
                raise CaseError(f"{self.path}: it holds {header.segments} segments; write each to a file of its own.")
            for path in header.data_files:
                must_be_there(path)
            reader = sitk.ImageFileReader()
            reader.SetFileName(str(self.path))
            # By its suffix in small letters: ITK takes no notice of capitals.
            reader.SetImageIO(_READERS.get(self.path.suffix.lower(), ""))
            try:
                reader.ReadImageInformation()
                notes = _compare_length(self.path, header, reader)
                image = reader.Execute()
            except RuntimeError as error:
                # ITK's text names source lines and memory addresses, so it differs from run to run.
                beside = " or the data file that it names" if header.data_files else ""
                raise CaseError(
                    f"{self.path}: this file{beside} is missing, damaged or incomplete; fetch it again."
                ) from error
        if image.GetDimension() == 4 and image.GetSize()[3] == 1:
            image = image[:, :, :, 0]
        if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
            raise CaseError(
                f"{self.path}: a 3D image with one value a voxel was expected, "
                f"it has {image.GetDimension()} dimensions and {image.GetNumberOfComponentsPerPixel()} values."
            )
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
        affine[:3, 3] = image.GetOrigin()
        return Grid(sitk.GetArrayFromImage(image).T, LPS_TO_RAS @ affine, notes=notes)


def _compare_length(path: Path, header: ItkHeader, reader: Any) -> tuple[Finding, ...]:
    """Compare what the header announces with what the files hold, before memory is taken."""
    if header == ItkHeader():
        return ()
    needed = reader.GetNumberOfComponents() * math.prod(reader.GetSize()) * _pixel_bytes(reader.GetPixelID())
    data = header.data_files or (path,)
    if header.compressed:
        must_hold(max(data, key=lambda one: one.stat().st_size), needed, ratio=len(data) * _STRONGEST)
        if len(data) == 1 and not header.skips:
            _must_unpack(data[0], 0 if header.data_files else header.start, needed)
        return ()
    held = sum(one.stat().st_size for one in data) - (0 if header.data_files else header.start)
    if held > needed and not header.skips:
        what = "the file is longer than its header says; is a slice missing in the header?"
        return (Finding("warning", what, f"{path} ({held - needed:,} bytes)"),)
    if held < needed:
        must_hold(path, needed)
    return ()


def _must_unpack(path: Path, start: int, needed: int) -> None:
    """Refuse damaged packed data: MetaIO hands out what it got so far, and nobody looks at the checksum of NRRD."""
    got = 0
    with reading(path), path.open("rb") as file:
        file.seek(start)
        if file.read(2) not in _ZLIB:
            return
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        file.seek(start)
        while not unpacker.eof and (block := unpacker.unconsumed_tail or file.read(1 << 20)):
            got += len(unpacker.decompress(block, 1 << 24))
    if not unpacker.eof or got != needed:
        raise CaseError(
            f"{path}: {got:,} bytes are packed in it, its header says {needed:,}; it is damaged or incomplete, fetch "
            "it again."
        )


def _pixel_bytes(kind: int) -> int:
    import SimpleITK as sitk

    return int(sitk.Image([1, 1], kind).GetSizeOfPixelComponent())
