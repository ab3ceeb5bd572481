"""Montgomery County chest X-rays: one mask file for each lung."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

_SIDES = {"leftMask": "lung_left", "rightMask": "lung_right"}
_NAME = r"(MCUCXR_\d{4}_[01])\.png"
#: Later studies of a patient -> the first one.
_REPEATS = {"MCUCXR_0117": "MCUCXR_0113", "MCUCXR_0166": "MCUCXR_0162", "MCUCXR_0170": "MCUCXR_0162"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every X-ray; the left lung goes before the right one."""
    images = named(root.glob("CXR_png/*"), _NAME)
    lungs: dict[tuple[str, Path], list[Annotation]] = defaultdict(list)
    for side, label in _SIDES.items():
        masks = named(root.glob(f"ManualMask/{side}/*"), _NAME)
        for name, image, mask in pairs(images, masks, every_image=True):
            lungs[name, image].append(Annotation(Picture(mask, channels="max"), label=label))
    for (name, image), annotations in lungs.items():
        patient = name[:-2]
        yield Case(name, _REPEATS.get(patient, patient), "X-ray", Picture(image), tuple(annotations))


SOURCE = Source(
    id="montgomery_cxr",
    title="Montgomery County chest X-ray set (NLM)",
    homepage=(
        "https://data.lhncbc.nlm.nih.gov/public/Tuberculosis-Chest-X-ray-Datasets/Montgomery-County-CXR-Set/"
        "MontgomerySet/index.html"
    ),
    licence="unknown (offered by NLM for research, citation required)",
    redistributable="no",
    access="open",
    obtain=(
        "Download https://openi.nlm.nih.gov/imgs/collections/NLM-MontgomeryCXRSet.zip and unpack it, or copy the "
        "folder MontgomerySet from the homepage."
    ),
    modalities=("X-ray",),
    labels=(Label("lung_left", "lung"), Label("lung_right", "lung")),
    layout="""
MontgomerySet/
  CXR_png/MCUCXR_0001_0.png ... MCUCXR_0399_1.png    last digit: 0 normal, 1 tuberculosis
  ManualMask/
    leftMask/MCUCXR_0001_0.png ...
    rightMask/MCUCXR_0001_0.png ...
  ClinicalReadings/                                  not used
""",
    citation="""
@article{jaeger2014two,
  title = {Two public chest {X}-ray datasets for computer-aided screening of pulmonary diseases},
  author = {Jaeger, Stefan and Candemir, Sema and Antani, Sameer and Wang, Yi-Xiang J. and others},
  journal = {Quantitative Imaging in Medicine and Surgery}, volume = {4}, number = {6}, pages = {475--477},
  year = {2014}
}
@article{candemir2014lung,
  title = {Lung segmentation in chest radiographs using anatomical atlases with nonrigid registration},
  author = {Candemir, Sema and Jaeger, Stefan and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {33}, number = {2}, pages = {577--590}, year = {2014},
  doi = {10.1109/TMI.2013.2290491}
}
""",
    expected={"cases": 138, "subjects": 135},
    find_cases=find_cases,
    markers=("ManualMask",),
    plane="native",
    downloads=(
        Download(
            "https://openi.nlm.nih.gov/imgs/collections/NLM-MontgomeryCXRSet.zip",
            sha256="54601e952315d8f67383e9202a6e145997ade429f54f7e0af44b4e158714f424",
        ),
    ),
    pitfalls=(
        "Sides are named as the source names its folders; leftMask is reported to hold the lung on the picture's "
        "left, the patient's right one.",
        "Pictures have 20 megapixels.",
        "Two patients have several studies: 0113 and 0117; 0162, 0166 and 0170.",
        "Copies that mix this set with that of Shenzhen and merge the two masks are not read.",
    ),
    unverified=("Which lung of the patient leftMask holds.", "The wording of the readme on use."),
)
