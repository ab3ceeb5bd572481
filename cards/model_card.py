"""The card of a fine-tuned model, filled from what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosmos_datasets.cards.model_licence import ModelLicence, base_licence, model_licence
from cosmos_datasets.cards.model_results import PROMPTS, eval_results, means, target_of
from cosmos_datasets.cards.rendering import render
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.vocabulary import slug

Row = Mapping[str, Any]

METHODS = {
    "decoder": "The mask decoder was trained; image encoder and prompt encoder are those of the base model.",
    "lora": "Low-rank additions (LoRA) to the image encoder and the mask decoder were trained. The weights here have "
    "them merged in; `adapter/` holds them alone, for `peft`.",
    "full": "All weights were trained.",
}


@dataclass(frozen=True)
class ModelFacts:
    """What a model card is filled from.

    Attributes:
        repo_id: ``organisation/name``.
        finetune: ``finetune.json``.
        predicted: before and after for the mask that the model itself prefers, as data.
        oracle: the same for the best of its masks.
        tested: ids of the sources that the held-out masks are of.
        base_model: Hub id of the base model, if it has one.
        licence: of the base model, if the user stated it.
        dataset: Hub id of the data set, if it has one.
        figure: file of the repository with the comparison drawn.
        adapter: whether there is a folder ``adapter``.
    """

    repo_id: str
    finetune: Mapping[str, Any]
    predicted: Mapping[str, Any]
    oracle: Mapping[str, Any]
    tested: tuple[str, ...]
    base_model: str | None = None
    licence: str | None = None
    dataset: str | None = None
    figure: str = ""
    adapter: bool = False

    @property
    def follows(self) -> ModelLicence:
        """The licence that follows for the model."""
        base = base_licence(self.base_model or self.finetune["base_model"], self.licence)
        return model_licence(base, self.finetune["dataset"]["sources"])


def model_card(facts: ModelFacts) -> str:
    """Write the card of a model.

    Returns:
        Markdown with a YAML head that holds the results as ``model-index``.
    """
    finetune = facts.finetune
    data = finetune["dataset"]
    settings = {
        name: value
        for name, value in finetune["hyperparameters"].items()
        if value is not None and name != "method"  # said above the table
    }
    gain = next((row for row in means(facts.predicted) if row["strategy"] == "S5"), None)
    return render(
        "model.md.jinja",
        head=_head(facts),
        repo_id=facts.repo_id,
        name=facts.repo_id.partition("/")[2],
        finetune=finetune,
        base=_link(facts.base_model, finetune["base_model"]),
        data=data,
        dataset=facts.dataset,
        dataset_name=_link(facts.dataset and f"datasets/{facts.dataset}", data["location"]),
        objects=", ".join(one.replace("_", " ") for one in data["objects"]),
        modalities=", ".join(data["modalities"]),
        method=METHODS[finetune["method"]],
        settings={name.replace("_", " "): _plain(value) for name, value in settings.items()},
        licence=facts.follows,
        gain=gain,
        verdict=_verdict(gain) if gain else "",
        untouched=finetune["best"].get("validation_dice_untouched"),
        tables=[
            ("The mask that the model itself prefers", _rows(facts.predicted)),
            ("The best of its three masks, chosen with the reference (the paper's rule)", _rows(facts.oracle)),
        ],
        notes=[note for note in facts.predicted["notes"] if "p-value" not in note],
        limits=_limits(facts),
        figure=facts.figure,
        adapter=facts.adapter,
        citations=[(name, one["citation"].strip()) for name, one in data["sources"].items()],
    )


def _head(facts: ModelFacts) -> str:
    from huggingface_hub import ModelCardData

    follows, data = facts.follows, facts.finetune["dataset"]
    other = follows.id == "other"
    card: Any = ModelCardData(
        license=follows.id,
        license_name="terms-of-base-model-and-data" if other else None,
        license_link=f"https://huggingface.co/{facts.repo_id}#licence" if other else None,
        library_name="transformers",
        pipeline_tag="mask-generation",
        base_model=facts.base_model,
        base_model_relation="finetune" if facts.base_model else None,
        datasets=[facts.dataset] if facts.dataset else None,
        tags=["segment-anything", "medical", "medical-imaging", "cosmos-1050k",
              *(slug(one) for one in (*data["modalities"], *data["objects"]))],
        model_name=facts.repo_id.partition("/")[2],
        eval_results=eval_results(facts.finetune, facts.predicted, facts.dataset),
    )  # fmt: skip
    return f"{card.to_yaml()}\n"


def _verdict(gain: Row) -> str:
    """What a reader who stops after the first paragraph has to know."""
    found = []
    if gain["mean_b"] <= gain["blind"]:
        found.append("The model is no better than that.")
    if gain["low"] is None:
        found.append("A single subject does not show whether the model is better than its base.")
    elif gain["high"] < 0:
        found.append("The fine-tuned model is worse than its base.")
    elif gain["low"] <= 0:
        found.append("Whether it is better than its base is not sure.")
    return " ".join(found)


def _link(hub_id: str | None, name: str) -> str:
    return f"[{hub_id.removeprefix('datasets/')}](https://huggingface.co/{hub_id})" if hub_id else f"`{name}`"


def _plain(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _rows(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table's rows: targets, and behind them the means where there is more than one target."""
    rows = [{"name": target_of(row), **row} for row in comparison["rows"]]
    rows += [
        {**row, "name": row["over"] + (" (instances)" if row["masks_are"] == "instances" else "")}
        for row in comparison["overall"]
        if row["targets"] > 1
    ]
    return [{**row, "prompt": PROMPTS.get(row["strategy"], row["strategy"])} for row in rows]


def _limits(facts: ModelFacts) -> list[str]:
    """What the results do not show, a sentence each."""
    finetune, rows = facts.finetune, facts.predicted["rows"]
    data, subjects = finetune["dataset"], finetune["groups"]["test"]
    titles = {name: one["title"] for name, one in data["sources"].items()}
    found = [
        f"Measured on {plural(subjects, 'held-out subject')} ({finetune['held_out']}) of "
        f"{', '.join(titles[name] for name in facts.tested)} alone: other scanners, sites and patients may give other "
        "results.",
        "Every prompt was made from the reference mask: a box was tight. People's prompts are looser.",
        "Single 2D images or slices were segmented; the DICE is a mean over masks, not over volumes.",
    ]
    unmeasured = [titles[name] for name in titles if name not in facts.tested]
    unmeasured += [one.replace("_", " ") for one in data["objects"] if one not in {row["object"] for row in rows}]
    if unmeasured:
        found.append(f"Trained on, but without held-out masks and therefore not measured: {', '.join(unmeasured)}.")

    def said(rows: Sequence[Row], text: str) -> None:
        names = dict.fromkeys(f"{target_of(row)} ({PROMPTS.get(row['strategy'], row['strategy'])})" for row in rows)
        if names:
            found.append(f"{text}: {'; '.join(names)}.")

    said([row for row in rows if row["mean_b"] <= row["blind"]],
         "No better than the blind baseline, which never saw the image")  # fmt: skip
    known = [row for row in rows if row["low"] is not None]
    said([row for row in known if row["high"] < 0], "Worse than the base model")
    said([row for row in known if row["low"] <= 0 <= row["high"]],
         "No sure difference from the base model (the interval contains zero)")  # fmt: skip
    said([row for row in rows if row["p_value"] is None],
         "Too few held-out subjects for a test, and the interval, if any, is too narrow")  # fmt: skip
    trained = finetune["hyperparameters"].get("prompts", "box")
    if "box" in trained and any(row["strategy"] not in {"S5", "S6"} for row in rows):
        found.append("Trained with boxes only; the other prompts were measured, not trained.")
    if (profile := finetune["hyperparameters"].get("preprocess", "sam")) != "sam":
        found.append(
            f"Trained and measured on images prepared by `cosmos-eval --preprocess {profile}`, which the processor of "
            "transformers does not do: prepare images alike."
        )
    return found
