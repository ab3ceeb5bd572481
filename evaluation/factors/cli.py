"""``factors``: what explains the DICE of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from cosmos_datasets.cli.printing import say

_UNITS = ("strategy", "target", "modality", "source", "label")


@click.command(short_help="Correlate DICE with size, shape, contrast and modality.")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("dataset")
@click.option("--by", type=click.Choice(_UNITS), default="strategy", show_default=True,
              help="Within what the correlations are computed: per strategy, or per strategy within each target, "
                   "modality, source or label.")  # fmt: skip
@click.option("--choice", type=click.Choice(["oracle", "predicted"]), default="oracle", show_default=True,
              help="DICE of the best of the model's masks (the paper's rule), or of the one it prefers.")  # fmt: skip
@click.option("--intensity-difference", type=click.Choice(["signed", "absolute"]), default="signed", show_default=True,
              help="Signed, as in the paper: below 0 where the mask is darker than its surroundings. Absolute: "
                   "how far it stands out, darker or brighter.")  # fmt: skip
@click.option("--format", "style", type=click.Choice(["text", "markdown", "csv", "json"]), default="text",
              show_default=True, help="csv and json hold the p-values.")  # fmt: skip
@click.option("--figures", type=click.Path(file_okay=False, path_type=Path),
              help="Draw scatter and box plots into this folder, as PNG.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that measure masks.")
def factors(run: Path, dataset: str, by: str, style: str, figures: Path | None, workers: int, **options: Any) -> None:
    """Correlate the DICE of a finished RUN on DATASET with five factors of its reference masks.

    \b
      size                  pixels of the mask
      aspect ratio          short over long side of its box, 0 to 1
      intensity difference  mean of the mask minus mean of the rest of its enlarged box, in grey levels; signed,
                            or absolute by --intensity-difference
      boundary complexity   elliptic Fourier order of its outline: 1 for a disc, more for what is less even
      modality              as a number, its place in the vocabulary

    A figure is the Spearman partial correlation of a factor with DICE, the others that vary held fixed, from -1 to 1.
    It is marked where p < 0.001 (text: a star, markdown: bold), and a dash where the factor or DICE is the same for
    all masks or there are too few. The p-values take masks for independent, as the paper does; slices of a volume are
    not.

    What was measured is kept in RUN/factors.parquet: an interrupted command goes on there, a second one starts at
    once.

    \b
    cosmos-eval factors runs/sam-b cosmos1050k
    cosmos-eval factors runs/sam-b cosmos1050k --by target --format csv > factors.csv
    cosmos-eval factors runs/sam-b cosmos1050k --figures figures
    """
    from cosmos_datasets.cli.printing import print_json
    from cosmos_datasets.evaluation.factors.measure import measure
    from cosmos_datasets.evaluation.factors.tables import cells, correlate, join
    from cosmos_datasets.evaluation.statistics.formats import records, to_text

    joined = join(run / "results.parquet", measure(run, dataset, workers=workers), **options)
    table = correlate(joined, by)
    if style == "json":
        print_json({"run": str(run), **options, "by": by, "correlations": records(table)})
    else:
        say(to_text(table if style == "csv" else cells(table, style), style), nl=False)  # type: ignore[arg-type]
    if figures:
        from cosmos_datasets.evaluation.factors.figures import draw

        for path in draw(joined, figures):
            say(str(path), err=True)
