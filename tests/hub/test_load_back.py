"""What was pushed, read back by the real clients, each in a process that has only the Hub's address."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hub.clients import run_client, run_command
from hub.server import client_env, serving_hub
from hub.store import Hub

from cosmos_datasets import full_mask, open_dataset
from cosmos_datasets.evaluation.cli import main as evaluate
from cosmos_datasets.load.rows import as_array

_REPO = "org/cosmos1050k"

# The way of the card, without this package.
_READ = """
import hashlib, json, sys
import numpy as np
from datasets import load_dataset
def digest(rows):
    found = {}
    for row in rows:
        sha = hashlib.sha256(np.asarray(row["image"]).tobytes())
        for one in row["objects"]:
            x0, y0, x1, y1 = one["bbox"]
            full = np.zeros((row["height"], row["width"]), bool)
            full[y0 : y1 + 1, x0 : x1 + 1] = one["mask"]
            sha.update(one["label"].encode() + np.packbits(full).tobytes())
        found[row["image_id"]] = sha.hexdigest()
    return found
result = {
    "whole": digest(load_dataset("org/cosmos1050k", "msd", split="train")),
    "streamed": digest(load_dataset("org/cosmos1050k", "msd", split="train", streaming=True)),
    "ct": len(load_dataset("org/cosmos1050k", "ct", split="train")),
    "index": len(load_dataset("org/cosmos1050k", "index", split="train")),
    "ours": [name for name in sys.modules if name.startswith("cosmos_datasets")],
}
print(json.dumps(result))
"""
# The way of programs, and the Hub's own reader of cards.
_OPEN = """
import json
import cosmos_datasets
from huggingface_hub import DatasetCard
data = cosmos_datasets.open_dataset("org/cosmos1050k")
found = data.find(object="liver")
rows = list(data.rows(found))
card = DatasetCard.load("org/cosmos1050k")
head = card.data.to_dict()
print(json.dumps({
    "revision": data.manifest.revision,
    "livers": [row["image_id"] for row in rows],
    "license": card.data.license,
    "size": card.data.size_categories,
    "tasks": card.data.task_categories,
    "configs": [one["config_name"] for one in head["configs"]],
    "text": card.text,
}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for a client's caches and working directory."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture(scope="module")
def served(shared_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub that holds the data set, with its prompts; read only."""
    home = tmp_path_factory.mktemp("home")
    done = CliRunner().invoke(
        evaluate, ["prompts", str(shared_built), "--config", "msd", "--out", str(home / "prompts")]
    )
    assert done.exit_code == 0, done.output
    with serving_hub() as hub:
        _pushed(hub, home, shared_built, "--prompts", home / "prompts")
        yield hub


def _pushed(hub: Hub, home: Path, out: Path, *arguments: str | Path) -> str:
    done = run_command(hub, home, "cosmos-datasets", "push", out, _REPO, "--sources", "msd", *arguments)
    assert done.returncode == 0, done.stderr
    assert f'next: load_dataset("{_REPO}", "msd")' in done.stdout
    return done.stdout + done.stderr


def _digests(out: Path) -> dict[str, str]:
    data = open_dataset(out)
    found = {}
    for row in data.rows(data.find(source="msd")):
        sha = hashlib.sha256(np.asarray(as_array(row["image"])).tobytes())
        for k, one in enumerate(row["objects"]):
            sha.update(one["label"].encode() + np.packbits(full_mask(row, k)).tobytes())
        found[row["image_id"]] = sha.hexdigest()
    return found


def test_rows_come_back_as_they_were(served: Hub, home: Path, shared_built: Path) -> None:
    got = json.loads(run_client(served, home, _READ))
    assert got["whole"] == got["streamed"] == _digests(shared_built)
    data = open_dataset(shared_built)
    assert got["ct"] == data.find(source="msd", modality="CT")["image_id"].nunique()
    assert got["index"] == len(data.find(source="msd"))
    assert got["ours"] == []


def test_a_download_is_a_data_set_that_verifies(served: Hub, home: Path) -> None:
    code = "from huggingface_hub import snapshot_download as get\n"
    code += f"print(get({_REPO!r}, repo_type='dataset', local_dir='copy'))"
    copy = run_client(served, home, code).strip()
    done = run_command(served, home, "cosmos-datasets", "verify", copy, "--deep", "--against", _REPO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all is well" in done.stdout and "msd: identical, pixels too" in done.stdout


def test_the_python_of_card_and_page_runs(served: Hub, home: Path) -> None:
    card = served.read(served.dataset(_REPO), "README.md").decode()
    page = (Path(__file__).parents[2] / "docs/sharing.md").read_text().replace("ORG/", "org/")
    blocks = [*_python(card), _python(page)[0]]
    assert len(blocks) == 3
    check = "assert len(masks) and full.any() and next(iter(stream))['modality'] == 'CT'"
    run_client(served, home, "\n".join([*blocks, check]))


def _python(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_programs_and_cards(served: Hub, home: Path, shared_built: Path) -> None:
    got = json.loads(run_client(served, home, _OPEN))
    data = open_dataset(shared_built)
    assert got["livers"] == list(dict.fromkeys(data.find(object="liver", source="msd")["image_id"]))
    assert (got["license"], got["size"]) == ("cc-by-sa-4.0", ["n<1K"])
    assert got["tasks"] == ["image-segmentation", "mask-generation"]
    assert got["configs"][:2] == ["all", "index"] and "msd" in got["configs"] and "drive" not in got["configs"]
    assert got["revision"] in got["text"] and "@article{antonelli2022decathlon" in got["text"]


def test_the_token_is_in_no_output_and_no_file(hub: Hub, home: Path, shared_built: Path) -> None:
    output = _pushed(hub, home, shared_built)
    hub.fail("POST", "/commit/", 403, "no")
    failed = run_command(
        hub, home, "cosmos-datasets", "index-only", shared_built, "org/index", "--json", "--card", home / "card.md"
    )
    assert failed.returncode == 1 and (home / "card.md").is_file()
    wrong = "hf_" + "wrong" * 7
    refused = run_command(hub, home, "cosmos-datasets", "push", shared_built, _REPO, "--sources", "msd", token=wrong)
    assert refused.returncode == 1 and "does not accept the token" in refused.stderr
    for text in (output, failed.stdout + failed.stderr, refused.stdout + refused.stderr):
        assert hub.token not in text and wrong not in text
    content = [path.read_bytes() for path in (*home.rglob("*"), *shared_built.rglob("*")) if path.is_file()]
    content += [hub.read(repo, path) for repo in hub.repos.values() for path in repo.files]
    assert len(content) > 20
    assert not [one for one in content if hub.token.encode() in one or wrong.encode() in one]


def test_who_may_not_see_it_is_told_so(served: Hub, home: Path, shared_built: Path) -> None:
    counted = run_command(served, home, "cosmos-datasets", "stats", _REPO, token="")
    compared = run_command(
        served, home, "cosmos-datasets", "verify", shared_built, "--against", _REPO, token=served.reader
    )
    for done in (counted, compared):
        assert done.returncode == 1
        assert "error: org/cosmos1050k is neither a folder here nor a data set" in done.stderr
        assert "`hf auth login` if it is private" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_push_goes_on(hub: Hub, home: Path, shared_built: Path, how: signal.Signals) -> None:
    hub.pause = 0.2
    # Steps of one file, as with shards of half a gigabyte.
    code = (
        "import sys\nfrom cosmos_datasets.cli import main\nfrom cosmos_datasets.share import push\n"
        f"push._STEP_BYTES = 1\nmain(['push', {str(shared_built)!r}, {_REPO!r}, '--sources', 'msd'])"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], env=client_env(hub, home), cwd=home, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while len(hub.uploads) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(how)
    _, said = running.communicate(timeout=60)
    assert 3 <= len(hub.uploads) < 14
    if how == signal.SIGINT:
        assert running.returncode == 130
        assert said.splitlines()[-1] == "interrupted; give the same command again to go on"
        assert "Traceback" not in said
    hub.pause = 0
    _pushed(hub, home, shared_built)
    assert len(hub.uploads) == len(set(hub.uploads)) == 14
