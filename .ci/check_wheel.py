"""Check that a wheel holds every file of the four folders, under the name that it is imported by."""

import sys
from pathlib import Path
from zipfile import ZipFile

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "cosmos_datasets": "cosmos_datasets",
    "loaders": "cosmos_datasets/loaders",
    "evaluation": "cosmos_datasets/evaluation",
    "cards": "cosmos_datasets/cards",
}


def main(wheel: str) -> None:
    """Exit with the names of what is missing."""
    packed = set(ZipFile(wheel).namelist())
    expected = {
        f"{name}/{path.relative_to(CHECKOUT / folder).as_posix()}"
        for folder, name in FOLDERS.items()
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    }
    if missing := sorted(expected - packed):
        sys.exit(f"{wheel} lacks {', '.join(missing)}: see [tool.setuptools] in pyproject.toml")
    foreign = {name.split("/")[0] for name in packed if ".dist-info" not in name} - {"cosmos_datasets"}
    if foreign:
        sys.exit(f"{wheel} would put {', '.join(sorted(foreign))} into site-packages")
    print(f"{Path(wheel).name}: {len(expected)} files, all there")


if __name__ == "__main__":
    main(sys.argv[1])
