"""BTCV, abdomen: portal venous CT with thirteen organs and vessels, as NIfTI volumes and label maps."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

#: Images and labels lie in folders side by side, so a folder above both is the root.
_ABOVE = ("", "*/", "*/*/", "*/*/*/")
#: In the order of the label values, from 1.
_ORGANS = """
spleen kidney_right kidney_left gallbladder esophagus liver stomach aorta inferior_vena_cava
portal_vein_and_splenic_vein pancreas adrenal_gland_right adrenal_gland_left
"""


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training cases; names decide, since copies call the folders ``img`` or ``imagesTr``."""
    # Numbers above 0040 are test scans, whose labels are not public.
    files = list(below(root, "*.nii*"))
    images, labels = (named(files, rf"{kind}(00[0-4]\d)\.nii(?:\.gz)?") for kind in ("img", "label"))
    for number, image, label in pairs(images, labels, every_image=True):
        name = f"img{number}"
        # sform and qform of some images contradict each other; the voxels always correspond.
        yield Case(name, name, "CT", Nifti(image), (Annotation(Nifti(label), on_image_grid=True),))


SOURCE = Source(
    id="btcv_abdomen",
    title="BTCV (Multi-Atlas Labeling Beyond the Cranial Vault), abdomen",
    homepage="https://www.synapse.org/#!Synapse:syn3193805/wiki/217789",
    licence="unknown (terms of the Synapse challenge)",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in at https://www.synapse.org/#!Synapse:syn3193805, join the challenge, download RawData.zip from Files "
        "> Abdomen and unpack it. Registered variants (Reg-Training ...) and the cervix part are not needed."
    ),
    modalities=("CT",),
    labels=tuple(
        Label(organ, re.sub("_(left|right)$", "", organ), value) for value, organ in enumerate(_ORGANS.split(), 1)
    ),
    layout="""
RawData/
  Training/
    img/img0001.nii.gz ... img0010.nii.gz, img0021.nii.gz ... img0040.nii.gz
    label/label0001.nii.gz ...
  Testing/img/img0061.nii.gz ...   without labels, not used
""",
    citation="""
@misc{landman2015btcv,
  title = {{MICCAI} Multi-Atlas Labeling Beyond the Cranial Vault -- Workshop and Challenge},
  author = {Landman, B. and Xu, Z. and Igelsias, J. and Styner, M. and Langerak, T. and Klein, A.},
  year = {2015}, doi = {10.7303/syn3193805}
}
""",
    expected={"cases": 30, "subjects": 30},
    find_cases=find_cases,
    markers=tuple(f"{above}label[0-9][0-9][0-9][0-9].nii*" for above in _ABOVE),
    pitfalls=(
        "Numbers 0011 to 0020 do not exist; 0061 to 0080 are test scans without public labels.",
        "The gallbladder is missing in two of the thirty cases.",
        "The npz and h5 files known from TransUNet are another thing: clipped, eight organs, other numbers.",
        "The cervix part of the same project uses the values 1 to 4 for other organs.",
    ),
    unverified=("That some scans hold values outside of -1024 to 3071.", "The DOI of the citation."),
)
