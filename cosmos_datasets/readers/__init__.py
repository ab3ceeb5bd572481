"""One reader per family of file formats; each delivers an array and its geometry.

A reader is a frozen dataclass that names files; nothing is opened before :meth:`read`.
"""

from pathlib import Path

from cosmos_datasets.readers.dicom import DicomSeries
from cosmos_datasets.readers.dicom_picture import DicomPicture
from cosmos_datasets.readers.itk import ItkImage
from cosmos_datasets.readers.nifti import Nifti
from cosmos_datasets.readers.nifti_picture import NiftiPicture, NiftiStack
from cosmos_datasets.readers.paged_tiff import PagedTiff
from cosmos_datasets.readers.picture import Picture, PictureStack
from cosmos_datasets.readers.refused import Refused
from cosmos_datasets.readers.run_lengths import RunLengths

__all__ = [
    "DicomPicture",
    "DicomSeries",
    "ItkImage",
    "Nifti",
    "NiftiPicture",
    "NiftiStack",
    "PagedTiff",
    "Picture",
    "PictureStack",
    "Refused",
    "RunLengths",
    "volume",
]


def volume(path: Path) -> Nifti | ItkImage:
    """The reader of a single-file volume, by its suffix: NIfTI and Analyze, or whatever ITK reads."""
    return Nifti(path) if path.name.lower().endswith((".nii", ".nii.gz", ".hdr", ".img")) else ItkImage(path)
