"""ssTEM: neurites in 30 sections of a fruit fly's nerve cord (ISBI 2012), one TIFF of images and one of labels."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import PagedTiff
from cosmos_datasets.source import Label, Source

_PAGES = 30


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled stack; the other one has no public labels."""
    files = list(root.glob("*"))
    images = named(files, r"(?:isbi-)?(train)-volume\.tiff?")
    labels = named(files, r"(?:isbi-)?(train)-labels\.tiff?")
    for name, image, path in pairs(images, labels, every_image=True):
        annotation = Annotation(PagedTiff(path, _PAGES), label="neural_structure")
        yield Case(f"{name}-volume", f"{name}-volume", "Electron Microscopy", PagedTiff(image, _PAGES), (annotation,))


SOURCE = Source(
    id="sstem",
    title="ssTEM (ISBI 2012 challenge: segmentation of neuronal structures in EM stacks)",
    homepage="https://imagej.net/events/isbi-2012-segmentation-challenge",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "See https://imagej.net/events/isbi-2012-segmentation-challenge: train-volume.tif and train-labels.tif come "
        "from the challenge's site (http://brainiac2.mit.edu/isbi_challenge/downloads, registration) or from a "
        "mirror. Put both into one folder."
    ),
    modalities=("Electron Microscopy",),
    labels=(Label("neural_structure", "neural_structure"),),
    layout="""
any folder/
  train-volume.tif    30 pages (or isbi-train-volume.tif)
  train-labels.tif    30 pages
  test-volume.tif     no labels; not used
""",
    citation="""
@article{argandacarreras2015crowdsourcing,
  title = {Crowdsourcing the creation of image segmentation algorithms for connectomics},
  author = {Arganda-Carreras, Ignacio and Turaga, Srinivas C. and Berger, Daniel R. and others},
  journal = {Frontiers in Neuroanatomy}, volume = {9}, pages = {142}, year = {2015}, doi = {10.3389/fnana.2015.00142}
}
@article{cardona2010integrated,
  title = {An Integrated Micro- and Macroarchitectural Analysis of the {Drosophila} Brain by Computer-Assisted Serial
           Section Electron Microscopy},
  author = {Cardona, Albert and others},
  journal = {PLoS Biology}, volume = {8}, number = {10}, year = {2010}, doi = {10.1371/journal.pbio.1000502}
}
""",
    expected={"cases": 1, "images": _PAGES},
    find_cases=find_cases,
    markers=("train-labels.tif*", "isbi-train-labels.tif*"),
    plane="native",
    pitfalls=(
        "White is the inside of the cells, the label here; black is membrane, which counts as background.",
        "All 30 images are neighbouring sections of one animal: they share a split and a fold.",
        "Neurites are not numbered; their connected parts are no instances.",
        "Another data set, groundtruth-drosophila-vnc (with mitochondria and synapses), is called ssTEM as well.",
    ),
    unverified=(
        "That the paper means the inside of the cells.",
        "A voxel has 4 x 4 x 50 nm; the files do not say so.",
    ),
)
