"""The tables of runs: overview, what is averaged, metrics, targets, modalities, sources, and paired tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from cosmos_datasets.evaluation.report.sheet import Column, Sheet, without_repeats
from cosmos_datasets.evaluation.results import LENGTHS, NOTHING
from cosmos_datasets.evaluation.statistics.measures import defined, scores
from cosmos_datasets.evaluation.statistics.options import METRICS, PER, Choice
from cosmos_datasets.evaluation.statistics.shown import OF_MISSED, notes_of_nothing
from cosmos_datasets.evaluation.statistics.tables import overall, table
from cosmos_datasets.evaluation.statistics.units import per_unit

_APART = ["model", "run", "masks_are", "strategy"]
#: What the two choices share, because it is of the masks or of both.
_SHARED = [
    *("masks", "images", "cases", "subjects", "sources", "raters", "targets"),
    *("blind", "gap", "seen"),
    *(f"nothing_{reason}" for reason in NOTHING),
]
_SEEN = Column("seen", "seen", note="Whether the model was trained on such images: seen, held out or unknown.")


def score_sheets(frame: pd.DataFrame, choice: Choice, seed: int = 0) -> list[Sheet]:
    """The tables of one or several runs.

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        choice: whose metrics and tests: of the best of the model's masks, or of the one that it prefers. DICE is shown
            for both.
        seed: of the bootstrap.
    """
    # Everything mode alone has nothing that is predicted.
    of_choice = [sheet for sheet in (_averages(frame, choice), _metrics(frame, choice)) if len(sheet.frame)]
    return [
        _overview(frame, seed),
        *(_by(frame, unit, title, seed) for unit, title in _UNITS.items()),
        *of_choice,
    ]


#: Grouping -> title.
_UNITS = {"target": "Targets", "modality": "Modalities", "source": "Sources"}


def who(frame: pd.DataFrame) -> tuple[Column, ...]:
    """The columns that tell the runs of a table apart, where there are several."""
    models, runs = frame["model"].nunique(), frame["run"].nunique()
    columns = [Column("model", "model")] if models > 1 else []
    return tuple(columns + ([Column("run", "run")] if runs > models else []))


def kinds(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Single instances and unions are told apart where there are both."""
    return (Column("masks_are", "masks are"),) if (frame["masks_are"] == "instances").any() else ()


def _both(oracle: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """The figures of the two choices side by side: ``mean_oracle``, ``mean_predicted`` and so on."""
    sides = []
    for which, rows in {"oracle": oracle, "predicted": predicted}.items():
        names = {name: f"{name}_{which}" for name in ("mean", "median", "std", "gain", "empty")}
        names |= {end: f"{which}_{end}" for end in ("low", "high")}
        names |= {f"gain_{end}": f"gain_{which}_{end}" for end in ("low", "high")}
        sides.append(rows.drop(columns=["units", "mean_defined"]).rename(columns=names))
    first, second = sides
    own = [name for name in second if name not in _SHARED]
    keys = [name for name in own if name in first]
    return first.merge(second[own], on=keys, how="left", validate="one_to_one")


def _scores_of_both() -> tuple[Column, ...]:
    return (
        Column(
            "mean_oracle", "oracle", "score_ci", "The best of the model's masks, chosen by the reference.", "oracle_"
        ),
        Column("mean_predicted", "predicted", "score_ci", "The mask that the model itself prefers.", "predicted_"),
        Column("gap", "gap", "signed", "Oracle minus predicted: what the choice by the reference is worth."),
        Column("blind", "blind", "score", "What ignores the image."),
        Column("gain_oracle", "gain, oracle", "signed_ci", "DICE above the blind baseline.", "gain_oracle_"),
        Column("gain_predicted", "gain, predicted", "signed_ci", "DICE above the blind baseline.", "gain_predicted_"),
        Column("empty_oracle", "empty", "share", note="Masks whose best prediction has no pixel; they count as 0."),
        _SEEN,
    )


def counts(*names: str) -> tuple[Column, ...]:
    """Columns of whole numbers."""
    return tuple(Column(name, name, "count") for name in names)


def _overview(frame: pd.DataFrame, seed: int) -> Sheet:
    oracle, predicted = (overall(frame, choice=choice, seed=seed) for choice in ("oracle", "predicted"))
    rows = without_repeats(_both(oracle, predicted), ["masks_are"])
    several = rows["over"].nunique() > 1
    columns = (
        *who(frame),
        *((Column("over", "DICE"),) if several else ()),
        *kinds(frame),
        Column("strategy", "strategy"),
        *counts("targets", "masks", "subjects"),
        *_scores_of_both(),
    )
    return Sheet("overview", "Overview", rows, columns, ("Mean DICE, 0 to 1.", *notes_of_nothing(oracle)))


def _by(frame: pd.DataFrame, unit: str, title: str, seed: int) -> Sheet:
    oracle, predicted = (table(frame, [unit], choice=choice, seed=seed) for choice in ("oracle", "predicted"))
    columns = (
        *who(frame),
        Column(unit, unit),
        *kinds(frame),
        Column("strategy", "strategy"),
        *counts("masks", "subjects"),
        *_scores_of_both(),
    )
    return Sheet(f"by-{unit}", title, _both(oracle, predicted), columns, ("Mean DICE over masks.",))


def _averages(frame: pd.DataFrame, choice: Choice) -> Sheet:
    """DICE by what is averaged over: figures of one name that differ by this alone are easily confused."""
    means: dict[str, pd.Series[Any]] = {}
    for per in PER:
        means[per] = per_unit(frame, per, "dice", choice).groupby(_APART, observed=True)["value"].mean()
    targets = frame.groupby([*_APART, "target"], observed=True)[f"dice_{choice}"].mean()
    means["target"] = targets.groupby(_APART, observed=True).mean()
    rows = _flat(pd.DataFrame(means).dropna(how="all").reset_index())
    heads = {"volume": "per volume (3D)", "target": "over targets"}
    columns = (
        *who(frame),
        *kinds(frame),
        Column("strategy", "strategy"),
        *(Column(name, heads.get(name, f"per {name}"), "score") for name in means),
    )
    text = (
        f"The same DICE ({choice}), averaged over different units. Per image, case and subject: of the means of a "
        "target's masks. Per volume: one DICE of all evaluated slices of a label, from counts of pixels; a slice "
        "without the label in the reference was not evaluated, so that this flatters."
    )
    return Sheet("averages", "What is averaged", rows, columns, (text,))


def _metrics(frame: pd.DataFrame, choice: Choice) -> Sheet:
    values = frame[_APART].assign(**{metric: scores(frame, metric, choice) for metric in METRICS})
    # Beside each distance its mean without the missed objects.
    flattered = {f"{metric}_defined": defined(frame, metric, choice) for metric in LENGTHS}
    values = values.assign(**flattered)
    heads = {
        one: METRICS.get(one) or f"{METRICS[one.removesuffix('_defined')]}, defined" for one in _beside(flattered)
    }
    held = [metric for metric in heads if values[metric].notna().any()]
    groups = values.groupby(_APART, observed=True)
    rows = groups[held].mean()
    area = frame[f"pred_area_{choice}"]
    empty = frame[_APART].assign(empty=(area == 0).where(area.notna()))
    rows["empty"] = empty.groupby(_APART, observed=True)["empty"].sum()
    rows["masks"] = groups.size()
    rows = _flat(rows.dropna(how="all", subset=held).reset_index())
    columns = (
        *who(frame),
        *kinds(frame),
        Column("strategy", "strategy"),
        *counts("masks", "empty"),
        *(Column(metric, heads[metric], "score") for metric in held),
    )
    text = f"Means over masks ({choice}). Distances: {OF_MISSED}"
    return Sheet("metrics", "Metrics", rows, columns, (text,))


def _beside(flattered: Iterable[str]) -> list[str]:
    """All metrics, each distance followed by its mean of the defined."""
    pairs = ((metric, f"{metric}_defined") for metric in METRICS)
    return [one for pair in pairs for one in pair if one in METRICS or one in flattered]


def _flat(rows: pd.DataFrame) -> pd.DataFrame:
    """Categories as text, in the order of the other tables."""
    rows = rows.astype(dict.fromkeys(_APART, str))
    return rows.sort_values(_APART, ascending=[True, True, False, True], ignore_index=True)
