"""The whole way on embedded input: raw files, data set, loading, zero-shot evaluation, and a page to look at.

Run it with ``make demo``, or by hand::

    pip install 'cosmos-datasets[demo]'
    pip install -e examples/mni152
    python examples/mni152/demo.py --model facebook/sam-vit-base

Every command is printed before it runs: they are the ones to use on your own data.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import sysconfig
import textwrap
import time
from pathlib import Path

from write_raw import NilearnMissingError, write_raw

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.registry import source_ids

#: The model without ``--model``: the small one that comes with the package.
DEFAULT_MODEL = "tiny"
SEEN_NOTE = (
    "cosmos-sam-tiny was trained on slices of this very template, among other pictures: its DICE here shows how the "
    "evaluation works, not how the model does on data it never saw. Such figures are in its card."
)
#: Points a side of S1. The paper's is 32, which takes 16 times as long.
GRID = 8


def demo(out: Path, model: str = DEFAULT_MODEL, slices: int = 10) -> Path:
    """Run every step; what is there from an earlier run is not done again.

    Args:
        out: folder for everything that is made.
        model: Hub id or folder of a SAM or SAM 2 model, or ``tiny``.
        slices: how many slices the raw volume has.

    Returns:
        The page.

    Raises:
        CosmosError: if the plug-in is not installed.
        NilearnMissingError: if nilearn is not installed.
        subprocess.CalledProcessError: if a command failed; it has said why.
    """
    if "mni152" not in source_ids():
        raise CosmosError(
            f"the source mni152 is not installed; run: pip install --no-deps -e {_shown(Path(__file__).parent)}"
        )
    raw, built = out / "raw", out / "cosmos1050k"

    _step("1. A raw tree, as a publisher would ship it: NIfTI files of the MNI152 template")
    if raw.is_dir():
        print(f"{_shown(raw)} is there.")
    else:
        unfinished = out / "raw.unfinished"
        write_raw(unfinished, slices).rename(raw)
    for path in sorted(raw.rglob("*.nii.gz")):
        print(f"  {_shown(path)}")

    _step("2. From raw files to a data set. The source mni152 is a plug-in: examples/mni152/mni152_source.py")
    _run("cosmos-datasets", "build", "mni152", "--raw", _shown(raw), "--out", _shown(built))

    _step("3. Load it, as in any training script")
    _load(built)

    _step("4. Zero-shot evaluation with the six strategies of prompting")
    note: tuple[str, ...] = ()
    if model == DEFAULT_MODEL:
        note = ("--note", SEEN_NOTE)
        print(textwrap.fill(SEEN_NOTE, 100), "\n")
    run = out / "runs" / Path(model).name
    _run("cosmos-eval", "run", _shown(built), "--config", "mni152", "--model", model, "--grid", str(GRID),
         "--out", _shown(run))  # fmt: skip

    _step("5. The page to look at")
    page = out / "index.html"
    _run("cosmos-eval", "gallery", _shown(run), _shown(built), "--out", _shown(page), *note)
    return page


def _load(built: Path) -> None:
    from datasets import disable_progress_bars, load_dataset

    import cosmos_datasets

    disable_progress_bars()

    print("  >>> import cosmos_datasets")
    print("  >>> from datasets import load_dataset")
    print(f'  >>> data = load_dataset("cosmos1050k", "mni152", split="train", data_dir="{_shown(built)}")')
    data = load_dataset("cosmos1050k", "mni152", split="train", data_dir=str(built))
    row = data[len(data) // 2]
    size = f"{row['width']} x {row['height']} pixels"
    print(f"  {len(data)} images; the middle one is {row['image_id']}, {row['modality']}, {size}:")
    print("  >>> cosmos_datasets.full_mask(row, k)")
    for k, one in enumerate(row["objects"]):
        mask = cosmos_datasets.full_mask(row, k)
        print(f"  {k}  {one['object']:<13} {mask.shape[1]} x {mask.shape[0]}, {int(mask.sum()):>6,} pixels set")


def _run(command: str, *arguments: str) -> None:
    """Print a command of this package and run it; raises ``CalledProcessError`` if it fails."""
    print(f"  $ {shlex.join((command, *arguments))}", flush=True)
    subprocess.run([str(Path(sysconfig.get_path("scripts")) / command), *arguments], check=True)


def _step(text: str) -> None:
    print(f"\n{text}\n", flush=True)


def _shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)


def main() -> None:
    """Read the command line and run the demo."""
    parser = argparse.ArgumentParser(description="Build, load, evaluate and look: the MNI152 template as a data set.")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="Hub id or folder of a SAM or SAM 2 model; tiny comes with the package (default)",
    )
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder for everything that is made")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        page = demo(options.out, options.model)
    except (CosmosError, NilearnMissingError) as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print(f"\nDone in {time.monotonic() - began:.0f} s. Open this page: {page.absolute().as_uri()}")


if __name__ == "__main__":
    main()
