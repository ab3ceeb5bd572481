"""What the generators of raw trees share: drawing, storing in any orientation, writing files, and the truth.

A phantom is drawn as its slices are *shown* (axial: anterior up, patient's right on the left) and then turned
into the order of its file, so that the truth does not pass through any code of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import nibabel as nib
import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate

#: Masks of at most this many pixels are not part of the data set.
TOO_SMALL = 50

#: (label, instance, rater): instance 0 where there are none, rater -1 where there is one reference.
MaskKey = tuple[str, int, int]

# Where the axes (slice, row, column) of a stack point to; slices are drawn towards superior, anterior, right.
_SHOWN = {"axial": "SPL", "coronal": "AIL", "sagittal": "RIP"}
_WORLD_AXIS = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}


@dataclass
class Truth:
    """What a generator drew, by image id, without masks of 50 pixels or fewer and images left without a mask.

    Attributes:
        masks: bool arrays (H, W) as shown, by (label, instance, rater).
        split: official split of each image.
        subject: ``subject_id`` of each image.
        modality: canonical modality of each image.
    """

    masks: dict[str, dict[MaskKey, NDArray[np.bool_]]] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)
    subject: dict[str, str] = field(default_factory=dict)
    modality: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        image_id: str,
        masks: Mapping[MaskKey, NDArray[np.bool_]],
        *,
        subject: str,
        modality: str,
        split: str = "train",
    ) -> None:
        """Record one picture or slice."""
        kept = {key: mask.astype(bool) for key, mask in masks.items() if mask.sum() > TOO_SMALL}
        if not kept:
            return
        assert image_id not in self.masks, f"{image_id} was drawn twice"
        self.masks[image_id] = kept
        self.split[image_id], self.subject[image_id], self.modality[image_id] = split, subject, modality

    def add_volume(
        self,
        case: str,
        slice_index: Sequence[int],
        stacks: Mapping[str, NDArray[np.bool_]],
        *,
        subject: str,
        modality: str,
        split: str = "train",
        letter: str = "a",
    ) -> None:
        """Record a volume: ``case`` is ``<source>/<case_id>``, each stack (slice, H, W) as shown."""
        for shown, index in enumerate(slice_index):
            masks = {(label, 0, -1): stack[shown] for label, stack in stacks.items()}
            self.add(f"{case}/{letter}{index:03d}", masks, subject=subject, modality=modality, split=split)


class Stored(NamedTuple):
    """A stack of slices in the order of a file.

    Attributes:
        array: (i, j, k).
        affine: voxel index to millimetres, RAS+.
        slice_index: for each slice as drawn, its index along the file's own axis.
    """

    array: NDArray[np.generic]
    affine: NDArray[np.float64]
    slice_index: tuple[int, ...]


def store(
    shown: NDArray[np.generic],
    plane: str,
    axcodes: str,
    spacing: tuple[float, float, float],
    *,
    origin: tuple[float, float, float] = (-20.0, 15.0, 40.0),
    tilt: float = 0.0,
) -> Stored:
    """Turn slices as shown into the order of a file.

    Args:
        shown: (slice, row, column); axial slices drawn from inferior to superior, coronal ones from posterior
            to anterior, sagittal ones from left to right.
        plane: ``axial``, ``coronal`` or ``sagittal``: how ``shown`` is to be understood.
        axcodes: where the file's axes i, j, k point to, as in nibabel: ``LPS``, ``RAS``, ``PIR``.
        spacing: millimetres between slices, rows and columns of ``shown``.
        origin: position of voxel (0, 0, 0) in millimetres, RAS+.
        tilt: degrees by which the whole volume is turned about the patient's left-right axis (oblique scans).
    """
    directions = _SHOWN[plane]
    source = [next(a for a in range(3) if _WORLD_AXIS[directions[a]] == _WORLD_AXIS[code]) for code in axcodes]
    flipped = [axis for axis, code in zip(source, axcodes, strict=True) if directions[axis] != code]
    affine = np.eye(4)
    affine[:3, 3] = origin
    affine[:3, :3] = 0
    for axis, (code, drawn) in enumerate(zip(axcodes, source, strict=True)):
        affine[_WORLD_AXIS[code], axis] = spacing[drawn] * (1 if code in "RAS" else -1)
    angle = np.deg2rad(tilt)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    affine[:3, :3] = turn @ affine[:3, :3]
    n = shown.shape[0]
    index = tuple(reversed(range(n))) if 0 in flipped else tuple(range(n))
    return Stored(np.ascontiguousarray(np.flip(shown, flipped).transpose(source)), affine, index)


def blob(
    shape: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0
) -> NDArray[np.bool_]:
    """Draw an ellipse without its upper right quarter: no flip, turn or transposition maps it onto itself.

    Args:
        shape: (H, W).
        centre: row and column.
        radii: along the rows and along the columns, in pixels.
        angle: degrees by which it is turned.
    """
    row, column = np.mgrid[: shape[0], : shape[1]].astype(float)
    row, column = row - centre[0], column - centre[1]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    u, v = (cos * row - sin * column) / radii[0], (sin * row + cos * column) / radii[1]
    return (u**2 + v**2 <= 1) & ~((u < 0) & (v > 0))


def exact_area(shape: tuple[int, int], area: int, top: int = 1, left: int = 1) -> NDArray[np.bool_]:
    """Draw exactly ``area`` pixels, in rows of ten."""
    mask = np.zeros(shape, bool)
    filled = np.arange(-(-area // 10) * 10).reshape(-1, 10) < area
    mask[top : top + len(filled), left : left + 10] = filled
    assert mask.sum() == area, f"{area} pixels do not fit into {shape} at {top}, {left}"
    return mask


def anatomy(rng: np.random.Generator, shape: tuple[int, int, int], values: Sequence[int]) -> NDArray[np.int16]:
    """Draw a labelled stack (slice, H, W), background 0, at least five slices of at least 30 x 30.

    First slice: 50 pixels of the first value only, so that the image is to be dropped. Second: empty. Last:
    51 of the first value (kept) and, where there is another, 50 of the last one (dropped). Between: every
    value once, off centre, growing and moving from slice to slice.
    """
    n, height, width = shape
    columns = int(np.ceil(np.sqrt(len(values))))
    rows = -(-len(values) // columns)
    cell = height / rows, width / columns
    labels = np.zeros(shape, np.int16)
    for order, value in enumerate(values):
        row, column = divmod(order, columns)
        jitter = rng.uniform(-0.04, 0.04, 2)
        angle = rng.uniform(-10, 10)
        for index in range(2, n - 1):
            growth = 0.75 + 0.25 * (index - 1) / (n - 2)
            move = 0.03 * index / n
            centre = (row + 0.47 + jitter[0] - move) * cell[0], (column + 0.49 + jitter[1] + move) * cell[1]
            inside = blob((height, width), centre, (0.4 * cell[0] * growth, 0.42 * cell[1] * growth), angle)
            labels[index][inside & (labels[index] == 0)] = value
    labels[0][exact_area((height, width), 50)] = values[0]
    labels[-1][exact_area((height, width), 51)] = values[0]
    if len(values) > 1:
        labels[-1][exact_area((height, width), 50, top=10, left=18)] = values[-1]
    return labels


def paint(rng: np.random.Generator, labels: NDArray[np.integer], offset: int = 0) -> NDArray[np.int16]:
    """Grey values for a label stack or picture: every labelled pixel is brighter than every other one.

    Background lies in ``offset`` + 0 to 199 with a gradient, labelled pixels in ``offset`` + 500 to 999.
    """
    ramp = np.linspace(0, 100, labels.shape[-2])[:, None] + np.linspace(0, 60, labels.shape[-1])
    inside = labels > 0
    grey = np.where(inside, 500 + 37 * (labels.astype(int) % 12), ramp) + rng.integers(0, 39, labels.shape)
    return np.asarray(grey + offset, np.int16)


def stacks(labels: NDArray[np.integer], names: Mapping[str, int]) -> dict[str, NDArray[np.bool_]]:
    """Split a label stack into one bool stack for each name."""
    return {name: labels == value for name, value in names.items()}


def write_nifti(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64]) -> None:
    """Write ``.nii`` or ``.nii.gz``, parents included, with the array's own dtype."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine, dtype=array.dtype), path)


def write_itk(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64]) -> None:
    """Write an array (i, j, k), affine RAS+, as MetaImage (``.mhd`` with ``.raw``, ``.mha``) or NRRD."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    SimpleITK.WriteImage(image, str(path), useCompression=path.suffix == ".nrrd")


def write_dicom_series(
    paths: Sequence[Path],
    volume: Stored,
    *,
    syntax: uid.UID = uid.ExplicitVRLittleEndian,
    uids: str = "1",
    scattered_uids: bool = False,
    **attributes: object,
) -> None:
    """Write slice k of ``volume`` to ``paths[k]``, one DICOM file each.

    Args:
        paths: as many as slices; parents are made.
        volume: array (i = column, j = row, k = slice), int16; affine RAS+.
        syntax: uncompressed little endian, RLE lossless or JPEG 2000 lossless.
        uids: what the study's and series' UIDs are made from.
        scattered_uids: give every file a series UID of its own, as a careless anonymisation does.
        attributes: further elements by keyword, the same in every file.
    """
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    cosines = lps[:3, :3] / spacing
    for k, path in enumerate(paths):
        series = f"{uids}.{k}" if scattered_uids else uids
        dataset = pydicom.Dataset()
        dataset.SOPClassUID = uid.MRImageStorage
        dataset.SOPInstanceUID = uid.generate_uid(entropy_srcs=["instance", uids, str(k)])
        dataset.StudyInstanceUID = uid.generate_uid(entropy_srcs=["study", uids])
        dataset.SeriesInstanceUID = uid.generate_uid(entropy_srcs=["series", series])
        dataset.Modality, dataset.InstanceNumber = "MR", k + 1
        dataset.PatientName, dataset.PatientID = "DOE^JANE", "private"
        dataset.ImageOrientationPatient = [f"{value:.10g}" for value in cosines[:, :2].T.ravel()]
        dataset.ImagePositionPatient = [f"{value:.10g}" for value in lps[:3] @ (0, 0, k, 1)]
        dataset.PixelSpacing = [f"{spacing[1]:.10g}", f"{spacing[0]:.10g}"]
        dataset.SliceThickness = f"{spacing[2]:.10g}"
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        _set_pixels(dataset, np.ascontiguousarray(volume.array[:, :, k].T), syntax)
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)


def _set_pixels(dataset: pydicom.Dataset, pixels: NDArray[np.generic], syntax: uid.UID) -> None:
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    if syntax == uid.JPEG2000Lossless:
        codestream = imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", reversible=True, level=0)
        dataset.PixelData = encapsulate([codestream])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = syntax
    elif syntax == uid.RLELossless:
        dataset.compress(syntax, generate_instance_uid=False)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax


def macos_junk(folder: Path, *names: str) -> None:
    """Leave what an unpacked Mac archive leaves: ``.DS_Store`` and AppleDouble files ``._<name>``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (".DS_Store", *(f"._{name}" for name in names)):
        (folder / name).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
