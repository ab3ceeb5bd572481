"""Compare two runs mask by mask: is one model better than another on the same subjects, and by how much?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.resampling import MIN_GROUPS, RESAMPLES
from cosmos_datasets.evaluation.statistics.measures import scores
from cosmos_datasets.evaluation.statistics.options import Choice
from cosmos_datasets.evaluation.statistics.scores import noted, one_below_the_other, read_scores
from cosmos_datasets.evaluation.statistics.tests_between import SideBySide, between
from cosmos_datasets.evaluation.summary import OVER_TARGETS

By = Literal["target", "modality", "source", "label"]
Row = dict[str, Any]

#: What a row of the table is about.
UNITS: dict[str, tuple[str, ...]] = {
    "target": ("object", "modality"),
    "modality": ("modality",),
    "source": ("source",),
    "label": ("source", "label", "modality"),
}
_APART = ["strategy", "variant"]
_FIGURES = [
    *("mean_a", "mean_b", "blind", "difference", "low", "high"),
    *("p_value", "p_uncorrected", "masks", "groups"),
]


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        run: the name of its folder.
        model: what its user called the model.
        model_digest: of the model's files.
        dataset: name of the data set.
        revision: of the data.
        settings: what else decides results: protocol, parameters of the strategies, precision, preparation of images.
        only_here: results that the other run has not.
    """

    run: str
    model: str
    model_digest: str
    dataset: str
    revision: str
    settings: dict[str, Any]
    only_here: int = 0


@dataclass(frozen=True)
class Comparison:
    """Two runs, A and B, on the masks that both evaluated.

    Attributes:
        a, b: the runs; see :class:`Side`.
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
        choice: ``predicted`` (the mask that the model itself prefers) or ``oracle`` (its best mask).
        by: what a row is about: ``target``, ``modality``, ``source`` or ``label``.
        seed, resamples: of the bootstrap.
        masks: results that both runs have, and of them
        groups: how many subjects.
        rows: see :meth:`table`.
        overall: mean over targets (each counts once) and over masks, for every strategy; as the rows, with ``over``
            and ``targets`` in place of what the row is about.
        notes: what a reader has to know: data or settings that differ, masks of one run alone, too few subjects.
    """

    a: Side
    b: Side
    metric: str
    choice: Choice
    by: By
    seed: int
    resamples: int
    masks: int
    groups: int
    rows: tuple[Row, ...]
    overall: tuple[Row, ...]
    notes: tuple[str, ...]

    def table(self) -> list[Row]:
        """One row a target (or modality, source, label) and strategy.

        Returns:
            The names of what it is about (``object`` and ``modality`` for a target), ``masks_are`` (``union`` or
            ``instances``: never mixed), ``strategy``, ``variant``, ``mean_a``, ``mean_b`` and ``blind`` (means over
            masks; no ``blind`` for a metric without such a baseline), ``difference`` (B - A), ``low`` and ``high``
            (its 95 % interval: bootstrap over subjects; ``None`` for a single one), ``p_value`` (Wilcoxon's
            signed-rank test on the mean difference of each subject, by Holm's correction over all rows; ``None`` for
            fewer than six subjects), ``p_uncorrected``, ``masks``, ``groups`` (subjects).
        """
        return [dict(row) for row in self.rows]

    def to_json(self) -> Row:
        """Plain data for ``json.dumps``; what does not exist is ``None``."""
        plain = asdict(self)
        return {**plain, **{name: list(plain[name]) for name in ("rows", "overall", "notes")}}


def compare(
    run_a: Path,
    run_b: Path,
    *,
    choice: Choice = "predicted",
    metric: str = "dice",
    by: By = "target",
    strategies: Sequence[str] | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare two finished runs on the masks that both evaluated.

    Args:
        run_a: folder of the run that comes first: before, or the other model.
        run_b: folder of the run that is compared with it; differences are B - A.
        choice: the mask that the model itself prefers, or the best of its masks (the paper's rule).
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
        by: what a row of the table is about.
        strategies: only these; all that both runs have by default.
        seed: of the bootstrap; the same seed gives the same numbers.

    Raises:
        CosmosError: if a run is not finished or damaged, or the two have no mask in common.
    """
    if by not in UNITS:
        raise CosmosError(f"cannot compare by {by!r}; choose of {', '.join(UNITS)}")
    frame = one_below_the_other(
        {"A": read_scores(run_a, metric, moved=True), "B": read_scores(run_b, metric, moved=True)}
    )
    runs = [_side(run) for run in (run_a, run_b)]
    if strategies:
        frame = frame[frame["strategy"].isin(strategies)]
    sides = SideBySide(frame, "run")
    areas, values = sides.matrix(frame["area"]), sides.matrix(scores(frame, metric, choice))
    in_both, scored = ~np.isnan(areas).any(axis=1), ~np.isnan(values).any(axis=1)
    if sides.names != ["A", "B"] or not in_both.any():
        raise CosmosError(
            f"{run_a} and {run_b} have no mask in common: both must be runs on the same data, with at least one "
            "strategy that both have" + (f" of {','.join(strategies)}." if strategies else ".")
        )
    if not scored.any():
        raise CosmosError(
            f"{run_a} and {run_b} have no mask of the model's own choice in common (in S1 no mask belongs to a "
            "target); use --choice oracle."
        )
    rows = between(sides, _APART, list(UNITS[by]), metric, choice, seed)
    rows = rows.sort_values([*UNITS[by], "masks_are", "over", *_APART], key=_place, ignore_index=True)
    of_units = rows["over"] == ""
    only_here = (~np.isnan(areas[~in_both])).sum(axis=0)
    a, b = (replace(run, only_here=int(only)) for run, only in zip(runs, only_here, strict=True))
    unlike = int((areas[in_both, 0] != areas[in_both, 1]).sum())
    return Comparison(
        a,
        b,
        metric,
        choice,
        by,
        seed,
        RESAMPLES,
        int(scored.sum()),
        int(sides.about["group_id"].iloc[np.flatnonzero(scored)].nunique()),
        _records(rows[of_units], [*UNITS[by]]),
        _records(rows[~of_units], ["over", "targets"]),
        tuple(_notes(a, b, unlike, rows[of_units])),
    )


def _place(column: pd.Series[Any]) -> pd.Series[Any]:
    """Unions before instances, means over targets before those over masks."""
    if column.name in {"masks_are", "over"}:
        return ~column.isin(["union", "", OVER_TARGETS])
    return column.astype(str)


def _records(rows: pd.DataFrame, about: list[str]) -> tuple[Row, ...]:
    named = rows.rename(columns={"blind_a": "blind", "subjects": "groups"})
    some = named[[*about, "masks_are", *_APART, *_FIGURES]].astype(object)
    records: list[Row] = some.where(some.notna(), None).to_dict("records")  # type: ignore[assignment]
    return tuple(records)


def _side(run: Path) -> Side:
    def side(facts: Mapping[str, Any]) -> Side:
        settings = {name: value for name, value in facts["settings"].items() if name != "strategies"}
        inference = {name: facts["inference"].get(name) for name in ("dtype", "preprocess", "resizing")}
        return Side(
            run=run.resolve().name,
            model=facts["model"]["name"],
            model_digest=facts["model"]["digest"],
            dataset=facts["data"]["dataset"],
            revision=facts["data"]["revision"],
            settings={"protocol": facts["protocol"], **settings, **inference},
        )

    return noted(run, side)


def _notes(a: Side, b: Side, unlike: int, rows: pd.DataFrame) -> list[str]:
    notes = []
    if a.revision != b.revision:
        notes.append(
            f"The data differ: {a.dataset} of revision {a.revision[:8]} and {b.dataset} of {b.revision[:8]}. "
            f"Masks were matched by name; {unlike:,} of them differ in their number of pixels."
        )
    notes += [
        f"{plural(side.only_here, 'result')} only in {name} ({side.run}), left out."
        for name, side in (("A", a), ("B", b))
        if side.only_here
    ]
    notes += [
        f"The runs differ in {name}: {value} and {b.settings.get(name)}."
        for name, value in a.settings.items()
        if value != b.settings.get(name)
    ]
    if few := int((rows["subjects"] < MIN_GROUPS).sum()):
        notes.append(
            f"{plural(few, 'row')} with fewer than {MIN_GROUPS} subjects: no p-value there, and the interval "
            "(none for a single subject) is too narrow to lean on."
        )
    return notes
