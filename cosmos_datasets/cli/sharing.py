"""``push`` and ``index-only``: a built data set goes to the Hub."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import bytes_text, plural, print_json, say

if TYPE_CHECKING:
    from cosmos_datasets.share.contents import Contents
    from cosmos_datasets.share.push import Difference, Pushed

_Command = Callable[..., None]


def _shared_options(command: _Command) -> _Command:
    options = [
        click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path)),
        click.argument("repo_id", metavar="ORG/NAME"),
        click.option("--sources", default="", metavar="ID,...", help="Only these sources.  [default: all of OUT]"),
        click.option(
            "--private/--public",
            "private",
            default=None,
            help="Who sees it. A new repository is private unless you say --public; one that is public already is "
            "not written to unless you say so again.",
        ),
        click.option(
            "--replace",
            "replace_others",
            is_flag=True,
            help="Remove sources from the repository that are not sent now, or replace the card of something else, "
            "instead of refusing.",
        ),
        click.option(
            "--prompts",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Send the prompts in this folder too, which cosmos-eval prompts has made of OUT.",
        ),
        click.option("--card", type=click.Path(path_type=Path), help="Write the data set card into this file too."),
        click.option("--dry-run", is_flag=True, help="Check everything and say what would be sent; send nothing."),
        click.option(
            "--workers",
            type=click.IntRange(1),
            default=lambda: os.cpu_count() or 1,
            show_default="all cores",
            help="Processes that check the files before.",
        ),
        click.option("--progress/--no-progress", default=True, help="Show bars, on a terminal."),
        click.option("--json", "as_json", is_flag=True, help="Print one object, for scripts."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(short_help="Share the data set on the Hub.")
@_shared_options
def push(**options: Any) -> None:
    """Share the built data set OUT on the Hugging Face Hub as ORG/NAME.

    \b
    hf auth login                                              once; or set $HF_TOKEN
    cosmos-datasets push cosmos1050k ORG/cosmos1050k --dry-run
    cosmos-datasets push cosmos1050k ORG/cosmos1050k --sources msd,acdc
    python -c 'from datasets import load_dataset; load_dataset("ORG/cosmos1050k", "msd")'

    Sent are the shards, the index, the manifest and a data set card with the licence, citation and counts of every
    source. Before, every file is checked against the manifest; nothing is sent if one differs.

    The licences are the publishers'. A source that may not be passed on is refused with its licence: leave it out
    with --sources, or share its ids and boxes with cosmos-datasets index-only. A source for those who accept its
    terms makes the repository gated: the Hub asks everyone to accept them.

    A push can be interrupted: the same command sends what is missing. Files that the Hub holds already, by their
    SHA-256, are not sent again, so a rebuilt source costs no more than its changed shards.
    """
    _share(index_only=False, **options)


@click.command("index-only", short_help="Share ids and boxes on the Hub, without pixels.")
@_shared_options
def index_only(**options: Any) -> None:
    """Share the index of OUT on the Hub as ORG/NAME: ids, boxes, areas, splits, folds and counts; no pixels.

    For sources that may not be passed on: others fetch them from the publisher, build, and check that they have got
    the same images and masks under the same ids.

    \b
    cosmos-datasets index-only cosmos1050k ORG/cosmos1050k-index
    cosmos-datasets index-only cosmos1050k ORG/drive-index --sources drive
    cosmos-eval prompts cosmos1050k --out prompts                  points and boxes of every mask, too
    cosmos-datasets index-only cosmos1050k ORG/cosmos1050k-index --prompts prompts

    \b
    What others do with it:
      python -c 'from datasets import load_dataset; load_dataset("ORG/cosmos1050k-index", "index")'
      cosmos-datasets build drive --raw downloads --out cosmos1050k
      cosmos-datasets verify cosmos1050k --against ORG/cosmos1050k-index

    The manifest goes along, with a digest of the pixels of every shard but none of the pixels. Some terms of use ask
    for more than not passing on the images: reading them is up to you.
    """
    _share(index_only=True, **options)


def _share(
    *,
    index_only: bool,
    out: Path,
    repo_id: str,
    sources: str,
    private: bool | None,
    replace_others: bool,
    prompts: Path | None,
    card: Path | None,
    dry_run: bool,
    workers: int,
    progress: bool,
    as_json: bool,
) -> None:
    from cosmos_datasets.share import contents as sharing
    from cosmos_datasets.share.prompts import read_prompts
    from cosmos_datasets.share.push import preview
    from cosmos_datasets.share.push import push as send

    chosen = [name.strip() for name in sources.split(",") if name.strip()]
    contents = sharing.choose(out, chosen, index_only=index_only)
    if prompts is not None:
        contents = replace(contents, prompts=read_prompts(prompts, contents.manifest))
    sharing.check(contents, workers, progress)
    contents = replace(contents, texts=_texts(contents, repo_id))
    if card is not None:
        card.write_text(contents.texts["README.md"], encoding="utf-8")
    if dry_run:
        change, info = preview(contents, repo_id)
        if as_json:
            print_json({"repo_id": repo_id, "exists": info is not None, **_sizes(change)})
        else:
            _print_preview(contents, repo_id, change, info)
        return
    visibility = None if private is None else "private" if private else "public"
    done = send(contents, repo_id, visibility=visibility, replace_others=replace_others, progress=progress)  # type: ignore[arg-type]
    if as_json:
        print_json(asdict(done))
    else:
        _print_done(contents, done)


def _texts(contents: Contents, repo_id: str) -> dict[str, str]:
    """The small files that are made for the repository: card, manifest, counts."""
    import json

    from cosmos_datasets.build import MANIFEST
    from cosmos_datasets.cards.dataset_card import dataset_card
    from cosmos_datasets.load.access import open_dataset
    from cosmos_datasets.statistics import count

    counts = count(replace(open_dataset(contents.folder), manifest=contents.manifest))
    tables = {name: counts.table(name) for name in counts.by}
    body = {"revision": contents.manifest.revision, "total": vars(counts.total), **tables}
    return {
        "README.md": dataset_card(contents, repo_id, counts),
        MANIFEST: contents.manifest.dumps(),
        "statistics.json": json.dumps(body, indent=1, ensure_ascii=False) + "\n",
    }


def _sizes(change: Difference) -> dict[str, Any]:
    return {
        "send": [one.path for one in change.send],
        "send_bytes": sum(one.size for one in change.send),
        "there": len(change.there),
        "there_bytes": sum(one.size for one in change.there),
        "write": sorted(change.texts),
        "remove": change.remove,
        "lost_sources": change.lost,
        "something_else": change.foreign,
    }


def _print_preview(contents: Contents, repo_id: str, change: Difference, info: Any) -> None:
    state = "would be made" if info is None else f"exists, {'private' if info.private else 'public'}"
    say(f"{repo_id}: {state}; {', '.join(contents.manifest.sources)}")
    size = _sizes(change)
    say(f"  to send: {plural(len(change.send), 'file')}, {bytes_text(size['send_bytes'])}")
    say(f"  there already: {plural(size['there'], 'file')}, {bytes_text(size['there_bytes'])}")
    if change.texts:
        say(f"  to write: {', '.join(size['write'])}")
    for path in change.remove:
        say(f"  to remove: {path}")
    if change.foreign:
        say("  only with --replace, as it has a card of something else")
    if change.lost:
        say(f"  only with --replace, as it would remove {', '.join(change.lost)}")
    if contents.gated:
        say("  gated: a source is for those who accept its terms")
    say("nothing was sent")


def _print_done(contents: Contents, done: Pushed) -> None:
    sent = f"{plural(done.sent, 'file')} sent ({bytes_text(done.sent_bytes)})"
    there = f", {done.there:,} there already ({bytes_text(done.there_bytes)})" if done.there else ""
    removed = f", {len(done.removed):,} removed" if done.removed else ""
    say(f"{done.url}: {sent}{there}{removed}")
    say(f"  {'private' if done.private else 'public'}{', gated' if done.gated else ''}; commit {done.commit}")
    config = "index" if contents.manifest.index_only else next(iter(contents.manifest.sources))
    say(f'  next: load_dataset("{done.repo_id}", "{config}")')
