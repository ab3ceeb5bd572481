"""``table``: the scores of finished runs; ``seen``: what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from cosmos_datasets.cli.printing import say

from cosmos_datasets.cli.printing import paragraph, print_json
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.statistics.options import CHOICES, METRICS, PER, UNITS

if TYPE_CHECKING:
    import pandas as pd

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
STYLES = click.Choice(["text", "markdown", "csv", "json", "latex"])


def by_option(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Parse comma separated groupings."""
    if value is None:
        return None
    names = tuple(dict.fromkeys(name.strip().lower() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in UNITS]
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'} is no grouping; choose of {','.join(UNITS)}")
    return names


@click.command(short_help="Tables of finished runs, with intervals over subjects.")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=_FOLDER)
@click.option("--by", callback=by_option,
              help=f"What a row is about, comma separated: {', '.join(UNITS)}. A target is an object in a modality; "
                   "models are always apart.  [default: target]")  # fmt: skip
@click.option("--per", type=click.Choice(PER),
              help="What means are over. A volume is scored in 3D, from the pixels of its slices.  "
                   "[default: mask]")  # fmt: skip
@click.option(
    "--metric", type=click.Choice(list(METRICS)), help="Distances are in pixels, or in mm behind _mm.  [default: dice]"
)
@click.option("--choice", type=click.Choice(CHOICES),
              help="The best of the model's masks (the paper's rule), or the one that it prefers.  "
                   "[default: oracle]")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Of the bootstrap.  [default: 0]")
@click.option("--format", "style", type=STYLES, default="text", show_default=True,
              help="csv and json hold every figure; latex needs booktabs.")  # fmt: skip
def table(runs: tuple[Path, ...], style: str, **options: Any) -> None:
    """Print the scores of finished RUNs: without options the table of one, as the run printed it.

    With several runs, or any option but --format, each row has the mean with its 95 % bootstrap interval (whole
    subjects are redrawn), median and standard deviation, the blind baseline and the gain over it, the gap between
    the oracle and the model's own choice, the share of empty predictions, how many masks, images, cases and subjects
    these are, and whether the model was trained on their source (cosmos-eval seen). The means over targets and over
    masks are at the foot. Unions and single instances are never mixed.

    \b
    cosmos-eval table runs/sam-b
    cosmos-eval table runs/sam-b runs/sam-h runs/medsam --by source,target
    cosmos-eval table runs/sam-b --metric hd95_mm --per case --choice predicted
    cosmos-eval table runs/sam-b runs/medsam --by modality --format latex > modality.tex
    """
    if len(runs) == 1 and all(value is None for value in options.values()):
        print_summary(runs[0], style)
    else:
        _print_table(runs, style, **{name: value for name, value in options.items() if value is not None})


def print_summary(run: Path, style: str) -> None:
    """Print the table of one run as ``cosmos-eval run`` does."""
    from cosmos_datasets.evaluation.statistics.scores import settings_of
    from cosmos_datasets.evaluation.summary import notes_of, read_summary, wide_table

    summary = read_summary(run)
    print_table(summary, style, lambda: wide_table(summary), lambda: notes_of(summary, settings_of(run)))


def print_table(
    figures: pd.DataFrame,
    style: Any,
    cells: Callable[[], pd.DataFrame],
    notes: Callable[[], Sequence[str]] = lambda: (),
) -> None:
    """Print a table: every figure as CSV or JSON, or what people read with what has to be known of it."""
    from cosmos_datasets.evaluation.statistics.formats import records, to_text

    if style == "json":
        print_json(records(figures))
    elif style == "csv":
        say(to_text(figures, "csv"), nl=False)
    else:
        say(to_text(cells(), style, notes()), nl=False)


def _print_table(
    runs: tuple[Path, ...],
    style: Any,
    by: tuple[str, ...] = ("target",),
    per: Any = "mask",
    metric: str = "dice",
    choice: Any = "oracle",
    seed: int = 0,
) -> None:
    from cosmos_datasets.evaluation.statistics.scores import read_runs, settings_of
    from cosmos_datasets.evaluation.statistics.shown import notes_of_settings, notes_of_table, shown_table
    from cosmos_datasets.evaluation.statistics.tables import full_table

    rows = full_table(read_runs(runs, metric), by, per, metric, choice, seed)
    print_table(
        rows,
        style,
        lambda: shown_table(rows, by, metric),
        lambda: [
            *notes_of_table(rows, by, per, metric, choice),
            *notes_of_settings([settings_of(run) for run in runs], metric),
        ],
    )


@click.command(short_help="Which sources a model was trained on, as far as is known.")
@click.argument("model")
@click.option("--format", "style", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True)
def seen(model: str, style: str) -> None:
    """Print which sources MODEL was trained on: a Hub id, tiny, or a folder that cosmos-eval finetune made.

    A score on data that a model was trained on says nothing of how it does on others. Each fact has where it is known
    from; what is not listed is unknown. Tables have it as a column.

    \b
    cosmos-eval seen flaviagiammarino/medsam-vit-base
    cosmos-eval seen tuned
    """
    from cosmos_datasets.evaluation.models.checkpoint import PACKAGED
    from cosmos_datasets.evaluation.statistics.formats import to_text
    from cosmos_datasets.evaluation.statistics.seen import facts_of, facts_of_folder, facts_table, in_words

    folder = Path(model).expanduser()
    if not model.strip():
        raise CosmosError("the name of the model is empty.")
    if (folder / "run.json").is_file():
        raise CosmosError(f"{model} is a run, not a model; cosmos-eval table {model} --by source has the column seen.")
    if model in PACKAGED:
        facts = facts_of(PACKAGED[model][1])
    else:
        facts = facts_of_folder(folder) if folder.is_dir() else facts_of(model)
    if style == "text":
        for head, why in in_words(facts):
            say(paragraph(head, first="", rest="  "))
            say(paragraph(why, first="  ", rest="  "))
    else:
        say(to_text(facts_table(facts), style), nl=False)  # type: ignore[arg-type]
