"""``annotation``: what a run's masks save an annotator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from cosmos_datasets.cli.printing import say

from cosmos_datasets.evaluation.shared_options import Finite, format_option

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.annotation.reading import Choice

_SECONDS = Finite(0)


@click.command(short_help="Human correction effort of the masks, and annotation time by a stated model.")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("dataset")
@click.option("--by", type=click.Choice(["target", "modality", "source"]), default="target", show_default=True,
              help="What a row of the table holds; modality and source pool targets mask by mask.")  # fmt: skip
@click.option("--choice", type=click.Choice(["oracle", "predicted"]), default="oracle", show_default=True,
              help="The best of the model's masks (the paper's rule), or the one it prefers.")  # fmt: skip
@click.option("--gamma", type=click.IntRange(0, 1000), default=5, show_default=True,
              help="Relaxation in pixels: thinner errors need no correction.")  # fmt: skip
@click.option("--epsilon", type=Finite(0, 1e6), default=2.0, show_default=True,
              help="Tolerance of drawn outlines in pixels.")  # fmt: skip
@click.option("--point-seconds", "point", type=_SECONDS, default=2.4, show_default=True,
              help="First point of a prompt (Bearman et al. 2016).")  # fmt: skip
@click.option("--further-point-seconds", "further_point", type=_SECONDS, default=0.9, show_default=True,
              help="Every other point of a prompt (Bearman et al. 2016).")  # fmt: skip
@click.option("--box-seconds", "box", type=_SECONDS, default=7.0, show_default=True,
              help="A box, by extreme clicking (Papadopoulos et al. 2017).")  # fmt: skip
@click.option("--polygon-point-seconds", "polygon_point", type=_SECONDS, default=2.0, show_default=True,
              help="A corner of an outline (assumed).")  # fmt: skip
@click.option("--region-seconds", "region", type=_SECONDS, default=2.4, show_default=True,
              help="A region that goes or comes by one click (assumed).")  # fmt: skip
@format_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that measure masks.")
def annotation(
    run: Path, dataset: str, by: str, choice: str, gamma: int, epsilon: float, style: str, workers: int, **given: float
) -> None:
    """Count the clicks that turn the predicted masks of a finished RUN on DATASET into the references.

    The count is the human correction effort (HCE) of Qin et al. (ECCV 2022): corners of outlines to draw and regions
    to click away or in. Beside it stand the effort from the blind baseline, which ignores the image, and from
    nothing; what is saved is the share of the latter. Seconds follow from the prompt and these clicks, by assumptions
    that the report repeats.

    The run must have kept its masks: cosmos-eval run … --save-masks.

    \b
    cosmos-eval annotation runs/sam-b cosmos1050k
    cosmos-eval annotation runs/sam-b cosmos1050k --by modality --format csv > annotation.csv
    """
    from cosmos_datasets.cli.printing import print_json
    from cosmos_datasets.evaluation.annotation.measure import measure
    from cosmos_datasets.evaluation.annotation.tables import cells, group
    from cosmos_datasets.evaluation.annotation.time_model import Seconds, assumptions
    from cosmos_datasets.evaluation.statistics.formats import records, to_text

    seconds = Seconds(**given)
    chosen: Choice = "oracle" if choice == "oracle" else "predicted"
    measured = measure(run, dataset, choice=chosen, seconds=seconds, gamma=gamma, epsilon=epsilon, workers=workers)
    table = group(measured, by)
    if style == "json":
        settings = {"choice": choice, "gamma": gamma, "epsilon": epsilon, "seconds": given}
        facts = {"run": str(run), "by": by, **settings, "assumptions": assumptions(seconds)}
        print_json({**facts, "annotation": records(table)})
        return
    say(to_text(table, "csv") if style == "csv" else to_text(cells(table, by), style), nl=False)  # type: ignore[arg-type]
    # A CSV stays a CSV: its assumptions go beside it.
    lines = [f"HCE with gamma {gamma}, epsilon {epsilon:g}; the mask that is {choice}.", *assumptions(seconds)]
    say("\n" + "\n".join(f"- {line}" for line in lines), err=style == "csv")
