"""``build``: raw downloads become shards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import bytes_text, counts_text, plural, print_findings, print_json, say

if TYPE_CHECKING:
    from cosmos_datasets.build.report import Report
    from cosmos_datasets.source import Source

#: Exit status of a build that left out cases it could not read: a script should notice, and the rest is usable.
_INCOMPLETE = 3
#: Places of one finding that are shown.
_SHOWN = 5
#: Broken cases that are named in the summary; all of them are in the manifest.
_NAMED = 20


class _Part(click.ParamType[tuple[int, int]]):
    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        number, _, count = str(value).partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            self.fail(f"{value!r} is not of the form I/N with 1 <= I <= N, e.g. 1/4", param, ctx)
        return int(number), int(count)


@click.command(short_help="Turn raw downloads into the data set.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--raw",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The publisher's folder as unpacked, or a parent. With several sources: the folder that holds one folder "
    "for each, named by its id.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The data set's folder. Other sources in it stay as they are.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="all cores",
    help="Processes that decode. The files do not depend on it.",
)
@click.option(
    "--intensity",
    default="minmax-volume",
    show_default=True,
    help="How raw values become 8 bit: minmax-volume, minmax-slice, percentile=LOW,HIGH or window=CENTER,WIDTH.",
)
@click.option(
    "--part",
    type=_Part(),
    default="1/1",
    help="Build the I-th of N parts, for several machines that share --raw and --out. The last to finish publishes.",
)
@click.option("--strict", is_flag=True, help="Stop at the first case that cannot be read, instead of leaving it out.")
@click.option("--progress/--no-progress", default=True, help="Show a bar, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of reports, one a source, for scripts.")
def build(
    sources: tuple[str, ...],
    raw: Path,
    out: Path,
    workers: int,
    intensity: str,
    part: tuple[int, int],
    strict: bool,
    progress: bool,
    as_json: bool,
) -> None:
    """Build SOURCEs from their raw downloads into the data set OUT.

    \b
    One source:          cosmos-datasets build msd --raw downloads/msd --out cosmos1050k
    Several:             cosmos-datasets build acdc chaos --raw downloads --out cosmos1050k
                         (finds downloads/acdc and downloads/chaos)
    A soft-tissue CT:    cosmos-datasets build totalsegmentator --raw ts --out abdomen --intensity window=40,400
    On two machines:     cosmos-datasets build msd --raw /nfs/msd --out /nfs/cosmos1050k --part 1/2
                         cosmos-datasets build msd --raw /nfs/msd --out /nfs/cosmos1050k --part 2/2

    Volumes are cut into slices, intensities mapped to 8 bit, masks of 50 pixels or fewer and images left without a
    mask dropped; what was dropped is counted. See cosmos-datasets info SOURCE for the layout that --raw should have.

    A build can be interrupted at any time: the same command goes on where it stopped, and the files come out the
    same. Nothing in OUT changes before a source is complete. If raw files, options and software are as they were,
    nothing is done.

    \b
    Exit status: 0 built; 3 built, but cases that cannot be read were left out; 1 not built.
    """
    from cosmos_datasets.build.plan import source_folder
    from cosmos_datasets.errors import CosmosError
    from cosmos_datasets.intensity import Intensity
    from cosmos_datasets.registry import get_source

    chosen = [get_source(name) for name in dict.fromkeys(sources)]
    mapping = Intensity.parse(intensity)
    for source in chosen:
        source.root(source_folder(source, raw))  # a wrong folder should show before hours of work on another
    reports: list[dict[str, Any]] = []
    failed = 0
    left_out = 0
    for source in chosen:
        try:
            report = _build_one(source, raw, out, mapping, workers, part, strict, progress)
        except CosmosError as error:
            if strict or len(chosen) == 1:
                raise
            say(f"error: {error}", err=True)
            reports.append({"source": source.id, "error": str(error)})
            failed += 1
            continue
        reports.append({**vars(report), "published": report.published})
        left_out += len(report.broken)
        if not as_json:
            _print_report(report, out, part)
    if as_json:
        print_json(reports)
    if failed:
        raise CosmosError(f"{failed} of {len(chosen)} sources could not be built; the reasons stand above.")
    if left_out:
        click.get_current_context().exit(_INCOMPLETE)


def _build_one(
    source: Source,
    raw: Path,
    out: Path,
    mapping: Any,
    workers: int,
    part: tuple[int, int],
    strict: bool,
    progress: bool,
) -> Report:
    from cosmos_datasets.build.run import build as build_source

    return build_source(
        source, raw, out, intensity=mapping, workers=workers, part=part, strict=strict, progress=progress
    )


def _print_report(report: Report, out: Path, part: tuple[int, int]) -> None:
    counts = f"{plural(report.cases, 'case')}, {counts_text(report.images, report.masks, report.instances)}"
    state = " (up to date, nothing was done)" if report.up_to_date else ""
    say(f"{report.source}: {counts}{state}")
    for reason, number in sorted(report.dropped.items()):
        if number:
            say(f"  dropped: {number:,} x {reason}")
    print_findings(report.findings, _SHOWN, f"all are in {out / 'manifest.json'}")
    if report.broken:
        say(f"  left out: {plural(len(report.broken), 'case')} that cannot be read")
        for reason in list(report.broken.values())[:_NAMED]:
            say(f"    {reason}")
        if len(report.broken) > _NAMED:
            say(f"    and {len(report.broken) - _NAMED:,} more; all are in {out / 'manifest.json'}")
    if report.published:
        split = "train" if "train" in report.splits else next(iter(report.splits), "train")
        say(f"  written: {out / 'data' / report.source} ({bytes_text(report.bytes)})")
        say(f'  next: load_dataset("{out}", "{report.source}", split="{split}")')
        return
    done = report.planned - len(report.missing)
    say(f"  part {part[0]}/{part[1]}: {done} of {plural(report.planned, 'shard')} finished; not published yet")
    for name in report.missing[:_NAMED]:
        say(f"    missing: {name}")
    if len(report.missing) > _NAMED:
        say(f"    and {len(report.missing) - _NAMED:,} more")
    waiting = ", ".join(f"--part {number}/{part[1]}" for number in report.missing_parts)
    say(f"  next: run the same command with {waiting}")
