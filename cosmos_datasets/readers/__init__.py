"""One reader per family of file formats; each delivers an array and its geometry.

A reader is a frozen dataclass that names files; nothing is opened before :meth:`read`.
"""

from cosmos_datasets.readers.dicom import DicomSeries
from cosmos_datasets.readers.itk import ItkImage
from cosmos_datasets.readers.nifti import Nifti
from cosmos_datasets.readers.picture import Picture, PictureStack

__all__ = ["DicomSeries", "ItkImage", "Nifti", "Picture", "PictureStack"]
