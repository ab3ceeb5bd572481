"""What the folders are that a report is about: runs, clicks, grids and measurements of cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cosmos_datasets.errors import CosmosError

Facts = dict[str, Any]
Kind = Literal["run", "interactive", "grid", "efficiency"]

#: Kind -> the file that tells it, and the one that says what was done.
_FILES: dict[Kind, tuple[str, str]] = {
    "run": ("results.parquet", "summary.json"),
    "interactive": ("clicks.parquet", "summary.json"),
    "grid": ("grid.json", "grid.json"),
    "efficiency": ("efficiency.json", "efficiency.json"),
}
_OF_RUNS = frozenset({"data", "model", "settings", "inference"})
#: What the latter must hold.
_NOTED: dict[Kind, frozenset[str]] = {
    "run": _OF_RUNS,
    "interactive": _OF_RUNS,
    "grid": _OF_RUNS | {"sides", "rows"},
    "efficiency": frozenset({"settings", "models"}),
}


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder with results.

    Attributes:
        path: of the folder.
        kind: which command made it.
        name: of the folder, with so much of its path that no two are alike.
        facts: what was done; of a run what its results are of, also where a later one has not finished.
    """

    path: Path
    kind: Kind
    name: str
    facts: Facts


def read_folders(paths: Sequence[Path]) -> list[Folder]:
    """Recognise the folders.

    Args:
        paths: in the order in which the report names them.

    Raises:
        CosmosError: one is given twice, holds nothing that a report shows, is not finished or damaged.
    """
    resolved = [path.resolve() for path in paths]
    for path, place in zip(paths, resolved, strict=True):
        if resolved.count(place) > 1:
            raise CosmosError(f"{path} is given twice; name each folder once.")
    kinds = [_kind(path) for path in paths]
    folders = []
    for path, place, kind in zip(paths, resolved, kinds, strict=True):
        # Kinds are apart in the page, so that their folders may have one name.
        alike = [other for other, its in zip(resolved, kinds, strict=True) if its == kind]
        folders.append(Folder(path, kind, _short(place, alike), _facts(path / _FILES[kind][1], kind)))
    return folders


def _short(place: Path, others: Sequence[Path]) -> str:
    parts = place.parts
    kept = next(n for n in range(1, len(parts) + 1) if sum(one.parts[-n:] == parts[-n:] for one in others) == 1)
    return "/".join(parts[-kept:])


def _kind(path: Path) -> Kind:
    for kind, (file, _) in _FILES.items():
        if (path / file).is_file():
            return kind
    raise CosmosError(_unknown(path))


def _facts(path: Path, kind: Kind) -> Facts:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CosmosError(f"{path} cannot be read ({error}); give the command that made it again.") from error
    if not isinstance(content, dict) or (missing := sorted(_NOTED[kind] - content.keys())):
        lacks = f" (it lacks {missing[0]})" if isinstance(content, dict) else ""
        raise CosmosError(f"{path} is not what cosmos-eval {kind} writes{lacks}; give that command again.")
    return content


def _unknown(path: Path) -> str:
    if (path / "run.json").is_file():
        return f"{path} holds no finished run; give the command that made it again, and it goes on."
    if (path / "finetune.json").is_file():
        runs = path / "evaluation"
        return f"{path} is a fine-tuned model; its runs are {runs / 'before'} and {runs / 'after'}."
    files = ", ".join(file for file, _ in _FILES.values())
    return (
        f"{path} holds none of {files}; a report is about folders that cosmos-eval run, interactive, grid or "
        "efficiency has written."
    )
