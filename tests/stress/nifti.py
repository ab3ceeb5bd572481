"""What converters, viewers and annotation tools do to NIfTI and Analyze files."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from stress.mutation import Change, Mutation, Right, every, has, rewritten

_NIFTI = has(".nii", ".nii.gz")
_ANALYZE = has(".hdr")
_NAN, _INF = float("nan"), float("inf")


def _with_header(change: Callable[[bytes], bytes]) -> Change:
    """Change the bytes of a file, unpacked."""

    def apply(data: bytes) -> bytes | None:
        packed = data[:2] == b"\x1f\x8b"
        changed = change(gzip.decompress(data) if packed else data)
        return gzip.compress(changed) if packed else changed

    return rewritten(apply)


def _fields(header_class: type, **values: Any) -> Change:
    """Set fields of a header as they are stored; a callable changes the old value."""

    def change(data: bytes) -> bytes:
        header = header_class(data[:348], check=False)
        for name, value in values.items():
            header[name] = value(header[name].copy()) if callable(value) else value
        return bytes(header.binaryblock) + data[348:]

    return _with_header(change)


def _nifti(**values: Any) -> Change:
    return _fields(nibabel.Nifti1Header, **values)


def _at(index: int, value: float) -> Callable[[Any], Any]:
    def change(field: Any) -> Any:
        field[index] = value
        return field

    return change


def _plus(index: int, step: int) -> Callable[[Any], Any]:
    def change(field: Any) -> Any:
        field[index] += step
        return field

    return change


def _sform(matrix: Any, code: int = 2) -> dict[str, Any]:
    return {f"srow_{axis}": matrix[k] for k, axis in enumerate("xyz")} | {"sform_code": code}


def _resaved(change: Callable[[Any, NDArray[Any]], Any]) -> Change:
    """Load, make another image of image and array, and save."""

    def apply(path: Path, _: random.Random) -> bool:
        image = nibabel.load(path)
        changed = change(image, np.array(image.dataobj))
        if changed is None:
            return False
        nibabel.save(changed, path)
        return True

    return apply


def _of(array: NDArray[Any], image: Any) -> Any:
    """An array with place and units of an image, and a header for its own type."""
    header = image.header.copy()
    header.set_data_dtype(array.dtype)
    header["scl_slope"], header["scl_inter"] = _NAN, _NAN
    return nibabel.Nifti1Image(array, image.affine, header)


def _turned(axis: int, *, with_affine: bool) -> Callable[[Any, NDArray[Any]], Any]:
    """An axis the other way round, with its affine (the same picture) or without."""

    def change(image: Any, array: NDArray[Any]) -> Any:
        affine = image.affine.copy()
        if with_affine:
            affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
            affine[:3, axis] *= -1
        return nibabel.Nifti1Image(np.flip(array, axis), affine, image.header)

    return change


def _without_slice(at: int | slice) -> Callable[[Any, NDArray[Any]], Any]:
    def change(image: Any, array: NDArray[Any]) -> Any:
        return _of(np.delete(array, at, axis=2), image) if array.ndim == 3 and array.shape[2] > 2 else None

    return change


def _swapped_axes(image: Any, array: NDArray[Any]) -> Any:
    """Rows and columns exchanged, and the affine as it was."""
    return _of(np.swapaxes(array, 0, 1).copy(), image) if array.shape[0] != array.shape[1] else None


def _other_endian(image: Any, array: NDArray[Any]) -> Any:
    return nibabel.Nifti1Image(array, image.affine, image.header.as_byteswapped(">"))


def _nifti_2(image: Any, array: NDArray[Any]) -> Any:
    return nibabel.Nifti2Image(array, image.affine, nibabel.Nifti2Header.from_header(image.header))


def _as_type(kind: str) -> Callable[[Any, NDArray[Any]], Any]:
    def change(image: Any, array: NDArray[Any]) -> Any:
        lossless = array.dtype.kind in "iub" and np.array_equal(array.astype(kind), array)
        return _of(array.astype(kind), image) if lossless else None

    return change


def _with_axis(image: Any, array: NDArray[Any]) -> Any:
    return _of(array[..., None], image) if array.ndim == 3 else None


def _two_frames(image: Any, array: NDArray[Any]) -> Any:
    return _of(np.stack([array, array[::-1]], -1), image) if array.ndim == 3 else None


def _coloured(_: Any, array: NDArray[Any]) -> Any:
    """Exported in colours."""
    colours = np.zeros(array.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"] = array > array.mean()
    return nibabel.Nifti1Image(colours, np.eye(4))


def _with_extension(image: Any, array: NDArray[Any]) -> Any:
    changed = nibabel.Nifti1Image(array, image.affine, image.header)
    changed.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"JANE^DOE"))
    return changed


def _without_zooms(image: Any, array: NDArray[Any]) -> Any:
    """Saved by a script that passes on the array alone."""
    return nibabel.Nifti1Image(array, np.eye(4)) if not np.allclose(image.affine, np.eye(4)) else None


def _kind(name: str, change: Change, right: Right = "said") -> Mutation:
    return Mutation(f"nifti {name}", change, _NIFTI, right)


_HEADERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sform of zeros", _sform(np.zeros((3, 4)))),
    ("sform of zeros with code 1", _sform(np.zeros((3, 4)), 1)),
    ("sform of NaN", {"sform_code": 1, "srow_x": _NAN}),
    ("sform of infinity", {"sform_code": 1, "srow_y": _INF}),
    ("unit sform", {**_sform(np.eye(4)), "qform_code": 0}),
    ("unit sform with signs", {**_sform(np.diag([-1, -1, 1, 1])), "qform_code": 0}),
    ("singular sform", {"srow_z": 0, "sform_code": 1}),
    ("sheared sform", {"srow_x": lambda row: np.add(row, [0, 0.6, 0, 0]), "sform_code": 1}),
    ("sform of ten times the size", {f"srow_{axis}": lambda row: row * [10, 10, 10, 1] for axis in "xyz"}),
    ("no place at all", {"sform_code": 0, "qform_code": 0}),
    ("qform of zeros", {"sform_code": 0, "qform_code": 1, "pixdim": 0}),
    ("qform and sform apart", {"qform_code": 1, "qoffset_z": lambda value: value + 25}),
    ("long quaternion", {"quatern_b": 0.8, "quatern_c": 0.7, "sform_code": 0, "qform_code": 1}),
    ("slightly long quaternion", {"quatern_b": 0.0, "quatern_c": 1.0005, "sform_code": 0, "qform_code": 1}),
    ("quaternion of NaN", {"quatern_b": _NAN, "sform_code": 0, "qform_code": 1}),
    ("pixdim of 5", {"pixdim": _at(3, 5)}),
    ("pixdim of 0.1 in the plane", {"pixdim": _at(1, 0.1)}),
    ("pixdim of zero", {"pixdim": _at(1, 0)}),
    ("pixdim below zero", {"pixdim": _at(2, -1)}),
    ("pixdim of NaN", {"pixdim": _at(2, _NAN)}),
    ("pixdim of ones", {"pixdim": lambda old: np.where(np.arange(8) > 0, 1, old)}),
    ("qfac turned", {"pixdim": lambda old: old * [-1, 1, 1, 1, 1, 1, 1, 1]}),
    ("qfac of zero", {"pixdim": _at(0, 0)}),
    ("metres", {"xyzt_units": 1}),
    ("micrometres", {"xyzt_units": 3}),
    ("units unknown", {"xyzt_units": 0}),
    ("units of nobody", {"xyzt_units": 7}),
    ("shifted", {"srow_x": lambda row: np.add(row, [0, 0, 0, 30]), "qoffset_x": lambda old: old + 30}),
    (
        "shifted by half a voxel",
        {f"srow_{axis}": lambda row: np.add(row, [0, 0, 0, np.abs(row[:3]).max() / 2]) for axis in "xyz"},
    ),
    ("mirrored", {"srow_x": lambda row: -row}),
    ("vox_offset 0", {"vox_offset": 0}),
    ("vox_offset 348", {"vox_offset": 348}),
    ("vox_offset 400", {"vox_offset": 400}),
    ("vox_offset of a fraction", {"vox_offset": 352.5}),
    ("vox_offset -1", {"vox_offset": -1}),
    ("vox_offset NaN", {"vox_offset": _NAN}),
    ("vox_offset 1e30", {"vox_offset": 1e30}),
    ("slope 2", {"scl_slope": 2, "scl_inter": 5}),
    ("slope below zero", {"scl_slope": -1, "scl_inter": 0}),
    ("slope of a half", {"scl_slope": 0.5, "scl_inter": 0}),
    ("slope 1e-30", {"scl_slope": 1e-30, "scl_inter": 0}),
    ("slope 0", {"scl_slope": 0, "scl_inter": 0}),
    ("slope NaN", {"scl_slope": _NAN, "scl_inter": _NAN}),
    ("slope infinite", {"scl_slope": _INF, "scl_inter": 0}),
    ("intercept infinite", {"scl_slope": 1, "scl_inter": _INF}),
    ("intercept NaN", {"scl_slope": 1, "scl_inter": _NAN}),
    ("one slice fewer in the header", {"dim": _plus(3, -1)}),
    ("one slice more in the header", {"dim": _plus(3, 1)}),
    ("one row more in the header", {"dim": _plus(2, 1)}),
    ("one row fewer in the header", {"dim": _plus(2, -1)}),
    ("dim of 30000", {"dim": lambda old: np.where((np.arange(8) > 0) & (np.arange(8) < 4), 30000, old)}),
    ("dim below zero", {"dim": _at(1, -5)}),
    ("dim of zero", {"dim": _at(3, 0)}),
    ("nine dimensions", {"dim": _at(0, 9)}),
    ("two dimensions", {"dim": _at(0, 2)}),
    ("four dimensions", {"dim": lambda old: np.where(np.arange(8) == 0, 4, np.where(np.arange(8) == 4, 1, old))}),
    ("datatype double", {"datatype": 64, "bitpix": 64}),
    ("datatype byte", {"datatype": 2, "bitpix": 8}),
    ("datatype unsigned", {"datatype": 512, "bitpix": 16}),
    ("datatype RGB", {"datatype": 128, "bitpix": 24}),
    ("datatype complex", {"datatype": 32, "bitpix": 64}),
    ("datatype of nobody", {"datatype": 9999}),
    ("bitpix of nobody", {"bitpix": 12}),
    ("magic of nobody", {"magic": b"xyz"}),
    ("magic of two files", {"magic": b"ni1"}),
    ("no magic", {"magic": b""}),
    ("header of 0 bytes", {"sizeof_hdr": 0}),
)
#: Only the numbers of the raw values differ, which are kept as ``intensity_range``.
_ANOTHER_IMAGE = {"slope 2", "slope of a half", "slope 1e-30"}
NIFTI = [
    *(_kind(name, _nifti(**values), "other" if name in _ANOTHER_IMAGE else "said") for name, values in _HEADERS),
    _kind(
        "description and intent", _nifti(descrip=b"JANE DOE", intent_code=1002, aux_file=b"x", db_name=b"p"), "same"
    ),
    _kind("window of a viewer", _nifti(cal_max=100, cal_min=-100), "same"),
    _kind("with an extension", _resaved(_with_extension), "same"),
    _kind("big endian", _resaved(_other_endian), "same"),
    _kind("version 2", _resaved(_nifti_2), "same"),
    _kind("with a fourth axis of one", _resaved(_with_axis), "same"),
    _kind("as float", _resaved(_as_type("f4")), "same"),
    _kind("as double", _resaved(_as_type("f8")), "same"),
    _kind("as 64-bit integers", _resaved(_as_type("i4")), "same"),
    _kind("in colours", _resaved(_coloured)),
    _kind("of two frames", _resaved(_two_frames)),
    _kind("rows the other way round", _resaved(_turned(1, with_affine=True))),
    _kind("slices the other way round", _resaved(_turned(2, with_affine=True))),
    _kind("rows and columns exchanged", _resaved(_swapped_axes)),
    _kind("without its header", _resaved(_without_zooms)),
    _kind("every file without its header", every(_resaved(_without_zooms))),
    _kind("without its last slice", _resaved(_without_slice(-1))),
    _kind("without its first slice", _resaved(_without_slice(0))),
    _kind("without a slice", _resaved(_without_slice(2))),
    _kind("of every second slice", _resaved(_without_slice(slice(1, None, 2)))),
    *(
        Mutation(f"analyze {name}", _fields(nibabel.AnalyzeHeader, **values), _ANALYZE)
        for name, values in (
            ("one slice more", {"dim": _plus(3, 1)}),
            ("one slice fewer", {"dim": _plus(3, -1)}),
            ("pixdim of zero", {"pixdim": _at(1, 0)}),
            ("pixdim of NaN", {"pixdim": _at(1, _NAN)}),
            ("datatype double", {"datatype": 64, "bitpix": 64}),
            ("offset of 100", {"vox_offset": 100}),
            ("dim of 30000", {"dim": _at(3, 30000)}),
        )
    ),
]
