"""The MNI152 brain template: a T1-weighted volume with a brain mask and maps of grey and white matter.

The worked example of a source that is a package of its own. A source is two things: ``find_cases``, which knows the
names of the files and decodes nothing, and ``SOURCE``, which states the facts. Slicing, orientation, intensities,
splits and folds are not its business.
"""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_IMAGE = "_T1w.nii.gz"
#: Label -> the end of its file's name, and the value above which a voxel belongs to it: a mask is 0 or 1, a tissue
#: map the probability of that tissue.
_FILES = {
    "brain": ("_desc-brain_mask.nii.gz", 0.0),
    "gray_matter": ("_label-GM_probseg.nii.gz", 0.5),
    "white_matter": ("_label-WM_probseg.nii.gz", 0.5),
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every subject whose maps are all there."""
    for image in sorted(root.glob(f"sub-*/sub-*{_IMAGE}")):
        subject = image.name.removesuffix(_IMAGE)
        files = {label: (image.with_name(subject + end), threshold) for label, (end, threshold) in _FILES.items()}
        for path, _ in files.values():
            if not path.is_file():
                raise LayoutError(f"{path} is missing beside {image.name}; write the tree again.")
        yield Case(
            case_id=subject,
            subject_id=subject,
            modality="T1W MRI",
            image=Nifti(image),
            annotations=tuple(
                Annotation(Nifti(path), label=label, threshold=threshold) for label, (path, threshold) in files.items()
            ),
        )


SOURCE = Source(
    id="mni152",
    title="MNI152 brain template (ICBM 152, T1-weighted, with tissue maps)",
    homepage="https://nist.mni.mcgill.ca/icbm-152-nonlinear-atlases-2009/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "The volumes come with the Python package nilearn; python examples/mni152/write_raw.py FOLDER writes them "
        "as the files below, without a download."
    ),
    modalities=("T1W MRI",),
    labels=(
        Label("brain", "brain"),
        Label("gray_matter", "gray_matter"),
        Label("white_matter", "white_matter"),
    ),
    layout="""
mni152/
  sub-mni152/
    sub-mni152_T1w.nii.gz
    sub-mni152_desc-brain_mask.nii.gz
    sub-mni152_label-GM_probseg.nii.gz
    sub-mni152_label-WM_probseg.nii.gz
""",
    citation="""
@article{fonov2011unbiased,
  title   = {Unbiased average age-appropriate atlases for pediatric studies},
  author  = {Fonov, Vladimir and Evans, Alan C. and Botteron, Kelly and Almli, C. Robert and McKinstry, Robert C.
             and Collins, D. Louis},
  journal = {NeuroImage},
  volume  = {54},
  number  = {1},
  pages   = {313--327},
  year    = {2011},
  doi     = {10.1016/j.neuroimage.2010.07.033}
}
""",
    expected={"cases": 1, "subjects": 1},
    find_cases=find_cases,
    extra=True,
    markers=(f"sub-*/sub-*{_IMAGE}",),
    pitfalls=(
        "The image is the mean of 152 people, skull removed: smoother than any scan, and easier to segment.",
        "Grey and white matter are probability maps cut at one half; the brain is the image above a fifth of its "
        "maximum. None of the three was drawn by hand.",
    ),
    unverified=(
        "nilearn's wheel does not state the terms of the template; the MNI publishes it with a notice of its own.",
    ),
)
