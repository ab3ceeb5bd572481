"""The card of a model says what was measured, and says it when that is not much."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from drawn_runs import Row, drawn, result, write
from huggingface_hub import ModelCard, parse_eval_result_entries

from cosmos_datasets.cards.model_card import ModelFacts, model_card
from cosmos_datasets.cards.model_results import eval_results_yaml
from cosmos_datasets.evaluation.compare import compare
from cosmos_datasets.registry import get_source

Make = Callable[..., ModelFacts]


def report(*sources: str, **changes: Any) -> dict[str, Any]:
    keys = ("title", "licence", "redistributable", "citation")
    facts = {name: {key: getattr(get_source(name), key) for key in keys} for name in sources or ("msd",)}
    data = {"location": "cosmos1050k", "revision": "a" * 64, "config": "msd", "sources": facts,
            "objects": ["liver"], "modalities": ["CT"]}  # fmt: skip
    return {
        "base_model": "facebook/sam-vit-base",
        "base_digest": "b" * 64,
        "family": "SamModel",
        "method": "decoder",
        "dataset": data,
        "groups": {"train": 1200, "validation": 30, "test": 8},
        "masks": {"train": 4000, "validation": 300, "test": 28},
        "held_out": "fold 0",
        "hyperparameters": {"method": "decoder", "epochs": 20, "learning_rate": 1e-4, "seed": 0, "peft": None},
        "best": {"epoch": 17, "validation_dice": 0.81},
        "versions": {"torch": "2.13.0"},
        "command": "cosmos-eval finetune cosmos1050k --config msd --model facebook/sam-vit-base --out tuned",
        **changes,
    }


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Facts of a model whose DICE changed by ``gain``, more or less."""
    number = count()

    def made(gain: float = 0.1, finetune: dict[str, Any] | None = None, rows: list[Row] | None = None,
             **changes: Any) -> ModelFacts:  # fmt: skip
        before = rows or drawn(2)
        after = [{**row, "dice_oracle": row["dice_oracle"] + gain, "dice_predicted": row["dice_predicted"] + gain * n}
                 for n, row in ((1 + k % 3 / 10, row) for k, row in enumerate(before))]  # fmt: skip
        folder = tmp_path / str(next(number))
        runs = [write(folder / name, one) for name, one in (("before", before), ("after", after))]
        predicted, oracle = (compare(*runs, choice=one).to_json() for one in ("predicted", "oracle"))  # type: ignore[arg-type]
        facts = {"repo_id": "org/sam-liver", "base_model": "facebook/sam-vit-base", **changes}
        finetune = finetune or report()
        tested = tuple(finetune["dataset"]["sources"])
        return ModelFacts(finetune=finetune, predicted=predicted, oracle=oracle, **{"tested": tested, **facts})

    return made


def test_the_head_is_what_the_hub_reads(make: Make) -> None:
    facts = make(dataset="org/cosmos1050k")
    card = ModelCard(model_card(facts))
    head = card.data.to_dict()
    assert head["license"] == "cc-by-sa-4.0"
    assert head["base_model"] == "facebook/sam-vit-base"
    assert head["base_model_relation"] == "finetune"
    assert head["library_name"] == "transformers"
    assert head["pipeline_tag"] == "mask-generation"
    assert head["datasets"] == ["org/cosmos1050k"]
    assert {"liver", "ct", "segment-anything"} <= set(head["tags"])
    assert "license_name" not in head
    mean, liver = card.data.eval_results or []
    assert card.data.model_name == "sam-liver"
    assert liver.metric_value == round(facts.predicted["rows"][0]["mean_b"], 4)
    assert mean.metric_value == round(facts.predicted["overall"][0]["mean_b"], 4)
    assert liver.metric_name == "DICE, box: liver, CT"
    assert (liver.task_type, liver.dataset_type, liver.dataset_config) == ("mask-generation", "org/cosmos1050k", "msd")
    # A fold is not the split of that name.
    assert liver.dataset_split is None
    assert liver.dataset_args == {"data_revision": "a" * 64, "held_out": "fold 0"}


def test_without_ids_of_the_hub_none_are_claimed(make: Make) -> None:
    head = ModelCard(model_card(make(base_model=None, finetune=report(base_model="my-sam")))).data.to_dict()
    assert not {"base_model", "base_model_relation", "datasets"} & set(head)
    assert head["model-index"][0]["results"][0]["dataset"]["type"] == "cosmos1050k"


def test_an_official_test_split_is_named(make: Make) -> None:
    facts = make(finetune=report(held_out="official test split"))
    assert (ModelCard(model_card(facts)).data.eval_results or [])[0].dataset_split == "test"


def test_the_table_has_every_figure(make: Make) -> None:
    facts = make(rows=drawn(2, objects=("liver", "spleen")))
    text = model_card(facts)
    for comparison in (facts.predicted, facts.oracle):
        for row in [*comparison["rows"], *comparison["overall"]]:
            name = row.get("over") or f"{row['object']}, {row['modality']}"
            scores = [f"{row[score]:.3f}" for score in ("blind", "mean_a", "mean_b")]
            change = [f"{row['difference']:+.3f}", f"{row['low']:+.3f} to {row['high']:+.3f}"]
            cells = [name, "box", row["masks"], row["groups"], *scores, *change]
            assert f"| {' | '.join(map(str, cells))} |" in text
    overall = facts.predicted["overall"][0]
    assert f"went from {overall['mean_a']:.3f} to **{overall['mean_b']:.3f}**" in text
    assert re.search(r"\| subjects \| 1,200 to train, 30 to choose the epoch, 8 held out \|", text)


def test_everything_is_filled_and_nothing_else(make: Make) -> None:
    text = model_card(make(figure="comparison.png", adapter=True))
    assert not re.search(r"\bNone\b|\bnan\b|{{|}}|{%|\bUndefined\b|\n\n\n\n", text)
    assert "![Before and after fine-tuning, per target](comparison.png)" in text
    assert "`adapter/` holds the trained additions" in text
    for part in ("antonelli2022decathlon", "simpson2019large", "kirillov2023segment", "huang2024segment",
                 "fold 0", "| epochs | 20 |", "cosmos-eval finetune cosmos1050k", "Not a medical device"):  # fmt: skip
        assert part in text
    assert "adapter/" not in model_card(make())


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        (0.2, None),
        (-0.2, "The fine-tuned model is worse than its base."),
    ],
)
def test_the_first_paragraph_does_not_praise_what_is_not_better(gain: float, says: str | None, make: Make) -> None:
    text = model_card(make(gain))
    lead = text.split("## Use")[0]
    assert ("**The" in lead or "Whether" in lead) == (says is not None)
    if says:
        assert says in lead
        assert "- Worse than the base model: liver, CT (box)." in text


def test_a_difference_that_is_not_sure(tmp_path: Path, make: Make) -> None:
    rows = [result(f"msd/{n}/0", 0.5) for n in range(8)]
    facts = make(0.0, rows=rows)
    noisy = [{**row, "dice_predicted": 0.5 + (0.1 if n % 2 else -0.09)} for n, row in enumerate(rows)]
    runs = [tmp_path / "0" / "before", write(tmp_path / "noisy", noisy)]
    text = model_card(ModelFacts("org/m", facts.finetune, compare(*runs).to_json(), facts.oracle, ("msd",)))
    assert "Whether it is better than its base is not sure." in text
    assert "- No sure difference from the base model (the interval contains zero): liver, CT (box)." in text


def test_below_the_blind_baseline_and_of_few_subjects(make: Make) -> None:
    rows = [result(f"msd/{n}/0", 0.2) for n in range(3)]
    text = model_card(make(0.1, rows=rows))
    assert "**The model is no better than that.**" in text
    assert "- No better than the blind baseline, which never saw the image: liver, CT (box)." in text
    assert "- Too few held-out subjects for a test" in text
    facts = make(0.1, rows=[result("msd/1/0", 0.2)])
    assert facts.predicted["rows"][0]["low"] is None
    assert "A single subject does not show" in model_card(facts)


def test_a_licence_that_is_no_single_one(make: Make) -> None:
    text = model_card(make(finetune=report("msd", "acdc", "drive")))
    card = ModelCard(text)
    assert card.data.license == "other"
    assert card.data.to_dict()["license_name"] == "terms-of-base-model-and-data"
    assert card.data.to_dict()["license_link"].endswith("org/sam-liver#licence")
    lead, section = text.split("## Use")[0], text.split("## Licence")[1].split("## Citation")[0]
    assert (
        "**Terms of what it was made of:** what is derived from it keeps its licence; no commercial use; "
        "nobody states what is allowed ([which of what](#licence))." in lead
    )
    for name in ("msd", "acdc", "drive"):
        source = get_source(name)
        assert source.title in section
        assert source.licence in section
    assert "| base model | apache-2.0 | nothing |" in section
    assert f"{get_source('drive').title}: its images and masks may not be passed on" in section
    assert f"{get_source('msd').title}: its images" not in section


def test_no_terms_no_word_of_them(make: Make) -> None:
    finetune = report("msd")
    finetune["dataset"]["sources"]["msd"]["licence"] = "CC-BY-4.0"
    text = model_card(make(finetune=finetune))
    assert "Terms of what" not in text
    assert ModelCard(text).data.license == "apache-2.0"


def test_sam2_and_unusual_preparation(make: Make) -> None:
    finetune = report(family="Sam2Model", base_model="facebook/sam2-hiera-tiny")
    finetune["hyperparameters"]["preprocess"] = "percentile"
    text = model_card(make(finetune=finetune, base_model="facebook/sam2-hiera-tiny"))
    assert 'Sam2Model.from_pretrained("org/sam-liver")' in text
    assert "ravi2024sam2" in text
    assert "cosmos-eval --preprocess percentile" in text
    assert "kirillov2023segment" not in text


@pytest.mark.parametrize(
    ("family", "processor", "paper"),
    [
        ("SamModel", "SamProcessor", "kirillov2023segment"),
        ("SamHQModel", "SamHQProcessor", "ke2023segment"),
        ("Sam2Model", "Sam2Processor", "ravi2024sam2"),
        ("EdgeTamModel", "Sam2Processor", "zhou2025edgetam"),
        ("Sam3TrackerModel", "Sam3TrackerProcessor", "carion2025sam3"),
    ],
)
def test_every_family_has_its_code_and_its_paper(family: str, processor: str, paper: str, make: Make) -> None:
    text = model_card(make(finetune=report(family=family)))
    code = text.split("```python\n")[1].split("```")[0]
    imported = [name for node in ast.parse(code).body if isinstance(node, ast.ImportFrom) for name in node.names]
    assert [name.name for name in imported] == ["Image", family, processor]
    assert f'{family}.from_pretrained("org/sam-liver")' in code
    assert f'{processor}.from_pretrained("org/sam-liver")' in code
    assert ("reshaped_input_sizes" in code) == (family in {"SamModel", "SamHQModel"})
    papers = {"kirillov2023segment", "ke2023segment", "ravi2024sam2", "zhou2025edgetam", "carion2025sam3"}
    assert [name for name in papers if name in text] == [paper]


def test_eval_results_are_in_the_form_of_the_hub(make: Make) -> None:
    facts = make(rows=drawn(2, objects=("liver", "left_ventricle")))
    text = eval_results_yaml(
        facts.finetune, facts.predicted, "org/cosmos1050k", "https://huggingface.co/org/sam-liver"
    )
    entries = parse_eval_result_entries(yaml.safe_load(text))
    assert [entry.task_id for entry in entries] == ["msd_s5", "msd_s5_left-ventricle_ct", "msd_s5_liver_ct"]
    assert {entry.dataset_id for entry in entries} == {"org/cosmos1050k"}
    assert [entry.value for entry in entries[1:]] == [round(row["mean_b"], 4) for row in facts.predicted["rows"]]
    assert entries[0].value == round(facts.predicted["overall"][0]["mean_b"], 4)
    assert all(entry.source_url == "https://huggingface.co/org/sam-liver" for entry in entries)
    assert "28 masks of 8 held-out subjects (fold 0)" in (entries[2].notes or "")
    # The fields that the Hub documents, and no others.
    for one in yaml.safe_load(text):
        assert set(one) <= {"dataset", "value", "verifyToken", "date", "source", "evaluation_framework", "notes"}
        assert set(one["dataset"]) <= {"id", "task_id", "revision"}


def test_what_was_trained_on_and_not_measured_is_named(make: Make) -> None:
    finetune = report("msd", "acdc", groups={"train": 4, "validation": 1, "test": 1})
    finetune["dataset"]["objects"] = ["liver", "left_ventricle"]
    text = model_card(make(finetune=finetune, tested=("msd",)))
    acdc, msd = get_source("acdc").title, get_source("msd").title
    assert f"- Trained on, but without held-out masks and therefore not measured: {acdc}, left ventricle." in text
    assert f"- Measured on 1 held-out subject (fold 0) of {msd} alone" in text
    assert "not measured" not in model_card(make())
