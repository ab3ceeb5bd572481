"""The page of a report, and the files beside it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cosmos_datasets.evaluation.gallery_drawing import PREDICTED, environment
from cosmos_datasets.evaluation.report.contents import Contents, collect
from cosmos_datasets.evaluation.report.folder import FIGURES, GENERATOR, PAGE, TABLES, check_out, replacing
from cosmos_datasets.evaluation.report.folders import read_folders
from cosmos_datasets.evaluation.report.head import card
from cosmos_datasets.evaluation.report.pictures import Pictures, draw_pictures
from cosmos_datasets.evaluation.report.plot import Plot
from cosmos_datasets.evaluation.report.score_plots import run_labels
from cosmos_datasets.evaluation.report.sheet import Sheet
from cosmos_datasets.evaluation.statistics.options import Choice

#: Rows of a table in the page; a browser is slow with more, and its files have them all.
_MOST_ROWS = 1000
#: A table with more rows is folded up.
_MANY_ROWS = 60
_TYPES = {"csv": "text/csv", "md": "text/markdown", "tex": "text/x-tex"}


def write_report(
    runs: Sequence[Path],
    out: Path,
    *,
    datasets: Sequence[str] = (),
    choice: Choice = "oracle",
    pictures: int = 300,
    seed: int = 0,
    title: str | None = None,
    note: str = "",
    announce: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a report.

    Args:
        runs: folders that ``cosmos-eval run``, ``interactive``, ``grid`` or ``efficiency`` has written.
        out: folder of the report; an earlier report is replaced as a whole.
        datasets: of the runs, folders or Hub ids, for the pictures; without them there are none.
        choice: of the model's masks, where only one can be shown.
        pictures: at most so many.
        seed: of the bootstrap.
        title: heading of the page; models and data by default.
        note: a sentence that stands out below it.
        announce: called with what is being done.

    Returns:
        The page.

    Raises:
        CosmosError: a folder is none of these, or damaged; ``out`` holds something else; or a data set is not one
            that a run was made from.
    """
    check_out(out.resolve())
    folders = read_folders(runs)
    announce("tables and figures")
    contents = collect(folders, choice, seed)
    drawn = None
    if datasets and contents.frame is not None:
        announce("pictures")
        drawn = draw_pictures(contents.scored, datasets, run_labels(contents.frame), pictures)
    announce("page")
    with replacing(out) as folder:
        (folder / TABLES).mkdir()
        (folder / FIGURES).mkdir()
        for sheet in contents.sheets:
            for ending, text in sheet.files().items():
                (folder / TABLES / f"{sheet.name}.{ending}").write_text(text, encoding="utf-8")
        for plot in contents.plots:
            plot.save(folder / FIGURES)
        page = _render(contents, drawn, choice, title, note)
        (folder / PAGE).write_text(page, encoding="utf-8")
    return out / PAGE


def _render(contents: Contents, drawn: Pictures | None, choice: Choice, title: str | None, note: str) -> str:
    frame = contents.frame
    counts = pd.Series(dtype=int) if frame is None else frame.groupby("run", observed=True)["group_id"].nunique()
    subjects = {str(run): int(number) for run, number in counts.items()}
    cards = [card(folder, subjects) for folder in contents.folders]
    context = {
        "generator": GENERATOR,
        "title": title or _title(contents, [one.model for one in cards]),
        "note": note,
        "cards": cards,
        "traps": contents.traps,
        "choice": choice,
        "sections": {name: [_part(part) for part in parts] for name, parts in contents.sections.items()},
        "pictures": drawn,
        "views": drawn.views if drawn else [],
        "predicted_colour": f"rgb{PREDICTED}",
    }
    return environment().get_template("report/page.html.jinja").render(context)


def _title(contents: Contents, models: Sequence[str]) -> str:
    names = list(dict.fromkeys(", ".join(models).split(", ")))
    data = list(
        dict.fromkeys(f["data"]["dataset"] for f in (folder.facts for folder in contents.folders) if "data" in f)
    )
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return shown + (f" on {', '.join(map(str, data))}" if data else "")


def _part(part: Plot | Sheet) -> dict[str, Any]:
    """A table or figure for the template."""
    if isinstance(part, Plot):
        return {"kind": "plot", "name": part.name, "title": part.title, "text": part.text, "svg": part.svg()}
    rows = part.rows()
    return {
        "kind": "sheet",
        "name": part.name,
        "title": part.title,
        "text": part.text,
        "columns": part.columns,
        # Where none has an interval no room is left for them.
        "intervals": [any(row[n][0].endswith("]") for row in rows) for n in range(len(part.columns))],
        "rows": rows[:_MOST_ROWS],
        "left_out": max(0, len(rows) - _MOST_ROWS),
        "many": len(rows) > _MANY_ROWS,
        "files": {ending: _inlined(text, _TYPES[ending]) for ending, text in part.files().items()},
    }


def _inlined(text: str, kind: str) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"
