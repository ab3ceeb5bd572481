"""Compare two runs mask by mask: is one model better than another on the same subjects, and by how much?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.paired import Choice, Metric, Paired, Side, pair
from cosmos_datasets.evaluation.resampling import MIN_GROUPS, RESAMPLES, holm, interval, signed_rank
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

By = Literal["target", "modality", "source", "label"]
Row = dict[str, Any]

#: What a row of the table is about.
UNITS: dict[str, tuple[str, ...]] = {
    "target": ("object", "modality"),
    "modality": ("modality",),
    "source": ("source",),
    "label": ("source", "label", "modality"),
}
_APART = ["masks_are", "strategy", "variant"]
_SCORES = ["a", "b", "blind"]


@dataclass(frozen=True)
class Comparison:
    """Two runs, A and B, on the masks that both evaluated.

    Attributes:
        a, b: the runs; see :class:`~cosmos_datasets.evaluation.paired.Side`.
        metric: ``dice`` or ``jac``, in 0..1.
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
    metric: Metric
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
            masks), ``difference`` (B - A), ``low`` and ``high`` (its 95 % interval: bootstrap over subjects; ``None``
            for a single one), ``p_value`` (Wilcoxon's signed-rank test on the mean difference of each subject, by
            Holm's correction over all rows; ``None`` for fewer than six subjects), ``p_uncorrected``, ``masks``,
            ``groups`` (subjects).
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
    metric: Metric = "dice",
    by: By = "target",
    strategies: Sequence[str] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare two finished runs on the masks that both evaluated.

    Args:
        run_a: folder of the run that comes first: before, or the other model.
        run_b: folder of the run that is compared with it; differences are B - A.
        choice: the mask that the model itself prefers, or the best of its masks (the paper's rule).
        metric: the score.
        by: what a row of the table is about.
        strategies: only these; all that both runs have by default.
        seed: of the bootstrap; the same seed gives the same numbers.
        resamples: of the bootstrap.

    Raises:
        CosmosError: if a run is not finished or damaged, or the two have no mask in common.
    """
    if by not in UNITS:
        raise CosmosError(f"cannot compare by {by!r}; choose of {', '.join(UNITS)}")
    paired = pair(run_a, run_b, choice=choice, metric=metric, strategies=tuple(strategies) if strategies else None)
    frame = paired.frame.assign(difference=paired.frame["b"] - paired.frame["a"])
    rows = _corrected(_rows(frame, UNITS[by], seed, resamples))
    # The two kinds of mean ask the same question twice: each is a family of tests of its own.
    means = _overall(frame, seed, resamples)
    kinds = [_corrected([row for row in means if row["over"] == over]) for over in (OVER_TARGETS, OVER_MASKS)]
    overall = tuple(sorted((row for kind in kinds for row in kind), key=_place))
    groups = int(frame["group_id"].nunique())
    notes = tuple(_notes(paired, rows))
    return Comparison(
        paired.a, paired.b, metric, choice, by, seed, resamples, len(frame), groups, rows, overall, notes
    )


def _rows(frame: pd.DataFrame, unit: tuple[str, ...], seed: int, resamples: int) -> list[Row]:
    rows = []
    for key, members in frame.groupby([*unit, *_APART], observed=True, sort=False):
        names = dict(zip([*unit, *_APART], map(str, key), strict=True))
        table = members.groupby("group_id", observed=True, sort=True)["difference"].agg(["sum", "count"])
        sums, counts = table["sum"].to_numpy(float), table["count"].to_numpy(float)
        bounds = interval(sums[:, None], counts[:, None], seed=seed, resamples=resamples)
        rows.append(_row(names, members[_SCORES].mean(), bounds, signed_rank(sums / counts), len(members), len(table)))
    return sorted(rows, key=lambda row: [*(row[name] for name in unit), *_place(row)])


def _overall(frame: pd.DataFrame, seed: int, resamples: int) -> list[Row]:
    rows = []
    target = list(UNITS["target"])
    for key, members in frame.groupby(_APART, observed=True, sort=True):
        names = dict(zip(_APART, map(str, key), strict=True))
        table = members.groupby(["group_id", *target], observed=True)["difference"].agg(["sum", "count"])
        wide = table.unstack(target, fill_value=0)
        sums, counts = wide["sum"].to_numpy(float), wide["count"].to_numpy(float)
        all_sums, all_counts = sums.sum(axis=1, keepdims=True), counts.sum(axis=1, keepdims=True)
        by_target = members.groupby(target, observed=True)[_SCORES].mean()
        with np.errstate(invalid="ignore"):  # 0 / 0: a subject without the target
            of_groups = np.nanmean(sums / counts, axis=1)
        for over, totals, numbers, means, differences in (
            (OVER_TARGETS, sums, counts, by_target.mean(), of_groups),
            (OVER_MASKS, all_sums, all_counts, members[_SCORES].mean(), (all_sums / all_counts)[:, 0]),
        ):
            bounds = interval(totals, numbers, seed=seed, resamples=resamples)
            about = {"over": over, "targets": len(by_target), **names}
            rows.append(_row(about, means, bounds, signed_rank(differences), len(members), len(wide)))
    return rows


def _place(row: Row) -> list[str | bool]:
    """Unions before instances, then by strategy."""
    return [row["masks_are"] != "union", row.get("over") != OVER_TARGETS, row["strategy"], row["variant"]]


def _row(
    names: Row,
    means: pd.Series[float],
    bounds: tuple[float, float] | None,
    p: float | None,
    masks: int,
    groups: int,
) -> Row:
    mean_a, mean_b, blind = (float(means[name]) for name in _SCORES)
    return {
        **names,
        "mean_a": mean_a,
        "mean_b": mean_b,
        "blind": blind,
        "difference": mean_b - mean_a,
        "low": bounds[0] if bounds else None,
        "high": bounds[1] if bounds else None,
        "p_value": None,
        "p_uncorrected": p,
        "masks": masks,
        "groups": groups,
    }


def _corrected(rows: list[Row]) -> tuple[Row, ...]:
    p_values = holm([row["p_uncorrected"] for row in rows])
    return tuple({**row, "p_value": p} for row, p in zip(rows, p_values, strict=True))


def _notes(paired: Paired, rows: Sequence[Row]) -> list[str]:
    a, b = paired.a, paired.b
    notes = []
    if a.revision != b.revision:
        notes.append(
            f"The data differ: {a.dataset} of revision {a.revision[:8]} and {b.dataset} of {b.revision[:8]}. "
            f"Masks were matched by name; {paired.unlike:,} of them differ in their number of pixels."
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
    if few := [row for row in rows if row["groups"] < MIN_GROUPS]:
        notes.append(
            f"{plural(len(few), 'row')} with fewer than {MIN_GROUPS} subjects: no p-value there, and the interval "
            "(none for a single subject) is too narrow to lean on."
        )
    return notes
