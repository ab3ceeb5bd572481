"""EPFL EM: mitochondria in two electron microscopy stacks of the hippocampus, each a TIFF of 165 pages."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import PagedTiff
from cosmos_datasets.source import Download, Label, Source

_FILES = "https://documents.epfl.ch/groups/c/cv/cvlab-unit/www/data/%20ElectronMicroscopy_Hippocampus"
_PAGES = 165


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training and the testing stack."""
    files = list(root.glob("*"))
    images = named(files, r"(training|testing)\.tiff?")
    labels = named(files, r"(training|testing)_groundtruth\.tiff?")
    for name, image, path in pairs(images, labels, every_image=True):
        annotation = Annotation(PagedTiff(path, _PAGES), label="mitochondria")
        split: Split = "test" if name == "testing" else "train"
        yield Case(name, name, "Electron Microscopy", PagedTiff(image, _PAGES), (annotation,), split=split)


SOURCE = Source(
    id="epfl_em",
    title="EPFL electron microscopy data set (mitochondria of the CA1 hippocampus)",
    homepage="https://www.epfl.ch/labs/cvlab/data/data-em/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Run cosmos-datasets download epfl_em, or save training.tif, training_groundtruth.tif, testing.tif and "
        "testing_groundtruth.tif from https://www.epfl.ch/labs/cvlab/data/data-em/ into one folder."
    ),
    modalities=("Electron Microscopy",),
    labels=(Label("mitochondria", "mitochondria"),),
    layout="""
any folder/
  training.tif, training_groundtruth.tif
  testing.tif, testing_groundtruth.tif
  volumedata.tif                            the whole block, without labels; not used
""",
    citation="""
@inproceedings{lucchi2013learning,
  title = {Learning for Structured Prediction Using Approximate Subgradient Descent with Working Sets},
  author = {Lucchi, Aurelien and Li, Yunpeng and Fua, Pascal},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition}, year = {2013}
}
@article{lucchi2012supervoxel,
  title = {Supervoxel-Based Segmentation of Mitochondria in {EM} Image Stacks With Learned Shape Features},
  author = {Lucchi, Aurelien and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {31}, number = {2}, pages = {474--486}, year = {2012}
}
""",
    expected={"cases": 2, "images": 2 * _PAGES},
    find_cases=find_cases,
    markers=("training_groundtruth.tif*", "testing_groundtruth.tif*"),
    plane="native",
    downloads=tuple(
        Download(f"{_FILES}/{name}.tif")
        for name in ("training", "training_groundtruth", "testing", "testing_groundtruth")
    ),
    pitfalls=(
        "Both stacks were cut from one block of tissue: the test part is not another animal.",
        "The files state no pixel size; a voxel has about 5 nm in every direction.",
        "Files of the ground truth are read as any value above zero, since 0/1 and 0/255 both occur.",
        "Lucchi++ (folders Train_In, Train_Out, Test_In, Test_Out) is a corrected annotation and another release.",
    ),
    unverified=("Synapses are said to be labelled as well; the page offers mitochondria only.",),
)
