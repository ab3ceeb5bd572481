"""CVC-ClinicDB (CVC-612): frames of colonoscopy videos with polyps, as TIFF or in the re-release as PNG."""

from bisect import bisect
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: First frame of each of the 29 video sequences.
_SEQUENCE_STARTS = (
    *(1, 26, 51, 68, 79, 104, 127, 152, 178, 200, 206, 228, 253, 278, 298),
    *(318, 343, 364, 384, 409, 429, 448, 467, 479, 504, 529, 547, 572, 592),
)
_NAME = r"(\d{1,3})\.(?:tiff?|png|bmp|jpe?g)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every frame.

    Args:
        root: the folder of ``Original`` and ``Ground Truth``, or of ``PNG`` and ``TIF`` that hold these two each; a
            frame that is there in both formats is read as PNG.
    """
    files = list(below(root))
    images, masks = (_by_number(inside(files, folder)) for folder in ("Original", "Ground*Truth"))
    for number, image, mask in pairs(images, masks, every_image=True):
        sequence = f"sequence_{bisect(_SEQUENCE_STARTS, int(number)):02d}"
        polyp = Annotation(Picture(mask, channels="max"), label="polyp", threshold=127)
        yield Case(number, sequence, "Colonoscopy", Picture(image), (polyp,))


def _by_number(files: list[Path]) -> dict[str, Path]:
    in_png = [path for path in files if path.parent.parent.name.upper() == "PNG"]
    return named((path for path in files if path not in in_png), _NAME) | named(in_png, _NAME)


SOURCE = Source(
    id="cvc_clinicdb",
    title="CVC-ClinicDB (CVC-612): polyps in frames of colonoscopy videos",
    homepage="https://polyp.grand-challenge.org/CVCClinicDB/",
    licence="Research and education only, no commercial use, citation required",
    redistributable="no",
    access="open",
    obtain=(
        "Follow the link on https://polyp.grand-challenge.org/CVCClinicDB/ to CVC-ClinicDB.rar and unpack it (with "
        "unrar or 7z). With an account, https://www.kaggle.com/datasets/balraj98/cvcclinicdb has the frames as PNG."
    ),
    modalities=("Colonoscopy",),
    labels=(Label("polyp", "polyp"),),
    layout="""
CVC-ClinicDB/
  Original/1.tif ... 612.tif
  Ground Truth/1.tif ... 612.tif
or, re-released:
  PNG/Original/1.png ...    PNG/Ground Truth/1.png ...
  TIF/Original/1.tif ...    TIF/Ground Truth/1.tif ...
  metadata.csv              not used
""",
    citation="""
@article{bernal2015wmdova,
  title = {{WM-DOVA} maps for accurate polyp highlighting in colonoscopy: Validation vs. saliency maps from
           physicians},
  author = {Bernal, Jorge and S\\'anchez, F. Javier and Fern\\'andez-Esparrach, Gloria and Gil, Debora and others},
  journal = {Computerized Medical Imaging and Graphics}, volume = {43}, pages = {99--111}, year = {2015},
  doi = {10.1016/j.compmedimag.2015.02.007}
}
""",
    expected={"cases": 612, "subjects": 29},
    find_cases=find_cases,
    markers=("Ground*Truth/[0-9]*", "*/Ground*Truth/[0-9]*"),
    plane="native",
    downloads=(Download("https://www.dropbox.com/s/p5qe9eotetjnbmq/CVC-ClinicDB.rar?dl=1", name="CVC-ClinicDB.rar"),),
    pitfalls=(
        "Frames of one sequence are nearly the same picture: subject_id is the sequence, so that folds keep it whole.",
        "Frame numbers have no leading zeros: as text, 10 sorts before 2.",
        "Common image libraries cannot open some of the TIFF files.",
        "Some copies have masks with grey edges: a pixel belongs to the polyp above 127.",
    ),
    unverified=(
        "The 29 sequences are of 25 studies; which share a patient is not published.",
        "The DOI of the article.",
    ),
)
