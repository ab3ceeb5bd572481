"""A fingerprint of the code that makes rows: a fixed loader must never return old rows."""

from __future__ import annotations

import hashlib
import inspect
from functools import cache
from pathlib import Path

from cosmos_datasets.source import Source

_CORE = Path(__file__).parent
#: What decides the content of a row; the CLI and the README writer do not.
_CORE_MODULES = (
    *("alignment", "case", "encoding", "grid", "intensity", "label_maps", "orientation", "schema", "source"),
    *("standardise", "build/plan", "build/seal", "readers/dicom", "readers/itk", "readers/nifti", "readers/picture"),
)


@cache
def core_fingerprint() -> str:
    """SHA-256 over the core modules that decide the content of a row."""
    digest = hashlib.sha256()
    for name in _CORE_MODULES:
        digest.update((_CORE / f"{name}.py").read_bytes())
    return digest.hexdigest()


def code_fingerprint(source: Source) -> str:
    """SHA-256 over the core, the source's module and its declaration."""
    digest = hashlib.sha256(core_fingerprint().encode())
    module = inspect.getsourcefile(source.find_cases)
    if module is not None:
        digest.update(Path(module).read_bytes())
    digest.update(repr((source.labels, source.plane)).encode())
    return digest.hexdigest()
