"""Looking at folders: what is in them, down to the byte."""

import hashlib
import shutil
from pathlib import Path


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder but locks: relative name -> SHA-256 of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and path.name != ".lock"
    }


def copy(source: Path, target: Path) -> Path:
    """Copy a folder with its times, which count for what is up to date."""
    shutil.copytree(source, target, copy_function=shutil.copy2)
    return target


def temporaries(folder: Path) -> list[str]:
    """Half-written files that somebody left below a folder."""
    return [path.name for path in folder.rglob("*.tmp")]
