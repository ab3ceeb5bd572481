"""``report``: one page, tables and figures of a study."""

from __future__ import annotations

from pathlib import Path

import click
from cosmos_datasets.cli.printing import say


@click.command(short_help="Write a page, tables and figures of one or several finished folders.")
@click.argument("folders", nargs=-1, required=True, metavar="RUN...",
                type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="Folder of the report; an earlier one is replaced.")  # fmt: skip
@click.option("--data", "datasets", multiple=True,
              help="Data set of the runs, folder or Hub id, for the pictures; may be repeated.")  # fmt: skip
@click.option("--choice", type=click.Choice(["oracle", "predicted"]), default="oracle", show_default=True,
              help="Whose metrics, tests and figures: the best of the model's masks (the paper's rule), or the one "
                   "it prefers. DICE is in the tables for both.")  # fmt: skip
@click.option("--pictures", type=click.IntRange(1), default=300, show_default=True,
              help="At most so many; where there would be more, of one strategy, then of fewer targets.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--title", help="Heading of the page; models and data by default.")
@click.option("--note", default="", help="A sentence that stands out at its top.")
def report(
    folders: tuple[Path, ...],
    out: Path,
    datasets: tuple[str, ...],
    choice: str,
    pictures: int,
    seed: int,
    title: str | None,
    note: str,
) -> None:
    """Write a report of one or several RUNs: folders of cosmos-eval run, interactive, grid or efficiency.

    \b
    cosmos-eval report runs/sam-b runs/sam-h --data cosmos1050k --out report
    cosmos-eval report runs/* clicks/sam-b efficiency --out report --choice predicted --note "Subset of 50 masks"

    What else was made of a run is shown too: moved prompts (run --jitter), factors (cosmos-eval factors leaves
    RUN/factors.parquet), and the correction effort, where it was put beside the results:

    \b
    cosmos-eval annotation RUN DATASET --format json > RUN/annotation.json

    \b
    Output: OUT/index.html, a page that needs no other file and no network;
            OUT/tables, the same tables as CSV (every figure), Markdown and LaTeX (booktabs);
            OUT/figures, the same figures as PNG and PDF.
    """
    from cosmos_datasets.evaluation.report.page import write_report

    page = write_report(
        folders,
        out,
        datasets=datasets,
        choice="predicted" if choice == "predicted" else "oracle",
        pictures=pictures,
        seed=seed,
        title=title,
        note=note,
        announce=lambda text: say(text, err=True),
    )
    say(f"{page} ({page.stat().st_size / 1e6:.1f} MB)")
