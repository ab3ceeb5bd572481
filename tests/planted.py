"""A word that stands for a person: planted wherever a raw file can hold text, looked for in everything that is made.

What a header says of a patient must not be in any output, and neither must the names of the folders that the raw files
lie in.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pyarrow.parquet as pq
import pydicom
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

#: In small letters and without blanks, so that it survives every format; looked for in any case.
WORD = "zq7mustermann"
#: A folder that nobody expects, with the word in it.
FOLDER = f'{WORD}\'s "own": first\n second'

_TEXTS = {"LO", "SH", "LT", "ST", "UT", "UC", "PN", "AE"}
#: Of these groups a reader needs every word: the file itself, and how pixels are stored.
_TECHNICAL = {0x0000, 0x0002, 0x0028, 0x7FE0}


def plant(root: Path) -> dict[str, int]:
    """Plant the word in every file below a folder that has room for it; gives the number of files by suffix."""
    counts: dict[str, int] = {}
    for path in sorted(root.rglob("*")):
        suffix = next((one for one in FORMATS if path.name.lower().endswith(one)), "")
        if suffix and path.is_file() and not path.name.startswith("."):
            FORMATS[suffix](path)
            counts[suffix] = counts.get(suffix, 0) + 1
    return counts


def _nifti(path: Path) -> None:
    image = nibabel.load(path)
    header = image.header
    for name in ("descrip", "aux_file", "intent_name", "db_name"):
        header[name] = WORD.encode()[: header[name].dtype.itemsize]
    for code in (2, 4, 6):  # DICOM, AFNI's XML, comment
        header.extensions.append(nibabel.nifti1.Nifti1Extension(code, WORD.encode() + bytes(3)))
    data = np.array(image.dataobj.get_unscaled())  # a file that is written over must not be read from
    nibabel.save(nibabel.Nifti1Image(data, image.affine, header), path)


def _meta_image(path: Path) -> None:
    head = path.read_text()
    lines = "".join(f"{name} = {WORD}\n" for name in ("Comment", "Name", "PatientName", "TransformType"))
    path.write_text(head.replace("ElementDataFile", f"{lines}ElementDataFile"))


def _nrrd(path: Path) -> None:
    first, rest = path.read_bytes().split(b"\n", 1)
    lines = f"# {WORD}\ncontent: {WORD}\nPatientName:={WORD}\n{WORD}:={WORD}\n"
    path.write_bytes(first + b"\n" + lines.encode() + rest)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    for tag in (0x010E, 0x013B, 0x8298, 0x9286, 0x9C9B):  # description, artist, copyright, comment, Windows' title
        exif[tag] = WORD
    return exif


def _png(path: Path) -> None:
    body = path.read_bytes()
    info = PngInfo()
    info.add_text("Comment", WORD)
    info.add_text("Title", WORD, zip=True)
    info.add_itxt("XML:com.adobe.xmp", WORD)
    empty = io.BytesIO()
    Image.new("L", (1, 1)).save(empty, "PNG", pnginfo=info, exif=_exif(), icc_profile=WORD.encode())
    chunks = b"".join(chunk for name, chunk in _chunks(empty.getvalue()) if name not in {"IHDR", "IDAT", "IEND"})
    path.write_bytes(body[:33] + chunks + body[33:] + WORD.encode())


def _chunks(png: bytes) -> Iterator[tuple[str, bytes]]:
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8].decode("ascii"), png[at : at + size + 12]
        at += size + 12


def _jpeg(path: Path) -> None:
    body, word = path.read_bytes(), WORD.encode()
    segments = {
        0xE1: [_exif().tobytes(), b"http://ns.adobe.com/xap/1.0/\0" + word],
        0xE2: [b"ICC_PROFILE\0\1\1" + word],
        0xED: [b"Photoshop 3.0\0" + word],
        0xE5: [word],
        0xFE: [word],
    }
    planted = b"".join(
        bytes((0xFF, marker)) + struct.pack(">H", len(one) + 2) + one
        for marker, several in segments.items()
        for one in several
    )
    path.write_bytes(body[:2] + planted + body[2:] + word)


def _tiff(path: Path) -> None:
    """Appends a directory entry's texts by hand: another writer would store the pixels in its own way."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        order = file.byteorder
        if file.is_bigtiff:
            return
        first = file.pages[0].offset
    body = bytearray(path.read_bytes())
    (count,) = struct.unpack_from(f"{order}H", body, first)
    entries = [bytes(body[first + 2 + 12 * n : first + 14 + 12 * n]) for n in range(count)]
    following = bytes(body[first + 2 + 12 * count : first + 6 + 12 * count])
    texts = (270, 269, 285, 305, 306, 315, 316, 33432, 700)  # ImageDescription ... Copyright, XMP
    body += b"\0" * (len(body) % 2)
    where = len(body)
    body += WORD.encode() + b"\0"
    body += b"\0" * (len(body) % 2)
    kept = [one for one in entries if struct.unpack_from(f"{order}H", one)[0] not in texts]
    kept += [struct.pack(f"{order}HHII", tag, 1 if tag == 700 else 2, len(WORD) + 1, where) for tag in texts]
    kept.sort(key=lambda one: struct.unpack_from(f"{order}H", one)[0])
    struct.pack_into(f"{order}I", body, 4, len(body))
    path.write_bytes(bytes(body) + struct.pack(f"{order}H", len(kept)) + b"".join(kept) + following)


def _gif(path: Path) -> None:
    with Image.open(path) as image:
        table = 3 * 2 ** ((path.read_bytes()[10] & 7) + 1) if image.mode == "P" or path.read_bytes()[10] & 0x80 else 0
    body, word = path.read_bytes(), WORD.encode()
    at = 13 + table
    path.write_bytes(body[:at] + b"\x21\xfe" + bytes([len(word)]) + word + b"\0" + body[at:])


def _dicom(path: Path) -> None:
    data = pydicom.dcmread(path)
    everything = path == min(path.parent.glob("[!.]*.dcm"))
    for tag, (kind, *_) in DicomDictionary.items():
        if everything and kind in _TEXTS and tag >> 16 not in _TECHNICAL:
            data.add_new(tag, kind, WORD)
    for name in ("PatientName", "PatientID", "OtherPatientNames", "PatientComments", "InstitutionName", "StudyID"):
        setattr(data, name, WORD)
    for element in data:
        if element.VR in _TEXTS and element.tag.group not in _TECHNICAL:
            element.value = WORD
    inner = Dataset()
    inner.PatientName = WORD
    data.RequestAttributesSequence = Sequence([inner])
    block = data.private_block(0x0009, f"{WORD} 1.0", create=True)
    block.add_new(0x01, "LO", WORD)
    block.add_new(0x02, "UN", WORD.encode() + b" ")
    assert keyword_for_tag(0x00100010) in data
    data.save_as(path)


#: Suffix -> how the word gets into such a file.
FORMATS: dict[str, Callable[[Path], None]] = {
    ".nii.gz": _nifti,
    ".nii": _nifti,
    ".mhd": _meta_image,
    ".nrrd": _nrrd,
    ".png": _png,
    ".jpg": _jpeg,
    ".tiff": _tiff,
    ".tif": _tiff,
    ".gif": _gif,
    ".dcm": _dicom,
}


def occurrences(folder: Path) -> list[str]:
    """Files below a folder that hold the word, in a name, in their bytes, or in what these unpack to."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and any(map(holds, _contents(path)))]
    found += [path for path in folder.rglob("*") if holds(path.relative_to(folder).as_posix())]
    return [path.relative_to(folder).as_posix() for path in found]


def holds(content: str | bytes) -> bool:
    """Whether the word is in a text or in bytes, in any case, in 8 or 16 bit."""
    body = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    return any(WORD.encode(code) in body.lower() for code in ("ascii", "utf-16-le", "utf-16-be"))


def _contents(path: Path) -> Iterator[bytes]:
    body = path.read_bytes()
    yield body
    if body.startswith(b"\x1f\x8b"):
        yield zlib.decompressobj(31).decompress(body, 1000)  # the rest may be damaged
    if path.suffix == ".parquet":
        yield repr(pq.ParquetFile(path).metadata.metadata).encode()
        yield from _leaves(pq.read_table(path).to_pylist())


def _leaves(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif isinstance(value, bytes):
        yield value
        if value.startswith(b"\x89PNG"):
            yield from (_unpacked(chunk[8:-4]) for _, chunk in _chunks(value))
    else:
        yield str(value).encode()


def _unpacked(chunk: bytes) -> bytes:
    """What a PNG chunk holds, whose text may be compressed after a name."""
    for at in (0, chunk.find(b"\0") + 2):
        try:
            return zlib.decompress(chunk[at:])
        except zlib.error:
            continue
    return chunk
