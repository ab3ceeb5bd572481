"""Figures of the report: drawn once, as files for a paper, and as SVG that follows the colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What is drawn in these colours follows the page's, light or dark; the style sheet names both.
INK, SOFT, LINE = "#16191d", "#5b636e", "#dfe3e8"
SERIES = ("#1769c2", "#c2571a", "#1f8a5b", "#7b4fc4", "#b3306b", "#8a7400")
#: Pixels of the page an inch, so that letters are about as large as in its tables.
_PIXELS = 100
_VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    **{colour: f"var(--series-{n})" for n, colour in enumerate(SERIES, start=1)},
}
_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure of the report.

    Attributes:
        name: of its files, and its place in the page.
        title: its heading.
        text: what it shows, and how it is to be read.
        alt: the same for who cannot see it.
        figure: the drawing.
    """

    name: str
    title: str
    text: str
    alt: str
    figure: Figure

    def save(self, folder: Path) -> None:
        """Write PNG and PDF, on white."""
        with style():
            self._lay_out()
            self.figure.savefig(folder / f"{self.name}.png", dpi=150, facecolor="white", metadata={"Software": ""})
            self.figure.savefig(folder / f"{self.name}.pdf", facecolor="white", metadata={"CreationDate": None})

    def _lay_out(self) -> None:
        """Place everything once: each drawing would do it anew, which takes most of the time."""
        if isinstance(self.figure.get_layout_engine(), ConstrainedLayoutEngine):
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")

    def svg(self) -> str:
        """The drawing for the page: transparent, its colours those of the page, its ids no other figure's."""
        stream = io.StringIO()
        with style():
            self._lay_out()
            self.figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        drawing = stream.getvalue()
        drawing = drawing[drawing.index("<svg") :]
        drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
        for colour, variable in _VARIABLES.items():
            drawing = drawing.replace(colour, variable)
        drawing = re.sub(r'\bid="([^"]+)"', rf'id="{self.name}-\1"', drawing)
        drawing = re.sub(r'href="#([^"]+)"', rf'href="#{self.name}-\1"', drawing)
        drawing = re.sub(r"url\(#([^)]+)\)", rf"url(#{self.name}-\1)", drawing)
        width = self.figure.get_size_inches()[0]
        # As an attribute the size would keep the drawing from following the page's width.
        drawing = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", drawing, count=1)
        drawing = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", drawing, count=1)
        head = f'<svg role="img" aria-label="{escape(self.alt)}" style="--width:{_PIXELS * width:.0f}px" '
        return drawing.replace("<svg ", head, 1)


@contextmanager
def style() -> Iterator[None]:
    """The look of the figures, within a ``with``."""
    with matplotlib.rc_context(_STYLE):
        yield


def panels(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of so many inches, and its axes row by row; within :func:`style`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options).tolist()


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each name; beyond the last one they begin again."""
    return {name: SERIES[n % len(SERIES)] for n, name in enumerate(names)}


def legend(figure: Figure, axes: Axes) -> None:
    """One legend for all axes, above them."""
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(6, len(labels)))
