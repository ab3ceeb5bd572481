"""The measured results of a fine-tuned model in the two forms that the Hub reads: model-index and .eval_results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cosmos_datasets.vocabulary import slug

#: What prompts the model, in words.
PROMPTS = {
    "S1": "everything",
    "S2": "1 point",
    "S3": "5 points",
    "S4": "5 points inside, 5 outside",
    "S5": "box",
    "S6": "box and 1 point",
}
_DIGITS = 4

Facts = Mapping[str, Any]


def means(comparison: Facts) -> list[dict[str, Any]]:
    """The mean over targets of every strategy, unions only."""
    return [row for row in comparison["overall"] if row["over"] == "mean over targets" and row["masks_are"] == "union"]


def target_of(row: Facts) -> str:
    """``left ventricle, Cine-MRI``, and whether it is of single instances."""
    name = f"{row['object']}, {row['modality']}".replace("_", " ")
    return f"{name} (instances)" if row["masks_are"] == "instances" else name


def eval_results(finetune: Facts, comparison: Facts, dataset_id: str | None) -> list[Any]:
    """The DICE of the model for ``ModelCardData``, which makes ``model-index`` of it.

    Args:
        finetune: ``finetune.json``.
        comparison: before and after, as data.
        dataset_id: of the data set on the Hub, where it is known.
    """
    from huggingface_hub import EvalResult

    data = finetune["dataset"]
    named: list[tuple[str, Facts]] = [("mean over targets", row) for row in means(comparison)]
    named += [(target_of(row), row) for row in comparison["rows"]]
    return [
        EvalResult(
            task_type="mask-generation",
            task_name=f"Promptable segmentation, held out: {finetune['held_out']}",
            dataset_type=dataset_id or data["location"],
            dataset_name=f"COSMOS 1050K ({', '.join(data['sources'])})",
            dataset_config=data["config"],
            dataset_split="test" if finetune["held_out"].startswith("official") else None,
            dataset_args={"data_revision": data["revision"], "held_out": finetune["held_out"]},
            metric_type="dice",
            metric_name=f"DICE, {PROMPTS.get(row['strategy'], row['strategy'])}: {name}",
            metric_value=round(row["mean_b"], _DIGITS),
            metric_args={"strategy": row["strategy"], "choice": comparison["choice"], "masks": row["masks"]},
        )
        for name, row in named
    ]


def eval_results_yaml(finetune: Facts, comparison: Facts, dataset_id: str, source_url: str) -> str:
    """The content of a file of ``.eval_results``: the same figures, tied to a data set on the Hub.

    Args:
        finetune: ``finetune.json``.
        comparison: before and after, as data.
        dataset_id: of the data set on the Hub.
        source_url: where the figures can be looked up.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    config = slug(finetune["dataset"]["config"])
    named: list[tuple[Sequence[str], str, Facts]] = [((), "mean over targets", row) for row in means(comparison)]
    named += [
        ((slug(row["object"]), slug(row["modality"]), *(["instances"] if row["masks_are"] == "instances" else [])),
         target_of(row), row)
        for row in comparison["rows"]
    ]  # fmt: skip
    entries = [
        EvalResultEntry(
            dataset_id=dataset_id,
            task_id="_".join([config, row["strategy"].lower(), *words]),
            value=round(row["mean_b"], _DIGITS),
            source_url=source_url,
            source_name="Comparison with the base model",
            notes=(
                f"DICE (0-1) of {name}, prompt: {PROMPTS.get(row['strategy'], row['strategy'])}, the mask that the "
                f"model prefers; {row['masks']} masks of {row['groups']} held-out subjects ({finetune['held_out']}); "
                f"base model {row['mean_a']:.{_DIGITS}f}"
            ),
        )
        for words, name, row in named
    ]
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, width=120)
