"""The second file of a format that needs two, in whatever capitals its name is written."""

from __future__ import annotations

from pathlib import Path


def sibling(path: Path, *suffixes: str) -> Path | None:
    """Find the file beside ``path`` that has its stem and one of some suffixes.

    Args:
        path: the header; its own suffix is what follows the last dot.
        suffixes: in lower case, the preferred one first; capitals do not matter.

    Returns:
        The file, or ``None`` if there is none.
    """
    for suffix in suffixes:
        exact = path.with_name(path.stem + suffix)
        if exact.is_file():
            return exact
    beside = {one.name.lower(): one for one in path.parent.glob(f"{_escaped(path.stem)}.*") if one.is_file()}
    return next((beside[name] for suffix in suffixes if (name := (path.stem + suffix).lower()) in beside), None)


def _escaped(text: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in text)
