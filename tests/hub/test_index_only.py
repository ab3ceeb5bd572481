"""``index-only``, and ``verify --against``: is a rebuild what somebody shared?"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub.clients import run_client, run_command
from hub.store import Hub

from cosmos_datasets import full_mask
from cosmos_datasets.build.run import build
from cosmos_datasets.cli import main
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.cli import main as evaluate
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.registry import get_source

_REPO = "org/index"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def _against(out: Path, other: Path | str) -> Any:
    done = _run("verify", out, "--against", other, "--json")
    body = json.loads(done.stdout)
    assert body["ok"] == (done.exit_code == 0)
    return body["ok"], {one["source"]: one for one in body["sources"]}


def test_no_pixel_leaves_the_machine(here: Hub, shared_built: Path) -> None:
    done = _run("index-only", shared_built, _REPO)
    assert done.exit_code == 0, done.output
    repo = here.dataset(_REPO)
    assert {path.split("/")[0] for path in repo.files} == {
        *(".gitattributes", "README.md", "manifest.json", "statistics.json", "index")
    }
    assert {path.split("/")[1] for path in repo.files if "/" in path} == {"drive", "msd"}
    assert repo.private and json.loads(here.read(repo, "manifest.json"))["index_only"]


_READ = """
import json
from datasets import get_dataset_config_names, load_dataset
import cosmos_datasets
from huggingface_hub import DatasetCard
data = cosmos_datasets.open_dataset("org/index")
try:
    list(data.rows(data.find(source="drive")))
except cosmos_datasets.errors.CosmosError as error:
    said = str(error)
card = DatasetCard.load("org/index")
print(json.dumps({
    "rows": len(load_dataset("org/index", split="train")),
    "configs": get_dataset_config_names("org/index"),
    "found": len(data.find(instances=True)),
    "said": said,
    "license": [card.data.license, card.data.license_name],
    "text": card.text,
}))
"""


def test_others_read_the_index_and_rebuild(hub: Hub, shared_built: Path, tmp_path: Path) -> None:
    done = run_command(hub, tmp_path, "cosmos-datasets", "index-only", shared_built, _REPO)
    assert done.returncode == 0, done.stderr
    got = json.loads(run_client(hub, tmp_path, _READ))
    local = open_dataset(shared_built)
    assert got["found"] == len(local.find(instances=True))
    assert got["rows"] == len(local.find(instances=True, split="train"))
    assert got["configs"] == ["index"]
    assert "holds the index without pixels. Build the sources" in got["said"]
    assert got["license"] == ["other", "terms-of-the-sources"]
    assert "cosmos-datasets verify cosmos1050k --against org/index" in got["text"]
    same = run_command(hub, tmp_path, "cosmos-datasets", "verify", shared_built, "--against", _REPO)
    assert same.returncode == 0 and "drive: identical, pixels too" in same.stdout


def test_other_pixels_are_no_other_ids(shared_raw: Path, shared_built: Path, own: Path) -> None:
    build(get_source("msd"), shared_raw, own, intensity=Intensity.parse("minmax-slice"))
    ok, found = _against(own, shared_built)
    assert ok and found["drive"]["verdict"] == "identical"
    assert found["msd"]["verdict"] == "same index"
    assert found["msd"]["reasons"] == ["intensities: minmax-slice here, minmax-volume there"]
    assert "other pixels" in _run("verify", own, "--against", shared_built).stdout


def test_a_partial_download_is_seen(shared_raw: Path, shared_built: Path, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "cosmos1050k"
    (raw / "drive").parent.mkdir()
    for path in sorted((shared_raw / "drive").rglob("*")):
        if path.is_file() and "02_test" not in path.name:
            target = raw / path.relative_to(shared_raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    build(get_source("drive"), raw, out)
    ok, found = _against(out, shared_built)
    assert not ok
    assert found["msd"]["verdict"] == "missing"
    drive = found["drive"]
    assert (drive["verdict"], drive["only_here"], drive["only_there"], drive["changed"]) == ("different", 0, 1, 0)
    assert drive["examples"][0].startswith("only there: drive/02_test ")
    assert drive["reasons"][0].startswith("raw files: ")
    said = _run("verify", out, "--against", shared_built).stdout
    assert "msd: not here" in said and "1 only there" in said


def test_a_changed_mask_is_seen(shared_built: Path, own: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = own / "index/drive/fundus/test-00000-of-00001.parquet"
    table = pq.read_table(path)
    at = table.schema.get_field_index("area")
    pq.write_table(table.set_column(at, table.schema.field(at), pc.add(table["area"], pa.scalar(1, pa.int32()))), path)
    from cosmos_datasets.share.against import compare

    found = {one.source: one for one in compare(open_dataset(own), open_dataset(shared_built))}
    assert found["msd"].verdict == "identical"
    assert (found["drive"].verdict, found["drive"].changed) == ("different", table.num_rows)


def test_an_index_cannot_be_shared_as_a_data_set(own: Path) -> None:
    from cosmos_datasets.share.contents import choose

    manifest = choose(own, [], index_only=True).manifest
    (own / "manifest.json").write_text(manifest.dumps())
    with pytest.raises(CosmosError, match="holds an index without pixels"):
        choose(own, [])
    assert "verify BUILD --against" in _run("verify", own).stderr


def _prompts(*arguments: object) -> Result:
    return CliRunner().invoke(evaluate, ["prompts", *(str(one) for one in arguments)])


_READ_PROMPTS = """
import json
from datasets import load_dataset
rows = load_dataset("org/index", "prompts", split="train")
print(json.dumps([[row["image_id"], row["label"], row["strategy"], row["prompt"]] for row in rows]))
"""


def test_prompts_go_along(hub: Hub, shared_built: Path, tmp_path: Path) -> None:
    out = tmp_path / "prompts"
    made = _prompts(shared_built, "--out", out)
    assert made.exit_code == 0 and "S2, S3, S4, S5, S6" in made.stdout, made.output
    assert json.loads(_prompts(shared_built, "--out", out, "--json").stdout)["written"] == 0
    done = run_command(hub, tmp_path, "cosmos-datasets", "index-only", shared_built, _REPO, "--prompts", out)
    assert done.returncode == 0, done.stderr
    data = open_dataset(shared_built)
    found = data.find(instances=True, split="train")
    masks = {}
    for row in data.rows(found):
        for k, one in enumerate(row["objects"]):
            masks[row["image_id"], one["label"]] = full_mask(row, k), one["bbox"]
    read = json.loads(run_client(hub, tmp_path, _READ_PROMPTS))
    assert len(read) == 5 * len(found) == 5 * len(masks)
    for image_id, label, strategy, text in read:
        mask, bbox = masks[image_id, label]
        prompt = json.loads(text)
        assert prompt.get("box", bbox) == bbox and ("box" in prompt) == (strategy in {"S5", "S6"})
        inside = [bool(mask[y, x]) for x, y in prompt.get("points", [])]
        assert inside == [bool(one) for one in prompt.get("labels", [])]
        assert sum(inside) == {"S2": 1, "S3": 5, "S4": 5, "S5": 0, "S6": 1}[strategy]
    assert "strategy (S2 one" in hub.read(hub.dataset(_REPO), "README.md").decode()


def test_prompts_of_other_masks_are_refused(here: Hub, shared_built: Path, tmp_path: Path) -> None:
    out = tmp_path / "prompts"
    assert _prompts(shared_built, "--out", out, "--config", "drive", "--strategies", "s2").exit_code == 0
    said = _run("index-only", shared_built, _REPO, "--prompts", out).stderr
    assert "is missing. Make the prompts first: cosmos-eval prompts OUT" in said
    (test, train) = sorted(out.rglob("*.parquet"))
    train.write_bytes(test.read_bytes())
    said = _run("index-only", shared_built, _REPO, "--sources", "drive", "--prompts", out).stderr
    assert "was made of another data/drive/fundus/train-" in said
    train.write_bytes(b"PAR1")
    assert "cannot be read" in _run("index-only", shared_built, _REPO, "--sources", "drive", "--prompts", out).stderr
    assert not here.repos
    assert "S1 takes no prompt from a mask" in _prompts(shared_built, "--out", out, "--strategies", "S1").stderr
