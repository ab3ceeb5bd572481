"""A small CHAOS: DICOM slices in several transfer syntaxes beside PNG masks, two naming schemes, two codings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from raw_trees.phantom import (
    Stored,
    Truth,
    anatomy,
    macos_junk,
    paint,
    stacks,
    store,
    write_dicom_series,
)

NAMES = {"liver": 63, "kidney_right": 126, "kidney_left": 189, "spleen": 252}
_SHAPE, _SPACING = (12, 40, 48), (3.2, 0.7, 0.8)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``Train_Sets`` and ``Test_Sets`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    train = root / "Train_Sets"
    # In the second scan the order of the file names runs against the slice positions.
    ct_1 = tuple(f"i{k:04d},0000b.dcm" for k in range(_SHAPE[0]))
    ct_2 = tuple(f"IMG-0002-{k + 1:05d}.dcm" for k in range(_SHAPE[0]))
    _write_ct(rng, truth, train / "CT" / "1", ct_1, axcodes="LPS", syntax=uid.ExplicitVRLittleEndian)
    _write_ct(rng, truth, train / "CT" / "2", ct_2, axcodes="LPI", syntax=uid.JPEG2000Lossless)
    _write_mr(rng, truth, train / "MR" / "1", syntax=uid.RLELossless)
    _write_mr(rng, truth, train / "MR" / "3", syntax=uid.ImplicitVRLittleEndian, axcodes="LPI", off=-5)
    (train / "CT" / "2" / "Ground" / "Thumbs.db").write_bytes(b"\0")
    macos_junk(train / "CT" / "1" / "Ground", "liver_GT_000.png")
    macos_junk(train / "CT" / "1" / "DICOM_anon", "i0000,0000b.dcm")
    test = root / "Test_Sets" / "CT" / "1" / "DICOM_anon"
    empty = store(np.zeros(_SHAPE, np.int16), "axial", "LPS", _SPACING)
    write_dicom_series([test / name for name in ct_1], empty)
    return truth


def _write_ct(
    rng: np.random.Generator, truth: Truth, folder: Path, names: Sequence[str], *, axcodes: str, syntax: uid.UID
) -> None:
    labels = anatomy(rng, _SHAPE, (255,))
    image = store(paint(rng, labels).astype(np.uint16), "axial", axcodes, _SPACING)
    write_dicom_series(
        [folder / "DICOM_anon" / name for name in names],
        image,
        syntax=syntax,
        uids=f"ct{folder.name}",
        scattered_uids=True,
        Modality="CT",
        RescaleSlope="1",
        RescaleIntercept="-1024",
    )
    drawn = store(labels, "axial", axcodes, _SPACING)
    paths = [folder / "Ground" / f"liver_GT_{k:03d}.png" for k in range(_SHAPE[0])]
    _write_masks(paths, drawn, mode="1" if folder.name == "2" else "L")
    masks = stacks(labels, {"liver": 255})
    subject = f"CT_{folder.name}"
    truth.add_volume(f"chaos/CT/{folder.name}", image.slice_index, masks, subject=subject, modality="CT")


def _write_mr(
    rng: np.random.Generator, truth: Truth, folder: Path, *, syntax: uid.UID, axcodes: str = "LPS", off: int = 0
) -> None:
    """Write T1DUAL, whose phases alternate in number and share the masks, and T2SPIR; ``off`` shifts grey levels."""
    subject = f"MR_{folder.name}"
    in_phase = [f"IMG-0004-{2 * k + 2:05d}" for k in range(_SHAPE[0])]
    out_phase = [f"IMG-0004-{2 * k + 1:05d}" for k in range(_SHAPE[0])]
    t2 = [f"IMG-0002-{k + 1:05d}" for k in range(_SHAPE[0])]
    for sequence, modality, series in (
        ("T1DUAL", "T1W MRI", {"InPhase": in_phase, "OutPhase": out_phase}),
        ("T2SPIR", "T2W MRI", {"": t2}),
    ):
        labels = anatomy(rng, _SHAPE, tuple(NAMES.values()))
        drawn = store(labels + np.where(labels > 0, off, 0), "axial", axcodes, _SPACING)
        stems = next(iter(series.values()))
        _write_masks([folder / sequence / "Ground" / f"{stem}.png" for stem in stems], drawn, mode="P")
        for phase, names in series.items():
            image = store(paint(rng, labels).astype(np.uint16), "axial", axcodes, _SPACING)
            slices = [folder / sequence / "DICOM_anon" / phase / f"{name}.dcm" for name in names]
            write_dicom_series(slices, image, syntax=syntax, uids=f"{subject}{sequence}{phase}", scattered_uids=True)
            case = "/".join(part for part in ("chaos/MR", folder.name, sequence, phase) if part)
            masks = stacks(labels, NAMES)
            truth.add_volume(case, image.slice_index, masks, subject=subject, modality=modality)


def _write_masks(paths: Sequence[Path], drawn: Stored, mode: str) -> None:
    """Write slice k as 8-bit grey (``L``), as 1 bit (``1``) or, every other slice, with a grey palette (``P``)."""
    for k, path in enumerate(paths):
        grey: NDArray[np.uint8] = np.ascontiguousarray(drawn.array[:, :, k].T).astype(np.uint8)
        picture = Image.fromarray(grey)
        if mode == "P" and k % 2:
            values = np.unique(grey)
            picture = Image.fromarray(np.searchsorted(values, grey).astype(np.uint8), mode="P")
            picture.putpalette(np.repeat(values, 3).tobytes())
        path.parent.mkdir(parents=True, exist_ok=True)
        (picture.point(lambda value: value > 0, mode="1") if mode == "1" else picture).save(path)
