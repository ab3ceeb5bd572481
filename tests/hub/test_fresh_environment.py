"""What was pushed loads where nothing of ours is installed: a new virtual environment, filled from the registry."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hub.clients import run_command
from hub.server import client_env
from hub.store import Hub

_CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"

# The card's own example, and a stream.
_LOAD = """
import importlib.util, json
import numpy as np
from datasets import load_dataset
assert importlib.util.find_spec("cosmos_datasets") is None
rows = load_dataset("org/cosmos1050k", "msd", split="train")
row = rows[0]
one = row["objects"][0]
x0, y0, x1, y1 = one["bbox"]
full = np.zeros((row["height"], row["width"]), bool)
full[y0 : y1 + 1, x0 : x1 + 1] = one["mask"]
assert full.sum() == one["area"] and row["image"].size == (row["width"], row["height"])
streamed = [row["image_id"] for row in load_dataset("org/cosmos1050k", "ct", split="train", streaming=True)]
index = load_dataset("org/index", "index", split="train")
print(json.dumps([rows["image_id"][:], streamed, len(index)]))
"""


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds ``datasets`` and ``pillow`` alone."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin/pip", "install", "--quiet", "--constraint", _CONSTRAINTS, "datasets", "pillow"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no package registry in reach: {done.stderr.strip().splitlines()[-1:]}")
    return folder / "bin/python"


@pytest.mark.slow
def test_a_new_environment_loads_it(hub: Hub, fresh_python: Path, shared_built: Path, tmp_path: Path) -> None:
    for arguments in (
        ("push", shared_built, "org/cosmos1050k", "--sources", "msd"),
        ("index-only", shared_built, "org/index"),
    ):
        done = run_command(hub, tmp_path, "cosmos-datasets", *arguments)
        assert done.returncode == 0, done.stderr
    read = subprocess.run(
        [fresh_python, "-I", "-c", _LOAD],
        env=client_env(hub, tmp_path / "home"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    from cosmos_datasets import open_dataset

    data = open_dataset(shared_built)
    whole, streamed, masks = json.loads(read.stdout)
    assert sorted(whole) == sorted(set(data.find(source="msd")["image_id"]))
    assert sorted(streamed) == sorted(set(data.find(source="msd", modality="CT")["image_id"]))
    assert masks == len(data.find(instances=True, split="train"))
