"""``list`` and ``info``: which sources there are, and everything known about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.cli.printing import paragraph, print_json, print_table

if TYPE_CHECKING:
    from cosmos_datasets.source import Label, Source


@click.command("list", short_help="Show every installed source.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, for scripts.")
def list_sources(as_json: bool) -> None:
    """Show every installed source: modalities, objects, licence and how to get it.

    redistributable: "yes" may be passed on, "gated" after accepting terms, "no" where the licence forbids it or
    nobody knows. access: "open" for everybody, "account" after signing in, "request" after asking the publisher.

    \b
    cosmos-datasets list
    cosmos-datasets list | grep CT
    cosmos-datasets list --json | jq -r '.[] | select(.access == "open").id'

    A package of yours that registers a source under the entry-point group cosmos_datasets.sources appears here too.
    """
    from cosmos_datasets.errors import CosmosError
    from cosmos_datasets.registry import get_source, source_ids

    sources = []
    for source_id in source_ids():
        try:
            sources.append(get_source(source_id))
        except CosmosError as error:
            # One package that cannot be imported should not hide all others.
            click.echo(f"warning: {error}", err=True)
    if as_json:
        print_json([_summary(source) for source in sources])
    elif sources:
        print_table([_row(source) for source in sources], {"title": 40, "modalities": 28, "licence": 20})


def _row(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "title": source.title,
        "modalities": ", ".join(source.modalities),
        "objects": len(source.objects),
        "licence": source.licence,
        "redistributable": source.redistributable,
        "access": source.access,
    }


def _summary(source: Source) -> dict[str, Any]:
    return {
        **_row(source),
        "modalities": list(source.modalities),
        "objects": list(source.objects),
        "homepage": source.homepage,
        "expected": dict(source.expected),
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
    click.echo(f"{one.id}: {one.title}\n{one.homepage}\n")
    facts = {
        "licence": f"{one.licence} (redistributable: {one.redistributable})",
        "modalities": ", ".join(one.modalities),
        "plane": one.plane,
        "expected": ", ".join(f"{name} {number:,}" for name, number in one.expected.items()),
        "related": ", ".join(one.related),
    }
    for name, text in facts.items():
        if text:
            click.echo(paragraph(text, f"{name + ':':12}", " " * 12))
    click.echo("\nLabels\n")
    print_table(_without_empty([_label_row(label) for label in one.labels]), {"left out because": 40})
    click.echo(f"\nHow to obtain it ({one.access})\n\n{paragraph(one.obtain)}")
    for file in one.downloads:
        checked = f"  sha256 {file.sha256}" if file.sha256 else ""
        click.echo(f"  {file.url}{checked}")
    click.echo(f"\nExpected layout\n\n{_indented(one.layout)}")
    for title, items in (("Pitfalls", one.pitfalls), ("Not verified", one.unverified)):
        if items:
            click.echo(f"\n{title}\n")
            for item in items:
                click.echo(paragraph(item, "  - ", "    "))
    click.echo(f"\nCitation\n\n{_indented(one.citation)}")
    click.echo(f"\nNext: cosmos-datasets build {one.id} --raw FOLDER --out cosmos1050k")


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
