"""``interactive``: simulated clicks, and DICE against their number."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from cosmos_datasets.cli.printing import plural, say
from cosmos_datasets.evaluation.interactive import RULES, SCORES, Clicking, Score
from cosmos_datasets.evaluation.remembering import Remembering
from cosmos_datasets.evaluation.shared_options import format_option, inference_options, selection_options
from cosmos_datasets.evaluation.starting import started


@click.command(cls=Remembering, short_help="Simulated clicks: DICE against their number.")
@click.argument("dataset")
@click.option("--model", required=True, help="As for cosmos-eval run: a Hub id, a folder, or tiny.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run; resumed if it exists.")
@click.option("--clicks", type=click.IntRange(1, 100), default=10, show_default=True, help="On a mask, at most.")
@click.option("--rule", type=click.Choice(list(RULES)), default="ritm", show_default=True,
              help="Of the next click: the literature's, or the largest region that is wrong.")  # fmt: skip
@click.option("--previous-mask/--no-previous-mask", default=True, show_default=True,
              help="Whether the model is given the logits of its answer before.")  # fmt: skip
@click.option("--noc", type=click.Choice(list(SCORES)), default="iou", show_default=True,
              help="What NoC counts clicks until, in text and markdown; csv and json hold both.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Of --rule largest-region: of the draws where several pixels are equally far from the "
                   "border.")  # fmt: skip
@selection_options
@inference_options
@click.option("--batch-size", type=click.IntRange(1, 8), default=1, show_default=True, help="Images encoded together.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
@format_option
def interactive(
    dataset: str,
    object_: str | None,
    clicks: int,
    rule: str,
    previous_mask: bool,
    seed: int,
    noc: Score,
    processes: int,
    style: str,
    **options: Any,
) -> None:
    """Click on every mask of DATASET as a user would, and follow DICE click by click.

    The first click is the pixel of the reference farthest from its border. Each next one is set where the mask shown
    is wrong, positive where it lacks something and negative where it is too much:

    \b
    ritm            at the pixel farthest from the border of all that is missing, or of all that is too much, whichever
                    is farther (Sofiiuk et al. 2022, and the evaluations of FocalClick and SimpleClick)
    largest-region  in the largest connected region, at the pixel farthest from its border (Xu et al. 2016)

    The mask shown is the one that the model itself prefers. The model is given all clicks so far as points and, unless
    --no-previous-mask, the low-resolution logits of the mask shown before. The literature stops at --clicks 20.

    \b
    NoC@90  clicks until the IoU (or DICE, by --noc) is 0.90, N where it never is; in brackets the share of these masks
    area    under DICE against clicks 1 to N, 0 to 1
    blind   DICE of a disc of the mean size about the first click, made without the image

    An interrupted run goes on where it stopped when the same command is given again.

    Output: RUN/clicks.parquet (a row a mask and click), summary.json, table.csv, table.md, curves.png.
    """
    from cosmos_datasets.evaluation.interactive.run import interact
    from cosmos_datasets.evaluation.run import Request

    request = Request(dataset, object=object_, **options)
    request.check()
    with started(processes, request.device, request.threads) as process:
        announce = functools.partial(say, err=True)
        clicking = Clicking(clicks, rule, previous_mask, seed)
        outcome = interact(request, clicking, process, noc=noc, announce=announce)
        if process.rank == 0:
            _print(request.out, style, noc)
            rate = f" in {outcome.seconds:.0f} s" if outcome.evaluated else ""
            say(f"\n{plural(outcome.evaluated, 'image')} evaluated now{rate}.", err=True)
            files = "clicks.parquet, summary.json, table.csv, table.md, curves.png"
            say(f"In {request.out}: {files}", err=True)


def _print(run: Path, style: Any, noc: Score) -> None:
    from cosmos_datasets.evaluation.interactive.store import RESULTS
    from cosmos_datasets.evaluation.interactive.summary import render, summarise
    from cosmos_datasets.evaluation.statistics.formats import to_text

    summary = summarise(run / RESULTS)
    say(to_text(summary, style) if style in {"csv", "json"} else render(summary, noc, style), nl=False)
