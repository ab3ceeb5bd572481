"""Every kind of damage."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from stress.dicom import DICOM
from stress.folders import FOLDERS
from stress.itk import ITK
from stress.lists import LISTS
from stress.mutation import Mutation
from stress.nifti import NIFTI
from stress.picture_files import PICTURE_FILES
from stress.pictures import PICTURES
from stress.values import VALUES
from stress.whole_files import WHOLE_FILES

FAMILIES: dict[str, Sequence[Mutation]] = {
    "whole files": WHOLE_FILES,
    "folders": FOLDERS,
    "lists and tables": LISTS,
    "NIfTI and Analyze": NIFTI,
    "MetaImage and NRRD": ITK,
    "DICOM": DICOM,
    "pictures": PICTURES,
    "files of pictures": PICTURE_FILES,
    "values": VALUES,
}
KINDS = {one.name: one for one in chain.from_iterable(FAMILIES.values())}
