"""``list``, ``info`` and ``targets``: which sources there are, what is known about one, who labels what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import paragraph, print_json, print_markdown, print_table, say

if TYPE_CHECKING:
    from cosmos_datasets.source import Label, Source


@click.command("list", short_help="Show every installed source.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, for scripts.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
def list_sources(as_json: bool, markdown: bool) -> None:
    """Show every installed source: modalities, objects, cases, licence and how to get it.

    cases: as the publisher counts them. open points: facts that were not checked against the release, see info.
    redistributable: "yes" may be passed on, "gated" after accepting terms, "no" where the licence forbids it or
    nobody knows. access: "open" for everybody, "account" after signing in, "request" after asking the publisher.

    \b
    cosmos-datasets list
    cosmos-datasets list | grep CT
    cosmos-datasets list --json | jq -r '.[] | select(.downloadable).id'

    A package of yours that registers a source under the entry-point group cosmos_datasets.sources appears here too.
    """
    if as_json and markdown:
        raise click.UsageError("--json and --markdown exclude each other")
    sources = _installed()
    if as_json:
        print_json([_summary(source) for source in sources])
    elif markdown:
        print_markdown([_row(source) for source in sources])
    elif sources:
        print_table([_row(source) for source in sources], {"title": 40, "modalities": 28, "licence": 20})


def _installed() -> list[Source]:
    from cosmos_datasets.errors import CosmosError
    from cosmos_datasets.registry import get_source, source_ids

    sources = []
    for source_id in source_ids():
        try:
            sources.append(get_source(source_id))
        except CosmosError as error:
            # One package that cannot be imported should not hide all others.
            say(f"warning: {error}", err=True)
    return sources


def _row(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "title": source.title,
        "modalities": ", ".join(source.modalities),
        "objects": len(source.objects),
        "cases": source.expected.get("cases", "unknown"),
        "licence": source.licence,
        "redistributable": source.redistributable,
        "access": source.access,
        "open points": len(source.unverified),
    }


def _summary(source: Source) -> dict[str, Any]:
    return {
        **_row(source),
        "modalities": list(source.modalities),
        "objects": list(source.objects),
        "homepage": source.homepage,
        "expected": dict(source.expected),
        "open points": list(source.unverified),
        "downloadable": bool(source.downloads),
        "extra": source.extra,
    }


@click.command(short_help="Show everything known about one source.")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print one object, for scripts.")
def info(source: str, as_json: bool) -> None:
    """Show everything known about SOURCE: how to obtain it, its folder layout, labels, licence, pitfalls, citation.

    \b
    cosmos-datasets info acdc
    cosmos-datasets info msd --json | jq -r .citation

    The label table tells what each value in a label file means, and as which object it is reported; a class without
    an object is left out, with the reason. What is listed as unverified was not checked against the release.
    """
    from cosmos_datasets.registry import get_source

    one = get_source(source)
    if as_json:
        print_json(_everything(one))
        return
    say(f"{one.id}: {one.title}\n{one.homepage}\n")
    facts = {
        "licence": f"{one.licence} (redistributable: {one.redistributable})",
        "modalities": ", ".join(one.modalities),
        "plane": one.plane,
        "expected": ", ".join(f"{name} {number:,}" for name, number in one.expected.items()),
        "related": f"{', '.join(one.related)} (share scans with it)" if one.related else "",
        "extra": "not among the 53 data sets of the paper" if one.extra else "",
    }
    for name, text in facts.items():
        if text:
            say(paragraph(text, f"{name + ':':12}", " " * 12))
    say("\nLabels\n")
    print_table(_without_empty([_label_row(label) for label in one.labels]), {"left out because": 40})
    say(f"\nHow to obtain it ({one.access})\n\n{paragraph(one.obtain)}")
    for file in one.downloads:
        checked = f"  sha256 {file.sha256}" if file.sha256 else ""
        say(f"  {file.url}{checked}")
    if one.downloads:
        say(f"\n  cosmos-datasets download {one.id} --raw downloads")
    say(f"\nExpected layout\n\n{_indented(one.layout)}")
    for title, items in (("Pitfalls", one.pitfalls), ("Not verified", one.unverified)):
        if items:
            say(f"\n{title}\n")
            for item in items:
                say(paragraph(item, "  - ", "    "))
    say(f"\nCitation\n\n{_indented(one.citation)}")
    say(f"\nNext: cosmos-datasets check {one.id} --raw FOLDER")
    say(f"      cosmos-datasets build {one.id} --raw FOLDER --out cosmos1050k")


@click.command(short_help="Show every object in every modality, with its sources.")
@click.option("--object", "words", multiple=True, help="Only this object, or one that it is a synonym of.")
@click.option("--modality", "modalities", multiple=True, help="Only this modality: T2W MRI, or t2w-mri.")
@click.option("--source", "names", multiple=True, help="Only what this source labels.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, for scripts.")
def targets(words: tuple[str, ...], modalities: tuple[str, ...], names: tuple[str, ...], as_json: bool) -> None:
    """Show every target, an object in a modality, with the sources that label it.

    Sides, levels and lobes are merged in the object (kidney, rib, vertebra) and kept in the label of each mask; info
    SOURCE shows which label counts as which object. Extra: only in neighbouring data sets or later releases.

    \b
    cosmos-datasets targets
    cosmos-datasets targets --object liver
    cosmos-datasets targets --modality t2w-mri --source chaos
    cosmos-datasets targets --json | jq -r '.[] | [.object, .modality] | @csv'

    Targets are what sources declare; cosmos-datasets stats counts the masks of a built data set.
    """
    from cosmos_datasets.targets import PAPER, counts
    from cosmos_datasets.targets import targets as targets_of
    from cosmos_datasets.vocabulary import objects_called, slug

    everything = targets_of(_installed())
    labelled = {target.object for target in everything}
    objects = {name for word in words for name in objects_called(word, labelled)}
    slugs = {slug(name) for name in modalities}
    found = [
        target
        for target in everything
        if (not words or target.object in objects)
        and (not slugs or slug(target.modality) in slugs)
        and (not names or set(names) & set(target.sources))
    ]
    rows = [{**vars(target), "sources": list(target.sources)} for target in found]
    if as_json:
        print_json(rows)
        return
    if rows:
        shown = [
            {**row, "sources": ", ".join(target.sources), "extra": "extra" * target.extra}
            for row, target in zip(rows, found, strict=True)
        ]
        print_table(shown, {"sources": 60})
    if len(found) == len(everything):
        ours = counts(target for target in everything if not target.extra)
        numbers = ", ".join(f"{number} {name} (the paper: {PAPER[name]})" for name, number in ours.items())
        say(f"without the extra ones: {numbers}", err=True)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip("\n").splitlines())


def _value_text(value: int | tuple[int, int] | None) -> str:
    if value is None:
        return "its own file"
    return str(value) if isinstance(value, int) else f"{value[0]}-{value[1]}"


def _label_row(label: Label) -> dict[str, Any]:
    name = f"{label.name} ({label.release})" if label.release else label.name
    return {
        "table": label.table,
        "value": _value_text(label.value),
        "label": name,
        "object": label.object or "",
        "left out because": label.excluded,
    }


def _without_empty(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the columns that are empty in every row."""
    used = [name for name in rows[0] if any(row[name] for row in rows)]
    return [{name: row[name] for name in used} for row in rows]


def _everything(source: Source) -> dict[str, Any]:
    from dataclasses import asdict, fields

    skipped = {"find_cases", "markers", "expected"}
    body = {field.name: getattr(source, field.name) for field in fields(source) if field.name not in skipped}
    return {
        **body,
        "labels": [asdict(label) for label in source.labels],
        "downloads": [asdict(file) for file in source.downloads],
        "objects": list(source.objects),
        "expected": dict(source.expected),
    }
