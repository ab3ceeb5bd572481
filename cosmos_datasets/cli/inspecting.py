"""``check``: are raw downloads complete and sound?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import plural, print_findings, print_json, print_table, say

if TYPE_CHECKING:
    from cosmos_datasets.check.run import Report
    from cosmos_datasets.source import Source

#: Examples of one finding that are shown; --all shows every one.
_SHOWN = 5


@click.command(short_help="Check raw downloads before a build.")
@click.argument("source")
@click.option(
    "--raw",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The publisher's folder as unpacked, a parent, or the folder that holds one folder a source.",
)
@click.option("--cases", type=click.IntRange(1), help="Read this many cases, spread evenly.  [default: all]")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="all cores",
    help="Processes that decode.",
)
@click.option("--all", "show_all", is_flag=True, help=f"Show every case of a finding, not only {_SHOWN}.")
@click.option("--progress/--no-progress", default=True, help="Show a bar, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one object with the facts of every case, for scripts.")
def check(
    source: str, raw: Path, cases: int | None, workers: int, show_all: bool, progress: bool, as_json: bool
) -> None:
    """Check the raw download of SOURCE as a build would read it; nothing is written.

    Looked at are: counts against the publisher's, that image and labels belong together (shape, place in the world),
    label values, damaged files, values that are no numbers, voxel sizes, empty cases, copies under two names, subjects
    in several splits, and files that nobody uses.

    \b
    cosmos-datasets check idrid --raw downloads/idrid
    cosmos-datasets check totalsegmentator --raw /data --cases 20
    cosmos-datasets check msd --raw downloads --json | jq '.cases[] | {case_id, shape, spacing}'

    An error means that a build leaves the case out; a warning that it is built, and may not be what one thinks.
    Exit status: 0 no error, 1 errors.
    """
    from cosmos_datasets.check.run import check as run
    from cosmos_datasets.registry import get_source

    one = get_source(source)
    report = run(one, raw, sample=cases, workers=workers, progress=progress)
    errors = report.of_level("error")
    if as_json:
        print_json(_everything(report))
    else:
        _print(one, report, raw, None if show_all else _SHOWN)
    if errors:
        click.get_current_context().exit(1)


def _everything(report: Report) -> dict[str, Any]:
    from cosmos_datasets.finding import LEVELS

    return {
        "source": report.source,
        "root": str(report.root),
        "listed": report.listed,
        **{f"{level}s": report.of_level(level) for level in LEVELS},
        "cases": [asdict(case) for case in report.cases],
    }


def _print(source: Source, report: Report, raw: Path, shown: int | None) -> None:
    read = "" if len(report.cases) == report.listed else f" ({len(report.cases):,} of them read)"
    subjects = len({case.subject_id for case in report.cases})
    images = sum(case.images for case in report.cases)
    say(f"{source.id}: {report.root}")
    say(f"{plural(report.listed, 'case')}{read}, {plural(subjects, 'subject')}, {plural(images, 'image')} to build")
    readable = [case for case in report.cases if case.shape]
    if readable:
        say(f"sizes {_range([case.shape for case in readable])}, values {_values(report)}")
    spaced = [case.spacing for case in readable if case.spacing]
    if spaced:
        say(f"spacing {_range(spaced)} mm")
    labels = report.labels
    if labels:
        objects = {label.name: label.object or "(left out)" for label in source.labels}
        say()
        print_table(
            [{"label": n, "object": objects[n], "cases": c, "pixels": p} for n, (c, p) in sorted(labels.items())]
        )
    print_findings(report.everything, shown, "--all shows them")
    errors = sum(len(where) for where in report.of_level("error").values())
    warnings = sum(len(where) for where in report.of_level("warning").values())
    say(f"\n{plural(errors, 'error')}, {plural(warnings, 'warning')}")
    say(f"next: cosmos-datasets build {source.id} --raw {raw} --out cosmos1050k")


def _range(sizes: list[Any]) -> str:
    """``512 x 512 x 40..210``: per axis the smallest and the largest, or all sizes where they have other axes."""
    texts = []
    for axes in sorted({len(size) for size in sizes}):
        columns = zip(*(size for size in sizes if len(size) == axes), strict=True)
        spans = [(min(column), max(column)) for column in columns]
        texts.append(" x ".join(f"{low:g}" if low == high else f"{low:g}..{high:g}" for low, high in spans))
    return " or ".join(texts)


def _values(report: Report) -> str:
    low, high = min(case.low for case in report.cases), max(case.high for case in report.cases)
    return f"{low:g}..{high:g}"
