"""The command ``cosmos-eval``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.guard import GuardedGroup
from cosmos_datasets.cli.printing import plural, say
from cosmos_datasets.evaluation.annotation.cli import annotation
from cosmos_datasets.evaluation.compare_cli import compare
from cosmos_datasets.evaluation.drop_cli import drop, ranges_option
from cosmos_datasets.evaluation.efficiency.cli import efficiency
from cosmos_datasets.evaluation.factors.cli import factors
from cosmos_datasets.evaluation.finetune.cli import finetune
from cosmos_datasets.evaluation.gallery_cli import gallery
from cosmos_datasets.evaluation.grid.cli import grid
from cosmos_datasets.evaluation.interactive.cli import interactive
from cosmos_datasets.evaluation.prompts_cli import prompts
from cosmos_datasets.evaluation.push_cli import push
from cosmos_datasets.evaluation.remembering import STRATEGIES, Remembering, strategies_option
from cosmos_datasets.evaluation.report.cli import report
from cosmos_datasets.evaluation.shared_options import Finite, filter_options, inference_options, selection_options
from cosmos_datasets.evaluation.starting import started
from cosmos_datasets.evaluation.statistics.cli import print_summary, seen, table
from cosmos_datasets.evaluation.study.cli import paper

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.run import Outcome, Request


@click.group(cls=GuardedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cosmos-datasets")
def main() -> None:
    """Run the Segment Anything experiments on a built data set and report DICE.

    \b
    cosmos-eval run cosmos1050k --model facebook/sam-vit-base --out runs/sam-b
    cosmos-eval table runs/sam-b
    """


@main.command(cls=Remembering)
@click.argument("dataset")
@click.option(
    "--model",
    required=True,
    help="Hub id or folder of a SAM (or MedSAM), SAM-HQ, SAM 2, EdgeTAM or SAM 3 model (safetensors); tiny is the "
    "small one of this package.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run; resumed if it exists.")
@click.option("--strategies", default=",".join(STRATEGIES), show_default=True, callback=strategies_option,
              help="Comma separated.")  # fmt: skip
@selection_options
@click.option("--grid", type=click.IntRange(1, 256), default=32, show_default=True, help="Points a side of S1.")
@filter_options
@click.option("--jitter", default="", callback=ranges_option, metavar="RANGES",
              help="Also with prompts moved by so many pixels, e.g. 0-10,10-20,20-30 (S2 to S6).")  # fmt: skip
@click.option(
    "--repeats", type=click.IntRange(1), default=3, show_default=True, help="Draws of each range of --jitter."
)
@click.option("--who", type=click.Choice(["centre", "all"]), default="centre", show_default=True,
              help="Which points --jitter moves: the first one, or every one.")  # fmt: skip
@click.option("--box", type=click.Choice(["moved", "enlarged"]), default="moved", show_default=True,
              help="What --jitter does to a box: shift it, or move its sides outwards.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1, 8), default=1, show_default=True,
              help="Images encoded together; more than 1 pays on a GPU with a small model.")  # fmt: skip
@inference_options
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
@click.option("--convention", type=click.Choice(["standard", "released"]), default="standard", show_default=True,
              help="HD of an empty prediction: undefined, or 0 as in the paper's released code.")  # fmt: skip
@click.option("--hd/--no-hd", "distances", default=True, show_default=True,
              help="Compute the surface distances: HD, HD95, ASD and NSD.")  # fmt: skip
@click.option("--tolerance", type=Finite(0), default=2.0, show_default=True,
              help="Of NSD in pixels: how far apart surfaces may be and still agree.")  # fmt: skip
@click.option("--tolerance-mm", type=Finite(0), default=2.0, show_default=True,
              help="Of NSD in millimetres, where the data set knows the size of a pixel.")  # fmt: skip
@click.option("--save-masks", is_flag=True, help="Keep every predicted mask, not only those for pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of a table.")
def run(dataset: str, object_: str | None, processes: int, as_json: bool, **options: Any) -> None:
    """Evaluate a model on DATASET (a folder made by cosmos-datasets build, or a Hub id).

    \b
    Strategies, prompts made from each reference mask:
      S1  everything: a grid of points, the best mask found for each target
      S2  one positive point          S3  five positive points
      S4  five positive, five negative points
      S5  box                         S6  box and one point

    Every mask gets DICE, JAC and the surface distances HD, HD95, ASD and NSD (in pixels and in millimetres)
    twice: for the best of the model's masks (oracle, the paper's rule) and for the one the model itself prefers
    (predicted). Beside them stands a blind baseline: what ignores the image.

    An interrupted run goes on where it stopped when the same command is given again. Results do not depend on the
    number of processes. For several machines or other launchers:

    \b
    accelerate launch --num_processes 8 -m cosmos_datasets.evaluation run DATASET --model ... --out RUN

    Output: RUN/results.parquet (a row a mask and strategy), summary.json, table.csv, table.md.
    """
    from cosmos_datasets.evaluation.run import Request, evaluate

    request = Request(dataset, object=object_, **options)
    request.check()
    with started(processes, request.device, request.threads) as process:
        outcome = evaluate(request, process, announce=functools.partial(say, err=True))
        if process.rank == 0:
            _report(request, outcome, process.ranks, as_json)


def _report(request: Request, outcome: Outcome, processes: int, as_json: bool) -> None:
    print_summary(request.out, "json" if as_json else "text")
    if outcome.evaluated:
        rate = outcome.seconds / outcome.evaluated
        whose = "" if processes == 1 else " by the first process"
        say(
            f"\n{plural(outcome.evaluated, 'image')}{whose} in {outcome.seconds:.0f} s ({rate:.2f} s an image).",
            err=True,
        )
    say(f"In {request.out}: results.parquet, summary.json, table.csv, table.md", err=True)


main.add_command(table)
main.add_command(gallery)
main.add_command(factors)
main.add_command(annotation)
main.add_command(compare)
main.add_command(seen)
main.add_command(drop)
main.add_command(interactive)
main.add_command(paper)
main.add_command(grid)
main.add_command(efficiency)
main.add_command(finetune)
main.add_command(push)
main.add_command(prompts)
main.add_command(report)
