"""``download``: what publishers offer without an account is fetched, for the rest the steps are told."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import bytes_text, paragraph, plural, print_json, say

if TYPE_CHECKING:
    from cosmos_datasets.download.record import Fetched
    from cosmos_datasets.source import Source

_CHECKED = {
    "sha256": "SHA-256 as published",
    "size": "size as published, no checksum is",
    "unknown": "neither size nor checksum is published: recorded, not checked",
}


@click.command(short_help="Fetch a source, or tell how to get it.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--raw",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of all raw downloads; each source gets one of its own in it, named by its id.",
)
@click.option("--keep", is_flag=True, help="Keep archives after they were unpacked.")
@click.option("--dry-run", is_flag=True, help="Only show what would be fetched.")
@click.option("--progress/--no-progress", default=True, help="Show bars, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, one a source, for scripts.")
def download(sources: tuple[str, ...], raw: Path, keep: bool, dry_run: bool, progress: bool, as_json: bool) -> None:
    """Download SOURCEs into RAW, where they can be had without an account, and unpack them.

    For all others the steps are printed that a person has to go, ending in the command that checks the result.

    \b
    cosmos-datasets download stare epfl_em --raw downloads
    cosmos-datasets download totalsegmentator --raw /data --keep
    cosmos-datasets download $(cosmos-datasets list --json | jq -r '.[] | select(.downloadable).id') --raw /data

    An interrupted download goes on where it stopped when the same command is given again. Size and SHA-256 are checked
    where the publisher states them; where he does not, the file's own are recorded in RAW/SOURCE/download.json, and
    said to be unchecked. Archives may not write outside of their folder. Licences are the publishers': info SOURCE.
    """
    from cosmos_datasets.registry import get_source

    chosen = [get_source(name) for name in dict.fromkeys(sources)]
    results: list[dict[str, Any]] = []
    for source in chosen:
        folder = raw / source.id
        result: dict[str, Any] = {"source": source.id, "folder": str(folder), "files": []}
        results.append(result)
        if not source.downloads:
            result["obtain"] = source.obtain
            if not as_json:
                _print_steps(source, folder)
        elif dry_run:
            result["files"] = [asdict(file) for file in source.downloads]
            if not as_json:
                _print_plan(source, folder)
        else:
            from cosmos_datasets.download.run import download as fetch

            if not as_json:
                _print_terms(source)
            files = fetch(source, folder, keep=keep, progress=progress)
            result["files"] = [asdict(file) for file in files]
            if not as_json:
                _print_done(source, folder, files)
    if as_json:
        print_json(results)


def _print_terms(source: Source) -> None:
    say(f"{source.id}: {source.title}\n  licence: {source.licence}")
    if source.access != "open":
        say(paragraph(f"The publisher asks you to accept the terms first: {source.homepage}"))


def _print_steps(source: Source, folder: Path) -> None:
    say(f"{source.id}: {source.title}\n  cannot be fetched by a program ({source.access}); the steps:")
    say(paragraph(f"1. {source.obtain}", "  ", "     "))
    say(f"  2. Unpack into {folder}:\n")
    say("\n".join(f"     {line}".rstrip() for line in source.layout.strip("\n").splitlines()))
    say(f"\n  3. cosmos-datasets check {source.id} --raw {folder}")


def _print_plan(source: Source, folder: Path) -> None:
    say(f"{source.id}: {plural(len(source.downloads), 'file')} into {folder}")
    for file in source.downloads:
        size = bytes_text(file.size) if file.size else "size unknown"
        say(f"  {file.url}\n    {size}, SHA-256 {file.sha256 or 'unknown'}")


def _print_done(source: Source, folder: Path, files: list[Fetched]) -> None:
    from cosmos_datasets.errors import LayoutError

    for file in files:
        say(f"  {file.name}: {bytes_text(file.bytes)}; {_CHECKED[file.checked]}")
    try:
        found = plural(len(source.cases(folder)), "labelled case")
    except LayoutError as error:
        say(f"  warning: {error}", err=True)
        return
    say(f"  {found} in {folder}\n  next: cosmos-datasets check {source.id} --raw {folder}")
