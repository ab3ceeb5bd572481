"""``finetune``: train a model on a part of the subjects, and show on others what it gained."""

from __future__ import annotations

import functools
import json
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from cosmos_datasets.cli.printing import say
from click.core import ParameterSource

from cosmos_datasets.cli.printing import print_json
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.recipe import METHODS, PRECISIONS, Recipe
from cosmos_datasets.evaluation.remembering import Remembering, strategies_option
from cosmos_datasets.evaluation.shared_options import Finite, preprocess_option
from cosmos_datasets.evaluation.starting import started

_RECIPE = {one.name for one in fields(Recipe)}


@click.command(cls=Remembering, short_help="Fine-tune a model, and compare it with the untouched one.")
@click.argument("dataset")
@click.option("--model", required=True,
              help="As for cosmos-eval run: a Hub id or a folder of any family of models, or tiny.")  # fmt: skip
@click.option("--method", type=click.Choice(METHODS), default="decoder", show_default=True,
              help="Train the mask decoder; it and low-rank additions to the encoder; or everything.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Folder of the result; goes on if it exists.")  # fmt: skip
@click.option("--config", default="all", show_default=True, help="A source (acdc), a modality (ct) or all.")
@click.option("--objects", help="Only these, e.g. liver,kidney; synonyms are understood.")
@click.option("--modality", help="One modality only, e.g. 'T2W MRI'.")
@click.option("--masks", type=click.Choice(["all", "union", "instances"]), default="all", show_default=True,
              help="For instance-labelled sources: unions, single instances, or both.")  # fmt: skip
@click.option("--test-fold", type=click.IntRange(0, 4), default=0, show_default=True,
              help="Fold that is held out where the data has no official test split.")  # fmt: skip
@click.option("--train-cases", type=click.IntRange(1), help="Few-shot: train on N cases, drawn by the seed.")
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=2, show_default=True,
              help="Images of a batch, over all processes together.")  # fmt: skip
@click.option("--gradient-accumulation", type=click.IntRange(1), default=1, show_default=True,
              help="Batches of a step of the optimiser.")  # fmt: skip
@click.option("--learning-rate", type=Finite(0, min_open=True), default=1e-4, show_default=True)
@click.option("--weight-decay", type=Finite(0), default=0.01, show_default=True)
@click.option("--jitter", type=click.IntRange(0), default=0, show_default=True,
              help="Move every edge of a training box by up to so many pixels.")  # fmt: skip
@click.option("--masks-per-image", type=click.IntRange(1), default=16, show_default=True,
              help="At most so many masks of an image in an epoch, drawn anew each time.")  # fmt: skip
@click.option("--mixed-precision", type=click.Choice(PRECISIONS), default="no", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--peft-config", "peft", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="JSON with a configuration of peft, for --method lora.")  # fmt: skip
@click.option("--strategies", default="S5", show_default=True, callback=strategies_option,
              help="Prompts of the evaluation before and after.")  # fmt: skip
@click.option("--embeddings", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for embeddings that is kept and may be shared by several fine-tunings.")  # fmt: skip
@click.option("--embeddings-dtype", type=click.Choice(["float16", "float32"]), default="float16", show_default=True)
@click.option("--save-every", type=click.IntRange(1), default=100, show_default=True,
              help="Steps between two states to go on from; there is one after every epoch too.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@preprocess_option
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="CPU threads of each process.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON instead of a table.")
def finetune(processes: int, as_json: bool, peft: Path | None, **options: Any) -> None:
    """Fine-tune a model on DATASET (a folder made by cosmos-datasets build, or a Hub id).

    \b
    cosmos-eval finetune cosmos1050k --config msd --objects hippocampus --model facebook/sam-vit-base --out tuned
    cosmos-eval finetune cosmos1050k --config ct --objects liver --train-cases 10 --model tiny --out few
    cosmos-eval finetune cosmos1050k --config acdc --model facebook/sam2-hiera-tiny --method lora --jitter 5 \\
        --processes 2 --mixed-precision bf16 --out lora

    Subjects are divided first: the official test split is held out where there is one, and the official validation
    split chooses the epoch; elsewhere one fold of the subjects is held out, the next one chooses, the others train.

    Prompts are boxes. The loss is Dice and cross-entropy of the best of the model's three masks, and the error of its
    IoU estimates, so that the mask which the model itself prefers gets better too. The epoch of the best validation
    DICE is kept. At last the untouched and the fine-tuned model are evaluated on the held-out masks and compared.

    An interrupted fine-tuning goes on where it stopped when the same command is given again. Two processes do the
    work of one, on the same batches. For several machines:

    \b
    accelerate launch --num_processes 8 -m cosmos_datasets.evaluation finetune DATASET --model ... --out OUT

    Output: OUT is a checkpoint for transformers (SamModel.from_pretrained("OUT")); beside it finetune.json,
    comparison.json, evaluation/before and evaluation/after, for lora adapter/, and training/ with metrics.jsonl and
    the log for TensorBoard.
    """
    from cosmos_datasets.evaluation.finetune.run import FinetuneRequest, finetune

    hyperparameters = {name: value for name, value in options.items() if name in _RECIPE}
    recipe = Recipe(**hyperparameters, peft=_peft_config(peft, options["method"]))
    others = {name: value for name, value in options.items() if name not in _RECIPE}
    request = FinetuneRequest(**others, recipe=recipe, command=_command(click.get_current_context()))
    request.check()
    with started(processes, request.device, request.threads) as process:
        comparison = finetune(request, process, announce=functools.partial(say, err=True))
    if comparison is None:
        return
    from cosmos_datasets.evaluation.compare_table import render

    if as_json:
        print_json(comparison.to_json())
    else:
        say("DICE before (A) and after (B) on the held-out masks")
        say(render(comparison))
    say(f"In {request.out}: model.safetensors, finetune.json, comparison.json, evaluation/", err=True)


def _peft_config(path: Path | None, method: str) -> dict[str, Any] | None:
    if path is None:
        return None
    if method != "lora":
        raise CosmosError("--peft-config goes with --method lora.")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CosmosError(f"{path} is not JSON: {error}") from error
    if not isinstance(settings, dict):
        raise CosmosError(f'{path} is not a JSON object such as {{"peft_type": "LORA", "r": 8}}.')
    return settings


def _command(context: click.Context) -> str:
    """The command without what only this machine knows: of paths the last part."""
    words = ["cosmos-eval", "finetune"]
    for parameter in context.command.params:
        name = str(parameter.name)
        value = context.params.get(name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in {"as_json", "embeddings"}:
            continue
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        if isinstance(value, Path) or (name in {"dataset", "model"} and Path(text).exists()):
            text = Path(text).resolve().name
        words += [text] if isinstance(parameter, click.Argument) else [parameter.opts[0], text]
    return shlex.join(words)
