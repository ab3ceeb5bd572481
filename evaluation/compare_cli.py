"""``compare``: the difference between two runs, with its uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosmos_datasets.cli.printing import print_json, say
from cosmos_datasets.evaluation.remembering import STRATEGIES, strategies_option
from cosmos_datasets.evaluation.statistics.options import METRICS

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(short_help="Compare two finished runs, or the strategies of one: the difference, and how sure it is.")
@click.argument("run_a", metavar="RUN_A", type=_FOLDER)
@click.argument("run_b", metavar="[RUN_B]", type=_FOLDER, required=False)
@click.option("--choice", type=click.Choice(["predicted", "oracle"]), default="predicted", show_default=True,
              help="The mask that the model itself prefers, or the best of its masks (the paper's rule).")  # fmt: skip
@click.option("--metric", type=click.Choice(list(METRICS)), default="dice", show_default=True,
              help="Distances are in pixels, or in mm behind _mm.")  # fmt: skip
@click.option("--by", type=click.Choice(["target", "modality", "source", "label"]), default="target",
              show_default=True, help="What a row is about; a target is an object in a modality.")  # fmt: skip
@click.option("--strategies", default=",".join(STRATEGIES), callback=strategies_option,
              help="Comma separated; all that both runs have by default.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--figure", type=click.Path(dir_okay=False, path_type=Path),
              help="Also draw it: a PNG, SVG or PDF file.")  # fmt: skip
@click.option("--format", "style", type=click.Choice(["text", "markdown", "csv"]), default="text", show_default=True,
              help="csv holds every figure.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def compare(
    run_a: Path,
    run_b: Path | None,
    choice: str,
    metric: str,
    by: str,
    strategies: tuple[str, ...],
    seed: int,
    figure: Path | None,
    style: str,
    as_json: bool,
) -> None:
    """Compare RUN_A and RUN_B, two models on the same data or one model before and after fine-tuning.

    With one run alone its strategies are compared, each with each other one.

    Masks are matched one by one; what only one run has is left out and counted. Each row gives both means beside the
    blind baseline (what ignores the image), the difference B - A with a 95 % bootstrap interval, and the p-value of
    Wilcoxon's signed-rank test with Holm's correction. The unit of both is the subject, not the mask: slices of one
    scan are alike and would make every difference look sure.

    \b
    cosmos-eval compare runs/sam-b runs/medsam
    cosmos-eval compare tuned/evaluation/before tuned/evaluation/after --figure gain.png
    cosmos-eval compare runs/sam-b runs/sam-h --choice oracle --strategies S2,S5 --by modality --format markdown
    cosmos-eval compare runs/sam-b --choice oracle
    """
    if run_b is None:
        if figure is not None:
            raise click.UsageError("--figure needs two runs.")
        _strategies(run_a, choice, metric, by, strategies, seed, "json" if as_json else style)
        return
    from cosmos_datasets.evaluation.compare import compare as compare_runs
    from cosmos_datasets.evaluation.compare_table import figures, render
    from cosmos_datasets.evaluation.statistics.formats import to_text

    result = compare_runs(
        run_a,
        run_b,
        choice="oracle" if choice == "oracle" else "predicted",
        metric=metric,
        by=by,  # type: ignore[arg-type]
        strategies=strategies,
        seed=seed,
    )
    if figure is not None:
        from cosmos_datasets.evaluation.compare_figure import draw

        draw(result, figure)
    if as_json:
        print_json(result.to_json())
    elif style == "csv":
        say(to_text(figures(result), "csv"), nl=False)
    else:
        say(render(result, "markdown" if style == "markdown" else "text"))
    if figure is not None:
        say(f"Drawn: {figure}", err=True)


def _strategies(
    run: Path, choice: Any, metric: str, by: str, strategies: tuple[str, ...], seed: int, style: str
) -> None:
    """Print the strategies of a run, paired."""
    from cosmos_datasets.evaluation.statistics.cli import print_table
    from cosmos_datasets.evaluation.statistics.scores import read_scores
    from cosmos_datasets.evaluation.statistics.shown import notes_of_tests, shown_tests
    from cosmos_datasets.evaluation.statistics.tests_between import between_strategies

    frame = read_scores(run, metric)
    rows = between_strategies(frame[frame["strategy"].isin(strategies)], (by,), metric, choice, seed)
    left_out = sorted(set(frame["strategy"]).intersection(strategies) - {*rows["a"], *rows["b"]})
    notes = [f"{one} is left out: it has no mask of this choice; see --choice oracle." for one in left_out]
    print_table(
        rows,
        style,
        lambda: shown_tests(rows, (by,), metric),
        lambda: [*notes_of_tests(rows, metric, choice), *notes],
    )
