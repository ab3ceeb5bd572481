"""``paper``: a whole study with one command."""

from __future__ import annotations

import functools
import inspect
import signal
import sys
import textwrap
from pathlib import Path
from typing import Any

import click
from cosmos_datasets.cli.printing import say

from cosmos_datasets.evaluation.drop_cli import ranges_option
from cosmos_datasets.evaluation.grid.cli import sides_option
from cosmos_datasets.evaluation.models import PROFILES
from cosmos_datasets.evaluation.study.presets import KINDS, PRESETS

_NOTES = "\n".join(
    textwrap.fill(note, 92, initial_indent="- ", subsequent_indent="  ") for note in PRESETS["shi2023"].notes
)


def _kinds(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Parse steps, given one by one or comma separated."""
    words = [word.strip() for one in value for word in one.split(",") if word.strip()]
    unknown = [word for word in words if word not in KINDS]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)} is no step; choose of {','.join(KINDS)}")
    return tuple(words)


def _ranges(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Find mistakes now, not when the step comes."""
    if not ranges_option(context, parameter, value):
        raise click.BadParameter("name at least one range, or leave the step out: --skip randomness,drop")
    return value


def _sides(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        sides_option(context, parameter, value)
    return value


def _profiles(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Parse ``medsam`` and ``MODEL=medsam``."""
    found = []
    for one in value:
        model, profile = one.rpartition("=")[::2]
        if profile not in PROFILES:
            raise click.BadParameter(f"{profile!r} is no profile; choose of {', '.join(PROFILES)}")
        found.append((model, profile))
    return tuple(found)


@click.command(short_help="A whole study with one command, and a report of it.")
@click.argument("dataset")
@click.option("--model", "models", multiple=True, required=True,
              help="As for cosmos-eval run; given several times, they are compared.")  # fmt: skip
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the study; goes on if it exists."
)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="paper", show_default=True, help="Which study.")
@click.option("--plan", "only_plan", is_flag=True, help="Print what it is going to take, and stop.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--skip", multiple=True, callback=_kinds, metavar="STEPS",
              help=f"Leave out, comma separated: {', '.join(KINDS)}.")  # fmt: skip
@click.option("--finetune", is_flag=True, help="Fine-tune each model too.")
@click.option("--subset", type=click.IntRange(1),
              help="Only N masks of each target, spread over sources, subjects and along volumes.")  # fmt: skip
@click.option("--subset-seed", type=click.IntRange(0), default=0, show_default=True, help="Of the choice of --subset.")
@click.option("--config", default="", help="A source (acdc), a modality (ct), several (acdc,chaos) or all; by default "
                                           "what the preset says.")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="One split only.")
@click.option("--modality", help="One modality only, e.g. 'T2W MRI'.")
@click.option("--object", "object_", help="One object only, e.g. liver, or several: liver,kidney.")
@click.option("--masks", type=click.Choice(["all", "union", "instances"]), default="all", show_default=True,
              help="For instance-labelled sources: unions, single instances, or both (reported apart).")  # fmt: skip
@click.option("--fold", type=click.IntRange(0, 4), help="One fold of five over the subjects only.")
@click.option("--grid", type=click.IntRange(1, 256), help="Points a side of S1, 32 by default.")
@click.option("--sides", callback=_sides, help="Grids of the step grid, 8,16,32,64,128,256 by default.")
@click.option("--clicks", type=click.IntRange(1, 100), help="Of the step interactive, 10 by default.")
@click.option("--jitter", default="0-10,10-20,20-30", show_default=True, callback=_ranges, metavar="RANGES",
              help="Pixels by which the step randomness moves prompts.")  # fmt: skip
@click.option("--repeats", type=click.IntRange(1), help="Draws of each range of --jitter, 3 by default.")
@click.option("--train-cases", type=click.IntRange(0),
              help="Few-shot: fine-tune on N cases of each source by itself; 0 for all at once.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), help="Of fine-tuning, 20 by default.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="float32 by default.")
@click.option("--preprocess", "profiles", multiple=True, callback=_profiles, metavar="[MODEL=]PROFILE",
              help=f"{', '.join(PROFILES)} (the first by default), as for cosmos-eval run; for one model only: "
                   "flaviagiammarino/medsam-vit-base=medsam.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1, 8), help="Images encoded together, 1 by default.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads of each process, 2 by default.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
def paper(
    models: tuple[str, ...],
    object_: str | None,
    only_plan: bool,
    yes: bool,
    skip: tuple[str, ...],
    finetune: bool,
    device: str,
    processes: int,
    **options: Any,
) -> None:
    """Carry out a whole study on DATASET (a folder made by cosmos-datasets build, or a Hub id).

    \b
    cosmos-eval paper cosmos1050k --model tiny --subset 20 --out study --plan
    cosmos-eval paper cosmos1050k --model facebook/sam-vit-base --model facebook/sam-vit-huge \\
        --processes 8 --out study
    cosmos-eval paper cosmos1050k --model tiny --preset shi2023 --out neighbours

    Its steps are commands of cosmos-eval, each in a process of its own and shown as you would type it:

    \b
      zero-shot    run, S1 to S6, with the masks that annotation and pictures need
      randomness   run, S2 to S6 with moved prompts              drop         of its scores
      factors      of the zero-shot DICE                         interactive  simulated clicks
      annotation   effort to correct the zero-shot masks         grid         S1 with coarse and fine grids
      efficiency   seconds and memory                            finetune     where asked for
      compare      every two models                              report       over all of it

    A plan with an estimate comes first. What is done is kept: the same command goes on where it stopped, also with
    further models beside the earlier ones. If a step fails, those that do not need it are carried out all the same.
    --subset makes a small study that is faithful to the large one.

    Output: DIR/MODEL/STEP, DIR/compare, DIR/report/index.html, and DIR/study.json.
    """
    from cosmos_datasets.errors import CosmosError
    from cosmos_datasets.evaluation.processes import is_launched
    from cosmos_datasets.evaluation.study.conduct import summary
    from cosmos_datasets.evaluation.study.question import Question
    from cosmos_datasets.evaluation.study.run import prepare, render
    from cosmos_datasets.evaluation.study.runner import run_module

    # A batch system that ends a job gets what Ctrl-C gets; and the commands must not inherit an ignored SIGINT.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.default_int_handler)
    if is_launched():
        raise CosmosError("paper starts its own processes; give it --processes N instead of torchrun or accelerate.")
    tell = functools.partial(say, err=True)
    question = Question(models=models, object=object_, **options)
    study = prepare(question, run_module, device=device, processes=processes, skip=skip, finetune=finetune, say=tell)
    say(render(study), err=not only_plan)
    if only_plan or study.is_done:
        return
    if not (yes or sys.stdin.isatty()):
        raise CosmosError("nobody is there to ask whether to begin; give --yes.")
    if not yes:
        click.confirm("\nBegin?", abort=True, err=True)
    outcome = study.conduct(run_module, tell)
    tell(f"\n{summary(outcome)}")
    if "report" in outcome.done:
        say(question.out / "report" / "index.html")
    if outcome.failed:
        click.get_current_context().exit(1)


# What is not known of the neighbouring study belongs into the help; a docstring cannot hold what a table says.
paper.help = f"{inspect.cleandoc(paper.help or '')}\n\n\b\nOf --preset shi2023, {PRESETS['shi2023'].title}:\n{_NOTES}"
