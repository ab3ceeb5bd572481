"""Where the data set is: an argument, the environment, or the working directory; in that order, and nothing else."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.errors import CosmosError

NAME = "cosmos1050k"
VARIABLE = "COSMOS1050K"


def is_built(folder: Path) -> bool:
    """Whether a folder holds a built data set (rather than raw downloads): it has a manifest."""
    return (folder / MANIFEST).is_file()


def local_folder(data_dir: str | os.PathLike[str] | None) -> Path:
    """Resolve the folder to load from.

    Args:
        data_dir: what the caller named; ``None`` looks at ``$COSMOS1050K``, then at ``./cosmos1050k``.

    Returns:
        An absolute path that exists; built or raw.

    Raises:
        CosmosError: if the first of the three that is given does not exist, or none is.
    """
    candidates = [
        ("", data_dir),
        (f"${VARIABLE}", os.environ.get(VARIABLE)),
        (f"./{NAME}", NAME if Path(NAME).is_dir() else None),
    ]
    for origin, value in candidates:
        if value is None or not str(value):
            continue
        folder = Path(value).expanduser().absolute()
        if not folder.is_dir():
            raise CosmosError(f"{folder}{f', which {origin} names,' if origin else ''} is not a folder.")
        return folder
    raise CosmosError(
        f"no data set found: pass data_dir=FOLDER, set ${VARIABLE}, or run beside a folder ./{NAME}.\n"
        f"To make one: cosmos-datasets build SOURCE --raw FOLDER --out {NAME}"
    )


def is_hub_id(location: str) -> bool:
    """Whether a location reads as ``organisation/name`` on the Hub (and is no local folder)."""
    return bool(re.fullmatch(r"[\w.-]+/[\w.-]+", location)) and not Path(location).exists()
