"""``cosmos-eval prompts``: the prompts of a data set as data, without a model."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_datasets.cli.printing import plural, print_json, say

_PROMPTED = ("S2", "S3", "S4", "S5", "S6")


def _prompted(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    names = {name.strip().upper() for name in value.split(",") if name.strip()}
    unknown = sorted(names - set(_PROMPTED))
    if unknown or not names:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'nothing'} takes no prompt from a mask; choose of {','.join(_PROMPTED)}"
        )
    return tuple(name for name in _PROMPTED if name in names)


@click.command(short_help="Write the prompts of every mask, for others to replay.")
@click.argument("dataset")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the files.")
@click.option("--strategies", default=",".join(_PROMPTED), show_default=True, callback=_prompted,
              help="Comma separated.")  # fmt: skip
@click.option("--config", default="all", show_default=True, help="A source (acdc), a modality (ct) or all.")
@click.option("--progress/--no-progress", default=True, help="Show a bar, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one object, for scripts.")
def prompts(dataset: str, out: Path, strategies: tuple[str, ...], config: str, progress: bool, as_json: bool) -> None:
    """Write the prompts of every mask of DATASET, as cosmos-eval run makes them; no model is needed.

    \b
    cosmos-eval prompts cosmos1050k --out prompts
    cosmos-eval prompts cosmos1050k --config msd --strategies S2,S5 --out prompts
    cosmos-datasets index-only cosmos1050k ORG/NAME --prompts prompts     share them, without pixels

    One parquet file a shard, one row a mask and strategy; points and boxes in pixels of the image, as JSON. Files
    that are there and still right are kept, so an interrupted command goes on.
    """
    from cosmos_datasets.evaluation.prompt_files import write_prompts
    from cosmos_datasets.load.access import open_dataset

    files, written = write_prompts(open_dataset(dataset), out, strategies=strategies, config=config, progress=progress)
    if as_json:
        print_json({"out": str(out), "files": files, "written": written, "strategies": list(strategies)})
    else:
        say(f"{out}: {plural(files, 'file')}, {written:,} written; {', '.join(strategies)}")
