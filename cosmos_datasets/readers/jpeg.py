"""The structure of JPEG code streams (ITU-T T.81), and whether one is whole.

Decoders fill what is missing with grey and say nothing: libjpeg counts damage as a warning, and Pillow, imagecodecs
and GDCM pass none of them on. simplejpeg does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import simplejpeg

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
#: Frame headers: SOF0 to SOF15 without DHT, JPG and DAC among them; SOF55 is JPEG-LS.
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_DCT_8_BIT = {0xC0, 0xC1, 0xC2}
#: Beginning of a code stream (markers SOC and SIZ), and of the file format around one.
_JPEG_2000, _JP2 = b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  "
#: The next marker after entropy-coded data, in which FF is followed by 00 or by a restart marker only.
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
#: Of libjpeg's warnings those that tell of wrong pixels; the others concern headers that decoders rightly ignore.
_DAMAGE = ("Corrupt JPEG data", "Premature end", "Inconsistent progression")


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the bytes of every segment up to the end-of-image marker, which is left out.

    Entropy-coded data belongs to the header of its scan.

    Raises:
        ValueError: if something else stands where a segment must begin, or the end of the image is missing.
    """
    position = 2
    while position + 2 <= len(data):
        marker = data[position + 1]
        if data[position] != 0xFF:
            break
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == _END_OF_IMAGE:
            return
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == _START_OF_SCAN:
            following = _AFTER_SCAN.search(data, end)
            if following is None:
                break
            end = following.start()
        yield marker, data[position:end]
        position = end
    raise ValueError("no complete JPEG")


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG, JPEG-LS or JPEG 2000 code stream announces; ``None`` if it does not say."""
    start = data.find(_JPEG_2000, 0, 4096) if data.startswith((_JPEG_2000, _JP2)) else -1
    if start >= 0:
        right, bottom, left, top = (int.from_bytes(data[start + k : start + k + 4], "big") for k in (8, 12, 16, 20))
        return right - left, bottom - top
    frame = _frame(data)
    if frame is None:
        return None
    return int.from_bytes(frame[7:9], "big"), int.from_bytes(frame[5:7], "big")


def damage(data: bytes) -> str:
    """Say what is wrong with a DCT-based JPEG of 8 bits; empty if nothing is, or if it is another kind."""
    frame = _frame(data)
    if frame is None or frame[1] not in _DCT_8_BIT or frame[4] != 8:
        return ""
    try:
        colours = simplejpeg.decode_jpeg_header(data)[2]
        simplejpeg.decode_jpeg(data, "CMYK" if colours in {"CMYK", "YCCK"} else "GRAY", strict=True)
    except ValueError as error:
        if any(words in str(error) for words in _DAMAGE):
            return str(error)
    try:
        return "" if _has_all_scans(data, frame) else "scans are missing at its end"
    except ValueError as error:
        return str(error)


def _frame(data: bytes) -> bytes | None:
    """The frame header, marker included."""
    if not data.startswith(b"\xff\xd8"):
        return None
    try:
        return next((segment for marker, segment in segments(data) if marker in _FRAMES), None)
    except ValueError:
        return None


def _has_all_scans(data: bytes, frame: bytes) -> bool:
    """Whether the scans bring every coefficient of every component down to its last bit."""
    missing = {(component, k) for component in frame[10 : 10 + 3 * frame[9] : 3] for k in range(64)}
    is_progressive = frame[1] == 0xC2
    for marker, segment in segments(data):
        if marker == _START_OF_SCAN:
            count = segment[4]
            first, last, bits = segment[5 + 2 * count : 8 + 2 * count]
            if not is_progressive:
                missing -= {(component, k) for component in segment[5 : 5 + 2 * count : 2] for k in range(64)}
            elif bits & 0x0F == 0:
                found = range(first, last + 1)
                missing -= {(component, k) for component in segment[5 : 5 + 2 * count : 2] for k in found}
    return not missing
