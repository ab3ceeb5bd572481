"""``grid``: everything mode over grids of several sides."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click
from cosmos_datasets.cli.printing import say

from cosmos_datasets.evaluation.remembering import Remembering
from cosmos_datasets.evaluation.shared_options import (
    filter_options,
    format_option,
    inference_options,
    selection_options,
)
from cosmos_datasets.evaluation.starting import started

_LARGEST = 256
_PAPER = "8,16,32,64,128,256"


def sides_option(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    """Parse ``8,16,32``: whole numbers, into ascending order."""
    words = [word.strip() for word in value.split(",") if word.strip()]
    bad = [word for word in words if not (word.isascii() and word.isdigit() and 1 <= int(word) <= _LARGEST)]
    if bad or not words:
        raise click.BadParameter(f"{', '.join(bad) or 'nothing'} is no side: whole numbers from 1 to {_LARGEST}")
    return tuple(sorted({int(word) for word in words}))


@click.command(cls=Remembering, short_help="Everything mode over several grids: DICE and seconds.")
@click.argument("dataset")
@click.option("--model", required=True, help="As for cosmos-eval run: a Hub id, a folder, or tiny.")
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Folder of the study; resumed if it exists.")  # fmt: skip
@click.option("--sides", default=_PAPER, show_default=True, callback=sides_option,
              help="Points a side of the grids, comma separated.")  # fmt: skip
@click.option("--timed", type=click.IntRange(1), default=3, show_default=True,
              help="Images on which everything mode is timed, spread over those chosen.")  # fmt: skip
@click.option("--plan", "only_plan", is_flag=True, help="Print what it is going to take, and stop.")
@filter_options
@selection_options
@inference_options
@click.option("--batch-size", type=click.IntRange(1, 8), default=1, show_default=True, help="Images encoded together.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True,
              help="Processes on this machine; each takes its own GPU where there are any.")  # fmt: skip
@click.option("--hd/--no-hd", "distances", default=False, show_default=True,
              help="Compute the surface distances too; they are in the tables of the runs.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@format_option
def grid(
    dataset: str,
    sides: tuple[int, ...],
    object_: str | None,
    timed: int,
    only_plan: bool,
    processes: int,
    seed: int,
    style: Any,
    **options: Any,
) -> None:
    """Run everything mode (S1) on DATASET with grids of 8 x 8 to 256 x 256 points: the paper's Table 5.

    For every side: DICE of the best mask found for each target with its 95 % interval over subjects, beside it the
    blind baseline; for how many targets nothing was found; how many masks everything mode keeps for an image, and how
    many seconds it takes.

    Time grows with the number of points. A plan with an estimate comes first; on a CPU the large sides take hours even
    for a few images, so ask for fewer --sides, or choose images:

    \b
    cosmos-eval grid cosmos1050k --model facebook/sam-vit-base --out grids
    cosmos-eval grid cosmos1050k --model tiny --sides 8,16,32 --config acdc --limit 20 --out grids-acdc
    cosmos-eval grid cosmos1050k --model tiny --out grids --plan

    Every side is a run of its own, OUT/grid-008 and so on, for cosmos-eval table, gallery and compare; each encodes
    the images again. A study that was interrupted goes on where it stopped when the same command is given again, and
    more sides can be added: the tables are of the sides asked for.

    Output: OUT/grid.csv and grid.json (every figure), grid.md, grid.png, grid.pdf.
    """
    from cosmos_datasets.evaluation.grid.tables import render
    from cosmos_datasets.evaluation.statistics.formats import to_text
    from cosmos_datasets.evaluation.grid.sides import check
    from cosmos_datasets.evaluation.run import Request

    request = Request(dataset, object=object_, strategies=("S1",), **options)
    check(request, sides)
    with started(processes, request.device, request.threads) as process:
        from cosmos_datasets.evaluation.grid.run import FILES, plan, study

        announce = functools.partial(say, err=True)
        if process.rank == 0:
            say(plan(request, sides, process, timed), err=not only_plan)
        if only_plan:
            return
        table = study(request, sides, process, timed=timed, seed=seed, announce=announce)
        if table is not None:
            say(to_text(table, style) if style in {"csv", "json"} else render(table, style), nl=False)
            say(f"\nIn {request.out}: {', '.join(FILES)}, and a run for each side", err=True)
