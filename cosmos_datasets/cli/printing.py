"""What the commands share for printing."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cosmos_datasets.plain_text import markdown_cell, printable, printable_lines

if TYPE_CHECKING:
    from cosmos_datasets.finding import Grouped


def say(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text: the one place where it reaches the terminal, which gets no control characters but line breaks.

    Args:
        text: names of files and words of tables in it may be anybody's.
        err: print on standard error.
        nl: end with a line break.
    """
    click.echo(printable_lines(str(text)), err=err, nl=nl)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    # What `say` would write out is written as JSON does, so that it reads back as it was.
    say("".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text))


def print_table(rows: Sequence[dict[str, Any]], widths: dict[str, int] | None = None) -> None:
    """Print rows of equal keys as a table.

    Args:
        rows: at least one.
        widths: column -> characters after which its text goes on in the next line; on a terminal only, so that a pipe
            gets one line a row.
    """
    from tabulate import tabulate

    wrapped = [(widths or {}).get(name) if sys.stdout.isatty() else None for name in rows[0]]
    # `intfmt` would otherwise right-align and group what is no number, such as ids of digits only.
    cells = [[_cell(value) for value in row.values()] for row in rows]
    numbers = ["right" if isinstance(value, int) else "left" for value in rows[0].values()]
    say(
        tabulate(
            cells,
            headers=list(rows[0]),
            disable_numparse=True,
            colalign=numbers,
            maxcolwidths=wrapped if any(wrapped) else None,
        )
    )


def print_markdown(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows of equal keys as a Markdown table."""
    names = list(rows[0])
    say("| " + " | ".join(names) + " |")
    say("|" + "|".join("--:" if isinstance(value, int) else "---" for value in rows[0].values()) + "|")
    for row in rows:
        say("| " + " | ".join(markdown_cell(_cell(value)) for value in row.values()) + " |")


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def print_findings(found: Grouped, shown: int | None, rest: str) -> None:
    """Print findings by level.

    Args:
        found: level -> what -> where.
        shown: places of one finding to name; ``None`` names all.
        rest: where the others are to be found.
    """
    for level, words in found.items():
        say(f"\n{level.capitalize()}s\n")
        for what, where in words.items():
            places = [one for one in where if one]
            count = f" ({len(where):,}):" if places else ""
            say(paragraph(f"{what}{count}", "  - ", "    "))
            for one in places[:shown]:
                say(paragraph(one, "      ", "        "))
            if shown is not None and len(places) > shown:
                say(f"      and {len(places) - shown:,} more; {rest}")
    if found:
        say()


def paragraph(text: str, first: str = "  ", rest: str = "  ") -> str:
    """Wrap a text to the terminal, to 100 columns at most; ``first`` and ``rest`` begin its lines."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    # A link must stay whole, to be copied.
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def bytes_text(size: int) -> str:
    """A size as a person reads it: ``3.2 MB``."""
    number, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.1f} {unit}" if unit != "B" else f"{size} B"


def counts_text(images: int, masks: int, instances: int) -> str:
    """``6 images, 6 masks``, and single instances where there are any."""
    text = f"{plural(images, 'image')}, {plural(masks, 'mask')}"
    return f"{text}, {plural(instances, 'instance')}" if instances else text


def plural(number: int, word: str) -> str:
    """``1 case``, ``1,050,311 images``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
