"""Tables of a run: every score for every target and strategy, beside what ignores the image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.facts import settings_of
from cosmos_datasets.evaluation.metrics import conformity
from cosmos_datasets.evaluation.results import CHOICES, LENGTHS, NOTHING, SCHEMA, SCORES, diagonal_of, nothing_in_words
from cosmos_datasets.evaluation.statistics.formats import BLANK, records, to_text

_TEXTS = ["object", "modality", "strategy", "image_id", "case_id"]
_TARGET = ["object", "modality", "masks_are"]
#: Scores that every prediction has.
_ALWAYS = ("dice", "jac")
#: Where the mean over targets and the mean over masks stand in the tables.
OVER_TARGETS, OVER_MASKS = "mean over targets", "mean over masks"
#: What is averaged over targets and over masks.
_MEANS = [*(f"{score}_{choice}" for score in _ALWAYS for choice in CHOICES), "dice_blind"]


def summarise(results: Path) -> pd.DataFrame:
    """One row a target and strategy; prompts that were moved stay out, see :mod:`.drop`.

    The columns are read one after the other, so that memory is a few columns' however many scores there are.

    Args:
        results: ``RUN/results.parquet``.

    Returns:
        Columns ``object``, ``modality``, ``masks_are`` (``union`` or ``instances``: never added up), ``strategy``,
        ``masks``, ``images``, ``cases``. Then for both choices, over masks, the mean and (population) standard
        deviation of DICE, JAC and NSD in 0..1, of HD, HD95 and ASD in pixels, of all four again in mm, and of CON
        (undefined without a shared pixel). A missed object never improves a mean: an empty prediction counts in HD,
        HD95 and ASD as the diagonal of its image; ``<score>_defined_*`` is the mean without them.
        ``<score>_undefined_*``: how many predictions have no such score (of distances: where they are empty, in mm
        also where the size of a pixel is not known, and all if the run computed none); ``empty_*``: how many have no
        pixel. ``dice_blind``. ``nothing_*``: for how many S1 found nothing, by the reasons of
        :data:`cosmos_datasets.evaluation.results.NOTHING`. What does not exist is NaN or NA: there is no model's own
        choice in S1, and no reason in the other strategies.

    Raises:
        CosmosError: if the results were written by an earlier version, which had fewer scores.
    """
    if lacking := sorted(set(SCHEMA.names).difference(pq.read_schema(results).names)):
        raise CosmosError(
            f"{results} is of an earlier version of cosmos-eval: it has no {lacking[0]}. Give the command of its run "
            "again, with a new folder."
        )
    keys = pq.read_table(results, columns=[*_TEXTS, "variant", "instance"], read_dictionary=_TEXTS).to_pandas()
    kept = (keys["variant"].fillna("") == "").to_numpy()
    keys = keys[kept]
    keys["masks_are"] = (keys["instance"] > 0).map({True: "instances", False: "union"})
    group = [*_TARGET, "strategy"]
    number = keys.groupby(group, observed=True).ngroup().to_numpy()
    counts = {"masks": ("image_id", "size"), "images": ("image_id", "nunique"), "cases": ("case_id", "nunique")}
    summary: pd.DataFrame = keys.groupby(number).agg(**{name: (name, "first") for name in group}, **counts)
    columns = _Columns(results, kept, number)
    for choice in CHOICES:
        for score in SCORES:
            summary = summary.assign(**_described(columns, score, choice, columns.read(f"{score}_{choice}")))
        tp, predicted, reference = (columns.read(name) for name in (f"tp_{choice}", f"pred_area_{choice}", "area"))
        summary = summary.assign(**_described(columns, "con", choice, conformity(tp, predicted, reference)))
        summary[f"empty_{choice}"] = columns.count(predicted == 0, among=~np.isnan(predicted))
    summary["dice_blind"] = columns.grouped(columns.read("dice_blind")).mean()
    why, everything = columns.words("nothing_found"), (keys["strategy"] == "S1").to_numpy()
    for reason in NOTHING:
        summary[f"nothing_{reason}"] = columns.count(why == reason, among=everything)
    summary = summary.astype(dict.fromkeys(group, "str"))
    return summary.sort_values(group, ascending=[True, True, False, True], ignore_index=True)


class _Columns:
    """The numbers of some rows of a file, and which group each row belongs to.

    Args:
        path: the file.
        kept: bool ``(rows of the file,)``.
        groups: int64, number of the group of each row that is kept.
    """

    def __init__(self, path: Path, kept: NDArray[np.bool_], groups: NDArray[np.int64]) -> None:
        self._path, self._kept, self._groups = path, kept, groups

    def read(self, name: str) -> NDArray[np.float64]:
        """The values of a column, NaN for null."""
        column = pq.read_table(self._path, columns=[name])[name].cast(pa.float64())
        return np.asarray(column.to_numpy()[self._kept])

    def words(self, name: str) -> NDArray[Any]:
        """The texts of a column, ``None`` for null."""
        return np.asarray(pq.read_table(self._path, columns=[name])[name].to_numpy()[self._kept])

    def grouped(self, values: NDArray[Any]) -> Any:
        """The values by group; whatever is made of them has a row a group, in order."""
        return pd.Series(values).groupby(self._groups)

    def count(self, what: NDArray[np.bool_], among: NDArray[np.bool_]) -> Any:
        """How often something holds in every group; NA in groups of which none is among those in question."""
        found = self.grouped(what & among).sum().astype("Int64")
        return found.where(self.grouped(among).any())


def _described(columns: _Columns, score: str, choice: str, values: NDArray[np.float64]) -> dict[str, Any]:
    """Mean, deviation and, where it can be undefined, how often it is; of lengths also the mean of the defined."""
    area, name = columns.read(f"pred_area_{choice}"), f"{score}_{choice}"
    counted = np.where(area == 0, columns.read(diagonal_of(score)), values) if score in LENGTHS else values
    grouped = columns.grouped(counted)
    described = {name: grouped.mean(), f"{name}_std": grouped.std(ddof=0)}
    if score in LENGTHS:
        described[f"{score}_defined_{choice}"] = columns.grouped(values).mean()
    if score not in _ALWAYS:
        described[f"{score}_undefined_{choice}"] = columns.count(np.isnan(values), among=~np.isnan(area))
    return described


def means(summary: pd.DataFrame) -> pd.DataFrame:
    """Means of DICE and JAC over targets (each counts once) and over masks; instances apart from unions.

    Args:
        summary: see :func:`summarise`.

    Returns:
        One row a kind of mean, ``masks_are`` and strategy: ``over`` (:data:`OVER_TARGETS` or :data:`OVER_MASKS`),
        ``masks_are``, ``strategy``, ``targets``, ``masks``, and the means.
    """
    rows: list[dict[str, Any]] = []
    for (masks_are, strategy), group in summary.groupby(["masks_are", "strategy"], sort=True):
        weights = {OVER_TARGETS: group["masks"] * 0 + 1, OVER_MASKS: group["masks"]}
        for over, weight in weights.items():
            row = {"over": over, "masks_are": masks_are, "strategy": strategy}
            row |= {"targets": len(group), "masks": int(group["masks"].sum())}
            rows.append(row | {name: (group[name] * weight).sum(skipna=False) / weight.sum() for name in _MEANS})
    order = ["masks_are", "over", "strategy"]
    table = pd.DataFrame(rows)
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)


def wide_table(summary: pd.DataFrame) -> pd.DataFrame:
    """DICE for people: three rows a target (oracle, predicted, blind), a column a strategy, and the two means.

    Returns:
        Columns ``target``, ``masks``, ``DICE`` and the strategies; all cells are text.
    """
    lines: list[dict[str, str]] = []

    def add(target: str, group: pd.DataFrame) -> None:
        by_strategy = group.set_index("strategy")
        names = {"oracle": "dice_oracle", "predicted": "dice_predicted", "blind": "dice_blind"}
        for n, (choice, column) in enumerate(names.items()):
            head = {"target": "" if n else target, "masks": "" if n else f"{group['masks'].iloc[0]:,}", "DICE": choice}
            lines.append(head | {str(name): _number(value) for name, value in by_strategy[column].items()})

    for (object_, modality, masks_are), group in summary.groupby(_TARGET, sort=False):
        add(_named(f"{object_}, {modality}", str(masks_are)), group)
    for (masks_are, over), group in means(summary).groupby(["masks_are", "over"], sort=False):
        if group["targets"].iloc[0] > 1:
            add(_named(str(over), str(masks_are)), group)
    return pd.DataFrame(lines)


def _named(target: str, masks_are: str) -> str:
    return f"{target} (instances)" if masks_are == "instances" else target


def _number(value: float) -> str:
    return BLANK if pd.isna(value) else f"{value:.3f}"


def notes_of(summary: pd.DataFrame, settings: Mapping[str, Any]) -> list[str]:
    """What a reader of the table of a run has to know.

    Args:
        summary: see :func:`summarise`.
        settings: see :func:`cosmos_datasets.evaluation.facts.settings_of`.
    """
    notes, everything = [f"Images: {settings['images']}."], summary[summary["strategy"] == "S1"]
    if len(everything):
        counts = {reason: int(everything[f"nothing_{reason}"].sum()) for reason in NOTHING}
        notes.append(nothing_in_words(counts, int(everything["masks"].sum())))
    return notes


def write_summary(run: Path, facts: dict[str, Any]) -> pd.DataFrame:
    """Write ``summary.json``, ``table.csv`` (every figure) and ``table.md`` (DICE) beside the results of a run.

    Args:
        run: the run's folder, with ``results.parquet``.
        facts: what the run was: data, model, settings, versions; goes into ``summary.json``.

    Returns:
        The summary, see :func:`summarise`.
    """
    summary = summarise(run / "results.parquet")
    body = {**facts, "targets": records(summary), "means": records(means(summary))}
    with atomic(run / "summary.json") as temporary:
        temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    with atomic(run / "table.csv") as temporary:
        temporary.write_text(to_text(summary, "csv"), encoding="utf-8")
    with atomic(run / "table.md") as temporary:
        temporary.write_text(
            to_text(wide_table(summary), "markdown", notes_of(summary, settings_of(facts))), encoding="utf-8"
        )
    return summary


def read_summary(run: Path) -> pd.DataFrame:
    """The summary of a finished run; raises :class:`CosmosError` if there is none."""
    results = run / "results.parquet"
    if not results.is_file():
        raise CosmosError(f"{run} holds no finished run: it has no results.parquet. See: cosmos-eval run --help")
    try:
        return summarise(results)
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{results} cannot be read ({error}); give the command of its run again.") from error
