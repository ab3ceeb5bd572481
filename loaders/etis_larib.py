"""ETIS-Larib: frames of colonoscopy videos with polyps, TIFF images and TIFF masks."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

_NUMBER = r"(\d{1,3})\.(?:tiff?|png|bmp|jpe?g)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every frame."""
    images = named([*root.glob("*"), *root.glob("[Ee]*/*")], _NUMBER)
    masks = named(root.glob("Ground*/*"), f"p{_NUMBER}")
    if not masks:
        # Re-releases rename to images/1.png and masks/1.png, as they do with other polyp sets: only a folder that is
        # called ETIS (or the one around it) tells whose frames these are.
        is_named = any("etis" in part.lower() for part in root.resolve().parts[-2:])
        home = next(root.glob("*ETIS*"), root if is_named else root / "ETIS")
        images, masks = named((home / "images").glob("*"), _NUMBER), named((home / "masks").glob("*"), f"p?{_NUMBER}")
    for number, image, mask in pairs(images, masks, every_image=True):
        polyp = Annotation(Picture(mask, channels="max"), label="polyp", threshold=127)
        yield Case(number, number, "Colonoscopy", Picture(image), (polyp,))


SOURCE = Source(
    id="etis_larib",
    title="ETIS-Larib Polyp DB",
    homepage="https://polyp.grand-challenge.org/EtisLarib/",
    licence="unknown (images: Lariboisiere Hospital, masks: ETIS laboratory)",
    redistributable="no",
    access="open",
    obtain=(
        "Follow the link on https://polyp.grand-challenge.org/EtisLarib/ to ETIS-LaribPolypDB.rar and unpack it (with "
        "unrar or 7z). With an account, https://www.kaggle.com/datasets/nguyenvoquocduong/etis-laribpolypdb has a "
        "re-release with images/ and masks/: unpack it into a folder called ETIS-LaribPolypDB."
    ),
    modalities=("Colonoscopy",),
    labels=(Label("polyp", "polyp"),),
    layout="""
ETIS-LaribPolypDB/
  ETIS-LaribPolypDB/1.tif ... 196.tif    the folder's name repeats
  Ground Truth/p1.tif ... p196.tif
or, re-released:
ETIS-LaribPolypDB/
  images/1.png ...
  masks/1.png ...                        or p1.png
""",
    citation="""
@article{silva2014etis,
  title = {Toward embedded detection of polyps in {WCE} images for early diagnosis of colorectal cancer},
  author = {Silva, Juan and Histace, Aymeric and Romain, Olivier and Dray, Xavier and Granado, Bertrand},
  journal = {International Journal of Computer Assisted Radiology and Surgery}, volume = {9}, number = {2},
  pages = {283--293}, year = {2014}, doi = {10.1007/s11548-013-0926-3}
}
""",
    expected={"cases": 196, "subjects": 196},
    find_cases=find_cases,
    markers=("Ground*/[Pp][0-9]*", "*ETIS*/masks", "masks"),
    plane="native",
    pitfalls=(
        "A mask is named as its image, with p before the number.",
        "The 196 frames are of 34 sequences, which are not published: frames of one video may be in several folds.",
        "Most papers use the whole set as a test set; there is no official split.",
        "Frame numbers have no leading zeros: as text, 10 sorts before 2.",
    ),
    unverified=(
        "That re-releases kept the frame numbers.",
        "That use for research with citation is permitted.",
    ),
)
