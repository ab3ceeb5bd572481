"""Turns whatever a format's library raises into one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers.presence import must_be_there


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Re-raise any failure inside the block as a :class:`CaseError` about ``path``, which has to be there.

    Decoders of damaged files raise nearly every exception there is (``EOFError``, ``zlib.error``, ``struct.error``,
    ``RuntimeError`` from C++), so the block catches all of them and keeps the original as the cause.
    """
    try:
        must_be_there(path)
        yield
    except CaseError:
        raise
    except MemoryError as error:
        raise CaseError(f"{path}: not enough memory to decode it; use fewer --workers.") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CaseError(
            f"{path}: cannot be read ({reason}); the file is damaged or incomplete, fetch it again."
        ) from error
