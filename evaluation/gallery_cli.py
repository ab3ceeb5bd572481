"""``gallery``: a page with the pictures of a run."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_datasets.cli.printing import say


@click.command(short_help="Write a page with the table and pictures of a finished run.")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("dataset")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The page, an HTML file.")
@click.option("--sample", type=click.IntRange(0), default=3, show_default=True,
              help="Masks of each target shown under every strategy. A run keeps those of three images a target; "
                   "for more, give it --save-masks.")  # fmt: skip
@click.option("--targets", type=click.IntRange(1), default=40, show_default=True,
              help="Draw at most so many targets, those with the most masks; the table has all.")  # fmt: skip
@click.option("--title", help="Heading of the page; the model and the data by default.")
@click.option("--note", default="", help="A sentence that stands out at its top.")
def gallery(run: Path, dataset: str, out: Path, sample: int, targets: int, title: str | None, note: str) -> None:
    """Write a page of a finished RUN on DATASET (the folder or Hub id that it was made from).

    The page holds the DICE table, and for every target pictures with the image, the outline of the reference, the
    prompt and the predicted mask: a sample under every strategy, and the best and the worst of each. It is one file:
    open it in a browser, send it to somebody, put it on a web server; it asks the network for nothing.

    \b
    cosmos-eval gallery runs/sam-b cosmos1050k --out runs/sam-b/index.html
    """
    from cosmos_datasets.evaluation.gallery_page import write_gallery

    write_gallery(run, dataset, out, sample=sample, targets=targets, title=title, note=note)
    say(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")
