"""What a report holds: tables and figures, put together from the folders."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from cosmos_datasets.evaluation.report.factor_plots import factor_plots
from cosmos_datasets.evaluation.report.folders import Folder
from cosmos_datasets.evaluation.report.plot import Plot
from cosmos_datasets.evaluation.report.published import Measured, published_sheet
from cosmos_datasets.evaluation.report.run_sheets import (
    annotation_sheet,
    drop_frame,
    drop_sheet,
    factor_frames,
    factor_sheet,
)
from cosmos_datasets.evaluation.report.score_plots import overview_plot
from cosmos_datasets.evaluation.report.comparison_sheets import comparison_sheets
from cosmos_datasets.evaluation.report.score_sheets import score_sheets
from cosmos_datasets.evaluation.report.sheet import Sheet
from cosmos_datasets.evaluation.report.study_plots import click_plot, drop_plot, grid_plot
from cosmos_datasets.evaluation.report.study_sheets import click_sheet, cost_frame, cost_sheet, grid_sheet
from cosmos_datasets.evaluation.report.target_plots import target_plots
from cosmos_datasets.evaluation.report.traps import Trap, traps
from cosmos_datasets.evaluation.statistics.options import Choice
from cosmos_datasets.evaluation.statistics.scores import read_runs


@dataclass
class Contents:
    """Sections in the order of the page.

    Attributes:
        folders: what the report is about.
        sections: name -> its figures and tables.
        traps: what is easily overlooked.
        frame: the scores of the runs; ``None`` without a run.
    """

    folders: list[Folder]
    sections: dict[str, list[Plot | Sheet]] = field(default_factory=dict)
    traps: list[Trap] = field(default_factory=list)
    frame: pd.DataFrame | None = None

    @property
    def sheets(self) -> list[Sheet]:
        """All tables."""
        return [part for parts in self.sections.values() for part in parts if isinstance(part, Sheet)]

    @property
    def plots(self) -> list[Plot]:
        """All figures."""
        return [part for parts in self.sections.values() for part in parts if isinstance(part, Plot)]

    def of(self, kind: str) -> list[Folder]:
        """The folders of a kind."""
        return [folder for folder in self.folders if folder.kind == kind]

    @property
    def scored(self) -> list[Folder]:
        """The runs whose unmoved prompts are not those of another run: a study moves prompts in a run of its own."""

        def of(run: Folder) -> tuple[str, str]:
            return run.facts["model"]["digest"], run.facts["data"]["revision"]

        runs = self.of("run")
        plain = {of(run) for run in runs if not run.facts.get("variants")}
        return [run for run in runs if not run.facts.get("variants") or of(run) not in plain]


def collect(folders: list[Folder], choice: Choice, seed: int = 0) -> Contents:
    """Compute every table and draw every figure.

    Args:
        folders: see :func:`cosmos_datasets.evaluation.report.folders.read_folders`.
        choice: of the model's masks, where only one can be shown.
        seed: of the bootstrap.

    Raises:
        CosmosError: if a folder is damaged.
    """
    contents = Contents(folders)
    drops, factors, costs = pd.DataFrame(), pd.DataFrame(), pd.DataFrame()
    if runs := contents.of("run"):
        _add_runs(contents, contents.scored, choice, seed)
        drops = _add_prompts(contents, runs, choice, seed)
        factors = _add_factors(contents, runs, choice)
    if clicks := contents.of("interactive"):
        sheet = click_sheet(clicks)
        contents.sections["Clicks"] = [click_plot(sheet.frame), sheet]
    if annotation := annotation_sheet(runs):
        contents.sections["Annotation"] = [annotation]
    if grids := contents.of("grid"):
        sheet = grid_sheet(grids)
        contents.sections["Grids"] = [grid_plot(sheet.frame), sheet]
    if measurements := contents.of("efficiency"):
        costs = cost_frame(measurements)
        contents.sections["Cost"] = [cost_sheet(costs)]
    scores = pd.DataFrame() if contents.frame is None else contents.frame
    contents.sections["Published"] = [published_sheet(Measured(scores, drops, factors, costs))]
    return contents


def _add_runs(contents: Contents, runs: list[Folder], choice: Choice, seed: int) -> None:
    frame = read_runs([run.path for run in runs])
    # The names of the folders, which are told apart among more of them.
    names = dict(zip(frame["run"].unique(), (run.name for run in runs), strict=True))
    contents.frame = frame = frame.assign(run=frame["run"].cat.rename_categories(names))
    contents.traps = traps(frame)
    overview, targets, *others = score_sheets(frame, choice, seed)
    contents.sections["Overview"] = [overview_plot(overview.frame), overview]
    contents.sections["Targets"] = [*target_plots(frame, targets.frame, choice), targets, *others]
    if compared := comparison_sheets(frame, choice, seed):
        contents.sections["Paired tests"] = list(compared)


def _add_prompts(contents: Contents, runs: list[Folder], choice: Choice, seed: int) -> pd.DataFrame:
    rows = drop_frame(runs, choice, seed)
    if not rows.empty:
        contents.sections["Moved prompts"] = [drop_plot(rows), drop_sheet(rows, choice)]
    return rows


def _add_factors(contents: Contents, runs: list[Folder], choice: Choice) -> pd.DataFrame:
    joined = factor_frames(runs, choice)
    if not joined:
        return pd.DataFrame()
    labels = {run.name: run.facts["model"]["name"] for run in runs}
    sheet = factor_sheet(runs, joined, choice)
    contents.sections["Factors"] = [*factor_plots(joined, labels), sheet]
    return sheet.frame
