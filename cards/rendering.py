"""Filling a template of this folder."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cosmos_datasets.plain_text import markdown_cell


def render(template: str, **values: Any) -> str:
    """Fill a template; a name that it asks for and does not get is an error.

    Filters beside Jinja's own: ``cell`` (a value inside of a Markdown table), ``number`` (``1,234``), ``score``
    (``0.912``) and ``signed`` (``+0.012``).
    """
    environment = Environment(
        loader=PackageLoader("cosmos_datasets.cards", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown; values from elsewhere go through `cell`
    )
    environment.filters |= {"cell": markdown_cell, "number": "{:,}".format, "score": "{:.3f}".format, "signed": signed}
    return environment.get_template(template).render(**values)


def signed(value: float) -> str:
    """A difference with its sign; what rounds to zero has none."""
    text = f"{value:+.3f}"
    return text[1:] if float(text) == 0 else text
