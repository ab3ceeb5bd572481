"""``verify``: is a built data set as it was written?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cosmos_datasets.cli.printing import bytes_text, counts_text, plural, print_json, say

if TYPE_CHECKING:
    from cosmos_datasets.share.against import Comparison

_VERDICTS = {
    "identical": "identical, pixels too",
    "same index": "the same ids, boxes, areas, splits and folds; other pixels",
    "different": "different",
    "missing": "not here",
}
_DIFFERENT = {"different", "missing"}


@click.command(short_help="Check that every file is as it was written.")
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--deep", is_flag=True, help="Also decode every image and mask and recompute the content digests.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="all cores",
    help="Processes that check.",
)
@click.option(
    "--against",
    metavar="FOLDER|ORG/NAME",
    help="Also compare every source with the one of another data set, in a folder or on the Hub.",
)
@click.option("--progress/--no-progress", default=True, help="Show a bar, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one object with all problems, for scripts.")
@click.pass_context
def verify(
    ctx: click.Context, out: Path, deep: bool, workers: int, against: str | None, progress: bool, as_json: bool
) -> None:
    """Check the data set OUT against its manifest; exit code 1 if anything is wrong.

    Checked are the SHA-256 of every shard and of the index, schema and row counts, that the index agrees with the
    shards, that no image occurs twice, that no file is left over which load_dataset would read, and that README.md
    lists what there is. With --deep also every pixel: the content digest does not depend on versions or machines.

    \b
    cosmos-datasets verify cosmos1050k
    cosmos-datasets verify cosmos1050k --deep --json > report.json
    cosmos-datasets verify cosmos1050k --against ORG/cosmos1050k-index

    With --against every source that the other data set holds must be here with the same masks: ids, boxes, areas,
    splits and folds. It need not hold pixels, as after cosmos-datasets index-only; digests tell whether they agree.
    A source with other pixels (built with another --intensity, say) is reported, and is no error.

    To mend a data set remove the files that are named and build their source again: only what is missing is made.
    """
    from cosmos_datasets.build.verify import verify as check

    result = check(out, deep=deep, workers=workers, progress=progress)
    others = [] if against is None or result.problems else _compare(out, against)
    differ = any(one.verdict in _DIFFERENT for one in others)
    if as_json:
        compared = {} if against is None else {"against": against, "sources": [asdict(one) for one in others]}
        print_json({"ok": not result.problems and not differ, **asdict(result), **compared})
    else:
        depth = ", pixels included" if deep else ""
        say(
            f"{out}: {plural(result.shards, 'shard')}, "
            f"{counts_text(result.images, result.masks, result.instances)}, {bytes_text(result.bytes)} checked{depth}"
        )
        for problem in result.problems:
            say(f"  {problem.path}: {problem.message}")
        say(f"{plural(len(result.problems), 'problem')} found" if result.problems else "all is well")
        if against is not None and result.problems:
            say(f"not compared with {against}: first mend this one")
        if others:
            _print_comparison(others, str(against))
    if result.problems:
        sources = sorted({problem.source for problem in result.problems if problem.source})
        if sources:
            say(
                f"To mend it: remove the files named, then cosmos-datasets build {' '.join(sources)} "
                f"--raw FOLDER --out {out}",
                err=True,
            )
        ctx.exit(1)
    if differ:
        ctx.exit(1)


def _compare(out: Path, against: str) -> list[Comparison]:
    from cosmos_datasets.load.access import open_dataset
    from cosmos_datasets.share.against import compare

    return compare(open_dataset(out), open_dataset(against))


def _print_comparison(compared: list[Comparison], against: str) -> None:
    say(f"\nagainst {against}:")
    for one in compared:
        say(f"  {one.source}: {_VERDICTS[one.verdict]}")
        if one.verdict == "different":
            say(
                f"    {one.here:,} masks here, {one.there:,} there; {one.only_here:,} only here, "
                f"{one.only_there:,} only there, {one.changed:,} with other facts"
            )
        for line in (*one.reasons, *one.examples):
            say(f"    {line}")
