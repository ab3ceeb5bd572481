"""``drop``: what moved prompts cost; and the option that moves them."""

from __future__ import annotations

import re
from pathlib import Path

import click


def ranges_option(_: click.Context, __: click.Parameter, value: str) -> tuple[tuple[int, int], ...]:
    """Parse ``0-10,10-20``: whole pixels, both ends included."""
    words = list(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    found = []
    for word in words:
        match = re.fullmatch(r"(\d+)-(\d+)", word, re.ASCII)
        if match is None:
            raise click.BadParameter(f"{word!r} is no range of pixels such as 10-20")
        found.append((int(match[1]), int(match[2])))
    return tuple(dict.fromkeys(found))


@click.command(short_help="What moved prompts cost, of a run with --jitter.")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--choice", type=click.Choice(["oracle", "predicted"]), default="oracle", show_default=True,
              help="The best of the model's masks (the paper's rule), or the one that it prefers.")  # fmt: skip
@click.option("--metric", type=click.Choice(["dice", "jac"]), default="dice", show_default=True)
@click.option("--by", type=click.Choice(["overall", "target", "modality", "source", "label"]), default="overall",
              show_default=True, help="What a row is about; a target is an object in a modality.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--format", "style", type=click.Choice(["text", "markdown", "csv", "json"]), default="text",
              show_default=True, help="csv and json hold every figure, and intervals over subjects.")  # fmt: skip
def drop(run: Path, choice: str, metric: str, by: str, seed: int, style: str) -> None:
    """Print how far scores fall when the prompts of RUN are moved: against the same mask's unmoved prompt.

    \b
    cosmos-eval run cosmos1050k --model MODEL --strategies S2,S5 --jitter 0-10,10-20,20-30 --out runs/moved
    cosmos-eval drop runs/moved
    cosmos-eval drop runs/moved --by target --choice predicted --format csv

    A drop of more than 0 is worse. Text and Markdown give it as mean ± standard deviation over the repeats.
    """
    from cosmos_datasets.evaluation.drop import cells, drops
    from cosmos_datasets.evaluation.statistics.cli import print_table

    table = drops(run, choice="oracle" if choice == "oracle" else "predicted", metric=metric, by=by, seed=seed)
    print_table(table, style, lambda: cells(table, by))
