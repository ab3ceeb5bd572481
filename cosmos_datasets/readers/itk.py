"""MetaImage (``.mhd`` + ``.raw`` / ``.zraw``, ``.mha``) and NRRD (``.nrrd``, ``.nhdr``) through SimpleITK."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading

#: ITK's world axes point to the left and to the back, ours to the right and to the front.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Suffixes of headers whose voxels lie in a file of their own.
_HEADERS = {".mhd", ".nhdr"}


@dataclass(frozen=True)
class ItkImage:
    """One volume that ITK reads.

    Attributes:
        path: the header file (or the single file).
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The header file, and the data file beside it where the format splits them."""
        beside = (self.path.with_suffix(suffix) for suffix in (".raw", ".zraw", ".raw.gz"))
        data = tuple(path for path in beside if self.path.suffix in _HEADERS and path.is_file())
        return (self.path, *data)

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order with an affine in RAS+.

        Raises:
            CaseError: if the file is damaged, its data file is missing, or it is not a scalar 3D image.
        """
        import SimpleITK as sitk  # a quarter of a second, and only two formats need it

        sitk.ProcessObject.SetGlobalWarningDisplay(False)
        with reading(self.path):
            self.path.stat()
            try:
                image = sitk.ReadImage(str(self.path))
            except RuntimeError as error:
                # ITK's text names source lines and memory addresses, so it differs from run to run.
                beside = " or the data file that it names" if self.path.suffix in _HEADERS else ""
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
        return Grid(sitk.GetArrayFromImage(image).T, LPS_TO_RAS @ affine)
