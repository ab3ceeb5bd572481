"""Reading what ``cosmos-eval finetune`` left: the model, how it was made, and what it reaches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.compare import Comparison, compare
from cosmos_datasets.evaluation.models.checkpoint import FINETUNED, Checkpoint, read_checkpoint

_MADE_BY = "cosmos-eval push takes the folder that cosmos-eval finetune made (--out)"
_FIELDS = {
    *("base_model", "base_digest", "family", "method", "dataset", "groups", "masks", "held_out"),
    *("hyperparameters", "best", "versions", "command"),
}


@dataclass(frozen=True)
class FinetunedModel:
    """A fine-tuned model with its results.

    Attributes:
        checkpoint: its files.
        report: ``finetune.json``.
        predicted: before and after for the mask that the model itself prefers.
        oracle: the same for the best of its masks.
        tested: ids of the sources that the held-out masks are of.
    """

    checkpoint: Checkpoint
    report: dict[str, Any]
    predicted: Comparison
    oracle: Comparison
    tested: tuple[str, ...]


def read_finetuned(folder: Path) -> FinetunedModel:
    """Read a folder and make sure that its results are those of its weights.

    Raises:
        CosmosError: if it was not made by ``cosmos-eval finetune``, has no results, or those of other weights.
    """
    report = _report(folder)
    checkpoint = read_checkpoint(folder, folder.resolve().name)
    before, after = (_run(folder, when) for when in ("before", "after"))
    seed = int(report["hyperparameters"].get("seed", 0))
    predicted = compare(before, after, choice="predicted", seed=seed)
    oracle = compare(before, after, choice="oracle", seed=seed)
    for when, measured, expected in (
        ("before", predicted.a.model_digest, report["base_digest"]),
        ("after", predicted.b.model_digest, checkpoint.digest),
    ):
        if measured != expected:
            raise CosmosError(
                f"{folder / 'evaluation' / when} holds results of other weights ({measured[:8]}) than "
                f"{'the base model' if when == 'before' else 'those in ' + str(folder)} ({expected[:8]}): a card must "
                f"say what this model reaches. Delete {folder / 'evaluation' / when} and give the command of the "
                f"fine-tuning again, which then evaluates anew: {report['command']}"
            )
    tested = pq.read_table(after / "results.parquet", columns=["source"])["source"].unique().to_pylist()
    return FinetunedModel(checkpoint, report, predicted, oracle, tuple(sorted(tested)))


def _report(folder: Path) -> dict[str, Any]:
    path = folder / FINETUNED
    if not path.is_file():
        kind = (
            "the folder of a run, which holds no model" if (folder / "run.json").is_file() else f"has no {FINETUNED}"
        )
        raise CosmosError(f"{folder} {'is ' if kind[0] == 't' else ''}{kind}. {_MADE_BY}.")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CosmosError(f"{path} is damaged ({error}). {_MADE_BY}.") from error
    missing = sorted(_FIELDS - set(report)) if isinstance(report, dict) else ["everything"]
    if missing:
        raise CosmosError(f"{path} lacks {', '.join(missing)}. {_MADE_BY}.")
    found: dict[str, Any] = report
    return found


def _run(folder: Path, when: str) -> Path:
    run = folder / "evaluation" / when
    if not (run / "results.parquet").is_file():
        raise CosmosError(
            f"{folder} has no results {when} the fine-tuning ({run} holds no finished run), and a model is not shared "
            "without. Give the command of the fine-tuning again: it goes on behind the training and evaluates both "
            "models on the held-out masks."
        )
    return run
