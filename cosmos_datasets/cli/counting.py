"""``stats``: how many images and masks of what."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import print_json, print_table, say
from cosmos_datasets.plain_text import csv_cell

if TYPE_CHECKING:
    from cosmos_datasets.load.access import CosmosDataset
    from cosmos_datasets.statistics import Statistics

_GROUPINGS = ("source", "modality", "object", "target", "split")


@click.command(short_help="Count images and masks.")
@click.argument("out", required=False)
@click.option(
    "--by",
    "groupings",
    type=click.Choice(_GROUPINGS),
    multiple=True,
    help="Count by this only; may be given several times. A target is an object in a modality.  [default: all]",
)
@click.option(
    "--figures",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw the counts, image sizes and mask areas into this folder, as PNG.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one object, for scripts.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one table; its first column names the grouping.")
def stats(out: str | None, groupings: tuple[str, ...], figures: Path | None, as_json: bool, as_csv: bool) -> None:
    """Count cases, images and masks of the data set OUT by source, modality, object, target and split.

    OUT is a folder or a Hub id; without it $COSMOS1050K or ./cosmos1050k. Only the index is read, no image.

    masks counts one mask a label and image, as the paper does; where a source labels single instances, their union.
    instances counts these single ones. They are the same pixels, so the two are never added. An image that holds
    two objects counts for both, so the images of several objects do not add up to the total.

    \b
    cosmos-datasets stats cosmos1050k
    cosmos-datasets stats cosmos1050k --by target --csv > targets.csv
    cosmos-datasets stats cosmos1050k --json | jq .total
    cosmos-datasets stats cosmos1050k --figures figures
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    from cosmos_datasets.load.access import open_dataset
    from cosmos_datasets.statistics import count

    chosen = groupings or _GROUPINGS
    data = open_dataset(out)
    found = count(data, _GROUPINGS if figures else chosen)
    tables = {name: found.table(name) for name in chosen}
    if as_json:
        print_json({"revision": data.manifest.revision, "total": vars(found.total), **tables})
    elif as_csv:
        _print_csv(tables)
    else:
        say(f"{data.location}\n")
        print_table([{"": "total", **vars(found.total)}])
        for name in chosen:
            if tables[name]:
                say()
                print_table(tables[name])
    if figures:
        _draw(data, found, figures)


def _print_csv(tables: dict[str, list[dict[str, Any]]]) -> None:
    names = ["grouping", "source", "modality", "object", "split", "cases", "images", "masks", "instances"]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for grouping, rows in tables.items():
        writer.writerows(
            {"grouping": grouping, **{name: csv_cell(value) for name, value in row.items()}} for row in rows
        )
    say(text.getvalue(), nl=False)


def _draw(data: CosmosDataset, found: Statistics, folder: Path) -> None:
    from cosmos_datasets.errors import CosmosError

    if not found.total.images:
        raise CosmosError(f"{data.location} holds no images yet, so there is nothing to draw.")
    from cosmos_datasets.figures import draw

    for path in draw(data, found, folder):
        say(f"drawn: {path}", err=True)
