"""What models were trained on: the list, names that fit it, and what a fine-tuning leaves."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from drawn_runs import result, write
from finetuned import write_finetuned

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.models.checkpoint import read_learnt
from cosmos_datasets.evaluation.statistics.scores import read_scores
from cosmos_datasets.evaluation.statistics.seen import facts_of, facts_of_folder, seen_by
from cosmos_datasets.evaluation.statistics.tables import table
from cosmos_datasets.registry import get_source, source_ids

OURS = [one for one in source_ids() if one != "mni152"]


def listed() -> list[dict[str, str]]:
    text = (files("cosmos_datasets.evaluation.statistics") / "seen.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_list_names_real_sources_and_objects_and_where_it_knows_from() -> None:
    for row in listed():
        assert row["seen"] in {"seen", "held out", "unknown"}
        assert len(row["provenance"]) > 10
        assert row["source"] in {*OURS, "mni152", "*"}
        if row["objects"]:
            assert set(row["objects"].split("|")) <= {label.object for label in get_source(row["source"]).labels}
        # Patterns are written as names are compared: small, with hyphens.
        assert row["models"] == row["models"].lower().replace("_", "-")


@pytest.mark.parametrize(
    ("model", "source", "object_", "expected"),
    [
        ("flaviagiammarino/medsam-vit-base", "totalsegmentator", "rib", "seen"),
        ("flaviagiammarino/medsam-vit-base", "kits21", "kidney", "seen"),
        ("flaviagiammarino/medsam-vit-base", "acdc", "left_ventricle", "held out"),
        ("flaviagiammarino/medsam-vit-base", "drive", "retinal_vessel", "unknown"),
        ("flaviagiammarino/medsam-vit-base", "msd", "spleen", "seen"),
        ("flaviagiammarino/medsam-vit-base", "msd", "hippocampus", "unknown"),
        ("flaviagiammarino/medsam-vit-base", "msd", "liver_tumor", "unknown"),
        ("MedSAM_ViT_B", "word", "liver", "held out"),
        ("wanglab/medsam-vit-base", "acdc", "left_ventricle", "unknown"),
        ("medsam-vit-base", "acdc", "left_ventricle", "unknown"),
        ("medsam-vit-b-tuned-on-acdc", "acdc", "left_ventricle", "unknown"),
        ("facebook/sam-vit-base", "acdc", "left_ventricle", "unknown"),
        ("facebook/sam2.1-hiera-tiny", "acdc", "left_ventricle", "unknown"),
        ("cosmos-sam-tiny", "mni152", "brain", "seen"),
        ("cosmos-sam-tiny", "a_source_of_my_own", "brain", "unknown"),
        ("my-model", "acdc", "left_ventricle", "unknown"),
    ],
)
def test_a_model_is_told_by_its_whole_name(model: str, source: str, object_: str, expected: str) -> None:
    assert seen_by(model)(source, object_, "CT") == expected


def test_the_packaged_model_saw_none_of_the_sources() -> None:
    asked = seen_by("cosmos-sam-tiny")
    assert {asked(source, "liver", "CT") for source in OURS} == {"held out"}


REPORT = {
    "base_model": "cosmos-sam-tiny",
    "dataset": {
        "sources": {"kits19": {}, "acdc": {}},
        "objects": ["kidney", "myocardium"],
        "modalities": ["CT", "Cine-MRI"],
    },
    "groups": {"train": 12, "validation": 3, "test": 4},
}


def tuned(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "finetune.json").write_text(json.dumps({**REPORT, **changes}))
    return folder


@pytest.mark.parametrize(
    ("masks", "after_tiny", "after_medsam"),
    [
        (("kits19", "kidney", "CT"), "seen", "seen"),
        (("acdc", "myocardium", "Cine-MRI"), "seen", "seen"),
        # Images of a source it learnt from, with other labels; and scans that sources share.
        (("acdc", "left_ventricle", "Cine-MRI"), "unknown", "unknown"),
        (("kits21", "kidney", "CT"), "unknown", "seen"),
        (("abdomenct_1k", "kidney", "CT"), "unknown", "seen"),
        (("chaos", "liver", "CT"), "held out", "held out"),
        (("drive", "retinal_vessel", "Fundus"), "held out", "unknown"),
    ],
)
def test_a_fine_tuned_model_has_seen_what_it_learnt_from_and_what_its_base_saw(
    masks: tuple[str, str, str], after_tiny: str, after_medsam: str, tmp_path: Path
) -> None:
    for base, expected in (("cosmos-sam-tiny", after_tiny), ("flaviagiammarino/medsam-vit-base", after_medsam)):
        learnt = read_learnt(tuned(tmp_path / base, base_model=base))
        assert seen_by("tuned", learnt)(*masks) == expected
    assert seen_by("cosmos-sam-tiny")("kits19", "kidney", "CT") == "held out"


def test_the_tables_of_a_fine_tuning_say_what_was_seen(tmp_path: Path) -> None:
    folder = tuned(tmp_path / "tuned")
    rows = [result(f"kits19/{n}/0", 0.5, source="kits19", object="kidney") for n in range(3)]
    rows += [result(f"chaos/{n}/0", 0.5, source="chaos", object="kidney") for n in range(3)]
    model = {"name": "tuned", "digest": "e" * 64, "learnt": read_learnt(folder)}
    frame = read_scores(write(tmp_path / "elsewhere", rows, model=model))
    assert table(frame, ["source"])[["source", "seen"]].to_numpy().tolist() == [
        ["chaos", "held out"],
        ["kits19", "seen"],
    ]
    assert table(frame, ["target"])["seen"].tolist() == ["held out + seen"]


def test_a_damaged_report(tmp_path: Path) -> None:
    folder = tuned(tmp_path / "tuned", dataset={})
    with pytest.raises(CosmosError, match=r"finetune\.json is damaged"):
        facts_of_folder(folder)
    (folder / "finetune.json").write_text("{")
    with pytest.raises(CosmosError, match="damaged"):
        facts_of_folder(folder)
    (folder / "finetune.json").unlink()
    assert facts_of_folder(folder) == facts_of("tuned") == ()


def test_the_model_of_a_fine_tuning_is_known_in_runs_elsewhere(small: Path, tmp_path: Path, cli: Any) -> None:
    folder = write_finetuned(tmp_path, small, "acdc", options=["--limit", "2"])
    elsewhere = tmp_path / "elsewhere"
    options = ["--config", "acdc", "--strategies", "S5", "--limit", 1, "--masks", "union", "--no-hd"]
    cli("run", small, "--model", folder, *options, "--out", elsewhere)
    assert set(read_scores(elsewhere)["seen"]) == {"seen"}
    assert set(read_scores(folder / "evaluation" / "before")["seen"]) == {"unknown"}
    assert "seen: acdc (" in cli("seen", folder).stdout
