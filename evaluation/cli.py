"""The command ``cosmos-eval``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cosmos_datasets.cli.guard import GuardedGroup
from cosmos_datasets.errors import CosmosError

STRATEGIES = ("S1", "S2", "S3", "S4", "S5", "S6")


@click.group(cls=GuardedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cosmos-datasets")
def main() -> None:
    """Run the Segment Anything experiments on a built data set and report DICE.

    \b
    cosmos-eval run cosmos1050k --model facebook/sam-vit-base --out runs/sam-b
    cosmos-eval table runs/sam-b
    """


def _strategies(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in STRATEGIES]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'} is no strategy; choose of {','.join(STRATEGIES)}")
    return tuple(name for name in STRATEGIES if name in names)


@main.command()
@click.argument("dataset")
@click.option("--model", required=True, help="Hub id or folder of a SAM or SAM 2 model (safetensors).")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the run; resumed if it exists.")
@click.option("--config", default="all", show_default=True, help="A source (acdc), a modality (ct) or all.")
@click.option("--strategies", default=",".join(STRATEGIES), show_default=True, callback=_strategies,
              help="Comma separated.")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="One split only.")
@click.option("--modality", help="One modality only, e.g. 'T2W MRI'.")
@click.option("--object", "object_", help="One object only, e.g. liver; synonyms are understood.")
@click.option("--masks", type=click.Choice(["all", "union", "instances"]), default="all", show_default=True,
              help="For instance-labelled sources: unions, single instances, or both (reported apart).")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="Only the first N images.")
@click.option("--grid", type=click.IntRange(1, 256), default=32, show_default=True, help="Points a side of S1.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32", show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--preprocess", type=click.Choice(["sam", "medsam", "percentile"]), default="sam", show_default=True,
              help="sam: as the model was trained; medsam: 0-1 scaling for MedSAM's weights; "
                   "percentile: the clip of the paper's released code.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1, 8), default=1, show_default=True,
              help="Images encoded together; more than 1 pays on a GPU with a small model.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True,
              help="CPU threads of each process. Not derived from the machine, because the last digits of the "
                   "results depend on it; on a large machine prefer more --processes.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
@click.option("--convention", type=click.Choice(["standard", "released"]), default="standard", show_default=True,
              help="How HD of an empty prediction counts: undefined, or 0 as in the paper's released code.")  # fmt: skip
@click.option("--hd/--no-hd", "distances", default=True, show_default=True, help="Compute the Hausdorff distance.")
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

    Every mask gets DICE, JAC and HD twice: for the best of the model's masks (oracle, the paper's rule) and
    for the one the model itself prefers (predicted). Beside them stands a blind baseline: what ignores the image.

    An interrupted run goes on where it stopped when the same command is given again. Results do not depend on the
    number of processes. For several machines or other launchers:

    \b
    accelerate launch --num_processes 8 -m cosmos_datasets.evaluation run DATASET --model ... --out RUN

    Output: RUN/results.parquet (a row a mask and strategy), summary.json, table.csv, table.md.
    """
    from cosmos_datasets.evaluation.processes import is_launched, join, launch
    from cosmos_datasets.evaluation.run import Request, check_out, evaluate
    from cosmos_datasets.evaluation.summary import read_summary, render, wide_table

    request = Request(dataset, object=object_, **options)
    check_out(request.out)
    if processes > 1 and not is_launched():
        # Mistakes are cheaper to find before several processes start.
        _check(request)
        status = launch(processes, _without_processes(sys.argv[1:]))
        if status:
            raise CosmosError(f"the run stopped with status {status}; give the same command again to go on.")
        process, outcome = None, None
    else:
        _check(request)
        process = join(request.device, request.threads)
        outcome = evaluate(request, process)
    if process is not None and process.rank > 0:
        return
    if is_launched():
        return
    summary = read_summary(request.out)
    if as_json:
        click.echo(json.dumps(json.loads(summary.to_json(orient="records")), indent=1))
        return
    click.echo(render(wide_table(summary)))
    if outcome is not None and outcome.evaluated:
        rate = outcome.seconds / outcome.evaluated
        click.echo(f"\n{outcome.evaluated} images in {outcome.seconds:.0f} s ({rate:.2f} s an image).", err=True)
    click.echo(f"Results: {request.out / 'results.parquet'}; tables: {request.out / 'table.csv'}, table.md", err=True)


def _check(request: Any) -> None:
    """Find out quickly whether data set, selection and model are there."""
    from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint

    request.select()
    find_checkpoint(request.model)


def _without_processes(arguments: list[str]) -> list[str]:
    """The arguments for the ranks; Click has checked them already."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument != "--processes" and not argument.startswith("--processes="):
            kept.append(argument)
        skip = argument == "--processes"
    return kept


@main.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--format", "style", type=click.Choice(["text", "markdown", "csv", "json"]), default="text",
              show_default=True, help="csv and json hold every figure, text and markdown DICE.")  # fmt: skip
def table(run: Path, style: str) -> None:
    """Print the table of a finished RUN again."""
    from cosmos_datasets.evaluation.summary import read_summary, render, wide_table

    summary = read_summary(run)
    if style == "csv":
        click.echo(summary.to_csv(index=False, float_format="%.6f"), nl=False)
    elif style == "json":
        click.echo(json.dumps(json.loads(summary.to_json(orient="records")), indent=1))
    else:
        click.echo(render(wide_table(summary), "github" if style == "markdown" else "simple"))
