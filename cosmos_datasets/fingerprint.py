"""A fingerprint of the code that makes rows: a fixed loader must never return old rows."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from functools import cache
from pathlib import Path

from cosmos_datasets.source import Source

_CORE = Path(__file__).parent
#: What decides the content of a row, with all that these import; the CLI and the README writer are not among them.
_MAKERS = (
    "standardise",
    "source",
    "pairing",
    "neutral",
    "splits",
    "tables",
    "readers/__init__",
    "build/plan",
    "build/seal",
)


@cache
def core_fingerprint() -> str:
    """SHA-256 over the core modules that decide the content of a row."""
    digest = hashlib.sha256()
    for path in sorted(_with_imports([_CORE / f"{name}.py" for name in _MAKERS])):
        digest.update(path.relative_to(_CORE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _with_imports(paths: list[Path]) -> set[Path]:
    """Modules, and those of the core that they import, and so on."""
    found: set[Path] = set()
    while paths:
        path = paths.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        names = [node.module for node in imports if node.module and node.module.startswith("cosmos_datasets.")]
        paths += [_CORE.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in names]
    return found


def code_fingerprint(source: Source) -> str:
    """SHA-256 over the core, the source's module with what it imports of its own package, and its declaration."""
    digest = hashlib.sha256(core_fingerprint().encode())
    module = inspect.getsourcefile(source.find_cases)
    if module is not None:
        for path in (Path(module), *_companions(Path(module), source.find_cases.__module__ or "")):
            digest.update(path.read_bytes())
    digest.update(repr((source.labels, source.plane)).encode())
    return digest.hexdigest()


def _companions(path: Path, name: str) -> list[Path]:
    """Files of the modules that a loader imports from its own package, such as a long table of classes."""
    package = name.rpartition(".")[0]
    imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    names = {f"{package}.{one.module}" if one.level else str(one.module) for one in imports if one.module}
    files = [getattr(sys.modules.get(one), "__file__", None) for one in sorted(names) if one.startswith(f"{package}.")]
    return [Path(file) for file in files if file] if package else []
